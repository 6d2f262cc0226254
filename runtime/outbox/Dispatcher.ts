/**
 * Sends one item of a commit: a message into a mailbox, a timer into the schedule, an event to the world outside.
 *
 * Owns what each kind of item becomes on its way, and that sending goes on until it has worked: only a refusal that no
 * retry changes ends it, as a dead letter. When and in which order: Outbox.ts.
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
import { logSampled } from "../log/SampledLog.ts"
import type { MailboxService, OutboundMessage } from "../mailbox/Mailbox.ts"
import { encodeMessage, type Message } from "../mailbox/Message.ts"
import { untilSent } from "./UntilSent.ts"

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

/** Sends `placed`; tries for as long as it takes. What cannot even be tried becomes a dead letter, and keeps nobody up. */
export const dispatchItem = (ports: DispatchPorts, placed: PlacedItem): Effect.Effect<void> =>
  Effect.suspend(() => sendItem(ports, placed)).pipe(
    Effect.catchDefect((defect) => {
      const { from, id, item } = placed
      return bury(ports, from.key, id, JSON.stringify(item), `it cannot be sent: ${thrownText(defect)}`)
    }),
  )

const sendItem = (ports: DispatchPorts, placed: PlacedItem): Effect.Effect<void> => {
  const { item, id, from, metadata } = placed
  const { mailbox, shardCount } = ports
  const m = metadata === undefined ? undefined : { m: metadata }
  const post = (address: ActorAddress, message: Message, atMs?: number): Effect.Effect<void> => {
    const data = encodeMessage(message)
    const send =
      atMs === undefined
        ? mailbox.publish({ address, id: message.id, data })
        : mailbox.schedule({ address, id: message.id, data, slot: `message.${message.id}`, atMs })
    return untilSent(send, (refusal) => giveUp(ports, address, message, refusal))
  }
  switch (item.k) {
    case "tell": {
      const answerTo = item.n === undefined ? undefined : { from: from.key, n: item.n }
      return post(
        addressFromKey(item.to, shardCount),
        { k: "command", id, c: item.c, ...answerTo, ...m },
        item.at,
      )
    }
    case "answer":
      return post(addressFromKey(item.to, shardCount), {
        k: "answer",
        id: answerIdOf(item.re),
        n: item.n,
        a: item.a,
        ...m,
      })
    case "timer": {
      const data = encodeMessage({ k: "timer", id, n: item.n, g: item.g, at: item.at, ...m })
      const slot = timerSlot(item.n, item.g)
      return untilSent(mailbox.schedule({ address: from, id, data, slot, atMs: item.at }))
    }
    case "cancel":
      return Effect.flatMap(Clock.currentTimeMillis, (nowMs) =>
        item.at - nowMs < UNSCHEDULE_FROM_MS
          ? Effect.void
          : untilSent(mailbox.unschedule(from, timerSlot(item.n, item.g))),
      )
    case "call":
      return post(from, { k: "call", id, n: item.n, g: item.g, ...m })
    case "abort":
      return Effect.void
    case "publish": {
      const { namespace, publisher } = ports
      const { sequence, atMs } = placed
      const event = cloudEventOf({ namespace, key: from.key, item, id, atMs, sequence, metadata })
      // No decision stores such an item, and no publisher ever takes it.
      if (!isIntegrationType(item.t) || event.data.length > EVENT_BYTES_MAX) {
        const detail = `no integration event has such a type, or more than ${EVENT_BYTES_MAX} bytes`
        return bury(ports, from.key, id, JSON.stringify(item), detail)
      }
      return untilSent(publisher.publish(event))
    }
    case "letter": {
      const { id: messageId, key = from.key, reason, detail, m: original } = item
      const letter = { key, reason, detail, attemptCount: 1, atMs: placed.atMs, messageId, original }
      return Effect.andThen(
        untilSent(ports.deadLetters.add(letter)),
        logSampled(`dead letter ${reason}`, `Dead letter for ${key} (${reason}): ${detail}`),
      )
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
const giveUp = (
  ports: DispatchPorts,
  address: ActorAddress,
  message: Message,
  { message: detail }: { readonly message: string },
): Effect.Effect<void> => {
  const asker =
    message.k === "answer"
      ? { key: address.key, as: message.n, requestId: message.id.slice(0, -ANSWER_SUFFIX.length) }
      : message.k === "command" && message.from !== undefined && message.n !== undefined
        ? { key: message.from, as: message.n, requestId: message.id }
        : undefined
  if (asker === undefined) {
    return bury(ports, address.key, message.id, new TextDecoder().decode(encodeMessage(message)), detail)
  }
  return untilSent(ports.mailbox.publish(undecidedAnswer(asker, "Refused", detail, ports.shardCount)))
}

const bury = (
  { deadLetters }: DispatchPorts,
  key: string,
  messageId: string,
  original: string,
  detail: string,
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const atMs = yield* Clock.currentTimeMillis
    const letter = { key, reason: "Refused", detail, attemptCount: 1, atMs, messageId, original } as const
    yield* untilSent(deadLetters.add(letter))
    yield* logSampled("dead letter Refused", `Dead letter for ${key}: ${detail}`)
  })
