/**
 * From the mailbox to the actors: takes each shard's messages, delivers them to their actors, and
 * acknowledges what is stored.
 *
 * Owns which messages are taken up, and the beginning and end of a shard. A message is acknowledged when its
 * effect is in the journal, never before. ShardReceivers.ts receives. The life of a message:
 * MessageDelivery.ts. Calls: ../call/CallRunner.ts.
 */
import { Clock, Effect, FiberSet, type Scope } from "effect"
import type { CallRunner } from "../call/CallRunner.ts"
import type { Cells } from "../cell/Cells.ts"
import { Checkpoints } from "../checkpoint/Checkpoints.ts"
import type { ShardMap } from "../cluster/ShardMap.ts"
import { DeadLetters } from "../deadletter/DeadLetters.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { thrownText } from "../json/Thrown.ts"
import { type Delivery, Mailbox } from "../mailbox/Mailbox.ts"
import { MailboxTime } from "../mailbox/MailboxTime.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { makeAbandonMessage } from "./AbandonedMessage.ts"
import { ATTEMPTS_MAX, AttemptCounts, attemptsExhausted } from "./AttemptCounts.ts"
import { EarlyTimers } from "./EarlyTimers.ts"
import { type InboxCounts, noInboxCounts } from "./InboxCounts.ts"
import { makeMailOrigins } from "./MailOrigins.ts"
import { MessageDelivery, type OpenMessage } from "./MessageDelivery.ts"
import { MessageReader, unreadable } from "./MessageReader.ts"
import { makeOpenMessages } from "./OpenMessages.ts"
import { PausedMail } from "./PausedMail.ts"
import { ShardReceivers } from "./ShardReceivers.ts"
import { makeToldMail, type ToldMail } from "./ToldMail.ts"

/** Longest time that a message that came again delays the others of its shard, in milliseconds. */
const REPEAT_WAIT_MS_MAX = 5_000

export interface Inbox {
  /** Number of messages that were handed out and are not finished. */
  readonly openCount: () => number
  readonly counts: InboxCounts
  /** Tells of this process that are in the mailbox. */
  readonly told: ToldMail
  /** This node now has the shard; its messages are taken up. */
  readonly open: (shardIndex: number) => Effect.Effect<void>
  /**
   * Takes no more messages of a shard. Messages in work are left to the next owner, unless they finish in
   * time.
   */
  readonly close: (shardIndex: number) => Effect.Effect<void>
  /**
   * Releases a closed shard in an orderly handoff. Messages that are still in work there count as not taken
   * up.
   */
  readonly release: (shardIndex: number) => Effect.Effect<void>
  /** Forgets the messages in work of a closed shard that another node has now. */
  readonly forget: (shardIndex: number) => void
}

export interface InboxOptions {
  readonly actors: ReadonlyMap<string, ActorDefinition>
  readonly cells: Cells
  readonly calls: CallRunner
  readonly shardMap: ShardMap
  /** This node does not know the actor type of a message. Returns true if another node takes the shard. */
  readonly unhosted: (shardIndex: number, type: string) => boolean
  /** Whether an operator has paused all actors of the type. */
  readonly isPaused: (type: string) => boolean
}

