/**
 * Messages to actors of a paused type stay in the mailbox: the receiver of their shard leaves the type out until it is
 * resumed. So they take no room among the messages that the shard may have in work.
 *
 * Owns which types each shard leaves out, and the messages that were handed out before that and are left to the mailbox
 * again. A type is left out when its shard is opened, or when a message to it comes; a shard without such messages goes on
 * as it is. Who receives: ShardReceivers.ts.
 */
import { Effect, Latch } from "effect"
import type { ShardEntry } from "../cluster/ShardMap.ts"
import { DEFAULT_GROUP, type ReceiverGroup } from "../mailbox/Mailbox.ts"

/** How often a shard that leaves types out looks whether they are resumed, in milliseconds. */
const RESUMED_LOOK_MS = 500

interface PausedShard {
  readonly leftOut: Set<string>
  /** Sequences of messages that were handed out and are left to the mailbox, until they are handed out again. */
  readonly left: Set<number>
  /** Open: other types are left out than the receiver knows. */
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
   * Whether messages to the type stay in the mailbox. A type stays left out until the receiver begins anew, so that the
   * messages that were left come before later ones.
   */
  leavesOut(shardIndex: number, type: string): boolean {
    const own = this.#shards.get(shardIndex)
    if (own === undefined || own.leftOut.has(type)) return own !== undefined
    if (!this.#isPaused(type)) return false
    own.leftOut.add(type)
    own.isChanged.openUnsafe()
    return true
  }

  /** A message that was handed out is left to the mailbox: this life was no attempt at it. */
  leave(shardIndex: number, sequence: number): void {
    this.#shards.get(shardIndex)?.left.add(sequence)
  }

  /** Whether the message that is handed out now is one that was left. */
  comesBack(shardIndex: number, sequence: number): boolean {
    return this.#shards.get(shardIndex)?.left.delete(sequence) ?? false
  }

  /** The messages that were left. */
  left(shardIndex: number): Iterable<number> {
    return this.#shards.get(shardIndex)?.left ?? []
  }

  /**
   * A receiver of the shard begins. Returns which types it receives: `only` where none is left out, `undefined` where all
   * of them are.
   */
  begin(shardIndex: number, { group }: ShardEntry, only: ReceiverGroup | undefined) {
    const own = this.#shards.get(shardIndex)
    own?.isChanged.closeUnsafe()
    if (own === undefined || own.leftOut.size === 0) return { only }
    const types = group.types.filter((type) => !own.leftOut.has(type))
    if (types.length === 0) return undefined
    return { only: { name: only?.name ?? DEFAULT_GROUP, types, leftOut: [...own.leftOut] } }
  }

  /** Returns once the shard's receiver is to begin anew. */
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
