/**
 * A server of the test's own behind the adapters' real multiplexer and pulls: what it replies to each publish is a
 * function, and every publish is kept. What RequestsScripted.ts has no place for: headers, subscriptions, the status of
 * the connection.
 */
import type { Msg, Payload, PublishOptions, Status, Subscription } from "@nats-io/transport-node"
import { Effect, type Scope } from "effect"
import type { NatsConnectionService, NatsHealth } from "../../../infra/nats/connection/NatsConnection.ts"
import { makeReplyMultiplexer } from "../../../infra/nats/connection/ReplyMultiplexer.ts"
import { makeDeadlineWheel } from "../../../runtime/time/DeadlineWheel.ts"
import { messageOf, type ScriptedReply } from "./RequestsScripted.ts"

const decoder = new TextDecoder()

export interface Published {
  readonly subject: string
  readonly text: string
  /** Header block as it goes over the wire; empty without headers. */
  readonly headers: string
  readonly reply: string
}

/** A message for the subscription that the request names as its reply. */
export interface ServerReply extends ScriptedReply {
  /** Subject under which a stream has the message; that of the subscription by default. */
  readonly subject?: string
  /** Where it is acknowledged. */
  readonly ackTo?: string
}

/** Reply of the JSON API. */
export const api = (body: unknown): ServerReply => ({ data: JSON.stringify(body) })
export const apiError = (code: number, description = "as said"): ServerReply =>
  api({ error: { code: 404, err_code: code, description } })

/** A message that a consumer hands out for the first time. */
export const delivered = (
  subject: string,
  place: { readonly streamSequence: number; readonly consumerSequence: number; readonly count?: number },
): ServerReply => ({
  subject,
  data: `${place.streamSequence}`,
  ackTo: `$JS.ACK.s.c.${place.count ?? 1}.${place.streamSequence}.${place.consumerSequence}.1000000.0`,
})

export class ServerScripted {
  readonly published: Array<Published> = []
  /** Bytes of a message with its headers. */
  readonly payloadBytesMax = 65_536
  readonly #script: (published: Published) => ReadonlyArray<ServerReply>
  readonly #callbacks = new Map<string, (error: null, message: Msg) => void>()
  readonly #listeners = new Set<(status: Status) => void>()
  #state: NatsHealth["state"] = "connected"
  /** Reply subjects of pulls, in the order in which consumers were attached to. */
  readonly inboxes: Array<string> = []

  /** Without replies in the answer to a publish, nobody is told anything. */
  constructor(script: (published: Published) => ReadonlyArray<ServerReply>) {
    this.#script = script
  }

  readonly connection: Effect.Effect<NatsConnectionService, never, Scope.Scope> = Effect.gen(
    { self: this },
    function* () {
      const client = {
        info: { version: "2.14.5", max_payload: this.payloadBytesMax },
        isClosed: () => false,
        isDraining: () => false,
        subscribe: (subject: string, { callback }: { callback: (error: null, message: Msg) => void }) => {
          this.#callbacks.set(subject, callback)
          const subscription: Pick<Subscription, "getSubject" | "unsubscribe"> = {
            getSubject: () => subject,
            unsubscribe: () => void this.#callbacks.delete(subject),
          }
          return subscription
        },
        publish: (subject: string, data: Payload = "", options: PublishOptions = {}) =>
          this.#publish(subject, data, options),
      }
      const basis = {
        client,
        inboxPrefixes: ["_INBOX"],
        newInbox: () => {
          const inbox = `_INBOX.scripted.${this.inboxes.length}`
          this.inboxes.push(inbox)
          return inbox
        },
        health: () => ({ state: this.#state, server: "scripted", reconnectCount: 0, lastError: undefined }),
        onStatus: (listener: (status: Status) => void) => {
          this.#listeners.add(listener)
          return () => void this.#listeners.delete(listener)
        },
      } as unknown as NatsConnectionService
      const requests = yield* makeReplyMultiplexer(basis, yield* makeDeadlineWheel, "_INBOX")
      return { ...basis, requests }
    },
  )

  #publish(subject: string, data: Payload, { reply = "", headers }: PublishOptions): void {
    const published: Published = {
      subject,
      text: typeof data === "string" ? data : decoder.decode(data),
      headers: headers === undefined ? "" : Buffer.from((headers as unknown as Encoded).encode()).toString(),
      reply,
    }
    this.published.push(published)
    for (const message of this.#script(published)) queueMicrotask(() => this.#deliver(reply, message))
  }

  #deliver(to: string, message: ServerReply): void {
    const { subject = to, ackTo } = message
    const callback = this.#callbacks.get(to) ?? this.#callbacks.get(`${to.slice(0, to.lastIndexOf("."))}.*`)
    callback?.(null, Object.assign(messageOf(message), { subject, reply: ackTo }))
  }

  /** A message that comes unasked to the client that subscribed to `inbox`. */
  deliver(inbox: string, message: ServerReply): void {
    this.#deliver(inbox, message)
  }

  /** The connection is lost, or is there again. */
  tell(type: "disconnect" | "reconnect"): void {
    this.#state = type === "disconnect" ? "reconnecting" : "connected"
    for (const listener of this.#listeners) listener({ type, server: "scripted" })
  }

  /** What was published below a subject, in its order. */
  below(prefix: string): ReadonlyArray<Published> {
    return this.published.filter(({ subject }) => subject.startsWith(prefix))
  }
}

interface Encoded {
  readonly encode: () => Uint8Array
}
