/**
 * The transport port: requests to whoever serves a subject, and their replies. At most once; nothing is stored.
 *
 * Owns the contract (test/contract/Transport.contract.ts). Several may serve one subject: each gets every request, and
 * the first reply counts. What travels on it: ../router/AskWire.ts and ../cluster/MemberRequests.ts.
 */
import { Context, type Effect, Schema, type Scope } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/**
 * No reply. `NoResponders`: the request was not delivered, since nobody serves the subject, or has done so for a moment
 * only. `TooLarge`: the request was over the limit and not delivered, or its reply was. `Unreadable`: what came is no
 * answer to it. Otherwise it may have been.
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
 * Takes the outcome of a request, once, and nothing after it was forgotten. A failure that is known at once is told
 * before `send` returns. What is called must not throw.
 */
export interface RequestHandler {
  readonly onReply: (reply: Uint8Array) => void
  readonly onFailure: (failure: RequestFailed) => void
}

export interface TransportService {
  /** Largest request or reply, in bytes. */
  readonly messageBytesMax: number
  /** Sends a request on `subject` (tokens of letters, digits, `_`, `-`, with dots between). Returns how to forget it. */
  readonly send: (
    subject: string,
    request: Uint8Array,
    timeoutMs: number,
    handler: RequestHandler,
  ) => () => void
  /**
   * Serves `subject` until the scope ends; returns once requests arrive, those from elsewhere a moment later. `handle`
   * must not throw, and replies once, now or later. A request that gets no reply times out. A lost connection is taken
   * up again by itself; that a subject is not served any more since permissions have changed is logged.
   */
  readonly serve: (
    subject: string,
    handle: (request: Uint8Array, reply: (reply: Uint8Array) => void) => void,
  ) => Effect.Effect<void, RequestFailed, Scope.Scope>
  /**
   * Monotonic milliseconds of the last moment at which there was no connection, as far as it was noticed: now, while
   * there is none; `-Infinity`: never so far.
   */
  readonly disconnectedAtMs: () => number
  /** Requests that were refused unread since the start, because their reply was to go where no requester listens. */
  readonly refusedCount: () => number
}

export class Transport extends Context.Service<Transport, TransportService>()(
  "everstate/transport/Transport",
) {}
