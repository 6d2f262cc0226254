/**
 * What `everstate doctor` checks on Postgres: version, settings, rights, the schema's version, and the clock.
 *
 * Owns the checks. They write nothing.
 */
import { Effect, type Scope } from "effect"
import { migrations } from "../postgres/Migrations.ts"
import { makePostgresPool, type PostgresPoolService } from "../postgres/PostgresPool.ts"
import { clockFinding } from "./DoctorClock.ts"
import { type Finding, fault, ok, sizeText, warning } from "./Finding.ts"
import { verbFailureOf } from "./VerbFailed.ts"

export const postgresFindings = Effect.fnUntraced(function* (
  url: string,
): Effect.fn.Return<ReadonlyArray<Finding>, never, Scope.Scope> {
  const made = yield* Effect.result(makePostgresPool({ url, connectionCountMax: 2 }))
  if (made._tag === "Failure") return [unreachable(made.failure)]
  const pool = made.success
  const about = yield* Effect.result(
    pool.query({
      text: `select current_setting('server_version') as version, pg_encoding_to_char(encoding) as encoding,
        pg_database_size(datname) as bytes, current_setting('fsync') as fsync,
        current_setting('synchronous_commit') as sync
        from pg_database where datname = current_database()`,
    }),
  )
  if (about._tag === "Failure") return [unreachable(about.failure)]
  return [
    ...serverFindings(about.success.rows[0] ?? {}),
    yield* schemaFinding(pool),
    yield* clockFinding(
      "clock of Postgres",
      Effect.map(
        pool.query({ text: "select extract(epoch from clock_timestamp()) * 1000 as now" }),
        ({ rows }) => Number(rows[0]?.["now"]),
      ),
    ),
  ]
})

const unreachable = (error: unknown): Finding => {
  const { what, hint } = verbFailureOf(error)
  return fault("Postgres", what, hint || "Is --postgres right, and is the server up?")
}

const serverFindings = (row: { readonly [column: string]: unknown }): ReadonlyArray<Finding> => {
  const { version, encoding, bytes, fsync, sync } = row
  const detail = `Postgres ${version}, database of ${sizeText(Number(bytes))}`
  return [
    encoding === "UTF8"
      ? ok("Postgres", detail)
      : fault("Postgres", `${detail}, encoding ${encoding}`, "Make the database with encoding UTF8."),
    // Snapshots and read models can be made again, the register of journals cannot.
    fsync === "on" && sync !== "off"
      ? ok("Postgres on disk", "commits are synced")
      : warning(
          "Postgres on disk",
          `fsync ${fsync}, synchronous_commit ${sync}`,
          "Fine for development. In production set fsync and synchronous_commit to on.",
        ),
  ]
}

/** The migrations that the database has, against those of this release. */
const schemaFinding = Effect.fnUntraced(function* ({ query, schema, table }: PostgresPoolService) {
  const newest = migrations.at(-1)?.number ?? 0
  const name = `schema ${schema}`
  const found = yield* Effect.result(
    query({ text: "select to_regclass($1) is not null as there", values: [table("migrations")] }),
  )
  if (found._tag === "Success" && found.success.rows[0]?.["there"] !== true) {
    return warning(name, "there is none yet", "The first start of a node makes it.")
  }
  const read = yield* Effect.result(
    query({ text: `select max(number) as number from ${table("migrations")}` }),
  )
  if (read._tag === "Failure") {
    return fault(name, verbFailureOf(read.failure).what, "docs/DEPLOYMENT.md lists the rights of each user.")
  }
  return migrationFinding(name, Number(read.success.rows[0]?.["number"] ?? 0), newest)
})

export const migrationFinding = (name: string, applied: number, newest: number): Finding => {
  if (applied === newest) return ok(name, `version ${applied}, that of this release`)
  return applied < newest
    ? warning(
        name,
        `version ${applied}, this release has ${newest}`,
        "The next start of a node with the right to create migrates it.",
      )
    : fault(
        name,
        `version ${applied}, this release knows ${newest}`,
        "A newer release has migrated it: install that release here.",
      )
}
