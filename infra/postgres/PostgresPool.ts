/**
 * The connections to one Postgres database, as a service. Their number and their waits are bounded, and every
 * failure is reported.
 *
 * Two lanes share the bound: short statements (snapshot look-ups, offsets, queries of the read side) and
 * transactions (projections, migrations), so projections can never starve activations. PostgresErrors.ts
 * translates errors. Migrations.ts creates the tables.
 */
import { Context, Effect, Layer, type Scope } from "effect"
import pg from "pg"
import {
  leavesConnectionBroken,
  type PostgresError,
  PostgresRefused,
  translatePostgresError,
} from "./PostgresErrors.ts"

/** Connections that one process opens at most, by default. */
export const POSTGRES_CONNECTIONS_DEFAULT = 10
/** Longest wait for a free connection. */
export const POSTGRES_ACQUIRE_TIMEOUT_MS_DEFAULT = 5_000
/** Longest run of one statement, by the server's clock. */
export const POSTGRES_STATEMENT_TIMEOUT_MS_DEFAULT = 30_000
/** Schema of the system's own tables; several systems may share a database with different schemas. */
export const POSTGRES_SCHEMA_DEFAULT = "everstate"

/**
 * Connections of the short lane that stay open while they are idle, so that many look-ups at once find them
 * open.
 */
const idleCountMin = 2
/** Time that this side waits longer than the server: only a silent server lets it pass. */
const silenceMarginMs = 5_000
/** Longest wait for running work when the pool closes. */
const closeTimeoutMs = 10_000
const schemaPattern = /^[a-z][a-z0-9_]{0,29}$/

/** How a process connects to Postgres: address, schema, connections and time-outs. */
export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url?: string
  /** Further settings of the `pg` driver (TLS, host lists). */
  readonly config?: pg.ClientConfig
  /** 1 to 30 of `a-z 0-9 _`, starting with a letter. Default `everstate`. */
  readonly schema?: string
  /** Connections of both lanes together, at least 2. Default 10. */
  readonly connectionCountMax?: number
  readonly acquireTimeoutMs?: number
  readonly statementTimeoutMs?: number
  readonly applicationName?: string
}

/** State of the database as the latest calls saw it; the database is not asked. */
export interface PostgresHealth {
  readonly state: "unknown" | "up" | "down"
  /** The latest failure. It stays after recovery. */
  readonly lastError: string | undefined
  readonly connectionCount: number
  readonly waitingCount: number
}

/** Result of a transaction's body that rolls back and fails with `error`. */
export class Rollback<E> {
  readonly error: E
  constructor(error: E) {
    this.error = error
  }
}

export interface PostgresPoolService {
  readonly schema: string
  /** Quoted name of `table` in the system's schema. */
  readonly table: (name: string) => string
  /** Runs one statement on the short lane, committed when it returns. */
  readonly query: (
    statement: pg.QueryConfig & { readonly query_timeout?: number },
  ) => Effect.Effect<pg.QueryResult<Record<string, unknown>>, PostgresError>
  /** The same without Effect, for the hot path; rejects with the driver's own error. */
  readonly queryPromise: (
    statement: pg.QueryConfig & { readonly query_timeout?: number },
  ) => Promise<pg.QueryResult<Record<string, unknown>>>
  /**
   * Runs one transaction on the long lane. It commits when `body` resolves, unless to a {@link Rollback}; any
   * failure rolls back. If the connection is lost during the commit, the outcome is unknown and the error is
   * transient.
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

/** Makes a pool. It opens no connection by itself: a database that is down fails the first call. */
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
          if (lane.ending) return // an expected end, because the lane closes
          noteFailure(cause)
          runFork(Effect.logWarning(`Postgres closed an idle connection: ${cause.message}`))
        })
        // A connection may also fail between two statements of a transaction; the next statement then fails.
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

/** A statement of the transaction failed, and its body caught the error. */
class FailedInside extends Error {
  readonly code = "25P02"
  override readonly message = "a statement of the transaction failed, and the failure was caught"
}

/** One transaction on one connection. It always gives the connection back, closed if its state is unknown. */
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
      // If a statement failed and the body went on, Postgres answers the commit with a rollback, without an
      // error.
      if (!(result instanceof Rollback) && end.command !== "COMMIT") throw new FailedInside()
      this.#giveBack(false)
      return result
    } catch (cause) {
      await this.#recover(client, cause)
      throw cause
    }
  }

  /** Closes the connection, even during a statement; the server rolls back. */
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
      // The connection is gone, and the transaction with it. The first error is the one to report.
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
