/** What a system refuses to start on, what it makes of damaged rows, and what goes through end to end. */
import { createServer, type Socket } from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { ActorSystem, StartOptions } from "../../../infra/system/ActorSystem.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, freshNamespace, type RealServers, realServers, startSystem } from "./SystemFixture.ts"

let servers: RealServers
beforeAll(async () => {
  servers = await realServers({ maxPayloadBytes: 4 * 1024 * 1024 })
})
afterAll(() => servers.stop())

/** On few shards, each of which costs a start something. */
const start = (options: Partial<StartOptions>) => startSystem(servers, { shardCount: 16, ...options })

const add = (by: number) => ({ type: "Add", by }) as const

/** Things of this process that would keep it alive. */
const openHandles = () =>
  process.getActiveResourcesInfo().filter((name) => /TCP|Timeout|Pipe/.test(name)).length

describe("start", () => {
  it("FAULT 26: refuses a journal that allows rollups", async () => {
    const namespace = freshNamespace()
    await (await start({ namespace })).stop()
    const { config } = await servers.admin(`STREAM.INFO.${namespace}-journal`)
    const changed = await servers.admin(`STREAM.UPDATE.${namespace}-journal`, {
      ...(config as object),
      allow_rollup_hdrs: true,
    })
    expect(changed.error).toBeUndefined()
    await expect(start({ namespace })).rejects.toMatchObject({
      _tag: "JournalRefused",
      reason: "Unsafe",
      detail: expect.stringContaining("allow_rollup_hdrs"),
      hint: expect.stringContaining("nats stream edit"),
    })
  })

  it("refuses another number of shards, and says which one", async () => {
    const namespace = freshNamespace()
    await (await start({ namespace, shardCount: 8 })).stop()
    await expect(start({ namespace, shardCount: 16 })).rejects.toMatchObject({
      _tag: "JournalRefused",
      reason: "Foreign",
      hint: expect.stringContaining("fixed at creation"),
    })
  })

  it.each(["Caps", "a.b", "", "a b", "x".repeat(33)])("refuses the namespace %j", async (namespace) => {
    await expect(start({ namespace })).rejects.toMatchObject({
      _tag: "InvalidStartOption",
      option: "namespace",
    })
  })

  it("refuses two definitions of one name", async () => {
    await expect(start({ actors: [Counter, Counter] })).rejects.toMatchObject({
      _tag: "InvalidDefinition",
    })
  })

  /** A port where nobody listens, and one that accepts and never says a word. */
  const withPort = async <A>(isSilent: boolean, use: (port: number) => Promise<A>): Promise<A> => {
    const accepted: Array<Socket> = []
    const server = createServer((socket) => void accepted.push(socket))
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const port = (server.address() as { port: number }).port
    if (!isSilent) await new Promise((resolve) => server.close(resolve))
    try {
      return await use(port)
    } finally {
      // The NATS client gives up such a connection, and leaves it to the other end to close it.
      for (const socket of accepted) socket.destroy()
      if (isSilent) server.close()
    }
  }

  const unreachable = [
    ["nobody answers for NATS", false, "nats", "NatsUnavailable"],
    ["something silent is there for NATS", true, "nats", "NatsUnavailable"],
    ["nobody answers for Postgres", false, "postgres", "PostgresUnavailable"],
    ["something silent is there for Postgres", true, "postgres", "PostgresUnavailable"],
  ] as const

  it("fails in bounded time and leaves nothing behind where one of the servers cannot be reached", async () => {
    const handlesBefore = openHandles()
    // At once: where something is silent, that is all that they wait for.
    const starts = unreachable.map(([where, isSilent, what, tag]) =>
      withPort(isSilent, async (port) => {
        const options =
          what === "nats"
            ? { nats: `nats://127.0.0.1:${port}` }
            : { postgres: `postgres://x:x@127.0.0.1:${port}/x` }
        const failure = await start({ namespace: freshNamespace(), ...options }).catch((error) => error)
        expect(failure, where).toMatchObject({ _tag: tag })
        expect(failure.message, where).toMatch(/127\.0\.0\.1|connect|answer/i)
      }),
    )
    await Promise.all(starts)
    await eventually(() => openHandles() <= handlesBefore)
  })

  it("of several at once, on nothing, gives each the same journal", async () => {
    await servers.sql("create database nothing")
    const url = new URL(servers.postgresUrl)
    url.pathname = "/nothing"
    const empty = { natsUrl: servers.natsUrl, postgresUrl: url.href }
    const namespace = freshNamespace()
    const systems = await Promise.all([1, 2, 3, 4].map(() => startSystem(empty, { namespace })))
    const answers = await Promise.all(
      systems.map((system) => system.get(Counter, "a").ask(add(1), { commandId: "c" })),
    )
    expect(new Set(answers.map(({ version, sequence }) => `${version} ${sequence}`))).toEqual(
      new Set(["1 1"]),
    )
  })

  it("FAULT 22: refuses a journal that is missing, and makes no new one", async () => {
    const namespace = freshNamespace()
    const system = await start({ namespace })
    await system.get(Counter, "a").ask(add(1))
    await servers.admin(`STREAM.DELETE.${namespace}-journal`)
    await eventually(async () => {
      const outcome = await system
        .get(Counter, "a")
        .ask(add(1))
        .catch((error) => error)
      return outcome._tag === "Unavailable" && /Missing/.test(outcome.detail)
    })
    await expect(start({ namespace })).rejects.toMatchObject({
      _tag: "JournalRefused",
      reason: "Missing",
    })
    expect(await servers.admin(`STREAM.INFO.${namespace}-journal`)).toMatchObject({ error: { code: 404 } })
  })

  it("stop() twice, at once and again, resolves", async () => {
    const system = await start({ namespace: freshNamespace() })
    await system.get(Counter, "a").ask(add(1))
    await Promise.all([system.stop(), system.stop()])
    await system.stop()
    await expect(system.get(Counter, "a").ask(add(1))).rejects.toMatchObject({ _tag: "SystemStopped" })
    await expect(system.get(Counter, "a").history()).rejects.toMatchObject({ _tag: "SystemStopped" })
  })
})

