/**
 * Messages to actors of a paused type stay in the mailbox: the receiver of their shard leaves the type out
 * until it is resumed. So they do not count as messages in work of the shard.
 *
 * Owns which types each shard leaves out, and the messages that were handed out before that and returned to
 * the mailbox. A type is left out when its shard is opened, or when a message to it comes. A shard without
 * such messages is unaffected. ShardReceivers.ts receives.
 */
import { Effect, Latch } from "effect"
import type { ShardEntry } from "../cluster/ShardMap.ts"
import { DEFAULT_GROUP, type ReceiverGroup } from "../mailbox/Mailbox.ts"

/** Interval at which a shard that leaves types out checks whether they are resumed, in milliseconds. */
const RESUMED_LOOK_MS = 500

interface PausedShard {
  readonly leftOut: Set<string>
  /** Sequences of messages that were returned to the mailbox, until they are handed out again. */
  readonly left: Set<number>
  /** Open if the types to leave out differ from those of the receiver. */
  readonly isChanged: Latch.Latch
}

export class PausedMail {
  readonly #isPaused: (type: string) => boolean
  readonly #shards = new Map<number, PausedShard>()

  constructor(isPaused: (type: string) => boolean) {
    this.#isPaused = isPaused
  }

  open(shardIndex: number, { group }: ShardEntry): void {
    const leftOut = new Set(group.types.filter(this.#isPaused))
    this.#shards.set(shardIndex, { leftOut, left: new Set(), isChanged: Latch.makeUnsafe(false) })
  }

  close(shardIndex: number): void {
    this.#shards.delete(shardIndex)
  }

  /**
   * Whether messages to the type stay in the mailbox. A type stays left out until the receiver begins anew,
   * so that the messages that were returned come before later ones.
   */
  leavesOut(shardIndex: number, type: string): boolean {
    const own = this.#shards.get(shardIndex)
    if (own === undefined || own.leftOut.has(type)) return own !== undefined
    if (!this.#isPaused(type)) return false
    own.leftOut.add(type)
    own.isChanged.openUnsafe()
    return true
  }

  /** Returns a message to the mailbox. This does not count as an attempt. */
  leave(shardIndex: number, sequence: number): void {
    this.#shards.get(shardIndex)?.left.add(sequence)
  }

  /** Whether this message was returned to the mailbox before. */
  comesBack(shardIndex: number, sequence: number): boolean {
    return this.#shards.get(shardIndex)?.left.delete(sequence) ?? false
  }

  /** The messages that were returned to the mailbox. */
  left(shardIndex: number): Iterable<number> {
    return this.#shards.get(shardIndex)?.left ?? []
  }

  /**
   * A receiver of the shard begins. Returns the types that it receives: `only` if no type is left out,
   * `undefined` if all are.
   */
  begin(shardIndex: number, { group }: ShardEntry, only: ReceiverGroup | undefined) {
    const own = this.#shards.get(shardIndex)
    own?.isChanged.closeUnsafe()
    if (own === undefined || own.leftOut.size === 0) return { only }
    const types = group.types.filter((type) => !own.leftOut.has(type))
    if (types.length === 0) return undefined
    return { only: { name: only?.name ?? DEFAULT_GROUP, types, leftOut: [...own.leftOut] } }
  }

  /** Returns when the shard's receiver has to begin anew. */
  changed(shardIndex: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      const own = this.#shards.get(shardIndex)
      if (own === undefined) return Effect.never
      return Effect.gen({ self: this }, function* () {
        while (true) {
          yield* own.leftOut.size === 0
            ? own.isChanged.await
            : Effect.timeoutOption(own.isChanged.await, RESUMED_LOOK_MS)
          const resumed = [...own.leftOut].filter((type) => !this.#isPaused(type))
          for (const type of resumed) own.leftOut.delete(type)
          if (resumed.length > 0 || own.isChanged.isOpen()) return
        }
      })
    })
  }
}
