/**
 * Tells of this process that are in the mailbox. While one of them is not finished, a later tell to the same actor
 * takes the mailbox too, so that it does not overtake the earlier one.
 *
 * Owns what is known of them: their positions by actor while the shard is here, and the highest position by shard while
 * the shard is elsewhere. A tell here is finished when OpenMessages.ts says so; a tell that went to another owner is
 * finished when the mailbox's acknowledgements have passed its position. Who tells: ../system/Tell.ts.
 */
import { Effect, Latch, type Scope } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { ShardMap } from "../cluster/ShardMap.ts"
import type { Acknowledged, Delivery, MailboxService } from "../mailbox/Mailbox.ts"

/**
 * Tells in the mailbox that are noted one by one. Beyond this number those of the oldest actors are noted with their
 * shard, whose other actors are then told through the mailbox as well for a while.
 */
export const TOLD_NOTED_MAX = 10_000

/** Oldest actors that are looked at to find one whose tells can be noted with its shard. */
const FOLD_SCAN_MAX = 32

/** Shortest time between two queries for the acknowledged messages of a shard, in milliseconds. */
const LOOK_EVERY_MS = 5_000

/** Position of tells whose end the mailbox cannot tell, because it is the first release's. */
const NEVER = Number.POSITIVE_INFINITY

/** The tells of a shard that was elsewhere. */
interface OfShard {
  highest: number
  /** Number of looks that had begun when the position was noted. Only later looks may say that it is passed. */
  lookCount: number
}

/** The tells of an actor whose shard is here. */
interface OfActor {
  readonly key: string
  readonly shardIndex: number
  /** Number of tells that are being published. */
  openCount: number
  /** Positions that are not finished, each with the number of looks that had begun when it was noted. */
  readonly positions: Map<number, number>
  /** Positions of the actor's messages that were finished while tells were being published. */
  readonly early: Set<number>
}

/** A tell that is being published. */
export interface PublishingTell {
  /** The mailbox has it at this position; `undefined` if the mailbox cannot tell when it is acknowledged. */
  readonly stored: (position: number | undefined) => void
  /** The mailbox refused it, or its outcome is unknown: its caller was not told that it is stored. */
  readonly failed: () => void
  /**
   * It is published once more. The mailbox may have been restored from an older copy meanwhile, which gives positions again:
   * those that were finished so far say nothing of it.
   */
  readonly repeated: () => void
}

export class ToldMail {
  readonly #shardMap: ShardMap
  /** By key. */
  readonly #actors = new Map<string, OfActor>()
  /** By shard index. */
  readonly #shards = new Map<number, OfShard>()
  /** Shards that are here, each with the number of its arrival. */
  readonly #here = new Map<number, number>()
  #arrivalCount = 0
  #lookCount = 0
  /** Number of positions of all actors. */
  #notedCount = 0
  readonly isAnyNoted = Latch.makeUnsafe(false)

  constructor(shardMap: ShardMap) {
    this.#shardMap = shardMap
  }

  /** Whether every earlier tell of this process to the actor is finished, as far as the mailbox had it. */
  isClear({ key }: ActorAddress, shardIndex: number): boolean {
    return !this.#actors.has(key) && !this.#shards.has(shardIndex)
  }

  /** Begins a publish. It ends with one call of the returned object. */
  begin({ key }: ActorAddress, shardIndex: number): PublishingTell {
    const arrival = this.#here.get(shardIndex)
    const own = this.#ofActor(key, shardIndex)
    own.openCount++
    const end = (position: number | undefined): void => {
      own.openCount--
      if (position !== undefined) {
        // Of a message that was stored before the shard came, this node may never hear the end.
        const isHere = arrival !== undefined && arrival === this.#here.get(shardIndex)
        if (isHere && position !== NEVER) this.#noteActor(own, position)
        else this.#noteShard(shardIndex, position)
      }
      this.#dropIfOver(own)
      this.#fold()
    }
    return {
      stored: (position = NEVER) => end(position),
      failed: () => end(undefined),
      repeated: () => own.early.clear(),
    }
  }

