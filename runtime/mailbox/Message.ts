/**
 * What a mailbox message says, as JSON: a command, an answer, a timer that is due, a call to make.
 *
 * Owns the format on the wire (docs/ARCHITECTURE.md). Who writes messages: ../outbox/Dispatcher.ts and tell. Who reads
 * them: ../inbox/MessageReader.ts.
 */
import { Schema } from "effect"
import { addressNamed } from "../address/ActorAddress.ts"
import { isMetadata, type Metadata } from "../commit/Commit.ts"
import { errorClass } from "../error/EverstateError.ts"
import type { AnyEvent } from "../event/Event.ts"
import { type FloorRow, isFloorRow, isOriginRow, type OriginRow } from "../message/Origin.ts"
import { type Answer, isAnswer } from "../message/Outgoing.ts"
import { isTime } from "../time/Time.ts"

/** Highest version of the message format that is read. Only a message with input, which version 1 has not, is of version 2. */
export const MESSAGE_FORMAT_VERSION = 2

interface Common {
  /** Names the message for ever; the command id of what it causes. */
  readonly id: string
  readonly m?: Metadata
}

/** A message of an actor or a reactor, which says where it comes from. */
interface FromSender extends Common {
  readonly o?: OriginRow
  /** What its source says to be settled. */
  readonly f?: FloorRow
}

/** A command. With `from` and `n` its answer goes back to that actor under that name. */
export interface CommandMessage extends FromSender {
  readonly k: "command"
  readonly c: AnyEvent
  readonly from?: string
  readonly n?: string
  /** In version 2: input that the receiver is born with, if the command is its first. */
  readonly i?: unknown
}

/** The answer to a request that the receiver called `n`. */
export interface AnswerMessage extends FromSender {
  readonly k: "answer"
  readonly n: string
  readonly a: Answer
}

/** Timer `n`, generation `g`, of the receiver is due at `at`, Unix milliseconds. */
export interface TimerMessage extends Common {
  readonly k: "timer"
  readonly n: string
  readonly g: string
  readonly at: number
}

/** The receiver's call `n`, generation `g`, is to be made. */
export interface CallMessage extends Common {
  readonly k: "call"
  readonly n: string
  readonly g: string
}

export type Message = CommandMessage | AnswerMessage | TimerMessage | CallMessage

/** A message that may go straight to its receiver's node; the others take the mailbox. */
export type DirectMessage = CommandMessage | AnswerMessage

export const isDirect = (message: Message): message is DirectMessage =>
  message.k === "command" || message.k === "answer"

/** The bytes are no message that this process can read. */
export class MessageUnreadable extends errorClass<MessageUnreadable>()(
  "MessageUnreadable",
  {
    detail: Schema.String,
  },
  {
    kind: "terminal",
    retry: "never",
    hint: "Only nodes and clients of the system may write to its mailbox.",
  },
) {
  override get message(): string {
    return `Not a mailbox message: ${this.detail}`
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })

export const encodeMessage = (message: Message): Uint8Array => encoder.encode(messageText(message))

/** The JSON of a message: what a dead letter of it holds. */
export const messageText = (message: Message): string => JSON.stringify(messageJson(message))

/** The message as the JSON value that {@link messageIn} reads. */
export const messageJson = <M extends Message>(message: M): M & { readonly v: number } => ({
  v: message.k === "command" && message.i !== undefined ? 2 : 1,
  ...message,
})

/** The message as one that its receiver has not seen: by its origin it would be a repeat. */
export const withoutOrigin = (message: Message): Message => {
  if (!isDirect(message)) return message
  const { o, f, ...rest } = message
  return o === undefined && f === undefined ? message : rest
}

/** The message in `data`. Throws {@link MessageUnreadable}. */
export const decodeMessage = (data: Uint8Array): Message => {
  let value: unknown
  try {
    value = JSON.parse(decoder.decode(data))
  } catch (cause) {
    throw new MessageUnreadable({ detail: String(cause) })
  }
  return messageIn(value)
}

/** The message in a JSON value. Throws {@link MessageUnreadable}. */
export const messageIn = (value: unknown): Message => {
  const { v } = (value ?? {}) as { readonly v?: unknown }
  if (typeof v === "number" && v > MESSAGE_FORMAT_VERSION) {
    throw new MessageUnreadable({ detail: `format ${v}, this process knows ${MESSAGE_FORMAT_VERSION}` })
  }
  if ((v !== 1 && v !== 2) || !isMessage(value)) throw new MessageUnreadable({ detail: "not a message" })
  return value
}

/** Longest id of a message, in UTF-16 code units. The runtime's own ids name an actor and a timer: about half of that. */
export const MESSAGE_ID_LENGTH_MAX = 4_096

/** Every field is checked here, once: the cells, the calls and the journal take a message as it is. */
const isMessage = (value: unknown): value is Message => {
  if (!isRecord(value)) return false
  const { id, m, k, n, g, c, a, at, from, o, f } = value
  if (!isText(id) || id === "" || id.length > MESSAGE_ID_LENGTH_MAX) return false
  if (m !== undefined && !isMetadata(m)) return false
  switch (k) {
    case "command":
      return isRecord(c) && typeof c["type"] === "string" && isAsker(from, n) && isPlaced(o, f)
    case "answer":
      return isText(n) && isAnswer(a) && isPlaced(o, f)
    case "timer":
      return isText(n) && isText(g) && isTime(at)
    case "call":
      return isText(n) && isText(g)
    default:
      return false
  }
}

/** Whether these are the key of an asking actor and its name for the request; both may be absent. */
const isAsker = (from: unknown, n: unknown): boolean =>
  (n === undefined || isText(n)) &&
  (from === undefined || (isText(from) && addressNamed(from, 1) !== undefined))

/** Whether these are an origin and a floor; both may be absent. */
const isPlaced = (o: unknown, f: unknown): boolean =>
  (o === undefined || isOriginRow(o)) && (f === undefined || isFloorRow(f))

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A lone surrogate can become no token of a subject. */
const isText = (value: unknown): value is string => typeof value === "string" && value.isWellFormed()
