/** What `everstate doctor` finds on a Postgres with something wrong. */
import { randomBytes } from "node:crypto"
import { Effect } from "effect"
import pg from "pg"
import { expect, it } from "vitest"
import { migrate, migrations } from "../../../infra/postgres/Migrations.ts"
import { PostgresPool } from "../../../infra/postgres/PostgresPool.ts"
import { runDoctor } from "../../fixtures/bin/DoctorVerb.ts"
import { runVerb } from "../../fixtures/bin/RunVerb.ts"
import { postgresForFile } from "../postgres/PostgresFixture.ts"

const postgres = postgresForFile()
const NEWEST = migrations.length

const sql = async (url: string, text: string): Promise<void> => {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

/** A new database, migrated up to a step. */
const database = async (steps = 0, options = ""): Promise<string> => {
  const name = `doctor_${randomBytes(4).toString("hex")}`
  await sql(postgres.server.url, `create database ${name} ${options}`)
  const url = new URL(postgres.server.url)
  url.pathname = name
  if (steps > 0) {
    const migrated = Effect.provide(
      migrate(migrations.slice(0, steps)),
      PostgresPool.layer({ url: url.href }),
    )
    await Effect.runPromise(migrated)
  }
  return url.href
}

const schemaOf = async (url: string) => {
  const found = await runDoctor("--postgres", url)
  return { finding: found.of("schema everstate")[0], exitCode: found.exitCode }
}

it("tells a missing schema, an older one, this release's, and a newer one", async () => {
  expect(await schemaOf(await database())).toMatchObject({ finding: { health: "warning" }, exitCode: 0 })
  const older = await schemaOf(await database(NEWEST - 1))
  expect(older).toMatchObject({
    finding: { health: "warning", detail: `version ${NEWEST - 1}, this release has ${NEWEST}` },
    exitCode: 0,
  })
  const url = await database(NEWEST)
  expect(await schemaOf(url)).toMatchObject({ finding: { health: "ok" }, exitCode: 0 })
  await sql(url, `insert into everstate.migrations (number, name, checksum) values (${NEWEST + 1}, 'x', 'x')`)
  expect(await schemaOf(url)).toMatchObject({
    finding: { health: "fault", hint: expect.stringContaining("newer release") },
    exitCode: 1,
  })
})

it("says that an older schema needs a preparation, where the role may not create tables", async () => {
  const url = await database(NEWEST - 1)
  const role = `limited_${randomBytes(4).toString("hex")}`
  await sql(
    url,
    `create role ${role} login password 'p'; grant usage on schema everstate to ${role};
    grant select on all tables in schema everstate to ${role}`,
  )
  const limited = new URL(url)
  limited.username = role
  limited.password = "p"
  expect(await schemaOf(limited.href)).toMatchObject({
    finding: { health: "fault", hint: expect.stringContaining("prepare") },
    exitCode: 1,
  })
})

it("refuses a database that takes no writes, and one of another encoding", async () => {
  const url = await database()
  await sql(url, `alter database ${new URL(url).pathname.slice(1)} set default_transaction_read_only = on`)
  const readOnly = await runDoctor("--postgres", url)
  expect(readOnly.of("Postgres")).toMatchObject([
    { health: "fault", detail: expect.stringContaining("default_transaction_read_only is on") },
  ])
  const ascii = await runDoctor(
    "--postgres",
    await database(0, "encoding 'SQL_ASCII' locale 'C' template template0"),
  )
  expect(ascii.of("Postgres")).toMatchObject([
    {
      health: "fault",
      detail: expect.stringContaining("encoding SQL_ASCII"),
      hint: expect.stringContaining("UTF8"),
    },
  ])
})

it("says what to do where the user or the database is not there", async () => {
  const url = new URL(postgres.server.url)
  url.pathname = "nowhere"
  const shown = await runVerb("doctor", "--postgres", url.href)
  expect(shown.exitCode).toBe(1)
  expect(shown.stdout).toMatch(/^fault +Postgres +.*"nowhere" does not exist/m)
  expect(shown.stdout).toMatch(/^Postgres: ./m)
  expect(shown.stderr).toBe("1 fault.")
  url.pathname = "postgres"
  url.password = "wrong"
  expect((await runDoctor("--postgres", url.href)).having("fault")).toEqual(["Postgres"])
})