export const makeInbox = Effect.fnUntraced(function* (
  options: InboxOptions,
): Effect.fn.Return<Inbox, never, Mailbox | Checkpoints | DeadLetters | Scope.Scope> {
  const { actors, cells, calls, shardMap, unhosted } = options
  const { shardCount } = shardMap
  const clock = yield* Clock.Clock
  const mailbox = yield* Mailbox
  const deadLetters = yield* DeadLetters
  const attempts = new AttemptCounts(yield* Checkpoints)
  const mailboxTime = new MailboxTime()
  const mailOrigins = yield* makeMailOrigins(mailbox)
  const fork = yield* FiberSet.makeRuntime<never>()
  const counts = noInboxCounts()
  const paused = new PausedMail(options.isPaused)
  const told = yield* makeToldMail(mailbox, shardMap)
  const open = yield* makeOpenMessages({ shardMap, attempts, counts, told, clock, fork })
  const reader = new MessageReader({ actors, shardMap, mailOrigins, unhosted })
  const delivery = new MessageDelivery({
    cells,
    calls,
    clock,
    open,
    paused,
    early: new EarlyTimers(clock, mailbox, mailboxTime),
    abandon: makeAbandonMessage({ mailbox, deadLetters, clock, shardCount }),
    counts,
    fork,
    isReceiving: (shardIndex) => receivers.has(shardIndex),
  })
  const slotOf = (shardIndex: number): string => shardMap.all[shardIndex]?.slot ?? ""

  /** Takes up one message that the mailbox has handed out. */
  const receive = Effect.fnUntraced(function* (shardIndex: number, handedOut: Delivery) {
    counts.receivedCount++
    const { storedAtMs, sequence, isRepeat } = handedOut
    if (storedAtMs !== undefined) mailboxTime.learn(storedAtMs, monotonicMs(clock))
    if (open.isHandedOutAgain(shardIndex, handedOut)) return
    const found = reader.read(shardIndex, handedOut)
    // Leave the message to the node that knows the type and is about to have the shard.
    if (found === undefined) return
    const extendedAtMs = monotonicMs(clock)
    if ("reason" in found) return delivery.abandonUnread(shardIndex, handedOut, found)
    if (paused.leavesOut(shardIndex, found.definition.type)) return paused.leave(shardIndex, sequence)
    // A message that was left to the mailbox meanwhile need not wait, because no process has crashed over it.
    const isSuspect = isRepeat && !paused.comesBack(shardIndex, sequence)
    const attempt = isSuspect ? yield* attempts.nextOf(slotOf(shardIndex), handedOut) : 1
    const item: OpenMessage = {
      ...found,
      delivery: handedOut,
      shardIndex,
      isCounted: true,
      attempt,
      outcome: undefined,
      logic: undefined,
      failedCount: 0,
      extendedAtMs,
      passed: undefined,
    }
    open.add(item)
    // A call gets an outcome instead (ActorDelivery.ts), because its actor waits for one.
    if (attempt > ATTEMPTS_MAX && item.message.k !== "call") {
      return delivery.abandon(item, "AttemptsExhausted", attemptsExhausted(attempt))
    }
    if (!isSuspect) return delivery.deliver(item)
    // One after the other, so that it is known which of them crashes the node.
    yield* Effect.timeoutOption(
      Effect.callback<void>((resume) => {
        item.passed = () => resume(Effect.void)
        delivery.deliver(item)
      }),
      REPEAT_WAIT_MS_MAX,
    )
  })

  const receivers = new ShardReceivers({
    shardMap,
    mailbox,
    paused,
    receive: (shardIndex, handedOut) =>
      Effect.catchDefect(receive(shardIndex, handedOut), (defect) =>
        Effect.sync(() =>
          delivery.abandonUnread(shardIndex, handedOut, unreadable(thrownText(defect), "Failed")),
        ),
      ),
  })
  yield* Effect.addFinalizer(() => receivers.closeAll)

  const forget = (shardIndex: number): void => {
    attempts.forgetAll(slotOf(shardIndex))
    open.forget(shardIndex)
    told.forget(shardIndex)
    delivery.forget(shardIndex)
    paused.close(shardIndex)
  }

  const release = (shardIndex: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const left = Array.from(paused.left(shardIndex), (sequence) => ({ sequence }))
      const messages = [...open.counted(shardIndex).map((item) => item.delivery), ...left]
      return Effect.andThen(
        attempts.takeBack(slotOf(shardIndex), messages),
        Effect.sync(() => forget(shardIndex)),
      )
    })

  return {
    openCount: () => open.size,
    counts,
    told,
    open: (shardIndex) =>
      Effect.suspend(() => {
        told.opened(shardIndex)
        return receivers.open(shardIndex)
      }),
    close: (shardIndex) => receivers.close(shardIndex),
    release,
    forget,
  }
})