describe("a snapshot row", () => {
  /** Versions 1 to 15 in the journal and in a snapshot; then the row is damaged. */
  const damaged = async (set: string): Promise<{ system: ActorSystem; namespace: string }> => {
    const namespace = freshNamespace()
    const first = await start({ namespace })
    for (let index = 0; index < 15; index++)
      await first.get(Counter, "a").ask(add(1), { commandId: `c-${index}` })
    // So that the journal goes on behind the snapshot.
    for (let index = 0; index < 15; index++) await first.get(Counter, "b").ask(add(1))
    await first.stop()
    const [row] = await servers.sql(
      `update everstate.snapshots set ${set} where namespace = $1 and key = 'counter/a' returning version`,
      [namespace],
    )
    expect(row).toBeDefined()
    return { system: await start({ namespace }), namespace }
  }

  it.each([
    ["FAULT 49: that is corrupt is ignored", "state = left(state, 20)"],
    ["FAULT 49: that is empty is ignored", "state = ''"],
    ["FAULT 49: of another codec is ignored", "codec = 'other'"],
    ["FAULT 49: at a wrong version is ignored", "version = 7"],
    ["FAULT 50: ahead of the journal is discarded", "sequence = 25, version = 25"],
  ])("%s, and the history replayed", async (_, set) => {
    const { system, namespace } = await damaged(set)
    const counter = system.get(Counter, "a")
    expect(await counter.state()).toMatchObject({ version: 15, state: { context: { total: 15 } } })
    expect(await counter.ask(add(1), { commandId: "c-3" })).toMatchObject({ version: 4, duplicate: true })
    await counter.ask({ type: "Many", count: 10 })
    await eventually(async () => {
      const [row] = await servers.sql(
        "select version from everstate.snapshots where namespace = $1 and key = 'counter/a'",
        [namespace],
      )
      return Number(row?.version) === 25
    })
  })
})

describe("end to end", () => {
  it("FAULT 38: ids with dots, spaces, wildcards and Unicode are actors of their own, after a restart too", async () => {
    const namespace = freshNamespace()
    const ids = [
      "a.b",
      "a b",
      "a*b",
      "a>b",
      ">",
      "..",
      "주문-42",
      "😀",
      "a\r\nb",
      "a/b",
      "a%2Eb",
      "x".repeat(256),
    ]
    const first = await start({ namespace })
    for (const [index, id] of ids.entries()) await first.get(Counter, id).ask(add(index))
    await first.stop()
    const second = await start({ namespace })
    for (const [index, id] of ids.entries()) {
      expect(await second.get(Counter, id).state()).toMatchObject({
        version: 1,
        state: { context: { total: index } },
      })
      expect((await second.get(Counter, id).history()).events).toMatchObject([{ id, version: 1 }])
    }
    await expect(second.get(Counter, "").ask(add(1))).rejects.toMatchObject({ _tag: "InvalidActorId" })
  })

  it("FAULT 36: 2 MB go through where the server takes 4, and 5 MB are refused before anything changes", async () => {
    const namespace = freshNamespace()
    const system = await start({ namespace })
    const note = (megabytes: number) => ({ type: "Note" as const, text: "x".repeat(megabytes * 1024 * 1024) })
    const counter = system.get(Counter, "a")
    expect(await counter.ask(note(2))).toMatchObject({ version: 1 })
    await expect(counter.ask(note(5))).rejects.toMatchObject({ _tag: "PayloadTooLarge" })
    await expect(counter.ask({ type: "Echo", length: 5 * 1024 * 1024 })).rejects.toMatchObject({
      _tag: "PayloadTooLarge",
    })
    expect(
      await Promise.all([counter.ask(note(2)), counter.ask(note(2)), counter.ask(note(1))]),
    ).toHaveLength(3)
    await system.stop()
    const again = await start({ namespace })
    expect(await again.get(Counter, "a").state()).toMatchObject({
      version: 4,
      state: { context: { textLength: 1024 * 1024 } },
    })
    expect((await again.get(Counter, "a").history()).events).toHaveLength(4)
  })
})
