/** What `everstate doctor` says of this machine, of clocks and of the schema. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import { offsetFinding } from "../../../infra/bin/DoctorClock.ts"
import { diskFinding } from "../../../infra/bin/DoctorCommand.ts"
import { jetStreamReport } from "../../../infra/bin/DoctorJetStream.ts"
import { membersFindingsOf } from "../../../infra/bin/DoctorMembers.ts"
import { journalFinding } from "../../../infra/bin/DoctorNats.ts"
import { connectionsFinding, schemaFinding } from "../../../infra/bin/DoctorPostgres.ts"
import { roomFinding } from "../../../infra/bin/DoctorRoom.ts"
import { storeFindingsOf } from "../../../infra/bin/DoctorStores.ts"
import { fault, findingsText, ok, sizeText } from "../../../infra/bin/Finding.ts"
import { plain } from "../../../infra/bin/Output.ts"
import type { StreamInfo } from "../../../infra/nats/connection/JetStreamApi.ts"
import type { NatsConnectionService } from "../../../infra/nats/connection/NatsConnection.ts"
import { type MemberRecord, type Reads, THIS_RELEASE_READS } from "../../../runtime/cluster/Member.ts"
import { runDoctor } from "../../fixtures/bin/DoctorVerb.ts"

it("warns of a clock only if the way of the answer cannot explain the offset", () => {
  expect(offsetFinding("clock", 1_400, 1_000).health).toBe("ok")
  expect(offsetFinding("clock", 1_600, 1_000)).toMatchObject({
    health: "warning",
    detail: "ahead by 1600 ms (± 500 ms)",
  })
  expect(offsetFinding("clock", -2_000, 10)).toMatchObject({
    health: "warning",
    detail: "behind by 2000 ms (± 5 ms)",
  })
})

it("tells an older schema from one of a newer release, and one that nobody here may migrate", () => {
  const owner = { mayCreate: true }
  const service = { mayCreate: false }
  expect(schemaFinding("schema", 3, 3, service).health).toBe("ok")
  expect(schemaFinding("schema", 2, 3, owner).health).toBe("warning")
  expect(schemaFinding("schema", undefined, 3, owner).health).toBe("warning")
  expect(schemaFinding("schema", 2, 3, service).health).toBe("fault")
  expect(schemaFinding("schema", undefined, 3, service).health).toBe("fault")
  expect(schemaFinding("schema", 4, 3, owner).health).toBe("fault")
})

it("warns where the next node would find no connection of Postgres", () => {
  expect(connectionsFinding(87, 97).health).toBe("ok")
  expect(connectionsFinding(88, 97)).toMatchObject({ health: "warning", detail: "88 of 97 in use" })
})

it("tells a nearly full room from one that takes no more, and from one without a limit", () => {
  const room = (usedBytes: number, limitBytes: number) =>
    roomFinding("room", { usedBytes, limitBytes, messageBytesMax: 10 }, "no limit", "Make room.").health
  expect([room(80, 100), room(81, 100), room(90, 100), room(91, 100), room(91, -1)]).toEqual([
    "ok",
    "warning",
    "warning",
    "fault",
    "ok",
  ])
})

it("tells the room of each tier of an account", async () => {
  const tier = (storage: number, streams: number) => ({
    storage,
    streams,
    consumers: 0,
    limits: { max_storage: 100, max_streams: 10, max_consumers: -1 },
  })
  const reply = {
    ...tier(0, 0),
    limits: {},
    tiers: { R1: tier(10, 10), R3: { ...tier(85, 1), reserved_storage: 90 } },
  }
  const connection = {
    client: { info: { jetstream: true, max_payload: 5 } },
    requests: { request: () => Effect.succeed({ json: () => reply }) },
  } as unknown as NatsConnectionService
  const { findings } = await Effect.runPromise(jetStreamReport(connection))
  expect(findings.map(({ about, health, detail }) => [about, health, detail])).toEqual([
    ["JetStream R1", "ok", "10 B of 100 B used"],
    ["JetStream R1 streams", "warning", "10 of 10"],
    ["JetStream R3", "warning", "85 B of 100 B used; 90 B reserved by max_bytes of streams"],
  ])
})

const member = (name: string, reads?: Reads): MemberRecord => ({
  v: 1,
  name,
  state: "up",
  version: "",
  labels: [],
  weight: 1,
  types: {},
  ...(reads === undefined ? {} : { reads }),
  runs: [],
  unfit: [],
  startedAt: 1,
})

it("names the nodes of other releases", () => {
  const { commit, deliver } = THIS_RELEASE_READS
  const findings = membersFindingsOf([
    member("same", THIS_RELEASE_READS),
    member("first"),
    member("later", { ...THIS_RELEASE_READS, commit: commit + 1 }),
  ])
  expect(findings.map(({ about, health }) => [about, health])).toEqual([
    ["nodes", "ok"],
    ["node first", "warning"],
    ["node later", "warning"],
  ])
  expect(findings[0]?.detail).toContain("same, first, later; formats that all read: commits 1, deliveries 0")
  expect(findings[2]?.detail).toContain(`commits ${commit + 1}, deliveries ${deliver}`)
  expect(membersFindingsOf([member("same", THIS_RELEASE_READS)])).toHaveLength(1)
})

it("judges the replicas of a stream in a cluster alone", () => {
  const info = (cluster: StreamInfo["cluster"], num_replicas = 3) =>
    ({
      config: { num_replicas },
      created: "",
      state: { last_seq: 0, first_seq: 0, messages: 0 },
      cluster,
    }) as StreamInfo
  const healths = (stream: StreamInfo, isClustered = true) =>
    storeFindingsOf("stream", stream, undefined, { isClustered, messageBytesMax: 1 }).map(
      ({ health, detail }) => `${health}: ${detail}`,
    )
  const replica = { name: "n2", current: true, offline: false }
  expect(healths(info(undefined, 1), false)).toEqual(["ok: 0 messages, 0 B, 1 replica"])
  expect(healths(info({ leader: "n1", replicas: [replica] }))).toEqual(["ok: 0 messages, 0 B, 3 replicas"])
  expect(healths(info({ leader: "n1" }, 1))).toEqual([
    "warning: it has one replica: a lost server takes it along",
  ])
  expect(healths(info({ replicas: [replica] }))).toEqual(["fault: it has no leader, so it takes no writes"])
  expect(healths(info({ leader: "n1", replicas: [{ ...replica, offline: true }] }))).toEqual([
    "warning: a replica is offline: n2",
  ])
  expect(healths(info({ leader: "n1", replicas: [{ ...replica, current: false }] }))).toEqual([
    "warning: a replica is behind: n2",
  ])
  const away = { ...replica, offline: true }
  expect(healths(info({ leader: "n1", replicas: [away, { ...away, name: "n3" }] }))).toEqual([
    "fault: 2 of 3 replicas are offline (n2, n3), so it takes no writes",
  ])
})

it("tells a journal that Postgres knows from one that nobody knows", () => {
  const journal = { namespace: "shop", shards: 8, streams: [{ streamId: "a", lastSequence: 0 }] }
  expect(journalFinding("shop", journal, undefined).health).toBe("ok")
  expect(journalFinding("shop", journal, journal).health).toBe("ok")
  expect(journalFinding("shop", undefined, undefined).health).toBe("warning")
  expect(journalFinding("shop", undefined, journal).health).toBe("fault")
  expect(journalFinding("shop", journal, { ...journal, shards: 16 })).toMatchObject({
    health: "fault",
    detail: "16 shards are registered, this system has 8",
  })
})

it("warns of a disk that is nearly full, in bytes or as a share", () => {
  const bsize = 4_096
  const gib = 1024 ** 3 / bsize
  expect(diskFinding(".", { bavail: 50 * gib, blocks: 100 * gib, bsize }).health).toBe("ok")
  expect(diskFinding(".", { bavail: gib / 2, blocks: gib, bsize }).health).toBe("warning")
  expect(diskFinding(".", { bavail: 4 * gib, blocks: 100 * gib, bsize }).health).toBe("warning")
})

it("shows what to do for everything that is not well", () => {
  const text = findingsText([ok("one", "fine"), fault("two", "broken", "Mend it.")], plain)
  expect(text.split("\n").slice(1)).toEqual([
    "ok     one      fine",
    "fault  two      broken",
    "",
    "what to do",
    "two: Mend it.",
  ])
})

it("says once what to do about several things", () => {
  const text = findingsText([fault("one", "broken", "Mend it."), fault("one", "worn", "Mend it.")], plain)
  expect(text.split("\n").slice(-2)).toEqual(["what to do", "one: Mend it."])
  const others = findingsText([fault("one", "broken", "Mend it."), fault("two", "worn", "Mend it.")], plain)
  expect(others.split("\n").at(-1)).toBe("one, two: Mend it.")
  const many = ["one", "two", "three", "four", "five"].map((about) => fault(about, "worn", "Mend it."))
  expect(findingsText(many, plain).split("\n").at(-1)).toBe("one, two, three, 2 more: Mend it.")
})

it("writes sizes for people", () => {
  expect([0, 1_023, 1_536, 5 * 1024 ** 3].map(sizeText)).toEqual(["0 B", "1023 B", "1.5 KiB", "5.0 GiB"])
})

it("finds a gateway that is not there, and warns where no server is named", async () => {
  const gone = await runDoctor("--url", "http://127.0.0.1:1")
  expect(gone.having("fault")).toEqual(["gateway"])
  expect(gone.of("gateway")[0]?.hint).toContain("--url")
  expect(gone.exitCode).toBe(1)
  const nothing = await runDoctor()
  expect(nothing.of("servers")).toMatchObject([
    { health: "warning", hint: expect.stringContaining("--nats") },
  ])
  expect(nothing.exitCode).toBe(0)
})

it("finds servers that are not there, and ends with 1", async () => {
  const found = await runDoctor("--nats", "nats://127.0.0.1:1", "--postgres", "postgres://127.0.0.1:1/x")
  expect(found.exitCode).toBe(1)
  expect(found.having("fault")).toEqual(["NATS", "Postgres"])
  for (const { health, hint } of found.findings) if (health === "fault") expect(hint).not.toBe("")
})

it("shows no password of servers that are not there, escaped or not", async () => {
  for (const address of ["NATS://ann:secret@127.0.0.1:1", "nats://ann:se/cret@127.0.0.1:1"]) {
    const [found] = (await runDoctor("--nats", address)).of("NATS")
    expect(found?.detail).toContain("127.0.0.1:1")
    expect(found?.detail).not.toMatch(/ann|cret/)
  }
})
