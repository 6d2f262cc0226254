/**
 * Sends one item of a commit: a message into a mailbox, a timer into the schedule, an event to systems
 * outside.
 *
 * Owns what each kind of item becomes on its way, and that sending is repeated until it succeeds. Only a
 * refusal that no retry changes ends it, as a dead letter. When and in which order items are sent:
 * Sending.ts.
 */
import { Clock, Effect } from "effect"
import { type ActorAddress, addressFromKey } from "../address/ActorAddress.ts"
import type { PlacedItem } from "../commit/PlacedItem.ts"
import type { DeadLetterReason, DeadLettersService } from "../deadletter/DeadLetters.ts"
import { cloudEventOf } from "../integration/CloudEvent.ts"
import type { EventPublisherService } from "../integration/EventPublisher.ts"
import { INTEGRATION_DATA_BYTES_MAX, isIntegrationType } from "../integration/PublishItem.ts"
import { storableText } from "../json/StorableText.ts"
import { thrownText } from "../json/Thrown.ts"
import { type LogSubject, messageSubject } from "../log/LogSubject.ts"
import type { MailboxService, OutboundMessage } from "../mailbox/Mailbox.ts"
import { type AnswerMessage, type CommandMessage, encodeMessage, type Message } from "../mailbox/Message.ts"
import { type Floor, type Origin, rowOfFloor, rowOfOrigin } from "../message/Origin.ts"
import { callReceiver } from "./StillParked.ts"
import { storeLetter } from "./StoreLetter.ts"
import { type SendError, type Sent, untilSent } from "./UntilSent.ts"

/**
 * A cancelled timer that is due sooner than this stays, fires and is ignored, because removing it costs more.
 */
const UNSCHEDULE_FROM_MS = 60_000

/** Largest integration event with its envelope, in bytes. What an actor may publish is far smaller. */
const EVENT_BYTES_MAX = 2 * INTEGRATION_DATA_BYTES_MAX

export interface DispatchPorts {
  readonly mailbox: MailboxService
  readonly publisher: EventPublisherService
  readonly deadLetters: DeadLettersService
  readonly namespace: string
  readonly shardCount: number
}

/**
 * The slot of a timer. Every generation has its own, so that sending an old one again replaces no newer one.
 */
export const timerSlot = (name: string, generation: string): string => `timer.${name}.${generation}`

/** Callbacks of an item that is being sent. */
export interface Dispatching {
  /** Called after each failure that is followed by another attempt. */
  readonly failed?: (failure: { readonly message: string }, attemptCount: number) => void
  /** Whether this node still has to send the item. */
  readonly isWanted?: () => boolean
}

/** The outcome of an item. */
export type Dispatched =
  /** A message is in the mailbox; `position` if the mailbox reports it with the acknowledgement. */
  | { readonly _tag: "Parked"; readonly position: number | undefined }
  /** The item's port stored it, it became a dead letter, or its refusal was sent as the answer. */
  | { readonly _tag: "Settled" }
  /** This node does not have to send the item any more. */
  | { readonly _tag: "Unwanted" }

const SETTLED: Dispatched = { _tag: "Settled" }

const dispatched = (sent: Sent<unknown>): Dispatched =>
  sent._tag === "Unwanted" ? { _tag: "Unwanted" } : SETTLED

/**
 * Sends `placed`, and tries until it succeeds. An item that cannot be sent at all becomes a dead letter and
 * delays no other item.
 */
export const dispatchItem = (
  ports: DispatchPorts,
  placed: PlacedItem,
  dispatching: Dispatching = {},
  floor?: Floor,
): Effect.Effect<Dispatched> =>
  Effect.suspend(() => sendItem(ports, placed, dispatching, floor)).pipe(
    Effect.catchDefect((defect) => {
      const { from, id, item } = placed
      const detail = `it cannot be sent: ${thrownText(defect)}`
      return Effect.as(bury(ports, from.key, id, JSON.stringify(item), detail), SETTLED)
    }),
  )

