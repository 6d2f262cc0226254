/**
 * Every refusal and failure of the service as a problem document (RFC 9457).
 *
 * Owns the table from error to `type`, `status` and `title`. `type` and `status` are stable; `title`,
 * `detail` and `hint` are for people. The other facts of an error are members of the document under their own
 * names. ProblemResponses.ts sends the documents.
 *
 * All rejections by the domain are 422; the member `reason` tells them apart. Conflicts with what is stored are
 * 409. A command to an actor that does not exist is 404. A command whose outcome is unknown is 504, with the key
 * under which it can be sent again.
 */
import { Schema } from "effect"
import { ProblemDetails } from "effect/http"
import { HttpApiSchema } from "effect/http-api"
import type {
  AskError,
  CommandRejected,
  JournalReadError,
  ProjectionTimeout,
  UnknownProjection,
} from "../../runtime/define.ts"
import type { DirectoryError } from "../../runtime/directory/ActorDirectory.ts"
import type { ErrorTraits } from "../../runtime/error/EverstateError.ts"
import type {
  CheckpointsUnavailable,
  ClusterError,
  ClusterVerbFailed,
  DeadLettersUnavailable,
  InvalidMoment,
  OperationLogUnavailable,
  RedriveError,
} from "../../runtime/operations.ts"
import type { PostgresError } from "../postgres/PostgresErrors.ts"
import type { InvalidCursor } from "./InvalidCursor.ts"

/** Start of every `type`. */
export const PROBLEM_TYPE_PREFIX = "urn:everstate:problem:"

/** Seconds after which a client should try again after a failure that passes. */
export const RETRY_AFTER_SECONDS = 1

export interface Problem extends ProblemDetails.ProblemDetails {
  readonly type: string
  readonly status: number
  readonly title: string
  readonly detail: string
  /** What the caller can do about it. */
  readonly hint?: string
}

interface ProblemKind {
  readonly type: string
  readonly status: number
  readonly title: string
  readonly hint?: string
}

/** Status, title and hint of each kind of problem. */
const KINDS = {
  rejected: { status: 422, title: "The actor's state does not allow this command" },
  notFound: { status: 404, title: "No actor with this id" },
  deadLetterNotFound: { status: 404, title: "No such dead letter" },
  deadLetterNotRedrivable: { status: 409, title: "The dead letter cannot be redriven" },
  invalidRequest: { status: 400, title: "The request is invalid" },
  invalidId: { status: 400, title: "The id is invalid" },
  versionConflict: {
    status: 412,
    title: "The actor is at another version",
    hint: "Read the actor and decide again.",
  },
  conflict: {
    status: 409,
    title: "A conflict with what is stored",
    hint: "Read again and decide again.",
  },
  idempotencyKeyReused: {
    status: 409,
    title: "The idempotency key was used for another command",
    hint: "A key names one command for ever: use a new key for a new command.",
  },
  crossOrigin: {
    status: 403,
    title: "A page of another site may not do this",
    hint: "Call the service from its own pages, or from a program.",
  },
  foreignHost: {
    status: 421,
    title: "The service does not answer to this host name",
    hint: "Use its address, or name the host in `allowedHosts` of the gateway (--allowed-hosts, ALLOWED_HOSTS).",
  },
  unauthenticated: {
    status: 401,
    title: "The caller is not known",
    hint: "Send a token, as in Authorization: Bearer <token>.",
  },
  forbidden: { status: 403, title: "The caller may not do this" },
  invalidHeaders: { status: 431, title: "The headers of the request are too large" },
  expectationFailed: {
    status: 417,
    title: "The expectation cannot be met",
    hint: "Send no Expect, or Expect: 100-continue.",
  },
  directoryOff: { status: 404, title: "The system keeps no directory of its actors" },
  unknownType: { status: 404, title: "No such type", hint: "See /types for all types." },
  unknownCommand: {
    status: 404,
    title: "No such command",
    hint: "See /types for the commands of each type.",
  },
  tooManyStreams: {
    status: 429,
    title: "Too many streams are open",
    hint: "Close streams, or ask another node.",
  },
  payloadTooLarge: { status: 413, title: "The request is too large" },
  busy: { status: 429, title: "Too many commands are waiting" },
  timeout: {
    status: 504,
    title: "No answer in time",
    hint: "The command may have been stored all the same: send it again with the same Idempotency-Key.",
  },
  unavailable: { status: 503, title: "Unavailable for now" },
  clusterNotFound: { status: 404, title: "Not in the cluster" },
  clusterUnfit: { status: 409, title: "The member cannot run this slot" },
  notStopped: { status: 409, title: "The follower is not stopped at this record" },
  notRebuilt: { status: 409, title: "The database refuses to empty the projection" },
  clusterUnavailable: { status: 503, title: "The cluster cannot be reached" },
  messagesUnavailable: { status: 503, title: "Messages are unavailable" },
  readModelUnavailable: { status: 503, title: "The read model is unavailable" },
  readModelBehind: {
    status: 504,
    title: "The read model has not reached `after`",
    hint: "Ask again, or without `after`.",
  },
  stopping: {
    status: 503,
    title: "The service is stopping",
    hint: "Send the request again, to another instance.",
  },
  quarantined: { status: 500, title: "The history cannot be read" },
  commandFailed: { status: 500, title: "The command failed" },
  internal: { status: 500, title: "Internal error" },
  routeNotFound: { status: 404, title: "No such route", hint: "See /docs for all routes." },
  methodNotAllowed: {
    status: 405,
    title: "The method is not allowed",
    hint: "The header Allow lists the methods of this route.",
  },
  unsupportedMediaType: {
    status: 415,
    title: "The media type is not supported",
    hint: "Send application/json.",
  },
} as const satisfies Record<string, Omit<ProblemKind, "type">>

