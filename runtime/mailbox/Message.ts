/**
 * The content of a mailbox message, as JSON: a command, an answer, a timer that is due, a call to make.
 *
 * Owns the format on the wire (docs/ARCHITECTURE.md). Who writes messages: ../outbox/Dispatcher.ts and tell.
 * Who reads them: ../inbox/MessageReader.ts.
 */
import { Schema } from "effect"
import { addressNamed } from "../address/ActorAddress.ts"
import { isMetadata, type Metadata } from "../commit/Commit.ts"
import { errorClass } from "../error/EverstateError.ts"
import type { AnyEvent } from "../event/Event.ts"
import { type FloorRow, isFloorRow, isOriginRow, type OriginRow } from "../message/Origin.ts"
import { type Answer, isAnswer } from "../message/Outgoing.ts"
import { isTime } from "../time/Time.ts"

/**
 * Highest version of the message format that is read. Messages with input have version 2, all others version
 * 1.
 */
export const MESSAGE_FORMAT_VERSION = 2

interface Common {
  /** Id of the message for ever; also the id of the command that it brings. */
  readonly id: string
  readonly m?: Metadata
}

/** A message of an actor or a reactor, with its origin. */
interface FromSender extends Common {
  readonly o?: OriginRow
  /** Floor of the message's source for this receiver. */
  readonly f?: FloorRow
}

/** A command. With `from` and `n` its answer goes back to the actor `from` under the name `n`. */
export interface CommandMessage extends FromSender {
  readonly k: "command"
  readonly c: AnyEvent
  readonly from?: string
  readonly n?: string
  /** Input of the receiver if the command is its first; in version 2. */
  readonly i?: unknown
}

/** The answer to the receiver's request named `n`. */
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

/** A message that may go directly to its receiver's node; other messages take the mailbox. */
export type DirectMessage = CommandMessage | AnswerMessage

export const isDirect = (message: Message): message is DirectMessage =>
  message.k === "command" || message.k === "answer"

/** This process cannot read the bytes as a message. */
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

/** The JSON of a message: the content of its dead letter. */
export const messageText = (message: Message): string => JSON.stringify(messageJson(message))

/** The message as the JSON value that {@link messageIn} reads. */
export const messageJson = <M extends Message>(message: M): M & { readonly v: number } => ({
  v: message.k === "command" && message.i !== undefined ? 2 : 1,
  ...message,
})

/** The message without its origin. With it the receiver would take the message for a repeat. */
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

/**
 * Longest id of a message, in UTF-16 code units. The runtime's own ids name an actor and a timer and take
 * about half of it.
 */
export const MESSAGE_ID_LENGTH_MAX = 4_096

/** Checks every field once, because cells, calls and the journal use a message without further checks. */
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

/** Whether the values are an asking actor's key and its name for the request; both may be absent. */
const isAsker = (from: unknown, n: unknown): boolean =>
  (n === undefined || isText(n)) &&
  (from === undefined || (isText(from) && addressNamed(from, 1) !== undefined))

/** Whether the values are an origin and a floor; both may be absent. */
const isPlaced = (o: unknown, f: unknown): boolean =>
  (o === undefined || isOriginRow(o)) && (f === undefined || isFloorRow(f))

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Whether the value is well-formed text, because a lone surrogate cannot be part of a subject. */
const isText = (value: unknown): value is string => typeof value === "string" && value.isWellFormed()