/** A command or an answer on its way to an actor, with the actor's key. */
export interface ActorMessage {
  readonly to: string
  readonly message: CommandMessage | AnswerMessage
}

/** What log lines about an item are about: its sender, and the message. */
export const subjectOf = ({ from, id, metadata }: PlacedItem): LogSubject => ({
  actor: from,
  commandId: id,
  metadata,
})

/**
 * The message that the item becomes, at once or when it is due; `undefined` for an item that becomes no
 * message.
 */
export const messageOf = (
  { item, id, from, metadata, origin }: PlacedItem,
  floor?: Floor,
): ActorMessage | undefined => {
  const m = metadata === undefined ? undefined : { m: metadata }
  if (item.k === "tell") {
    const answerTo = item.n === undefined ? undefined : { from: from.key, n: item.n }
    // No floor covers an item that is due later, because it waits in the mailbox while its sender goes on.
    const rows = item.at === undefined ? rowsOf(origin, floor) : undefined
    const input = item.in === undefined ? undefined : { i: item.in }
    return { to: item.to, message: { k: "command", id, c: item.c, ...input, ...answerTo, ...m, ...rows } }
  }
  if (item.k !== "answer") return undefined
  const { to, n, re, a } = item
  return { to, message: { k: "answer", id: answerIdOf(re), n, a, ...m, ...rowsOf(origin, floor) } }
}

const rowsOf = (origin: Origin | undefined, floor: Floor | undefined) =>
  origin === undefined
    ? undefined
    : { o: rowOfOrigin(origin), ...(floor === undefined ? undefined : { f: rowOfFloor(floor) }) }

/** Key of the item's receiver: the actor that it names, else its sender. */
export const receiverOf = ({ item, from }: PlacedItem): string => ("to" in item ? item.to : from.key)

/**
 * The name that an item in the mailbox waits for: an actor, or the call that it asks for. A call delays no
 * message.
 */
export const waitsFor = (placed: PlacedItem): string =>
  placed.item.k === "call" ? callReceiver(placed.from.key, placed.item.n) : receiverOf(placed)

/** Whether the item goes to its receiver as soon as the receiver can take it. */
export const isForNow = ({ item }: PlacedItem): boolean =>
  item.k === "answer" || (item.k === "tell" && item.at === undefined)

/** Whether the item stays in the mailbox until it is due. */
export const isForLater = ({ item }: PlacedItem): boolean =>
  item.k === "timer" || (item.k === "tell" && item.at !== undefined)

