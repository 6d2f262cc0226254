/**
 * From the mailbox to the actors: takes each shard's messages, hands them to their cells, acknowledges what is stored.
 *
 * Owns the life of a message once it was handed out: in order per actor, tried again while the trouble may pass, given
 * up as a dead letter when it will not. It is acknowledged when its effect is in the journal, never before. What a
 * message becomes: Handover.ts. What calls do: ../call/CallRunner.ts.
 */
import { Clock, Effect, Exit, FiberSet, Latch, Scope, Stream } from "effect"
import { type ActorAddress, addressFromKey } from "../address/ActorAddress.ts"
import type { CallLogic, CallOutcome } from "../call/Call.ts"
import type { CallRunner } from "../call/CallRunner.ts"
import type { Cells } from "../cell/Cells.ts"
import { Checkpoints } from "../checkpoint/Checkpoints.ts"
import type { ShardEntry, ShardMap } from "../cluster/ShardMap.ts"
import { type DeadLetterReason, DeadLetters } from "../deadletter/DeadLetters.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { thrownText } from "../json/Thrown.ts"
import { DEFAULT_GROUP, type Delivery, Mailbox, REDELIVERY_MS } from "../mailbox/Mailbox.ts"
import { MailboxTime } from "../mailbox/MailboxTime.ts"
import { decodeMessage, type Message, MessageUnreadable } from "../mailbox/Message.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { ATTEMPTS_MAX, AttemptCounts, attemptsExhausted } from "./AttemptCounts.ts"
import { EarlyTimers } from "./EarlyTimers.ts"
import { makeGiveUp } from "./GivenUp.ts"
import { handOver, type Verdict } from "./Handover.ts"
import { HeldBack } from "./HeldBack.ts"
import { makeMailOrigins } from "./MailOrigins.ts"
import { PausedMail } from "./PausedMail.ts"

/** Times a message to an actor that cannot be read is tried before it becomes a dead letter. */
const QUARANTINE_ATTEMPTS_MAX = 5

/** Longest that a message which came again keeps the others of its shard waiting, in milliseconds. */
const REPEAT_WAIT_MS_MAX = 5_000

/** Pause before a shard's messages are asked for again after the mailbox refused, in milliseconds. */
const REFUSED_PAUSE_MS = 5_000

export interface InboxCounts {
  /** Messages that were handed out. */
  receivedCount: number
  /** Messages that are done with: applied, or of no effect any more. */
  settledCount: number
  /** Messages that were put back to be tried again. */
  retriedCount: number
  deadLetterCount: number
}

export interface Inbox {
  /** Messages that were handed out and are not done with. */
  readonly openCount: () => number
  readonly counts: InboxCounts
  /** This node has the place now: its messages are taken up. */
  readonly open: (place: number) => Effect.Effect<void>
  /** Takes no more messages of a place; those in work are left to whoever comes next, unless they are done in time. */
  readonly close: (place: number) => Effect.Effect<void>
  /**
   * Hands over a closed place in order: messages that are still in work there count as not taken up.
   */
  readonly letGo: (place: number) => Effect.Effect<void>
  /** Forgets what is in work of a place that was closed: it is somebody else's now. */
  readonly forget: (place: number) => void
}

/** A message that was handed out and is not done with. */
interface HandedOut {
  delivery: Delivery
  readonly place: number
  /** This life is one of its attempts. */
  readonly isCounted: boolean
  extendedAtMs: number
}

/** A message in work. */
interface Open extends HandedOut {
  readonly definition: ActorDefinition
  readonly address: ActorAddress
  readonly message: Message
  readonly attempt: number
  /** Of a call that has ended and whose outcome is not stored yet. */
  outcome: CallOutcome | undefined
  /** What it calls, once that is known (Handover.ts). */
  logic: CallLogic | undefined
  failedCount: number
  /** Told when the message no longer keeps others waiting. */
  passed: (() => void) | undefined
}

