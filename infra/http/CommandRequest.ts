/**
 * A command that comes over HTTP: from a request's headers to an `ask` of any actor.
 *
 * Owns the headers: `Idempotency-Key` is the command id, `If-Match` the version, `X-User`, `X-Correlation-Id`,
 * `traceparent` and `Everstate-Note` the metadata. CommandEndpoint.ts describes them.
 */
import type { HttpServerRequest } from "effect/http"
import type { AnyActor, CommandsOf, Metadata } from "../../runtime/define.ts"
import type { ActorRef } from "../../runtime/system/ActorRef.ts"
import { userOf } from "./Caller.ts"
import { etagOf } from "./EntityTag.ts"
import { utf8Text } from "./HeaderText.ts"
import { CORRELATION_HEADER } from "./ProblemResponses.ts"

/** The parts of a request that `ask` reads. */
export interface CommandRequest {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly headers: {
    readonly "idempotency-key"?: string
    readonly "if-match"?: string
    readonly "if-none-match"?: string
    readonly "x-user"?: string
    readonly traceparent?: string
    readonly "everstate-note"?: string
  }
}

/** `"3"` is version 3. `If-None-Match: *` is version 0: the actor must not exist. */
export const versionOf = ({ headers }: CommandRequest): { readonly ifVersion?: number } => {
  const ifMatch = headers["if-match"]
  if (ifMatch !== undefined && ifMatch !== "*") return { ifVersion: Number(ifMatch.slice(1, -1)) }
  return headers["if-none-match"] === "*" ? { ifVersion: 0 } : {}
}

/** W3C trace context. A malformed one is ignored, as the recommendation says. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** Origin of the command: user, correlation, trace, and the note of an operator. */
export const metadataOf = ({ request, headers }: CommandRequest): Metadata => {
  const { traceparent, "everstate-note": note } = headers
  const user = userOf(headers)
  const correlationId = request.headers[CORRELATION_HEADER]
  return {
    ...(user === undefined ? {} : { user }),
    ...(correlationId === undefined ? {} : { correlationId: utf8Text(correlationId) }),
    ...(note === undefined || note === "" ? {} : { note: utf8Text(note) }),
    ...(traceparent === undefined || !TRACEPARENT.test(traceparent) ? {} : { trace: traceparent }),
  }
}

/** What every accepted command is answered with. */
export interface Answer {
  readonly version: number
  readonly sequence: number
  readonly duplicate: boolean
}

/** The headers of an accepted command. */
export const versionHeaders = ({ version, sequence }: Omit<Answer, "duplicate">) => ({
  etag: etagOf(version),
  "everstate-sequence": String(sequence),
})

/** Asks the actor with the metadata and conditions of the headers. */
export const ask = <A extends AnyActor, C extends CommandsOf<A>>(
  actor: ActorRef<A>,
  command: C,
  given: CommandRequest,
  /** Wait for the answer, in milliseconds; default: the system's. */
  deadlineMs?: number,
) => {
  const commandId = given.headers["idempotency-key"]
  return actor.ask(command, {
    ...(commandId === undefined ? {} : { commandId }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...versionOf(given),
    metadata: metadataOf(given),
  })
}
