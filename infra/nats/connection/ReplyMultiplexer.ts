/**
 * All requests of a process over one reply subscription: `publish` with a reply subject, a Map of waiters,
 * one timer wheel. It takes a third of the CPU of the client library's own request, and no promise per
 * message.
 *
 * Owns reply subjects, waiters and their deadlines. JetStreamApi.ts and JournalNats.ts read the replies. A
 * waiter ends in exactly one way: reply, failure, or cancellation.
 *
 * While the connection is down, every waiter and every new request fails at once as `Disconnected`. The
 * replies to the lost connection's inbox are gone, and the outcome is unknown in any case. A caller that
 * re-reads as soon as the connection is back is seconds faster than one that waits for its deadline. No
 * request is buffered for a later connection, so no request is sent after its caller was told `Disconnected`.
 */
import {
  createInbox,
  errors,
  type Msg,
  type MsgHdrs,
  type NatsConnection as NatsClient,
  type PermissionViolationError,
  type Status,
  type Subscription,
} from "@nats-io/transport-node"
import { Effect, type Scope } from "effect"
import type { Deadline, DeadlineWheel } from "../../../runtime/time/DeadlineWheel.ts"
import { isRefusedUser, NatsRequestFailed } from "./NatsErrors.ts"
import { StoreTroubles } from "./StoreTroubles.ts"

/**
 * Most requests that may wait at once. One more fails as `Disconnected`, because so many mean that something
 * is stuck.
 */
const WAITER_COUNT_MAX = 1 << 20

/** Status code of the server's reply if no client subscribes to the subject. */
const NO_RESPONDERS_STATUS = 503

/**
 * Subjects that a request may have. The server closes the connection for a subject with white space, and for
 * one that does not fit into its control line of 4,096 bytes.
 */
const SUBJECT_PATTERN = /^[\x21-\x7e]{1,3072}$/

/** Encoded headers: `publish` needs nothing else of a `MsgHdrs`. */
export interface EncodedHeaders {
  readonly encode: () => Uint8Array
}

export interface RequestHandler {
  /** Takes a reply. True if it was the last one and the request is over. */
  readonly onReply: (message: Msg) => boolean
  readonly onFailure: (failure: NatsRequestFailed) => void
}

/** A request on its way. `cancel` removes its waiter; a published message stays published. */
export interface PendingRequest {
  readonly cancel: () => void
}

export interface ReplyMultiplexer {
  /**
   * Sends a request on the hot path, with callbacks and no Effect. `undefined` if the request failed before
   * it was sent; the handler has been told.
   */
  readonly send: (
    subject: string,
    data: Uint8Array,
    headers: EncodedHeaders | undefined,
    timeoutMs: number,
    handler: RequestHandler,
  ) => PendingRequest | undefined
  /**
   * Sends a message of a batch that has no reply; the last message of the batch has it. Does nothing while no
   * message can be sent.
   */
  readonly post: (subject: string, data: Uint8Array, headers: EncodedHeaders) => void
  /** Sends one request and waits for one reply. Interruption removes the waiter. */
  readonly request: (
    subject: string,
    data: Uint8Array,
    options: { readonly timeoutMs: number; readonly headers?: EncodedHeaders },
  ) => Effect.Effect<Msg, NatsRequestFailed>
  /** Sends one request and hands each reply to `collect`, which says which one was the last. */
  readonly stream: (
    subject: string,
    data: Uint8Array,
    options: { readonly timeoutMs: number; readonly collect: (message: Msg) => boolean },
  ) => Effect.Effect<void, NatsRequestFailed>
  readonly pendingCount: () => number
  /** Troubles that adapters met when they wrote to their stores or received from them. */
  readonly troubles: StoreTroubles
}

/** The parts of a connection that the multiplexer uses. */
interface Connection {
  readonly client: NatsClient
  readonly onStatus: (listener: (status: Status) => void) => () => void
}

class Waiter implements PendingRequest {
  readonly token: string
  readonly subject: string
  readonly handler: RequestHandler
  readonly waiters: Map<string, Waiter>
  deadline: Deadline | undefined = undefined

  constructor(waiters: Map<string, Waiter>, token: string, subject: string, handler: RequestHandler) {
    this.waiters = waiters
    this.token = token
    this.subject = subject
    this.handler = handler
  }

  cancel(): void {
    this.deadline?.cancel()
    this.waiters.delete(this.token)
  }

  fail(reason: NatsRequestFailed["reason"], detail: string): void {
    this.cancel()
    this.handler.onFailure(new NatsRequestFailed({ reason, subject: this.subject, detail }))
  }
}

class Multiplexer implements ReplyMultiplexer {
  readonly troubles = new StoreTroubles()
  readonly #client: NatsClient
  readonly #wheel: DeadlineWheel
  readonly #prefix: string
  readonly #waiters = new Map<string, Waiter>()
  #subscription: Subscription | undefined
  #counter = 0
  /** Why no message can be sent now. */
  #blocked: { readonly reason: "Disconnected" | "NotPermitted"; readonly detail: string } | undefined

  constructor(client: NatsClient, wheel: DeadlineWheel, inboxPrefix: string | undefined) {
    this.#client = client
    this.#wheel = wheel
    this.#prefix = `${createInbox(inboxPrefix)}.`
    this.#subscribe()
  }

