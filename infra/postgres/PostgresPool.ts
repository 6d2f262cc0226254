/**
 * The connections to one Postgres database, as a service: bounded, timed, and never silent about a failure.
 *
 * Two lanes share the bound: short statements (snapshot look-ups, offsets, queries of the read side) and
 * transactions (projections, migrations), so that projections can never starve activations. Errors come out
 * translated (PostgresErrors.ts). Who creates the tables: Migrations.ts.
 */
import { Context, Effect, Layer, type Scope } from "effect"
import pg from "pg"
import {
  leavesConnectionBroken,
  type PostgresError,
  PostgresRefused,
  translatePostgresError,
} from "./PostgresErrors.ts"

/** Connections that one process opens at most, unless the options say otherwise. */
export const POSTGRES_CONNECTIONS_DEFAULT = 10
/** Longest wait for a free connection. */
export const POSTGRES_ACQUIRE_TIMEOUT_MS_DEFAULT = 5_000
/** Longest run of one statement, by the server's clock. */
export const POSTGRES_STATEMENT_TIMEOUT_MS_DEFAULT = 30_000
/** Schema of the system's own tables; several systems may share a database under different ones. */
export const POSTGRES_SCHEMA_DEFAULT = "everstate"

/** Connections of the short lane that stay open while nobody needs them: look-ups that come at once find them there. */
const idleCountMin = 2
/** How much longer than the server this side waits: only a server that is silent gets there. */
const silenceMarginMs = 5_000
/** Longest wait for running work when the pool closes. */
const closeTimeoutMs = 10_000
const schemaPattern = /^[a-z][a-z0-9_]{0,29}$/

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url?: string
  /** More settings of the `pg` driver (TLS, host lists). */
  readonly config?: pg.ClientConfig
  /** 1 to 30 of `a-z 0-9 _`, starting with a letter. Default `everstate`. */
  readonly schema?: string
  /** Bound of both lanes together, at least 2. Default 10. */
  readonly connectionCountMax?: number
  readonly acquireTimeoutMs?: number
  readonly statementTimeoutMs?: number
  readonly applicationName?: string
}

/** What is known of the database from the last calls, without asking it. */
export interface PostgresHealth {
  readonly state: "unknown" | "up" | "down"
  /** The latest failure, also after recovery. */
  readonly lastError: string | undefined
  readonly connectionCount: number
  readonly waitingCount: number
}

/** Returned by a transaction's body: undo everything and fail with `error`. */
export class Rollback<E> {
  readonly error: E
  constructor(error: E) {
    this.error = error
  }
}

export interface PostgresPoolService {
  readonly schema: string
  /** `table` in the system's schema, quoted. */
  readonly table: (name: string) => string
  /** One statement on the short lane, committed when it returns. */
  readonly query: (
    statement: pg.QueryConfig & { readonly query_timeout?: number },
  ) => Effect.Effect<pg.QueryResult<Record<string, unknown>>, PostgresError>
  /** The same for callers that count every microsecond; rejects with the driver's own error. */
  readonly queryPromise: (
    statement: pg.QueryConfig & { readonly query_timeout?: number },
  ) => Promise<pg.QueryResult<Record<string, unknown>>>
  /**
   * One transaction on the long lane. Commits when `body` resolves, unless to a {@link Rollback}; any failure rolls
   * back. When the connection is lost during the commit the outcome is unknown and the error is transient.
   */
  readonly transaction: <A, E = never>(
    body: (client: pg.PoolClient) => Promise<A | Rollback<E>>,
  ) => Effect.Effect<A, E | PostgresError>
  readonly health: Effect.Effect<PostgresHealth>
}

export class PostgresPool extends Context.Service<PostgresPool, PostgresPoolService>()(
  "everstate/postgres/PostgresPool",
) {
  static readonly layer = (options: PostgresOptions): Layer.Layer<PostgresPool, PostgresRefused> =>
    Layer.effect(PostgresPool, makePostgresPool(options))
}

