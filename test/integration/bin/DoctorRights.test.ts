/** What `everstate doctor` says of users and roles that lack a right, with the rights of docs/deployment. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { RIGHTS_SUBJECT } from "../../../infra/nats/stores/NatsPermissions.ts"
import { runDoctor } from "../../fixtures/bin/DoctorVerb.ts"
import { runVerb } from "../../fixtures/bin/RunVerb.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { prepare, type RestrictedServers, restrictedServers } from "../deployment/LeastPrivilege.ts"

const ON_NATS = "rights on NATS"
const ON_POSTGRES = "rights on Postgres"

let servers: RestrictedServers
beforeAll(async () => {
  servers = await restrictedServers()
})
afterAll(() => servers?.stop())

const flags = () => ["--nats", servers.nats.url("service"), "--postgres", servers.postgres.url("service")]
const doctor = () => runDoctor(...flags())

/** Runs without one line of accounts.conf, and puts the line back. */
const withoutRights = async <A>(rights: ReadonlyArray<string>, body: () => Promise<A>) => {
  let before = ""
  await servers.nats.reload((conf) => {
    before = conf
    return rights.reduce((text, right) => text.replaceAll(`"${right}"\n`, "\n"), conf)
  })
  try {
    return await body()
  } finally {
    await servers.nats.reload(() => before)
  }
}

describe("before anything was prepared", () => {
  it("a role that may not create tables is a fault, and one that may is none", async () => {
    const found = await doctor()
    expect(found.having("fault")).toEqual(["schema everstate"])
    expect(found.of("schema everstate")).toMatchObject([{ hint: expect.stringContaining("prepare") }])
    expect(found.of(ON_POSTGRES)).toMatchObject([{ health: "unchecked" }])
    const owner = await runDoctor("--postgres", servers.postgres.url("owner"))
    expect(owner.having("fault")).toEqual([])
    expect(owner.of(ON_POSTGRES)).toMatchObject([
      { health: "ok", detail: expect.stringContaining("may create") },
    ])
  })
})

describe("with everything prepared", () => {
  beforeAll(() => prepare(servers, { actors: [Counter] }))

  it("the service has all rights, and what it may not look at is said", async () => {
    const found = await doctor()
    expect(found.having("fault")).toEqual([])
    expect(found.having("unchecked")).toEqual(["JetStream", "disk of Postgres"])
    expect(found.of(ON_NATS)).toMatchObject([
      {
        health: "ok",
        detail: expect.stringMatching(/^user everstate-service has all \d+ rights of a service$/),
      },
    ])
    expect(found.of(ON_POSTGRES)).toMatchObject([
      { health: "ok", detail: expect.stringContaining("may not create tables") },
    ])
    expect(found.exitCode).toBe(0)
  })

  it("a missing right on NATS is named", async () => {
    const rights = ["$JS.API.STREAM.PURGE.everstate-timers", "$KV.everstate-cluster.>"]
    const found = await withoutRights(rights, doctor)
    expect(found.of(ON_NATS)).toEqual([
      {
        about: ON_NATS,
        health: "fault",
        detail:
          "user everstate-service lacks publish on $KV.everstate-cluster.>, " +
          "publish on $JS.API.STREAM.PURGE.everstate-timers, subscribe to $KV.everstate-cluster.>",
        hint: expect.stringContaining("docs/DEPLOYMENT.md"),
      },
    ])
    expect(found.exitCode).toBe(1)
  })

  it("a stream that may not be read is told with the right, and nothing but findings is written", async () => {
    const right = "$JS.API.STREAM.INFO.everstate-deadletters"
    const shown = await withoutRights([right], () => runVerb("doctor", ...flags()))
    expect(shown.exitCode).toBe(1)
    expect(shown.stdout).toMatch(/^fault +stream everstate-deadletters/m)
    expect(shown.stdout).toMatch(
      /^rights on NATS, stream everstate-deadletters: Grant the right: docs\/DEPLOYMENT.md/m,
    )
    expect(shown.stderr).toBe("2 faults.")
  })

  it("a user that may not ask for its rights is tried out, and nothing is changed by it", async () => {
    const names = ["journal", "messages", "timers", "events", "deadletters"].map(
      (name) => `everstate-${name}`,
    )
    const states = () =>
      Promise.all(
        [...names, "KV_everstate-checkpoints", "KV_everstate-cluster"].map(
          async (name) => (await servers.nats.call("service", `STREAM.INFO.${name}`))["state"],
        ),
      )
    const before = await states()
    const all = await withoutRights([RIGHTS_SUBJECT], doctor)
    expect(all.of(ON_NATS)).toMatchObject([
      { health: "fault", detail: `this user lacks publish on ${RIGHTS_SUBJECT}` },
      {
        health: "unchecked",
        detail: expect.stringContaining("publish on $JS.API.STREAM.PURGE.everstate-timers"),
        hint: expect.stringContaining(RIGHTS_SUBJECT),
      },
    ])
    const lost = [
      "everstate.ask.>",
      "$JS.API.CONSUMER.CREATE.everstate-journal.*",
      "$KV.everstate-checkpoints.>",
    ]
    const some = await withoutRights([RIGHTS_SUBJECT, ...lost], doctor)
    const detail = some.of(ON_NATS)[0]?.detail
    for (const right of lost) expect(detail).toContain(`publish on ${right}`)
    expect(detail).toContain("subscribe to everstate.ask.>")
    expect(detail?.split(", ")).toHaveLength(lost.length + 2)
    expect(await states()).toEqual(before)
  })

  it("a user that lacks much is told the first ones and the number of the others", async () => {
    let before = ""
    await servers.nats.reload((conf) => {
      before = conf
      return conf.replace(/^ *"\$JS\.API\..*"$/gm, "")
    })
    const found = await doctor()
    await servers.nats.reload(() => before)
    expect(found.of(ON_NATS)[0]?.detail).toMatch(/lacks publish on .*, and \d+ more$/)
  })

  it("a client's user hears no answers to a service, and nothing else is said of it", async () => {
    const found = await runDoctor("--nats", servers.nats.url("client"))
    expect(found.having("fault")).toEqual([ON_NATS])
    expect(found.of(ON_NATS)).toMatchObject([
      { detail: expect.stringContaining("may not subscribe to _INBOX_everstate.>") },
    ])
    expect(found.having("unchecked")).toEqual([])
  })

  it("missing rights on Postgres are named, on the system's tables and on those of projections", async () => {
    const { sql } = servers.postgres
    await sql("owner", "revoke insert, update on everstate.snapshots from everstate_service")
    const schemas = await sql("owner", "select distinct tables_in from everstate.projections")
    const readModel = String(schemas[0]?.["tables_in"])
    await sql("owner", `revoke usage on schema ${readModel} from everstate_service`)
    const found = await doctor()
    expect(found.of(ON_POSTGRES)).toMatchObject([
      {
        health: "fault",
        detail: `role everstate_service lacks usage on schema ${readModel}; insert, update on everstate.snapshots`,
        hint: expect.stringContaining("docs/deployment/postgres"),
      },
    ])
    expect(found.exitCode).toBe(1)
    await sql("owner", "revoke usage on schema everstate from everstate_service")
    const closed = await doctor()
    expect(closed.of(ON_POSTGRES)[0]?.detail).toContain("usage on schema everstate")
    expect(closed.having("fault")).toContain("schema everstate")
  })
})