  #subscribe(): void {
    this.#subscription = this.#client.subscribe(`${this.#prefix}*`, {
      callback: (error, message) => {
        // An error here is a refused subscription. It is handled where it arrives as a status.
        if (error === null) this.#onMessage(message)
      },
    })
  }

  #onMessage(message: Msg): void {
    const waiter = this.#waiters.get(message.subject.slice(this.#prefix.length))
    if (waiter === undefined) return // its deadline passed, or it was cancelled
    if (message.data.length === 0 && message.headers?.code === NO_RESPONDERS_STATUS) {
      waiter.fail("NoResponders", "no client subscribes to this subject")
    } else if (waiter.handler.onReply(message)) {
      waiter.cancel()
    }
  }

  onStatus(status: Status): void {
    switch (status.type) {
      case "disconnect":
        this.#block("Disconnected", `the connection to ${status.server} was lost`)
        break
      case "close":
        this.#block("Disconnected", "the connection is closed")
        break
      case "reconnect":
        this.#blocked = undefined
        if (this.#subscription === undefined) this.#subscribe()
        break
      case "error":
        this.#onError(status.error)
        break
    }
  }

  #onError(error: Error): void {
    if (isRefusedUser(error)) {
      this.#block("NotPermitted", error.message)
    } else if (error instanceof errors.PermissionViolationError) {
      this.#onPermissionViolation(error)
    }
  }

  #onPermissionViolation(error: PermissionViolationError): void {
    if (error.operation === "publish") {
      for (const waiter of [...this.#waiters.values()]) {
        if (waiter.subject === error.subject) waiter.fail("NotPermitted", error.message)
      }
    } else if (error.subject === `${this.#prefix}*`) {
      this.#subscription = undefined
      this.#block("NotPermitted", error.message)
    }
  }

  #block(reason: "Disconnected" | "NotPermitted", detail: string): void {
    // Refused credentials stay the reason while the client tries again, and after it has given up.
    if (this.#blocked?.reason !== "NotPermitted") this.#blocked = { reason, detail }
    for (const waiter of [...this.#waiters.values()]) waiter.fail(this.#blocked.reason, this.#blocked.detail)
  }

  send(
    subject: string,
    data: Uint8Array,
    headers: EncodedHeaders | undefined,
    timeoutMs: number,
    handler: RequestHandler,
  ): PendingRequest | undefined {
    const refuse = (reason: NatsRequestFailed["reason"], detail: string): undefined => {
      handler.onFailure(new NatsRequestFailed({ reason, subject, detail }))
      return undefined
    }
    if (!SUBJECT_PATTERN.test(subject)) return refuse("NoResponders", "nothing has such a subject")
    if (this.#blocked !== undefined) return refuse(this.#blocked.reason, this.#blocked.detail)
    if (this.#waiters.size >= WAITER_COUNT_MAX)
      return refuse("Disconnected", `${WAITER_COUNT_MAX} requests are waiting`)
    const token = (++this.#counter).toString(36)
    const waiter = new Waiter(this.#waiters, token, subject, handler)
    this.#waiters.set(token, waiter)
    waiter.deadline = this.#wheel.schedule(timeoutMs, () =>
      waiter.fail("Timeout", `no reply within ${timeoutMs} ms`),
    )
    const reply = this.#prefix + token
    try {
      // `publish` calls `encode` of the headers, and nothing else.
      this.#client.publish(
        subject,
        data,
        headers === undefined ? { reply } : { reply, headers: headers as unknown as MsgHdrs },
      )
    } catch (error) {
      waiter.cancel()
      if (error instanceof errors.InvalidArgumentError) return refuse("TooLarge", error.message)
      return refuse("Disconnected", error instanceof Error ? error.message : String(error))
    }
    return waiter
  }

  post(subject: string, data: Uint8Array, headers: EncodedHeaders): void {
    if (this.#blocked !== undefined) return
    try {
      this.#client.publish(subject, data, { headers: headers as unknown as MsgHdrs })
    } catch {
      // The connection has just closed. The request that ends the batch fails for the same reason.
    }
  }

  request(
    subject: string,
    data: Uint8Array,
    options: { readonly timeoutMs: number; readonly headers?: EncodedHeaders },
  ): Effect.Effect<Msg, NatsRequestFailed> {
    return Effect.callback<Msg, NatsRequestFailed>((resume) => {
      const pending = this.send(subject, data, options.headers, options.timeoutMs, {
        onReply: (message) => {
          resume(Effect.succeed(message))
          return true
        },
        onFailure: (failure) => resume(Effect.fail(failure)),
      })
      return Effect.sync(() => pending?.cancel())
    })
  }

  stream(
    subject: string,
    data: Uint8Array,
    options: { readonly timeoutMs: number; readonly collect: (message: Msg) => boolean },
  ): Effect.Effect<void, NatsRequestFailed> {
    return Effect.callback<void, NatsRequestFailed>((resume) => {
      const pending = this.send(subject, data, undefined, options.timeoutMs, {
        onReply: (message) => {
          const isLast = options.collect(message)
          if (isLast) resume(Effect.void)
          return isLast
        },
        onFailure: (failure) => resume(Effect.fail(failure)),
      })
      return Effect.sync(() => pending?.cancel())
    })
  }

  pendingCount(): number {
    return this.#waiters.size
  }

  close(): void {
    this.#block("Disconnected", "the connection is closing")
  }
}

/** The multiplexer of one connection. When its scope closes, its waiters fail as `Disconnected`. */
export const makeReplyMultiplexer = (
  connection: Connection,
  wheel: DeadlineWheel,
  inboxPrefix: string | undefined,
): Effect.Effect<ReplyMultiplexer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const multiplexer = new Multiplexer(connection.client, wheel, inboxPrefix)
      return { multiplexer, stop: connection.onStatus((status) => multiplexer.onStatus(status)) }
    }),
    ({ multiplexer, stop }) =>
      Effect.sync(() => {
        stop()
        multiplexer.close()
      }),
  ).pipe(Effect.map(({ multiplexer }) => multiplexer))
