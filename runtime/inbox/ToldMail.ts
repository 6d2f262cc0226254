/**
 * Tells of this process that are in the mailbox. While one of them is not finished, a later tell to the same actor
 * takes the mailbox too, so that it does not overtake the earlier one.
 *
 * Owns what is known of them: the highest position for each actor while its shard is here, and for each shard while
 * the shard is elsewhere. A tell here is finished when OpenMessages.ts says so; a tell that went to another owner is
 * finished when the mailbox's acknowledgements have passed its position. Who tells: ../system/Tell.ts.
 */
import { Effect, Latch, type Scope } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { ShardMap } from "../cluster/ShardMap.ts"
import type { Acknowledged, Delivery, MailboxService } from "../mailbox/Mailbox.ts"

/**
 * Actors whose tells in the mailbox are noted one by one. Beyond this number the oldest are noted with their shard,
 * whose other actors are then told through the mailbox as well for a while.
 */
export const TOLD_ACTORS_MAX = 10_000

/** Oldest actors that are looked at to find one that can be noted with its shard. */
const FOLD_SCAN_MAX = 32

/** Shortest time between two queries for the acknowledged messages of a shard, in milliseconds. */
const LOOK_EVERY_MS = 5_000

/** Position of tells whose end the mailbox cannot tell, because it is the first release's. */
const NEVER = Number.POSITIVE_INFINITY

/** Where the tells of an actor, or of a shard, end. */
interface Noted {
  highest: number
  /** Number of looks that had begun when the position was noted. Only later looks may say that it is passed. */
  lookCount: number
}

interface OfActor extends Noted {
  readonly key: string
  readonly shardIndex: number
  /** Number of tells that are being published. */
  openCount: number
  /** Highest position that is finished. It may come before the answer of its publish. */
  finished: number
}

/** A tell that is being published. */
export interface PublishingTell {
  /** The mailbox has it at this position; `undefined` if the mailbox cannot tell when it is acknowledged. */
  readonly stored: (position: number | undefined) => void
  /** The mailbox refused it, or its outcome is unknown: its caller was not told that it is stored. */
  readonly failed: () => void
}

export class ToldMail {
  readonly #shardMap: ShardMap
  /** By key. */
  readonly #actors = new Map<string, OfActor>()
  /** By shard index. */
  readonly #shards = new Map<number, Noted>()
  /** Shards that are here, each with the number of its arrival. */
  readonly #here = new Map<number, number>()
  #arrivalCount = 0
  #lookCount = 0
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
        if (isHere && position !== NEVER) this.#note(own, position)
        else this.#noteShard(shardIndex, position)
      }
      this.#dropIfOver(own)
      this.#fold()
    }
    return { stored: (position = NEVER) => end(position), failed: () => end(undefined) }
  }

  /** A message to the actor has been finished here. */
  finished({ key, position }: Pick<Delivery, "key" | "position">): void {
    const own = this.#actors.get(key)
    if (own === undefined || position === undefined) return
    own.finished = Math.max(own.finished, position)
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
    for (const { shardIndex, highest } of this.#actors.values()) if (highest > 0) asking.add(shardIndex)
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
    const isPassed = (noted: Noted): boolean => noted.lookCount < lookCount && hasPassed(noted, acknowledged)
    const ofShard = this.#shards.get(shardIndex)
    if (ofShard !== undefined && isPassed(ofShard)) this.#shards.delete(shardIndex)
    for (const own of this.#actors.values()) {
      if (own.shardIndex !== shardIndex || !isPassed(own)) continue
      own.highest = 0
      this.#dropIfOver(own)
    }
  }

  #ofActor(key: string, shardIndex: number): OfActor {
    const known = this.#actors.get(key)
    if (known !== undefined) return known
    const own = { key, shardIndex, openCount: 0, highest: 0, finished: 0, lookCount: this.#lookCount }
    this.#actors.set(key, own)
    return own
  }

  #note(noted: Noted, position: number): void {
    noted.highest = Math.max(noted.highest, position)
    noted.lookCount = this.#lookCount
    this.isAnyNoted.openUnsafe()
  }

  #noteShard(shardIndex: number, position: number): void {
    const noted = this.#shards.get(shardIndex) ?? { highest: 0, lookCount: 0 }
    this.#shards.set(shardIndex, noted)
    this.#note(noted, position)
  }

  #moveToShard(own: OfActor): void {
    if (own.highest > own.finished) this.#noteShard(own.shardIndex, own.highest)
    own.highest = 0
    this.#dropIfOver(own)
  }

  #dropIfOver({ key, openCount, highest, finished }: OfActor): void {
    if (openCount === 0 && highest <= finished) this.#actors.delete(key)
  }

  /** Keeps the number of actors bounded. */
  #fold(): void {
    let scannedCount = 0
    for (const own of this.#actors.values()) {
      if (this.#actors.size <= TOLD_ACTORS_MAX || scannedCount++ === FOLD_SCAN_MAX) return
      if (own.openCount === 0) this.#moveToShard(own)
    }
  }
}

/**
 * Whether everything up to the highest position is acknowledged. A position that the mailbox never gave was lost with an
 * older copy. What was stored since has lower positions.
 */
const hasPassed = (noted: Noted, { first, last }: Acknowledged): boolean => {
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
