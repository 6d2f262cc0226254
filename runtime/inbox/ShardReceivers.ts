/**
 * Receives the messages of each shard that this node has, until the shard is closed.
 *
 * Owns the receivers: one per shard. A receiver begins anew when types are paused or resumed, and after the
 * mailbox has refused. The life of a message: Inbox.ts.
 */
import { Effect, Exit, Scope, Stream } from "effect"
import type { ShardEntry, ShardMap } from "../cluster/ShardMap.ts"
import { thrownText } from "../json/Thrown.ts"
import { DEFAULT_GROUP, type Delivery, type MailboxService } from "../mailbox/Mailbox.ts"
import type { PausedMail } from "./PausedMail.ts"

/** Pause after the mailbox refused, before a shard's messages are requested again, in milliseconds. */
const REFUSED_PAUSE_MS = 5_000

export interface ShardReceiversOptions {
  readonly shardMap: ShardMap
  readonly mailbox: MailboxService
  readonly paused: PausedMail
  /** Takes up one message. The next one of the shard waits for it. */
  readonly receive: (shardIndex: number, delivery: Delivery) => Effect.Effect<void>
}

export class ShardReceivers {
  readonly #options: ShardReceiversOptions
  readonly #scopes = new Map<number, Scope.Closeable>()

  constructor(options: ShardReceiversOptions) {
    this.#options = options
  }

  /** Whether this node receives messages of the shard. */
  has(shardIndex: number): boolean {
    return this.#scopes.has(shardIndex)
  }

  open(shardIndex: number): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const { shardMap, paused } = this.#options
      const scope = yield* Scope.make()
      this.#scopes.set(shardIndex, scope)
      paused.open(shardIndex, shardMap.all[shardIndex] as ShardEntry)
      yield* Effect.forkIn(this.#receiving(shardIndex), scope)
    })
  }

  close(shardIndex: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      const scope = this.#scopes.get(shardIndex)
      this.#scopes.delete(shardIndex)
      return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
    })
  }

  readonly closeAll: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach([...this.#scopes.keys()], (shardIndex) => this.close(shardIndex), { discard: true }),
  )

  #receiving(shardIndex: number): Effect.Effect<never> {
    const { shardMap, mailbox, paused, receive } = this.#options
    const entry = shardMap.all[shardIndex] as ShardEntry
    const { shard, group } = entry
    // If all types share a shard, one receiver takes every type, including types added later.
    const only =
      shardMap.groups.length === 1 ? undefined : { name: group.label ?? DEFAULT_GROUP, types: group.types }
    const receiveOnce = Effect.suspend(() => {
      const wanted = paused.begin(shardIndex, entry, only)
      const deliveries = wanted === undefined ? Stream.never : mailbox.receive(shard, wanted.only)
      return Stream.runForEach(Stream.interruptWhen(deliveries, paused.changed(shardIndex)), (delivery) =>
        receive(shardIndex, delivery),
      )
    })
    return receiveOnce.pipe(
      // A defect of the mailbox counts as a refusal, so that it cannot end the receiving of a shard.
      Effect.catchDefect((defect) => Effect.fail(new Error(thrownText(defect)))),
      Effect.catch((refusal) =>
        Effect.andThen(
          Effect.logError(`Shard ${shard} takes no messages: ${refusal.message}`),
          Effect.sleep(REFUSED_PAUSE_MS),
        ),
      ),
      Effect.forever,
    )
  }
}
