/**
 * Translates the errors of Postgres and its driver. No other file knows SQLSTATE and driver messages.
 *
 * There are two results. `PostgresUnavailable` passes by itself (connection lost, deadlock, pool exhausted,
 * server starting). `PostgresRefused` does not (syntax, privileges, constraint, bad data). Adapters turn both
 * into the error of their port. PostgresPool.ts uses it.
 */
import { Effect, Schedule, Schema } from "effect"
import { errorClass } from "../../runtime/error/EverstateError.ts"
import { isThrown, thrownMessage } from "../../runtime/json/Thrown.ts"

/** Socket codes of an address at which no server answers. */
const NOBODY_THERE: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "EAI_AGAIN"])

/**
 * Postgres cannot be reached, or cannot work now. `code` is a SQLSTATE, a socket error or the driver's
 * reason.
 */
export class PostgresUnavailable extends errorClass<PostgresUnavailable>()(
  "PostgresUnavailable",
  {
    code: Schema.String,
    detail: Schema.String,
  },
  { kind: "transient", retry: "later", hint: "Is Postgres running there, and are host and port right?" },
) {
  override get message(): string {
    const hint = NOBODY_THERE.has(this.code) ? `. ${this.hint}` : ""
    return `Postgres unavailable (${this.code}): ${this.detail}${hint}`
  }
}

/** Postgres refuses the statement or the user. */
export class PostgresRefused extends errorClass<PostgresRefused>()(
  "PostgresRefused",
  {
    code: Schema.String,
    detail: Schema.String,
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return `Postgres refused (${this.code}): ${this.detail}${this.hint === "" ? "" : `. ${this.hint}`}`
  }
}

export type PostgresError = PostgresUnavailable | PostgresRefused

/**
 * SQLSTATE classes that pass: 08 connection, 40 rollback (serialization, deadlock), 53 resources, 58 system.
 */
const passingClasses = new Set(["08", "40", "53", "58"])

/**
 * Single codes that pass: statement time-out or cancel, shutdown, crash, start-up, idle session ended, lock
 * not available, time-out inside a transaction, and a write on a standby (during a fail-over).
 */
const passingCodes = new Set([
  "57014",
  "57P01",
  "57P02",
  "57P03",
  "57P05",
  "55P03",
  "25P03",
  "25P04",
  "25006",
])

/** Errors of sockets and name look-ups. */
const socketCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
])

/** Driver errors without a code, by their text. */
const driverMessages: ReadonlyArray<readonly [text: string, code: string]> = [
  ["timeout exceeded when trying to connect", "POOL_EXHAUSTED"],
  ["due to connection timeout", "CONNECT_TIMEOUT"],
  ["Connection terminated", "CONNECTION_LOST"],
  ["timeout expired", "CONNECT_TIMEOUT"],
  ["Query read timeout", "QUERY_TIMEOUT"],
  ["is not queryable", "CONNECTION_LOST"],
  ["Cannot use a pool after calling end", "POOL_CLOSED"],
]

const hints: { readonly [code: string]: string } = {
  "28P01": "Check the user and password.",
  "28000": "Check the user and pg_hba.conf.",
  "3D000": "Create the database first.",
  "42501": "Grant the role the right to create schemas and tables.",
}

const sqlstate = /^[0-9A-Z]{5}$/

/**
 * Code of any thrown value. A projection's own SQL may throw anything, even a value that throws when it is
 * read.
 */
const codeOf = (cause: unknown): string | undefined => {
  try {
    return codeIn(cause)
  } catch {
    return undefined
  }
}

const codeIn = (cause: unknown): string | undefined => {
  if (!(cause instanceof Error)) return undefined
  const { code } = cause as { readonly code?: unknown }
  if (typeof code === "string") return code
  const known = driverMessages.find(([text]) => cause.message.includes(text))
  if (known !== undefined) return known[1]
  // A host name with several addresses gives one error for each address, all alike.
  return cause instanceof AggregateError ? codeIn(cause.errors[0]) : undefined
}

const textOf = (cause: unknown): string => {
  const message = thrownMessage(cause)
  return message === "" && isThrown(cause, AggregateError) ? textOf(cause.errors[0]) : message
}

/** The typed failure of a driver call. */
export const translatePostgresError = (cause: unknown): PostgresError => {
  const code = codeOf(cause) ?? "UNKNOWN"
  const detail = textOf(cause)
  const passes = sqlstate.test(code)
    ? passingClasses.has(code.slice(0, 2)) || passingCodes.has(code)
    : socketCodes.has(code) || driverMessages.some(([, known]) => known === code)
  return passes
    ? new PostgresUnavailable({ code, detail })
    : new PostgresRefused({ code, detail, hint: hints[code] ?? "" })
}

/**
 * True if the connection must be closed after this failure, because it is gone, silent or to the wrong
 * server.
 */
export const leavesConnectionBroken = (cause: unknown): boolean => {
  const code = codeOf(cause)
  return code !== undefined && (!sqlstate.test(code) || code.startsWith("57P") || code === "25006")
}

const retryFirstPauseMs = 20
const retryCountMax = 4

/**
 * Codes of failures that already took long: they are not retried, because the caller would wait several times
 * as long.
 */
const slowCodes = new Set(["QUERY_TIMEOUT", "CONNECT_TIMEOUT", "POOL_CLOSED", "57014"])

/** Retries passing failures, with growing jittered pauses. For idempotent or transactional work only. */
export const retryPassing = <A, E extends { readonly _tag: string; readonly code?: string }, R>(
  effect: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> =>
  Effect.retry(effect, {
    while: (error) => error._tag === "PostgresUnavailable" && !slowCodes.has(error.code ?? ""),
    schedule: Schedule.exponential(retryFirstPauseMs).pipe(Schedule.jittered),
    times: retryCountMax,
  })