export type ProblemName = keyof typeof KINDS

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** A problem of the given kind. */
export const problem = (
  name: ProblemName,
  detail: string,
  facts: { readonly hint?: string; readonly [fact: string]: unknown } = {},
): Problem => ({ type: PROBLEM_TYPE_PREFIX + kebab(name), ...KINDS[name], detail, ...facts })

/** The problem for an error whose text is for the log alone. */
export const INTERNAL = problem("internal", "This is a defect of the service; its log says more.")

/** Whether the text of the error is in the log alone. */
export const isInternal = ({ type }: Problem): boolean => type === INTERNAL.type

/** The problem for an actor that has stored nothing. */
export const notFound = (what: string, id: string): Problem =>
  problem("notFound", `There is no ${what} "${id}".`, { id })

/** The errors with which handlers of the service may fail. */
export type ServiceError =
  | AskError
  | JournalReadError
  | InvalidMoment
  | ProjectionTimeout
  | UnknownProjection
  | PostgresError
  | InvalidCursor
  | DeadLettersUnavailable
  | CheckpointsUnavailable
  | RedriveError
  | ClusterError
  | OperationLogUnavailable
  | DirectoryError

const NAME_OF: { readonly [Tag in ServiceError["_tag"]]: ProblemName } = {
  CommandRejected: "rejected",
  InvalidCommand: "invalidRequest",
  InvalidActorId: "invalidId",
  InvalidMoment: "invalidRequest",
  InvalidCursor: "invalidRequest",
  VersionConflict: "versionConflict",
  ActorExists: "versionConflict",
  ActorUnborn: "notFound",
  CommandIdReused: "idempotencyKeyReused",
  PayloadTooLarge: "payloadTooLarge",
  Busy: "busy",
  AskTimeout: "timeout",
  Unavailable: "unavailable",
  JournalUnavailable: "unavailable",
  JournalRefused: "unavailable",
  SystemStopped: "stopping",
  ProjectionTimeout: "readModelBehind",
  UnknownProjection: "internal",
  PostgresUnavailable: "readModelUnavailable",
  PostgresRefused: "internal",
  ActorQuarantined: "quarantined",
  CommandFailed: "commandFailed",
  UnknownActorType: "internal",
  DeadLetterNotFound: "deadLetterNotFound",
  DeadLetterNotRedrivable: "deadLetterNotRedrivable",
  DeadLettersUnavailable: "messagesUnavailable",
  CheckpointsUnavailable: "messagesUnavailable",
  MailboxUnavailable: "messagesUnavailable",
  MailboxRefused: "messagesUnavailable",
  ClusterVerbFailed: "clusterNotFound",
  LeasesUnavailable: "clusterUnavailable",
  OperationLogUnavailable: "readModelUnavailable",
  InvalidListing: "invalidRequest",
  DirectoryOff: "directoryOff",
  ReadModelUnavailable: "readModelUnavailable",
  ProjectionFailed: "internal",
}

/** Whether an error is one of those that routes of the gateway answer with a problem of their own. */
export const isServiceError = (error: { readonly _tag: string }): error is ServiceError =>
  Object.hasOwn(NAME_OF, error._tag)

const rejected = (error: CommandRejected): Problem => {
  const { actorType, id, commandType, reason, state, detail, version } = error
  if (version === 0 && reason === "NotAccepted") return notFound(actorType, id)
  return problem("rejected", error.message, {
    id,
    command: commandType,
    reason,
    state,
    ...(detail === undefined ? {} : { facts: detail }),
  })
}

