/**
 * What `everstate doctor` checks on Postgres: version, settings, connections, the schema's version, rights, and the
 * clock.
 *
 * Owns the checks. They write nothing.
 */
import { Effect, type Scope } from "effect"
import type { JournalIdentity } from "../../runtime/journal/JournalRegister.ts"
import { makeJournalRegisterPostgres } from "../postgres/JournalRegisterPostgres.ts"
import { migrations } from "../postgres/Migrations.ts"
import {
  makePostgresPool,
  POSTGRES_CONNECTIONS_DEFAULT,
  PostgresPool,
  type PostgresPoolService,
} from "../postgres/PostgresPool.ts"
import { type PostgresRights, postgresRights } from "../postgres/PostgresRights.ts"
import { clockFinding } from "./DoctorClock.ts"
import { type Finding, failed, fault, ok, sizeText, unchecked, warning } from "./Finding.ts"
import { verbFailureOf } from "./VerbFailed.ts"

/** Oldest version that is supported. */
const VERSION_MIN = 15

const GRANT_HINT = "Grant it: docs/deployment/postgres has the grants of each role."
const PREPARE_HINT =
  "Prepare the namespace with the owner's role (`ActorSystem.prepare`): this role may not create tables."

export interface PostgresReport {
  readonly findings: ReadonlyArray<Finding>
  /** The namespace's journal in the register; `undefined` if there is none, or it cannot be read. */
  readonly registered: JournalIdentity | undefined
}

export const postgresReport = Effect.fnUntraced(function* (
  url: string,
  namespace: string,
): Effect.fn.Return<PostgresReport, never, Scope.Scope> {
  const down = (error: unknown) => ({ findings: [unreachable(error)], registered: undefined })
  const made = yield* Effect.result(makePostgresPool({ url, connectionCountMax: 2 }))
  if (made._tag === "Failure") return down(made.failure)
  const pool = made.success
  const about = yield* Effect.result(pool.query({ text: ABOUT }))
  if (about._tag === "Failure") return down(about.failure)
  const register = yield* Effect.provideService(makeJournalRegisterPostgres, PostgresPool, pool)
  const registered = yield* Effect.orElseSucceed(register.load(namespace), () => undefined)
  const clock = clockFinding(
    "clock of Postgres",
    Effect.map(
      pool.query({ text: "select extract(epoch from clock_timestamp()) * 1000 as now" }),
      ({ rows }) => Number(rows[0]?.["now"]),
    ),
  )
  const findings = [
    ...serverFindings(about.success.rows[0] ?? {}),
    ...(yield* tableFindings(pool)),
    yield* clock,
  ]
  return { findings, registered }
})

const ABOUT = `select current_setting('server_version') as version,
  current_setting('server_version_num')::int as number, pg_encoding_to_char(encoding) as encoding,
  pg_database_size(datname) as bytes, current_setting('fsync') as fsync,
  current_setting('synchronous_commit') as sync, pg_is_in_recovery() as standby,
  current_setting('default_transaction_read_only') as read_only,
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as connections,
  (select count(*) from pg_stat_activity where backend_type = 'client backend') as used
  from pg_database where datname = current_database()`

const unreachable = (error: unknown): Finding => {
  const { what, hint } = verbFailureOf(error)
  return fault("Postgres", what, hint || "Is --postgres right, and is the server up?")
}

type Row = { readonly [column: string]: unknown }

const serverFindings = (row: Row): ReadonlyArray<Finding> => [
  versionFinding(row),
  durabilityFinding(row),
  connectionsFinding(Number(row["used"]), Number(row["connections"])),
  unchecked(
    "disk of Postgres",
    `the database has ${sizeText(Number(row["bytes"]))}; the server does not tell what its disk has left`,
    "",
  ),
]

const versionFinding = ({ version, number, encoding, standby, read_only: readOnly }: Row): Finding => {
  const detail = `Postgres ${version}`
  if (Number(number) < VERSION_MIN * 10_000) {
    return fault("Postgres", `${detail} is too old`, `Upgrade to ${VERSION_MIN} or newer.`)
  }
  if (encoding !== "UTF8") {
    return fault("Postgres", `${detail}, encoding ${encoding}`, "Make the database with encoding UTF8.")
  }
  if (standby === true || readOnly === "on") {
    const why = standby === true ? "it is a standby" : "default_transaction_read_only is on"
    return fault("Postgres", `${detail} takes no writes: ${why}`, "Give the address of the primary.")
  }
  return ok("Postgres", detail)
}

