/** What `everstate doctor` finds on NATS servers with something wrong. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect } from "@nats-io/transport-node"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import type { EmbeddedServers } from "../../../infra/embedded.ts"
import { journalStreamConfig } from "../../../infra/nats/journal/JournalSettings.ts"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { runDoctor } from "../../fixtures/bin/DoctorVerb.ts"
import { runVerb } from "../../fixtures/bin/RunVerb.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { startNatsOfConf } from "../../fixtures/nats/NatsOfConf.ts"
import { startNewServers } from "../../fixtures/postgres/NewDatabase.ts"
import { admin, edit, freshServer, run } from "../nats/NatsFixture.ts"

const folder = mkdtempSync(join(tmpdir(), "everstate-doctor-"))
const SHARD_COUNT = 8
let servers: EmbeddedServers

beforeAll(async () => {
  servers = await startNewServers({ folder })
  await ActorSystem.prepare({
    nats: servers.natsUrl,
    postgres: servers.postgresUrl,
    actors: [Counter],
    shardCount: SHARD_COUNT,
  })
})

afterAll(async () => {
  await servers.stop()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

const place = () => ({ url: servers.natsUrl })
const doctor = () => runDoctor("--nats", servers.natsUrl, "--postgres", servers.postgresUrl)
const call = (api: string, body: unknown = {}) => Effect.runPromise(admin(place(), api, body))

const configOf = async (stream: string): Promise<Record<string, unknown>> =>
  (await call(`STREAM.INFO.${stream}`))["config"] as Record<string, unknown>

/** Runs with a changed setting, and sets it back. */
const withSetting = async <A>(stream: string, change: Record<string, unknown>, body: () => Promise<A>) => {
  const before = await configOf(stream)
  const changed = await Effect.runPromise(edit(place(), stream, change))
  expect(changed.error).toBeUndefined()
  try {
    return await body()
  } finally {
    await call(`STREAM.UPDATE.${stream}`, before)
  }
}

describe("a prepared system", () => {
  it("has no fault, and what could not be looked at is said", async () => {
    const found = await doctor()
    expect(found.having("fault")).toEqual([])
    expect(found.exitCode).toBe(0)
    expect(found.having("unchecked")).toEqual(["disk of Postgres"])
    expect(found.having("ok")).toEqual(
      expect.arrayContaining([
        "JetStream",
        "rights on NATS",
        "journal",
        "stream everstate-journal",
        "stream everstate-messages",
        "stream everstate-timers",
        "stream everstate-events",
        "stream everstate-deadletters",
        "bucket KV_everstate-checkpoints",
        "bucket KV_everstate-cluster",
        "nodes",
        "clock of NATS",
        "rights on Postgres",
        "clock of Postgres",
      ]),
    )
  })

  it("is told from a namespace that has none", async () => {
    const found = await runDoctor("--nats", servers.natsUrl, "--namespace", "other")
    expect(found.of("journal")).toMatchObject([
      { health: "warning", hint: expect.stringContaining("--namespace") },
    ])
    expect(found.exitCode).toBe(0)
    const malformed = await runDoctor("--nats", servers.natsUrl, "--namespace", "Not.One")
    expect(malformed.having("fault")).toEqual(["namespace"])
  })

  it("is not changed by doctor", async () => {
    const states = async () => {
      const { streams } = (await call("STREAM.LIST")) as unknown as {
        streams: ReadonlyArray<{ config: object; state: object }>
      }
      return streams.map(({ config, state }) => ({ config, state }))
    }
    const before = await states()
    await doctor()
    expect(await states()).toEqual(before)
  })
})

describe("a setting that nodes refuse is a fault", () => {
  it.each([
    ["stream everstate-journal", { max_age: 86_400_000_000_000 }, "could lose commits: max_age"],
    ["stream everstate-journal", { allow_direct: false }, "allow_direct=false, want true"],
    [
      "stream everstate-messages",
      { discard_new_per_subject: false },
      "discard_new_per_subject=null, want true",
    ],
    ["stream everstate-timers", { max_bytes: 1_000_000 }, "max_bytes=1000000, want -1"],
    ["stream everstate-events", { subjects: ["elsewhere.>"] }, 'subjects=["elsewhere.>"]'],
    ["stream everstate-deadletters", { max_age: 86_400_000_000_000 }, "max_age=86400000000000"],
    ["bucket KV_everstate-checkpoints", { max_msgs_per_subject: 5 }, "max_msgs_per_subject=5, want 1"],
    ["bucket KV_everstate-checkpoints", { metadata: { "everstate.journal": "x" } }, "belongs to journal x"],
    ["bucket KV_everstate-cluster", { allow_direct: false }, "allow_direct=null, want true"],
  ])("%s with %j", async (about, change, words) => {
    const found = await withSetting(about.split(" ")[1] ?? "", change, doctor)
    expect(found.having("fault")).toEqual([about])
    expect(found.of(about)[0]).toMatchObject({ detail: expect.stringContaining(words) })
    expect(found.of(about)[0]?.hint).not.toBe("")
    expect(found.exitCode).toBe(1)
  })
})

