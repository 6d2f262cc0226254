/**
 * The transport port: requests to the nodes that serve a subject, and their replies. At most once; nothing is
 * stored.
 *
 * Owns the contract (test/contract/Transport.contract.ts). Several nodes may serve one subject: each gets
 * every request, and the first reply counts. Messages on it: ../router/AskWire.ts and
 * ../cluster/MemberRequests.ts.
 */
import { Context, type Effect, Schema, type Scope } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/**
 * No reply. `NoResponders`: the request was not delivered, because no node serves the subject, or a node has
 * only just begun to. `TooLarge`: the request was over the limit and not delivered, or its reply was over the
 * limit. `Unreadable`: the reply does not fit the request. With other reasons the request may have been
 * delivered.
 */
export class RequestFailed extends errorClass<RequestFailed>()(
  "RequestFailed",
  {
    reason: Schema.Literals([
      "NoResponders",
      "Timeout",
      "Disconnected",
      "NotPermitted",
      "TooLarge",
      "Unreadable",
    ]),
    subject: Schema.String,
    detail: Schema.String,
  },
  { kind: "transient", retry: "later", hint: "Look at NATS; nodes ask again by themselves." },
) {
  override get message(): string {
    return `Request to ${this.subject} failed (${this.reason}): ${this.detail}`
  }
}

/**
 * Takes the outcome of a request, once, and never after the request was forgotten. A failure that is known at
 * once is reported before `send` returns. The callbacks must not throw.
 */
export interface RequestHandler {
  /** The first reply came. */
  readonly onReply: (reply: Uint8Array) => void
  /** No reply came, for this reason. */
  readonly onFailure: (failure: RequestFailed) => void
}

/** Requests and replies between the processes of a system, without storage. */
export interface TransportService {
  /** Largest request or reply, in bytes. */
  readonly messageBytesMax: number
  /**
   * Sends a request on `subject` (tokens of letters, digits, `_`, `-`, with dots between). Returns a function
   * that forgets it.
   */
  readonly send: (
    subject: string,
    request: Uint8Array,
    timeoutMs: number,
    handler: RequestHandler,
  ) => () => void
  /**
   * Serves `subject` until the scope ends. Returns once requests of this process arrive; those from other
   * processes arrive a moment later. `handle` must not throw, and replies once, now or later. A request
   * without a reply times out. After a lost connection serving resumes by itself. If changed permissions end
   * it, that is logged.
   */
  readonly serve: (
    subject: string,
    handle: (request: Uint8Array, reply: (reply: Uint8Array) => void) => void,
  ) => Effect.Effect<void, RequestFailed, Scope.Scope>
  /**
   * Monotonic milliseconds of the last known moment without a connection: now, while there is none;
   * `-Infinity` if there was always one.
   */
  readonly disconnectedAtMs: () => number
  /**
   * Requests since the start that were refused unread, because no requester listens at their reply subject.
   */
  readonly refusedCount: () => number
}

/** The port for requests between nodes, as a service. */
export class Transport extends Context.Service<Transport, TransportService>()(
  "everstate/transport/Transport",
) {}
