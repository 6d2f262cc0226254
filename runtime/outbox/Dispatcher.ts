/**
 * Sends one item of a commit: a message into a mailbox, a timer into the schedule, an event to the world outside.
 *
 * Owns what each kind of item becomes on its way, and that sending goes on until it has worked: only a refusal that no
 * retry changes ends it, as a dead letter. When and in which order: Sending.ts.
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
import type { MailboxService, OutboundMessage } from "../mailbox/Mailbox.ts"
import { type AnswerMessage, type CommandMessage, encodeMessage, type Message } from "../mailbox/Message.ts"
import { type Floor, type Origin, rowOfFloor, rowOfOrigin } from "../message/Origin.ts"
import { callReceiver } from "./StillParked.ts"
import { storeLetter } from "./StoreLetter.ts"
import { type SendError, type Sent, untilSent } from "./UntilSent.ts"

/** Cancelled timers that are due sooner than this are left to fire and be ignored: removing costs more than that. */
const UNSCHEDULE_FROM_MS = 60_000

/** Largest integration event with its envelope, in bytes: what an actor may publish is far below. */
const EVENT_BYTES_MAX = 2 * INTEGRATION_DATA_BYTES_MAX

export interface DispatchPorts {
  readonly mailbox: MailboxService
  readonly publisher: EventPublisherService
  readonly deadLetters: DeadLettersService
  readonly namespace: string
  readonly shardCount: number
}

/** The slot of a timer: every generation has its own, so that sending an old one again replaces nothing. */
export const timerSlot = (name: string, generation: string): string => `timer.${name}.${generation}`

/** What is told of an item that is sent, and asked of it, while it is. */
export interface Dispatching {
  /** Told of each failure after which it is tried again. */
  readonly failed?: (failure: { readonly message: string }, attemptCount: number) => void
  /** Whether it is still to be sent from here. */
  readonly isWanted?: () => boolean
}

/** What came of an item. */
export type Dispatched =
  /** A message is in the mailbox; at which position, where the mailbox can tell when it is acknowledged. */
  | { readonly _tag: "Parked"; readonly position: number | undefined }
  /** Stored by its port, a dead letter, or answered by its refusal. */
  | { readonly _tag: "Settled" }
  /** It is not to be sent from here any more. */
  | { readonly _tag: "Unwanted" }

const SETTLED: Dispatched = { _tag: "Settled" }

const dispatched = (sent: Sent<unknown>): Dispatched =>
  sent._tag === "Unwanted" ? { _tag: "Unwanted" } : SETTLED

/**
 * Sends `placed`; tries for as long as it takes. What cannot even be tried becomes a dead letter, and keeps nobody up.
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

/** The message that the item becomes, at once or when it is due; `undefined` for an item that becomes none. */
export const messageOf = (
  { item, id, from, metadata, origin }: PlacedItem,
  floor?: Floor,
): ActorMessage | undefined => {
  const m = metadata === undefined ? undefined : { m: metadata }
  if (item.k === "tell") {
    const answerTo = item.n === undefined ? undefined : { from: from.key, n: item.n }
    // What is due later is not covered by any floor: it waits in the mailbox, however far its sender is.
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

/** Key of the actor that the item is for: its sender, unless it names another one. */
export const receiverOf = ({ item, from }: PlacedItem): string => ("to" in item ? item.to : from.key)

/** Who an item in the mailbox waits for: an actor, or the call that it asks for, which keeps no message waiting. */
export const waitsFor = (placed: PlacedItem): string =>
  placed.item.k === "call" ? callReceiver(placed.from.key, placed.item.n) : receiverOf(placed)

/** Whether the item goes to its receiver as soon as it can take it. */
export const isForNow = ({ item }: PlacedItem): boolean =>
  item.k === "answer" || (item.k === "tell" && item.at === undefined)

/** Whether the item lies in the mailbox until its time. */
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
  const untilStored = <A, E extends SendError>(send: Effect.Effect<A, E>, key: string, message: Message) =>
    untilSent(send, {
      ...dispatching,
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
      return Effect.map(untilSent(mailbox.schedule(timer), dispatching), dispatched)
    }
    case "cancel":
      return Effect.flatMap(Clock.currentTimeMillis, (nowMs) => {
        if (item.at - nowMs < UNSCHEDULE_FROM_MS) return Effect.succeed(SETTLED)
        const unscheduled = untilSent(mailbox.unschedule(from, timerSlot(item.n, item.g)), dispatching)
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
      return Effect.map(untilSent(publisher.publish(event), dispatching), dispatched)
    }
    case "letter": {
      const { id: messageId, key = from.key, reason, detail, m: original } = item
      const letter = { key, reason, detail, attemptCount: 1, atMs, messageId, original }
      return Effect.map(storeLetter(deadLetters, letter, dispatching), dispatched)
    }
  }
}

const ANSWER_SUFFIX = ":answer"

/** A request has one answer, whoever sends it: its id is made of the request's. */
const answerIdOf = (requestId: string): string => requestId + ANSWER_SUFFIX

/** Tells whoever asked that there will be no other answer. */
export const undecidedAnswer = (
  to: { readonly key: string; readonly as: string; readonly requestId: string },
  reason: DeadLetterReason,
  detail: string,
  shardCount: number,
): OutboundMessage => {
  const id = answerIdOf(to.requestId)
  // What user code threw may hold text that the asker could not store.
  const a = { ok: false, reason, detail: storableText(detail), isRejection: false } as const
  return {
    address: addressFromKey(to.key, shardCount),
    id,
    data: encodeMessage({ k: "answer", id, n: to.as, a }),
  }
}

/** A request that is refused, or its answer, is answered by the refusal; anything else is a dead letter. */
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
  return Effect.asVoid(
    untilSent(ports.mailbox.publish(undecidedAnswer(asker, reason, detail, ports.shardCount))),
  )
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