it("a journal of another number of shards is a fault, against Postgres and against the mailbox", async () => {
  const { metadata } = await configOf("everstate-journal")
  const other = { metadata: { ...(metadata as object), "everstate.shards": "9" } }
  const found = await withSetting("everstate-journal", other, doctor)
  expect(found.having("fault")).toEqual(["journal", "stream everstate-messages", "stream everstate-timers"])
  expect(found.of("journal")[0]).toMatchObject({ detail: "8 shards are registered, this system has 9" })
})

describe("a setting that nodes put up with is a warning", () => {
  it.each([
    ["stream everstate-journal", { max_msg_size: 1_000 }, "max_msg_size=1000, want -1"],
    ["stream everstate-journal", { allow_atomic: false }, "allow_atomic=null, want true"],
    ["stream everstate-messages", { duplicate_window: 1_000_000_000 }, "duplicate_window=1000000000, want"],
    ["stream everstate-events", { discard: "new" }, 'discard="new", want "old"'],
    ["bucket KV_everstate-checkpoints", { metadata: {} }, "does not say which journal"],
    ["bucket KV_everstate-cluster", { max_age: 3_600_000_000_000 }, "max_age=3600000000000, want"],
  ])("%s with %j", async (about, change, words) => {
    const found = await withSetting(about.split(" ")[1] ?? "", change, doctor)
    expect(found.of(about)).toMatchObject([
      {
        health: "warning",
        detail: expect.stringContaining(words),
        hint: expect.stringContaining("nats stream edit"),
      },
    ])
    expect(found.exitCode).toBe(0)
  })

  it("while what an operator may choose is none", async () => {
    const change = { max_age: 86_400_000_000_000, duplicate_window: 60_000_000_000 }
    const found = await withSetting("everstate-events", change, doctor)
    expect(found.of("stream everstate-events")).toMatchObject([{ health: "ok" }])
  })
})

it("a stream at its limit is a fault, and one that is near it a warning", async () => {
  const about = "stream everstate-messages"
  const full = await withSetting("everstate-messages", { max_bytes: 1_000 }, doctor)
  expect(full.of(about)).toMatchObject([
    {
      health: "fault",
      detail: expect.stringContaining("does not fit"),
      hint: expect.stringContaining("max_bytes"),
    },
  ])
  const roomy = await withSetting("everstate-messages", { max_bytes: 100_000_000 }, doctor)
  expect(roomy.of(about)).toMatchObject([{ health: "ok" }])
})

it("a missing stream is a fault, and so is one in memory", async () => {
  const about = "stream everstate-events"
  const { metadata: _, ...config } = await configOf("everstate-events")
  await call("STREAM.DELETE.everstate-events")
  const missing = await doctor()
  expect(missing.of(about)).toMatchObject([{ health: "fault", hint: expect.stringContaining("Prepare") }])
  await call("STREAM.CREATE.everstate-events", { ...config, storage: "memory" })
  const inMemory = await doctor()
  expect(inMemory.of(about)).toMatchObject([
    { health: "fault", detail: expect.stringContaining('storage="memory", want "file"') },
  ])
  await call("STREAM.DELETE.everstate-events")
  await call("STREAM.CREATE.everstate-events", config)
  expect((await doctor()).having("fault")).toEqual([])
})

it("the mailbox of the first release is mentioned as long as it is there", async () => {
  const metadata = { "everstate.namespace": "everstate", "everstate.mailbox": "1" }
  await call("STREAM.CREATE.everstate-mailbox", {
    name: "everstate-mailbox",
    subjects: ["everstate.mbx.>"],
    storage: "file",
    metadata,
  })
  const found = await doctor()
  expect(found.of("stream everstate-mailbox")).toMatchObject([{ health: "warning" }])
  await call("STREAM.DELETE.everstate-mailbox")
})

