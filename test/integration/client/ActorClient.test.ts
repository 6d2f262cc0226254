/** Clients on real servers: they host nothing, and ask whatever nodes there are. */
import { Context, Effect, Layer } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { setup } from "xstate"
import { ActorClient, type ConnectOptions, layerClient } from "../../../infra/system/ActorClient.ts"
import type { SystemLogLine } from "../../../infra/telemetry/SystemLog.ts"
import { ActorClient as EffectActorClient } from "../../../runtime/client/ActorClient.ts"
import { defineActor } from "../../../runtime/index.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { Race } from "../../fixtures/memory/Race.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "../system/SystemFixture.ts"

const servers = serversOfFile()

const connect = async (namespace: string, options: Partial<ConnectOptions> = {}): Promise<ActorClient> => {
  const client = await ActorClient.connect({
    nats: servers().natsUrl,
    namespace,
    actors: [Counter],
    ...options,
  })
  onTestFinished(() => client.close())
  return client
}

const node = (namespace: string, name: string, options = {}) =>
  startSystem(servers(), { namespace, node: { name }, leaseMs: 3_000, ...options })

const add = { type: "Add", by: 1 } as const

describe("a client of two nodes", () => {
  it("asks, tells, reads, schedules, and looks into the past", async () => {
    const namespace = freshNamespace()
    const [one, two] = [await node(namespace, "one"), await node(namespace, "two")]
    await eventually(async () => (await one.cluster.status()).members.every(({ slotCount }) => slotCount > 0))
    const client = await connect(namespace)
    for (let index = 0; index < 20; index++) {
      const counter = client.get(Counter, `c${index}`)
      const first = await counter.ask(add, { commandId: `add-${index}` })
      expect(first).toMatchObject({ version: 1, duplicate: false })
      expect(await counter.ask(add, { commandId: `add-${index}` })).toMatchObject({
        version: 1,
        duplicate: true,
      })
      const owned = index % 2 === 0 ? one : two
      expect(await owned.get(Counter, `c${index}`).ask(add)).toMatchObject({ version: 2 })
      expect(await counter.state()).toMatchObject({ version: 2 })
      await expect(counter.ask(add, { ifVersion: 9 })).rejects.toMatchObject({
        _tag: "VersionConflict",
        found: 2,
      })
    }
    const counter = client.get(Counter, "c0")
    expect((await counter.history()).events.map(({ version }) => version)).toEqual([1, 2])
    expect(await counter.stateAt({ version: 1 })).toMatchObject({ version: 1 })
    const { commandId } = await counter.tell(add)
    await eventually(async () => (await counter.state()).version === 3)
    expect((await counter.history({ after: 2 })).events).toMatchObject([{ commandId }])
    await counter.schedule("more", add, { at: new Date(Date.now() + 60_000) })
    await counter.unschedule("more")
    await expect(counter.unschedule("more")).rejects.toMatchObject({
      _tag: "CommandRejected",
      reason: "NotSet",
    })
    const members = (await one.cluster.status()).members.map(({ name }) => name)
    expect(members.sort()).toEqual(["one", "two"])
    expect(await client.status()).toMatchObject({ inFlightCount: 0 })
  })

  it("follows actors without a gap while one of them stops and another one comes", async () => {
    const namespace = freshNamespace()
    const [one, two] = [await node(namespace, "one"), await node(namespace, "two")]
    await eventually(async () => (await one.cluster.status()).members.every(({ slotCount }) => slotCount > 0))
    const [client, other] = [await connect(namespace), await connect(namespace)]
    const ids = Array.from({ length: 16 }, (_, index) => `c${index}`)
    const count = 100
    const watches = ids.map((id) => client.get(Counter, id).watch())
    for (const watch of watches) expect((await watch.next()).value).toMatchObject({ version: 0, events: [] })
    const watched = watches.map(async (watch) => {
      const seen: Array<readonly [version: number, total: number, skipped: number]> = []
      for await (const { version, state, skipped } of watch) {
        seen.push([version, state.context.total, skipped])
        if (version === count) break
      }
      return seen
    })
    const versions = ids.map(async (id) => {
      const seen: Array<number> = []
      for await (const { version } of client.get(Counter, id).events()) {
        seen.push(version)
        if (version === count) break
      }
      return seen
    })
    const asking = ids.map(async (id) => {
      for (let index = 0; index < count; index++)
        await other.get(Counter, id).ask(add, { deadlineMs: 30_000 })
    })
    await eventually(async () => (await other.get(Counter, "c0").state()).version > 10)
    await two.stop()
    await node(namespace, "three")
    await Promise.all(asking)
    for (const seen of await Promise.all(watched)) {
      expect(seen).toEqual(Array.from({ length: count }, (_, index) => [index + 1, index + 1, 0]))
    }
    for (const seen of await Promise.all(versions)) {
      expect(seen).toEqual(Array.from({ length: count }, (_, index) => index + 1))
    }
  })

  it("waits for results, also of actors that move meanwhile", async () => {
    const namespace = freshNamespace()
    const actors = [Counter, Race]
    const [one, two] = [await node(namespace, "one", { actors }), await node(namespace, "two", { actors })]
    await eventually(async () => (await one.cluster.status()).members.every(({ slotCount }) => slotCount > 0))
    const client = await connect(namespace, { actors })
    const races = Array.from({ length: 8 }, (_, index) => client.get(Race, `r${index}`))
    const results = races.map((race) => race.result({ deadlineMs: 60_000 }))
    await Promise.all(races.map((race) => race.ask({ type: "Lap" })))
    await two.stop()
    await Promise.all(races.map((race) => race.ask({ type: "Finish" })))
    expect(await Promise.all(results)).toEqual(Array.from(races, () => ({ laps: 1 })))
    expect(await client.get(Race, "r0").result()).toEqual({ laps: 1 })
    const endless = client.get(Race, "endless")
    await expect(endless.result({ deadlineMs: 50 })).rejects.toMatchObject({ _tag: "ResultTimeout" })
    await endless.ask({ type: "Fetch" })
    await expect(endless.result()).rejects.toMatchObject({ _tag: "ActorFailed" })
    const abort = new AbortController()
    const given = client.get(Race, "given-up").result({ signal: abort.signal })
    abort.abort(new Error("no more interest"))
    await expect(given).rejects.toThrow("no more interest")
  })

  it("tries commands out without storing them", async () => {
    const namespace = freshNamespace()
    const actors = [Desk, Clerk, Counter]
    await node(namespace, "one", { actors })
    const client = await connect(namespace, { actors })
    const counter = client.get(Counter, "c")
    for (const by of [1, 2]) await counter.ask({ type: "Add", by })
    const run = await counter.dryRun({ type: "Add", by: 5 })
    expect(run).toMatchObject({ outcome: "stored", fromVersion: 2, version: 3, reply: { total: 8 } })
    const past = await counter.dryRun({ type: "Add", by: 5 }, { at: { version: 1 } })
    expect(past).toMatchObject({ outcome: "stored", fromVersion: 1, version: 2, reply: { total: 6 } })
    expect(await client.get(Clerk, "k").dryRun({ type: "Stamp", sheet: "blank" })).toMatchObject({
      outcome: "refused",
      error: { _tag: "CommandRejected", reason: "Blank" },
    })
    expect(await client.get(Desk, "d").dryRun({ type: "Open", sheet: "s" })).toMatchObject({
      outcome: "stored",
      isBirth: true,
      sends: [{ kind: "publish" }, { kind: "setTimer" }],
    })
    await expect(counter.dryRun(add, { at: { version: -1 } })).rejects.toMatchObject({
      _tag: "InvalidMoment",
    })
    expect(await counter.state()).toMatchObject({ version: 2 })
    expect(await client.get(Desk, "d").state()).toMatchObject({ isBorn: false })
  })

  it("says what an actor waits for", async () => {
    const namespace = freshNamespace()
    const actors = [Desk, Clerk, Counter]
    await node(namespace, "one", { actors })
    const client = await connect(namespace, { actors })
    const desk = client.get(Desk, "d")
    expect(await desk.pending()).toMatchObject({ version: 0, timers: [], calls: [], requests: [] })
    const { sequence } = await desk.ask({ type: "Open", sheet: "s" })
    expect(await desk.pending()).toMatchObject({
      version: 1,
      sequence,
      timers: [{ at: expect.any(Number), event: { type: expect.stringContaining("after") } }],
    })
  })

  it("sees no ask fail while one of them stops and another one comes", async () => {
    const namespace = freshNamespace()
    const [one, two] = [await node(namespace, "one"), await node(namespace, "two")]
    await eventually(async () => (await one.cluster.status()).members.every(({ slotCount }) => slotCount > 0))
    const client = await connect(namespace)
    let isOver = false
    let answeredCount = 0
    const asking = Promise.all(
      Array.from({ length: 16 }, async (_, index) => {
        while (!isOver) {
          await client.get(Counter, `c${index}`).ask(add)
          answeredCount++
        }
      }),
    )
    await eventually(() => answeredCount > 200)
    await two.stop()
    await node(namespace, "three")
    await eventually(async () => (await one.cluster.status()).members.every(({ slotCount }) => slotCount > 0))
    const before = answeredCount
    await eventually(() => answeredCount > before + 200)
    isOver = true
    await asking
    const versions = await Promise.all(
      Array.from(
        { length: 16 },
        async (_, index) => (await client.get(Counter, `c${index}`).state()).version,
      ),
    )
    expect(versions.reduce((sum, version) => sum + version, 0)).toBe(answeredCount)
  })

  it("goes to the nodes with the label where an actor type asks for one", async () => {
    const Fast = defineActor({
      type: "fast",
      nodeLabel: "ssd",
      machine: setup({ types: { events: {} as { type: "Go" } } }).createMachine({
        initial: "idle",
        states: { idle: { on: { Go: "gone" } }, gone: {} },
      }),
    })
    const namespace = freshNamespace()
    const actors = [Counter, Fast]
    await node(namespace, "plain", { actors })
    const labelled = await node(namespace, "quick", { actors, node: { name: "quick", labels: ["ssd"] } })
    const client = await connect(namespace, { actors })
    await client.get(Fast, "f-1").ask({ type: "Go" })
    await client.get(Counter, "c-1").ask(add)
    const quick = (await labelled.cluster.status()).members.find(({ name }) => name === "quick")
    expect(quick?.load?.residentByType).toMatchObject({ fast: 1 })
  })
})