  /** A message to the actor has been finished here. */
  finished({ key, position }: Pick<Delivery, "key" | "position">): void {
    const own = this.#actors.get(key)
    if (own === undefined || position === undefined) return
    if (!this.#unnote(own, position) && own.openCount > 0) own.early.add(position)
    this.#dropIfOver(own)
  }

  /** This node has the shard from now on, and hears the end of each of its messages. */
  opened(shardIndex: number): void {
    this.#here.set(shardIndex, ++this.#arrivalCount)
  }

  /** Another node has the shard now. */
  forget(shardIndex: number): void {
    this.#here.delete(shardIndex)
    for (const own of this.#actors.values()) if (own.shardIndex === shardIndex) this.#moveToShard(own)
  }

  /** Indexes of the shards that are here and have tells in the mailbox. */
  get asking(): ReadonlyArray<number> {
    const asking = new Set(
      [...this.#shards].flatMap(([index, { highest }]) => (highest === NEVER ? [] : [index])),
    )
    for (const { shardIndex, positions } of this.#actors.values())
      if (positions.size > 0) asking.add(shardIndex)
    return [...asking].filter((shardIndex) => this.#here.has(shardIndex))
  }

  get isEmpty(): boolean {
    return this.#actors.size === 0 && this.#shards.size === 0
  }

  /** Asks how far the shard is acknowledged, and forgets what was noted before and is passed. */
  look(mailbox: Pick<MailboxService, "acknowledged">, shardIndex: number) {
    return Effect.suspend(() => {
      const lookCount = ++this.#lookCount
      const { shard = 0 } = this.#shardMap.all[shardIndex] ?? {}
      return Effect.map(mailbox.acknowledged(shard), (acknowledged) =>
        this.#looked(shardIndex, acknowledged, lookCount),
      )
    })
  }

  #looked(shardIndex: number, acknowledged: Acknowledged, lookCount: number): void {
    const { first, last } = acknowledged
    const ofShard = this.#shards.get(shardIndex)
    if (ofShard !== undefined && ofShard.lookCount < lookCount && hasPassed(ofShard, acknowledged))
      this.#shards.delete(shardIndex)
    for (const own of this.#actors.values()) {
      if (own.shardIndex !== shardIndex) continue
      for (const [position, notedAt] of own.positions) {
        // A position that the mailbox never gave was lost with an older copy.
        const isOver = position > last || position < (first ?? last + 1)
        if (notedAt < lookCount && isOver) this.#unnote(own, position)
      }
      this.#dropIfOver(own)
    }
  }

  #ofActor(key: string, shardIndex: number): OfActor {
    const known = this.#actors.get(key)
    if (known !== undefined) return known
    const own = {
      key,
      shardIndex,
      openCount: 0,
      positions: new Map<number, number>(),
      early: new Set<number>(),
    }
    this.#actors.set(key, own)
    return own
  }

  #noteActor({ positions, early }: OfActor, position: number): void {
    if (early.has(position) || positions.has(position)) return
    positions.set(position, this.#lookCount)
    this.#notedCount++
    this.isAnyNoted.openUnsafe()
  }

  /** False: the position was not noted. */
  #unnote({ positions }: OfActor, position: number): boolean {
    if (!positions.delete(position)) return false
    this.#notedCount--
    return true
  }

  #noteShard(shardIndex: number, position: number): void {
    const noted = this.#shards.get(shardIndex) ?? { highest: 0, lookCount: 0 }
    noted.highest = Math.max(noted.highest, position)
    noted.lookCount = this.#lookCount
    this.#shards.set(shardIndex, noted)
    this.isAnyNoted.openUnsafe()
  }

  #moveToShard(own: OfActor): void {
    for (const position of own.positions.keys()) {
      this.#noteShard(own.shardIndex, position)
      this.#unnote(own, position)
    }
    this.#dropIfOver(own)
  }

  #dropIfOver({ key, openCount, positions, early }: OfActor): void {
    if (openCount > 0) return
    early.clear()
    if (positions.size === 0) this.#actors.delete(key)
  }

  /** Keeps the number of positions bounded. */
  #fold(): void {
    let scannedCount = 0
    for (const own of this.#actors.values()) {
      if (this.#notedCount <= TOLD_NOTED_MAX || scannedCount++ === FOLD_SCAN_MAX) return
      this.#moveToShard(own)
    }
  }
}

/**
 * Whether everything up to the highest position is acknowledged. A position that the mailbox never gave was lost with an
 * older copy. What was stored since has lower positions.
 */
const hasPassed = (noted: OfShard, { first, last }: Acknowledged): boolean => {
  if (noted.highest === NEVER) return false
  noted.highest = Math.min(noted.highest, last)
  return noted.highest < (first ?? last + 1)
}

/** Makes the notes, and looks at the mailbox for them as long as the scope lasts. */
export const makeToldMail = (
  mailbox: MailboxService,
  shardMap: ShardMap,
): Effect.Effect<ToldMail, never, Scope.Scope> =>
  Effect.gen(function* () {
    const told = new ToldMail(shardMap)
    const looking = Effect.gen(function* () {
      if (told.isEmpty) told.isAnyNoted.closeUnsafe()
      yield* told.isAnyNoted.await
      yield* Effect.sleep(LOOK_EVERY_MS)
      // A mailbox that cannot answer now is asked later. Until then tells take the mailbox.
      for (const shardIndex of told.asking) yield* Effect.ignore(told.look(mailbox, shardIndex))
    })
    yield* Effect.forkScoped(Effect.forever(looking))
    return told
  })