/** Snapshots and read models can be made again, the register of journals cannot. */
const durabilityFinding = ({ fsync, sync }: Row): Finding =>
  fsync === "on" && sync !== "off"
    ? ok("Postgres on disk", "commits are synced")
    : warning(
        "Postgres on disk",
        `fsync ${fsync}, synchronous_commit ${sync}`,
        "Fine for development. In production set fsync and synchronous_commit to on.",
      )

export const connectionsFinding = (used: number, most: number): Finding => {
  const detail = `${used} of ${most} in use`
  return most - used < POSTGRES_CONNECTIONS_DEFAULT
    ? warning(
        "connections",
        detail,
        `Raise max_connections: a node opens up to ${POSTGRES_CONNECTIONS_DEFAULT} by itself.`,
      )
    : ok("connections", detail)
}

/** The schema's version and the rights on its tables. */
const tableFindings = Effect.fnUntraced(function* (pool: PostgresPoolService) {
  const { query, schema, table } = pool
  const readModels = yield* Effect.result(
    query({ text: `select distinct tables_in from ${table("projections")}` }),
  )
  const schemas =
    readModels._tag === "Success" ? readModels.success.rows.map(({ tables_in }) => String(tables_in)) : []
  const read = yield* Effect.result(postgresRights(pool, schemas))
  if (read._tag === "Failure") return [failed("rights on Postgres", read.failure, GRANT_HINT)]
  const rights = read.success
  const name = `schema ${schema}`
  const applied = yield* Effect.result(appliedVersion(pool))
  const version =
    applied._tag === "Failure"
      ? failed(name, applied.failure, GRANT_HINT)
      : schemaFinding(name, applied.success, migrations.at(-1)?.number ?? 0, rights)
  return [version, rightsFinding(rights, applied._tag === "Success" && applied.success === undefined)]
})

/** Number of the newest migration of the database; 0 without one, `undefined` without the table of them. */
const appliedVersion = Effect.fnUntraced(function* ({ query, schema, table }: PostgresPoolService) {
  const found = yield* query({
    text: `select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname = 'migrations'`,
    values: [schema],
  })
  if (found.rows.length === 0) return undefined
  const { rows } = yield* query({ text: `select max(number) as number from ${table("migrations")}` })
  return Number(rows[0]?.["number"] ?? 0)
})

/** The migrations that the database has, against those of this release. A node without them does not start. */
export const schemaFinding = (
  name: string,
  applied: number | undefined,
  newest: number,
  { mayCreate }: Pick<PostgresRights, "mayCreate">,
): Finding => {
  if (applied === newest) return ok(name, `version ${applied}, that of this release`)
  if (applied !== undefined && applied > newest) {
    return fault(
      name,
      `version ${applied}, this release knows ${newest}`,
      "A newer release has migrated it: install that release here.",
    )
  }
  const detail =
    applied === undefined ? "there is none yet" : `version ${applied}, this release has ${newest}`
  if (!mayCreate) return fault(name, detail, PREPARE_HINT)
  return warning(
    name,
    detail,
    applied === undefined ? "The first start of a node makes it." : "The next start of a node migrates it.",
  )
}

const rightsFinding = ({ role, lacking, mayCreate }: PostgresRights, isEmpty: boolean): Finding => {
  const about = "rights on Postgres"
  if (lacking.length > 0) return fault(about, `role ${role} lacks ${lacking.join("; ")}`, GRANT_HINT)
  if (isEmpty) {
    return mayCreate
      ? ok(about, `role ${role} may create the tables`)
      : unchecked(
          about,
          `role ${role} has no tables to have rights on`,
          "Prepare first, then run doctor again.",
        )
  }
  return ok(
    about,
    mayCreate
      ? `role ${role} has all that a node needs, and may create tables`
      : `role ${role} has all that a node needs; it may not create tables, so a release is prepared first`,
  )
}