const verbProblems = {
  UnknownMember: "clusterNotFound",
  UnknownSlot: "clusterNotFound",
  UnknownType: "clusterNotFound",
  UnknownProjection: "clusterNotFound",
  Unfit: "clusterUnfit",
  NotStopped: "notStopped",
  NotRebuilt: "notRebuilt",
  NoAnswer: "clusterUnavailable",
} as const

const verbFailed = ({ reason, what, hint }: ClusterVerbFailed): Problem =>
  problem(verbProblems[reason], `${what}.`, { reason, hint })

/**
 * Hint of this error, if it differs from the hint of its class: the class hint is for the team that runs the
 * service.
 */
const hintOf = (error: ServiceError): { readonly hint?: string } => {
  const { traits } = error.constructor as { readonly traits?: ErrorTraits }
  return "hint" in error && error.hint !== traits?.hint ? { hint: error.hint } : {}
}

/** The error as the caller of the service sees it; `key` is the idempotency key of its command. */
export const problemOf = (error: ServiceError, key?: string): Problem => {
  switch (error._tag) {
    case "CommandRejected":
      return rejected(error)
    case "InvalidCommand":
      return problem("invalidRequest", error.message, { issues: error.issues })
    case "VersionConflict":
      return problem("versionConflict", error.message, { expected: error.expected, found: error.found })
    case "PayloadTooLarge":
      return problem("payloadTooLarge", error.message, {
        sizeBytes: error.sizeBytes,
        limitBytes: error.limitBytes,
        hint: error.hint,
      })
    case "ClusterVerbFailed":
      return verbFailed(error)
    case "ActorExists":
      return {
        ...problem("versionConflict", error.message, { hint: error.hint }),
        status: 409,
        title: "The actor exists",
      }
    case "Unavailable":
      return error.stored === "Unknown"
        ? problem("timeout", error.message, key === undefined ? {} : { idempotencyKey: key })
        : problem("unavailable", error.message, { stored: error.stored, hint: error.hint })
    case "CommandIdReused":
      return problem(
        "idempotencyKeyReused",
        `"${error.commandId}" already names another command to this actor.`,
        {
          idempotencyKey: error.commandId,
        },
      )
    case "AskTimeout": {
      // Does not use the error's message, because it names a commandId, and callers over HTTP do not know
      // that word.
      const why = error.detail === undefined ? "" : `: ${error.detail}`
      const { commandId, deadlineMs } = error
      // A read and a watch have no command.
      const facts = commandId === "" ? { hint: "Try again." } : { idempotencyKey: commandId }
      return problem("timeout", `No answer within ${deadlineMs} ms${why}.`, facts)
    }
    case "PostgresRefused":
    case "UnknownActorType":
    case "UnknownProjection":
    case "ProjectionFailed":
      // The details are for the log alone.
      return INTERNAL
    default:
      return problem(NAME_OF[error._tag], error.message, hintOf(error))
  }
}

/** Statuses after which the same request may succeed soon. */
export const passes = (status: number): boolean => status === 429 || status === 503 || status === 504

/** The problem document in the OpenAPI description. */
const ProblemDocument = Schema.Struct({
  type: Schema.String.annotate({ description: `Stable: \`${PROBLEM_TYPE_PREFIX}…\`` }),
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.String.annotate({ description: "For people; may change" }),
  hint: Schema.optionalKey(Schema.String),
  reason: Schema.optionalKey(Schema.String.annotate({ description: "Reason of a rejection" })),
  state: Schema.optionalKey(
    Schema.String.annotate({ description: "State of the actor that rejected the command" }),
  ),
})

/** One error response of the OpenAPI description. */
const documented = (status: number, description: string) =>
  ProblemDocument.annotate({ identifier: `Problem${status}`, title: `Problem ${status}`, description }).pipe(
    HttpApiSchema.status(status),
    HttpApiSchema.asJson({ contentType: ProblemDetails.contentType }),
  )

/** Problems that every endpoint may answer. */
export const READ_PROBLEMS = [
  documented(400, "The request is invalid"),
  documented(401, "The caller is not known; see WWW-Authenticate"),
  documented(403, "The caller may not do this, or a page of another site sent the request"),
  documented(404, "No actor with this id"),
  documented(421, "The service does not answer to this host name"),
  documented(429, "Too many commands are waiting, or too many streams are open; see Retry-After"),
  documented(500, "A defect of the service"),
  documented(503, "The journal or the read model is unavailable; see Retry-After"),
  documented(504, "No answer in time; see Retry-After"),
] as const

/** Problems that every command may answer. */
export const COMMAND_PROBLEMS = [
  ...READ_PROBLEMS,
  documented(409, "A conflict with what is stored; `type` and `reason` say which"),
  documented(412, "The actor is not at the version of If-Match"),
  documented(413, "The request is too large"),
  documented(415, "The body is not JSON"),
  documented(422, "The command cannot be applied; `type` and `reason` say why"),
] as const
