/** Requests to a server of the test's own: what it replies to each is a function, and every request is kept. */
import { headers, type Msg, type MsgHdrs } from "@nats-io/transport-node"
import { Effect } from "effect"
import type { NatsRequestFailed } from "../../../infra/nats/connection/NatsErrors.ts"
import type { ReplyMultiplexer } from "../../../infra/nats/connection/ReplyMultiplexer.ts"
import { StoreTroubles } from "../../../infra/nats/connection/StoreTroubles.ts"

export interface ScriptedReply {
  /** 0 by default: a message without a status. */
  readonly status?: number
  /** Words beside the status. */
  readonly description?: string
  readonly headers?: Readonly<Record<string, string | number>>
  readonly data?: Uint8Array | string
}

export type Script = (request: {
  readonly subject: string
  readonly body: unknown
}) => ReadonlyArray<ScriptedReply> | NatsRequestFailed

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const headersOf = ({
  status = 0,
  description = "scripted",
  headers: values = {},
}: ScriptedReply): MsgHdrs => {
  const all = status === 0 ? headers() : headers(status, description)
  for (const [name, value] of Object.entries(values)) all.append(name, String(value))
  return all
}

/** As much of a message as the adapters read. */
export const messageOf = (reply: ScriptedReply): Msg => {
  const { data = "" } = reply
  const bytes = typeof data === "string" ? encoder.encode(data) : data
  const message: Pick<Msg, "data" | "headers" | "json"> = {
    data: bytes,
    headers: headersOf(reply),
    json: <T>() => JSON.parse(decoder.decode(bytes)) as T,
  }
  return message as Msg
}

const bodyOf = (data: Uint8Array): unknown =>
  data.length === 0 ? undefined : (JSON.parse(decoder.decode(data)) as unknown)

export class RequestsScripted {
  /** Subjects in the order in which they were asked. */
  readonly subjects: Array<string> = []
  readonly requests: Pick<ReplyMultiplexer, "request" | "stream" | "troubles">

  constructor(script: Script) {
    const repliesTo = (subject: string, data: Uint8Array) =>
      Effect.suspend(() => {
        this.subjects.push(subject)
        const replies = script({ subject, body: bodyOf(data) })
        return "reason" in replies ? Effect.fail(replies) : Effect.succeed(replies.map(messageOf))
      })
    this.requests = {
      troubles: new StoreTroubles(),
      request: (subject, data) =>
        Effect.map(repliesTo(subject, data), ([first]) => {
          if (first === undefined) throw new Error(`the script has no reply to ${subject}`)
          return first
        }),
      stream: (subject, data, { collect }) =>
        Effect.map(repliesTo(subject, data), (messages) => {
          for (const message of messages) if (collect(message)) return
        }),
    }
  }
}