const sendItem = (
  ports: DispatchPorts,
  placed: PlacedItem,
  dispatching: Dispatching,
  floor: Floor | undefined,
): Effect.Effect<Dispatched> => {
  const { item, id, from, metadata, atMs } = placed
  const { mailbox, shardCount, deadLetters, namespace, publisher } = ports
  const m = metadata === undefined ? undefined : { m: metadata }
  const options = { ...dispatching, subject: subjectOf(placed) }
  const untilStored = <A, E extends SendError>(send: Effect.Effect<A, E>, key: string, message: Message) =>
    untilSent(send, {
      ...options,
      refused: (refusal) => abandonMessage(ports, key, message, "Refused", refusal.message),
    })
  const post = (address: ActorAddress, message: Message): Effect.Effect<Dispatched> =>
    Effect.map(
      untilStored(
        mailbox.publish({ address, id: message.id, data: encodeMessage(message) }),
        address.key,
        message,
      ),
      (sent) => (sent._tag === "Sent" ? { _tag: "Parked", position: sent.value } : dispatched(sent)),
    )
  switch (item.k) {
    case "tell":
    case "answer": {
      const { to, message } = messageOf(placed, floor) as ActorMessage
      const address = addressFromKey(to, shardCount)
      if (item.k === "answer" || item.at === undefined) return post(address, message)
      const data = encodeMessage(message)
      const slot = `message.${message.id}`
      const later = mailbox.schedule({ address, id: message.id, data, slot, atMs: item.at })
      return Effect.map(untilStored(later, to, message), dispatched)
    }
    case "timer": {
      const data = encodeMessage({ k: "timer", id, n: item.n, g: item.g, at: item.at, ...m })
      const slot = timerSlot(item.n, item.g)
      const timer = { address: from, id, data, slot, atMs: item.at }
      return Effect.map(untilSent(mailbox.schedule(timer), options), dispatched)
    }
    case "cancel":
      return Effect.flatMap(Clock.currentTimeMillis, (nowMs) => {
        if (item.at - nowMs < UNSCHEDULE_FROM_MS) return Effect.succeed(SETTLED)
        const unscheduled = untilSent(mailbox.unschedule(from, timerSlot(item.n, item.g)), options)
        return Effect.map(unscheduled, dispatched)
      })
    case "call":
      return post(from, { k: "call", id, n: item.n, g: item.g, ...m })
    case "abort":
      return Effect.succeed(SETTLED)
    case "publish": {
      const event = cloudEventOf({
        namespace,
        key: from.key,
        item,
        id,
        atMs,
        sequence: placed.sequence,
        metadata,
      })
      // No decision stores such an item, and no publisher ever takes it.
      if (!isIntegrationType(item.t) || event.data.length > EVENT_BYTES_MAX) {
        const detail = `no integration event has such a type, or more than ${EVENT_BYTES_MAX} bytes`
        return Effect.as(bury(ports, from.key, id, JSON.stringify(item), detail), SETTLED)
      }
      return Effect.map(untilSent(publisher.publish(event), options), dispatched)
    }
    case "letter": {
      const { id: messageId, key = from.key, reason, detail, m: original } = item
      const letter = { key, reason, detail, attemptCount: 1, atMs, messageId, original }
      return Effect.map(storeLetter(deadLetters, letter, dispatching), dispatched)
    }
  }
}

const ANSWER_SUFFIX = ":answer"

/**
 * Id of a request's answer. It is made from the request's id, because a request has one answer, whichever
 * node sends it.
 */
const answerIdOf = (requestId: string): string => requestId + ANSWER_SUFFIX

/** Tells the asker that there will be no other answer. */
export const undecidedAnswer = (
  to: { readonly key: string; readonly as: string; readonly requestId: string },
  reason: DeadLetterReason,
  detail: string,
  shardCount: number,
  metadata: Message["m"],
): OutboundMessage => {
  const id = answerIdOf(to.requestId)
  // The error of user code may hold text that the asker could not store.
  const a = { ok: false, reason, detail: storableText(detail), isRejection: false } as const
  return {
    address: addressFromKey(to.key, shardCount),
    id,
    data: encodeMessage({
      k: "answer",
      id,
      n: to.as,
      a,
      ...(metadata === undefined ? undefined : { m: metadata }),
    }),
  }
}

/**
 * Abandons a message. A request is answered with the refusal, and so is the asker of an answer; any other
 * message becomes a dead letter.
 */
export const abandonMessage = (
  ports: DispatchPorts,
  key: string,
  message: Message,
  reason: DeadLetterReason,
  detail: string,
): Effect.Effect<void> => {
  const asker =
    message.k === "answer"
      ? { key, as: message.n, requestId: message.id.slice(0, -ANSWER_SUFFIX.length) }
      : message.k === "command" && message.from !== undefined && message.n !== undefined
        ? { key: message.from, as: message.n, requestId: message.id }
        : undefined
  if (asker === undefined) {
    return bury(ports, key, message.id, new TextDecoder().decode(encodeMessage(message)), detail, reason)
  }
  const answer = undecidedAnswer(asker, reason, detail, ports.shardCount, message.m)
  return Effect.asVoid(untilSent(ports.mailbox.publish(answer), { subject: messageSubject(key, message) }))
}

const bury = (
  { deadLetters }: DispatchPorts,
  key: string,
  messageId: string,
  original: string,
  detail: string,
  reason: DeadLetterReason = "Refused",
): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (atMs) => {
    const letter = { key, reason, detail, attemptCount: 1, atMs, messageId, original }
    return Effect.asVoid(storeLetter(deadLetters, letter))
  })