it("a journal that is not the registered one is a fault, also one that is gone", async () => {
  const options = { namespace: "everstate", shards: SHARD_COUNT }
  await call("STREAM.DELETE.everstate-journal")
  const gone = await doctor()
  expect(gone.of("journal")).toMatchObject([
    { health: "fault", detail: expect.stringContaining("Postgres has one registered") },
  ])
  expect(gone.of("stream everstate-journal")).toMatchObject([
    { health: "fault", hint: expect.stringContaining("backup") },
  ])
  await call("STREAM.CREATE.everstate-journal", journalStreamConfig(options, 1))
  const replaced = await doctor()
  expect(replaced.of("stream everstate-journal")).toMatchObject([
    { health: "fault", detail: expect.stringContaining("the registered one is") },
  ])
  // The mailbox and the checkpoints still belong to the former one.
  expect(replaced.having("fault")).toContain("stream everstate-messages")
  expect(replaced.having("fault")).toContain("bucket KV_everstate-checkpoints")
  expect(replaced.exitCode).toBe(1)
})

describe("JetStream", () => {
  it("that is off is a fault, and nothing else is looked at", async () => {
    const own = mkdtempSync(join(tmpdir(), "everstate-off-"))
    const { server, url } = await startNatsOfConf(own, "")
    onTestFinished(async () => {
      await server.stop()
      rmSync(own, { recursive: true, force: true, maxRetries: 10 })
    })
    const found = await runDoctor("--nats", url)
    expect(found.having("fault")).toEqual(["JetStream"])
    expect(found.of("JetStream")).toMatchObject([
      { detail: "it is off at this server", hint: expect.stringContaining("nats.conf") },
    ])
    expect(found.exitCode).toBe(1)
    const shown = await runVerb("doctor", "--nats", url)
    expect(shown.stdout).toMatch(/^fault +JetStream +it is off at this server$/m)
    expect(shown.stdout).toMatch(/^JetStream: Turn it on/m)
    expect(shown).toMatchObject({ stderr: "1 fault.", exitCode: 1 })
  })

  it("that an account does not have is a fault", () =>
    run(
      Effect.gen(function* () {
        const users = [{ user: "u", password: "p" }]
        const server = yield* freshServer({ extraConfig: { accounts: { A: { users } } } })
        const url = server.url.replace("://", "://u:p@")
        const found = yield* Effect.promise(() => runDoctor("--nats", url))
        expect(found.of("JetStream")).toMatchObject([
          { health: "fault", hint: expect.stringContaining("account") },
        ])
      }),
    ))

  it("that is nearly full is a warning, and one that takes no more a fault", () =>
    run(
      Effect.gen(function* () {
        const limit = 10 * 1024 * 1024
        const jetstream = { max_file: limit, max_streams: 1 }
        const users = [{ user: "u", password: "p" }]
        const server = yield* freshServer({
          maxPayloadBytes: 1024 * 1024,
          extraConfig: { accounts: { A: { jetstream, users } } },
        })
        const url = server.url.replace("://", "://u:p@")
        yield* admin({ url }, "STREAM.CREATE.filler", { name: "filler", subjects: ["fill"], storage: "file" })
        const fillTo = async (share: number) => {
          const client = await connect({ servers: server.url, user: "u", pass: "p" })
          const data = new Uint8Array(100_000)
          for (let used = 0; used < share * limit; ) {
            const info = await client.request("$JS.API.INFO")
            used = info.json<{ storage: number }>().storage
            if (used < share * limit) await client.request("fill", data)
          }
          await client.close()
        }
        const look = () => runDoctor("--nats", url)
        expect((yield* Effect.promise(look)).of("JetStream")).toMatchObject([{ health: "ok" }])
        yield* Effect.promise(() => fillTo(0.85))
        const near = yield* Effect.promise(look)
        expect(near.of("JetStream")).toMatchObject([
          { health: "warning", detail: expect.stringMatching(/^8\.\d MiB of 10\.0 MiB used$/) },
        ])
        expect(near.of("JetStream streams")).toMatchObject([{ health: "warning", detail: "1 of 1" }])
        yield* Effect.promise(() => fillTo(0.95))
        const full = yield* Effect.promise(look)
        expect(full.of("JetStream")).toMatchObject([
          { health: "fault", hint: expect.stringContaining("nothing is stored") },
        ])
        expect(full.having("ok")).toContain("rights on NATS")
        expect(full.exitCode).toBe(1)
      }),
    ))
})