describe("a client without nodes", () => {
  it("says that no node has the shard, at the deadline", async () => {
    const namespace = freshNamespace()
    const system = await node(namespace, "one")
    await system.get(Counter, "c").ask(add)
    const client = await connect(namespace, { askDeadlineMs: 400 })
    await system.stop()
    const refusal = () =>
      client
        .get(Counter, "c")
        .ask(add)
        .then(String, (error: unknown) => error)
    // Until nats-server has seen the node's connection end, a request to that node has no answer.
    await eventually(async () => !/Unknown/.test(JSON.stringify(await refusal())))
    expect(await refusal()).toMatchObject({
      _tag: "Unavailable",
      stored: "No",
      detail: "no node has its shard",
      hint: expect.stringContaining("commandId"),
    })
    await expect(client.get(Counter, "c").state()).rejects.toMatchObject({ _tag: "Unavailable" })
    // A message waits for whoever comes.
    await client.get(Counter, "c").tell(add)
    const again = await node(namespace, "one")
    await eventually(async () => (await again.get(Counter, "c").state()).version === 2)
    expect(await client.get(Counter, "c").ask(add)).toMatchObject({ version: 3 })
  })

  it("is refused where there is no journal, and makes none", async () => {
    const namespace = freshNamespace()
    await expect(connect(namespace)).rejects.toMatchObject({
      _tag: "JournalRefused",
      reason: "Missing",
      hint: expect.stringContaining("Start a node"),
    })
    expect(await servers().admin(`STREAM.INFO.${namespace}-journal`)).toHaveProperty("error")
    expect(await servers().admin(`STREAM.INFO.${namespace}-messages`)).toHaveProperty("error")
    await expect(connect("No such name")).rejects.toMatchObject({
      _tag: "InvalidStartOption",
      option: "namespace",
    })
  })

  it("says so where NATS is not there", async () => {
    await expect(connect("any", { nats: "nats://127.0.0.1:1" })).rejects.toMatchObject({
      _tag: "NatsUnavailable",
    })
  })
})