export interface InboxOptions {
  readonly actors: ReadonlyMap<string, ActorDefinition>
  readonly cells: Cells
  readonly calls: CallRunner
  readonly places: ShardMap
  /** Nobody here knows the actor type of a message. True: another node takes the place. */
  readonly unhosted: (place: number, type: string) => boolean
  /** An operator has paused all actors of the type. */
  readonly isPaused: (type: string) => boolean
}

export const makeInbox = Effect.fnUntraced(function* (
  options: InboxOptions,
): Effect.fn.Return<Inbox, never, Mailbox | Checkpoints | DeadLetters | Scope.Scope> {
  const { actors, cells, calls, places } = options
  const { shardCount } = places
  const clock = yield* Clock.Clock
  const mailbox = yield* Mailbox
  const answerOrBury = makeGiveUp({ mailbox, deadLetters: yield* DeadLetters, clock, shardCount })
  const attempts = new AttemptCounts(yield* Checkpoints)
  const mailboxTime = new MailboxTime()
  const mailOrigins = yield* makeMailOrigins(mailbox)
  const early = new EarlyTimers(clock, mailbox, mailboxTime)
  const fork = yield* FiberSet.makeRuntime<never>()
  const counts: InboxCounts = { receivedCount: 0, settledCount: 0, retriedCount: 0, deadLetterCount: 0 }
  const open = new Map<string, HandedOut>()
  /** Messages of actors that are held back, in order. */
  const held = new HeldBack<Open>()
  const paused = new PausedMail(options.isPaused)
  const someOpen = Latch.makeUnsafe(false)
  const receivers = new Map<number, Scope.Closeable>()
  const nameOf = (place: number): string => places.all[place]?.slot ?? ""

  const finish = ({ place, delivery }: HandedOut): void => {
    if (!open.delete(idOf(place, delivery))) return
    attempts.forget(nameOf(place), delivery.sequence)
    counts.settledCount++
    fork(delivery.ack)
  }

  const settle = (item: Open): void => {
    finish(item)
    item.passed?.()
  }

  const offer = (item: Open): void => {
    if (held.join(item)) return
    surviving(item, () =>
      handOver({ cells, calls, clock }, item, (verdict) => surviving(item, () => judged(item, verdict))),
    )
  }

  /** What a message makes our own code throw ends that message, as a dead letter, and nothing else. */
  const surviving = (item: Open, work: () => void): void => {
    try {
      work()
    } catch (cause) {
      giveUp(item, "Failed", `it cannot be handed over: ${thrownText(cause)}`)
    }
  }

  const judged = (item: Open, verdict: Verdict): void => {
    switch (verdict._tag) {
      case "Done":
        return settle(item)
      case "Running":
        // A call may take its time: it keeps nobody waiting.
        return item.passed?.()
      case "Early":
        item.passed?.()
        fork(
          Effect.map(early.wait(item), (isHere) => {
            if (!isHere) settle(item)
            else if (open.get(idOf(item.place, item.delivery)) === item && receivers.has(item.place))
              offer(item)
          }),
        )
        return
      case "Later":
        return hold(item)
      case "Quarantined":
        item.failedCount < QUARANTINE_ATTEMPTS_MAX ? hold(item) : giveUp(item, "Quarantined", verdict.detail)
        return
      case "Dead":
        giveUp(item, verdict.reason, verdict.detail)
    }
  }

  /** Puts the message back, and with it all later ones of its actor: their order is kept. */
  const hold = (item: Open): void => {
    // What this node leaves undone, the next one is handed.
    if (!receivers.has(item.place)) return
    // Nothing else has the outcome of a call: it waits here.
    if (item.outcome === undefined && paused.leavesOut(item.place, item.definition.type)) return leave(item)
    counts.retriedCount++
    if (!held.join(item)) fork(held.hold(item, offer))
  }

  /** The mailbox hands the message out again when its type is resumed. */
  const leave = (item: Open): void => {
    const { place, delivery } = item
    if (open.delete(idOf(place, delivery))) paused.leave(place, delivery.sequence)
    item.passed?.()
  }

  const giveUp = (item: Open, reason: DeadLetterReason, detail: string): void => {
    counts.deadLetterCount++
    const { message, delivery, attempt, failedCount } = item
    // With its place: the same message, handed in again after it was dead once, is another letter.
    const letterId = `${message.id}@${idOf(item.place, delivery)}`
    fork(
      Effect.andThen(
        answerOrBury({ message, delivery, reason, detail, attemptCount: attempt + failedCount, letterId }),
        Effect.sync(() => settle(item)),
      ),
    )
  }

  /** The parts of a delivery, or why this node cannot take it. `undefined`: another node takes the place. */
  const read = (delivery: Delivery, place: number): Parts | Unreadable | undefined => {
    try {
      const decoded = decodeMessage(delivery.data)
      const address = addressFromKey(delivery.key, shardCount)
      const { shard } = places.all[place] as ShardEntry
      // Its actor's shard may be another node's: it would be tried here for ever.
      if (address.shard !== shard) {
        return unreadable(`it is in shard ${shard}, its actor in ${address.shard}`)
      }
      const message = mailOrigins.complete(shard, decoded, delivery)
      const definition = actors.get(address.type)
      if (definition !== undefined) return { definition, address, message }
      if (options.unhosted(place, address.type)) return undefined
      const detail = `no node has the actor type "${address.type}"`
      return { reason: "Unroutable", detail, message }
    } catch (cause) {
      return unreadable(cause instanceof MessageUnreadable ? cause.message : String(cause))
    }
  }

  /** A message that never got as far as its actor. The next one does not wait for the letter. */
  const giveUpUnread = (place: number, delivery: Delivery, { reason, detail, message }: Unreadable): void => {
    counts.deadLetterCount++
    const id = idOf(place, delivery)
    const unread: HandedOut = { delivery, place, isCounted: false, extendedAtMs: monotonicMs(clock) }
    open.set(id, unread)
    someOpen.openUnsafe()
    fork(
      Effect.andThen(
        answerOrBury({ message, delivery, reason, detail, attemptCount: 1, letterId: id }),
        Effect.sync(() => finish(unread)),
      ),
    )
  }

  const receive = Effect.fnUntraced(function* (place: number, delivery: Delivery) {
    counts.receivedCount++
    if (delivery.storedAtMs !== undefined) mailboxTime.learn(delivery.storedAtMs, monotonicMs(clock))
    const id = idOf(place, delivery)
    const shard = nameOf(place)
    const known = open.get(id)
    if (known !== undefined) {
      // In work already; the newest hand-out is the one to acknowledge.
      known.delivery = delivery
      return
    }
    const found = read(delivery, place)
    // Left to the node that knows the type and is about to have the place.
    if (found === undefined) return
    const extendedAtMs = monotonicMs(clock)
    if ("reason" in found) return giveUpUnread(place, delivery, found)
    if (paused.leavesOut(place, found.definition.type)) return paused.leave(place, delivery.sequence)
    // What was left to the mailbox meanwhile need not wait its turn: no life has ended over it.
    const isSuspect = delivery.isRepeat && !paused.comesBack(place, delivery.sequence)
    const attempt = isSuspect ? yield* attempts.nextOf(shard, delivery) : 1
    const item: Open = {
      ...found,
      delivery,
      place,
      isCounted: true,
      attempt,
      outcome: undefined,
      logic: undefined,
      failedCount: 0,
      extendedAtMs,
      passed: undefined,
    }
    open.set(id, item)
    someOpen.openUnsafe()
    // Whoever made a call waits for its outcome, so it gets one (Handover.ts).
    if (attempt > ATTEMPTS_MAX && item.message.k !== "call") {
      return giveUp(item, "AttemptsExhausted", attemptsExhausted(attempt))
    }
    if (!isSuspect) return offer(item)
    // One after the other: if one of them takes the node down, it is known which.
    yield* Effect.timeoutOption(
      Effect.callback<void>((resume) => {
        item.passed = () => resume(Effect.void)
        offer(item)
      }),
      REPEAT_WAIT_MS_MAX,
    )
  })

  const close = (place: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const scope = receivers.get(place)
      receivers.delete(place)
      return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
    })

  const take = (place: number): Effect.Effect<void> =>
    Effect.gen(function* () {
      const shardPlace = places.all[place] as ShardEntry
      const { shard, group } = shardPlace
      const scope = yield* Scope.make()
      receivers.set(place, scope)
      paused.open(place, shardPlace)
      // Where all types share a place, it is one receiver, whatever types there will be.
      const only =
        places.groups.length === 1 ? undefined : { name: group.label ?? DEFAULT_GROUP, types: group.types }
      const takes = (delivery: Delivery) =>
        Effect.catchDefect(receive(place, delivery), (defect) =>
          Effect.sync(() => giveUpUnread(place, delivery, unreadable(thrownText(defect), "Failed"))),
        )
      const receiveOnce = Effect.suspend(() => {
        const wanted = paused.begin(place, shardPlace, only)
        const deliveries = wanted === undefined ? Stream.never : mailbox.receive(shard, wanted.only)
        return Stream.runForEach(Stream.interruptWhen(deliveries, paused.changed(place)), takes)
      })
      const receiving = receiveOnce.pipe(
        // A defect of the mailbox itself is a refusal, too: nothing ends the receiving of a shard for good.
        Effect.catchDefect((defect) => Effect.fail(new Error(thrownText(defect)))),
        Effect.catch((refusal) =>
          Effect.andThen(
            Effect.logError(`Shard ${shard} takes no messages: ${refusal.message}`),
            Effect.sleep(REFUSED_PAUSE_MS),
          ),
        ),
        Effect.forever,
      )
      yield* Effect.forkIn(receiving, scope)
    })
  yield* Effect.addFinalizer(() => Effect.forEach([...receivers.keys()], close, { discard: true }))

  /** Messages in work are not handed out to others meanwhile. */
  const extending = Effect.gen(function* () {
    if (open.size === 0) someOpen.closeUnsafe()
    yield* someOpen.await
    yield* Effect.sleep(REDELIVERY_MS / 4)
    const nowMs = monotonicMs(clock)
    for (const item of open.values()) {
      if (nowMs - item.extendedAtMs < REDELIVERY_MS / 4) continue
      item.extendedAtMs = nowMs
      yield* item.delivery.extend
    }
  })
  yield* Effect.forkScoped(Effect.forever(extending))

  const forget = (place: number): void => {
    attempts.forgetAll(nameOf(place))
    for (const [id, item] of open) if (item.place === place) open.delete(id)
    held.forget(place)
    paused.close(place)
  }

  const letGo = (place: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const undone = [...open.values()].filter((item) => item.place === place && item.isCounted)
      const left = Array.from(paused.left(place), (sequence) => ({ sequence }))
      const messages = [...undone.map(({ delivery }) => delivery), ...left]
      return Effect.andThen(
        attempts.takeBack(nameOf(place), messages),
        Effect.sync(() => forget(place)),
      )
    })

  return {
    openCount: () => open.size,
    counts,
    open: take,
    close,
    letGo,
    forget,
  }
})

type Parts = Pick<Open, "definition" | "address" | "message">

/** A message that no node can take; `message` where it could be decoded. */
interface Unreadable {
  readonly reason: DeadLetterReason
  readonly detail: string
  readonly message: Message | undefined
}

const unreadable = (detail: string, reason: DeadLetterReason = "Malformed"): Unreadable => ({
  reason,
  detail,
  message: undefined,
})

/** With the time of storing: a mailbox that was restored from an older copy gives sequences again. */
const idOf = (place: number, { sequence, storedAtMs = 0 }: Delivery): string =>
  `${place}.${sequence}.${storedAtMs}`