/** Opens no connection by itself: a database that is down shows at the first use. */
export const makePostgresPool = Effect.fnUntraced(function* (
  options: PostgresOptions,
): Effect.fn.Return<PostgresPoolService, PostgresRefused, Scope.Scope> {
  const schema = options.schema ?? POSTGRES_SCHEMA_DEFAULT
  const connectionCountMax = options.connectionCountMax ?? POSTGRES_CONNECTIONS_DEFAULT
  yield* refuseBadOptions(schema, connectionCountMax)

  const health: { state: PostgresHealth["state"]; lastError: string | undefined } = {
    state: "unknown",
    lastError: undefined,
  }
  const noteFailure = (cause: unknown): void => {
    const error = translatePostgresError(cause)
    health.lastError = error.message
    if (error._tag === "PostgresUnavailable") health.state = "down"
  }

  const runFork = Effect.runForkWith(yield* Effect.context())
  const openLane = (name: string, max: number, min: number) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const lane = new pg.Pool({ ...driverConfig(options, name), max, min })
        lane.on("error", (cause) => {
          if (lane.ending) return // its last connections say good-bye
          noteFailure(cause)
          runFork(Effect.logWarning(`Postgres closed an idle connection: ${cause.message}`))
        })
        // A connection may also fail between two statements of a transaction; the next statement reports it.
        lane.on("connect", (client) => void client.on("error", noteFailure))
        return lane
      }),
      (lane) => Effect.promise(() => lane.end()).pipe(Effect.timeoutOption(closeTimeoutMs), Effect.asVoid),
    )
  const longCount = Math.ceil(connectionCountMax / 2)
  const short = yield* openLane("short", connectionCountMax - longCount, idleCountMin)
  const long = yield* openLane("long", longCount, 0)

  const queryPromise: PostgresPoolService["queryPromise"] = (statement) =>
    short.query(statement).then(
      (result) => {
        health.state = "up"
        return result
      },
      (cause: unknown) => {
        noteFailure(cause)
        throw cause
      },
    )

  const transaction = <A, E>(body: (client: pg.PoolClient) => Promise<A | Rollback<E>>) =>
    Effect.callback<A, E | PostgresError>((resume) => {
      const work = new Transaction(long, body)
      work.run().then(
        (result) => {
          health.state = "up"
          resume(result instanceof Rollback ? Effect.fail(result.error) : Effect.succeed(result))
        },
        (cause: unknown) => {
          noteFailure(cause)
          resume(Effect.fail(translatePostgresError(cause)))
        },
      )
      return Effect.sync(() => work.abandon())
    })

  return {
    schema,
    table: (name) => `"${schema}"."${name}"`,
    query: (statement) =>
      Effect.tryPromise({ try: () => queryPromise(statement), catch: translatePostgresError }),
    queryPromise,
    transaction,
    health: Effect.sync(() => ({
      ...health,
      connectionCount: short.totalCount + long.totalCount,
      waitingCount: short.waitingCount + long.waitingCount,
    })),
  }
})

/** A statement of the transaction failed and its body kept quiet about it. */
class FailedInside extends Error {
  readonly code = "25P02"
  override readonly message = "a statement of the transaction failed, and the failure was caught"
}

/** One transaction on one connection, which it gives back in every case, closed where its state is unknown. */
class Transaction<A, E> {
  readonly #lane: pg.Pool
  readonly #body: (client: pg.PoolClient) => Promise<A | Rollback<E>>
  #client: pg.PoolClient | undefined
  #abandoned = false

  constructor(lane: pg.Pool, body: (client: pg.PoolClient) => Promise<A | Rollback<E>>) {
    this.#lane = lane
    this.#body = body
  }

  async run(): Promise<A | Rollback<E>> {
    const client = await this.#lane.connect()
    this.#client = client
    try {
      if (this.#abandoned) throw new Error("Connection terminated: the transaction was abandoned")
      await client.query("begin")
      const result = await this.#body(client)
      const end = await client.query(result instanceof Rollback ? "rollback" : "commit")
      // Where a statement failed and the body went on, Postgres answers a commit with a rollback, politely.
      if (!(result instanceof Rollback) && end.command !== "COMMIT") throw new FailedInside()
      this.#giveBack(false)
      return result
    } catch (cause) {
      await this.#recover(client, cause)
      throw cause
    }
  }

  /** Closes the connection under whatever runs on it; the server rolls back. */
  abandon(): void {
    this.#abandoned = true
    this.#giveBack(true)
  }

  async #recover(client: pg.PoolClient, cause: unknown): Promise<void> {
    if (this.#client === undefined) return
    if (leavesConnectionBroken(cause)) return this.#giveBack(true)
    try {
      await client.query("rollback")
      this.#giveBack(false)
    } catch {
      // The connection is gone, and with it the transaction. The first error is the one to report.
      this.#giveBack(true)
    }
  }

  #giveBack(close: boolean): void {
    const client = this.#client
    this.#client = undefined
    client?.release(close)
  }
}

const refuseBadOptions = (
  schema: string,
  connectionCountMax: number,
): Effect.Effect<void, PostgresRefused> => {
  const refuse = (detail: string, hint: string) =>
    Effect.fail(new PostgresRefused({ code: "OPTIONS", detail, hint }))
  if (!schemaPattern.test(schema)) {
    return refuse(`schema "${schema}"`, "Use 1 to 30 of a-z, 0-9 and _, starting with a letter.")
  }
  if (!Number.isInteger(connectionCountMax) || connectionCountMax < 2) {
    return refuse(`connectionCountMax ${connectionCountMax}`, "Give at least 2: one for each lane.")
  }
  return Effect.void
}

const driverConfig = (options: PostgresOptions, lane: string): pg.PoolConfig => {
  const statementTimeoutMs = options.statementTimeoutMs ?? POSTGRES_STATEMENT_TIMEOUT_MS_DEFAULT
  return {
    keepAlive: true,
    ...options.config,
    ...(options.url === undefined ? {} : { connectionString: options.url }),
    application_name: `${options.applicationName ?? "everstate"} ${lane}`,
    connectionTimeoutMillis: options.acquireTimeoutMs ?? POSTGRES_ACQUIRE_TIMEOUT_MS_DEFAULT,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + silenceMarginMs,
    idle_in_transaction_session_timeout: statementTimeoutMs,
  }
}