it("logs what its promises find out to its own logger", async () => {
  const namespace = freshNamespace()
  const system = await node(namespace, "one")
  const lines: Array<SystemLogLine> = []
  const client = await connect(namespace, { logger: (line) => void lines.push(line) })
  await client.check()
  await system.stop()
  await servers().admin(`STREAM.DELETE.${namespace}-journal`)
  await expect(client.check()).rejects.toMatchObject({ _tag: "JournalRefused", reason: "Missing" })
  expect(lines).toContainEqual(
    expect.objectContaining({ level: "Error", message: expect.stringContaining("Missing") }),
  )
})

describe("a client that is closed", () => {
  it("answers what is under way, and takes nothing new", async () => {
    const namespace = freshNamespace()
    const system = await node(namespace, "one")
    const client = await connect(namespace)
    const asked = Array.from({ length: 50 }, (_, index) => client.get(Counter, `c${index}`).ask(add))
    const closed = client.close()
    await expect(client.get(Counter, "c").ask(add)).rejects.toMatchObject({ _tag: "SystemStopped" })
    await expect(client.get(Counter, "c").tell(add)).rejects.toMatchObject({ _tag: "SystemStopped" })
    for (const answer of await Promise.all(asked)) expect(answer.version).toBe(1)
    await closed
    await client.close()
    expect((await system.cluster.status()).members).toHaveLength(1)
  })

  it("tells those who still wait that it is not known what came of it", async () => {
    const namespace = freshNamespace()
    const system = await node(namespace, "one")
    const client = await connect(namespace, { drainMs: 100 })
    await system.stop()
    const waiting = expect(client.get(Counter, "c").ask(add)).rejects.toMatchObject({
      _tag: "Unavailable",
      stored: "Unknown",
    })
    await client.close()
    await waiting
  })

  it("is a layer for Effect programs, closed with its scope", async () => {
    const namespace = freshNamespace()
    await node(namespace, "one", { journal: { streams: 2 } })
    const program = Effect.gen(function* () {
      const context = yield* Layer.build(
        layerClient({ nats: servers().natsUrl, namespace, actors: [Counter] }),
      )
      const client = Context.get(context, EffectActorClient)
      yield* client.check
      return yield* client.get(Counter, "c").ask(add)
    })
    expect(await Effect.runPromise(Effect.scoped(program))).toMatchObject({ version: 1 })
  })
})
