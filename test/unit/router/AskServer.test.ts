/** What is no request of a node: it hurts nobody, least of all the actor that it names. */
import { Context, Effect, Layer } from "effect"
import { describe, expect, it } from "vitest"
import { AskMeter } from "../../../infra/metrics/AskMeter.ts"
import { addressOf, shardOf } from "../../../runtime/address/ActorAddress.ts"
import { ActorClient } from "../../../runtime/client/ActorClient.ts"
import { Transport } from "../../../runtime/transport/Transport.ts"
import { ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const add = { type: "Add", by: 1 } as const
const message = { v: 1, k: "command", id: "x", c: add }

/** A node, and a way to put anything on the subject of the shard of actor `c`. */
const nodeAndWire = async () => {
  const cluster = await Effect.runPromise(ClusterMemory.make)
  const handled: Array<unknown> = []
  const { serve } = cluster.transport
  const watched = Object.assign(Object.create(Object.getPrototypeOf(cluster)) as ClusterMemory, cluster, {
    transport: {
      ...cluster.transport,
      serve: (subject: string, handle: Parameters<typeof serve>[1]) =>
        serve(subject, (request, reply) => {
          try {
            handle(request, reply)
          } catch (cause) {
            handled.push(cause)
          }
        }),
    },
  })
  const { system, journal } = await startMemory({ cluster: watched, journal: new JournalScripted() })
  const { key } = addressOf("counter", "c", SHARD_COUNT)
  const put = (request: unknown, shard = shardOf(key, SHARD_COUNT)): Promise<unknown> =>
    new Promise((resolve) => {
      cluster.transport.send(`ask.${shard}`, encoder.encode(JSON.stringify(request)), 100, {
        onReply: (data) => resolve(JSON.parse(decoder.decode(data))),
        onFailure: ({ reason }) => resolve(reason),
      })
    })
  return { system, journal, put, key, thrown: handled }
}

describe("a request that no node would send", () => {
  it("is not answered, and nothing is thrown at the transport, whatever it holds", async () => {
    const { system, put, key, thrown } = await nodeAndWire()
    const requests = [
      null,
      [],
      7,
      { k: "ping" },
      { k: "ask" },
      { k: "read", to: "counter/%", ms: 100 },
      { k: "read", to: "counter/%E0%A4%A", ms: 100 },
      { k: "read", to: "counter", ms: 100 },
      { k: "read", to: key },
      { k: "read", to: key, ms: "soon" },
      { k: "ask", to: key, ms: 100, c: add },
      { k: "ask", to: key, ms: 100, c: add, id: 7 },
      { k: "ask", to: key, ms: 100, c: add, id: { a: 1 } },
      { k: "ask", to: key, ms: 100, c: add, id: "x", ifVersion: "1" },
      { k: "ask", to: key, ms: 100, c: add, id: "x", m: 5 },
      { k: "ask", to: key, ms: 100, c: null, id: "x" },
      { k: "ask", to: key, ms: 100, id: "x" },
      { k: "watch", to: key, ms: 100 },
      { k: "watch", to: key, ms: "soon", what: "changes", at: 0 },
      { k: "watch", to: key, ms: 100, what: "everything", at: 0 },
      { k: "watch", to: key, ms: 100, what: "changes", at: -2 },
      { k: "watch", to: key, ms: 100, what: "changes", at: 0.5 },
      { k: "watch", to: key, ms: 100, what: "changes", at: "0" },
      { k: "watch", to: key, ms: 100, what: "events", at: 0, after: -1 },
      { k: "watch", to: "counter/%", ms: 100, what: "events", at: 0 },
      { k: "deliver", to: key, ms: 100 },
      { k: "deliver", to: key, ms: 100, msg: null },
      { k: "deliver", to: key, ms: "soon", msg: message },
      { k: "deliver", to: "counter/%", ms: 100, msg: message },
      { k: "deliver", to: key, ms: 100, msg: { ...message, v: 99 } },
      { k: "deliver", to: key, ms: 100, msg: { ...message, v: undefined } },
      { k: "deliver", to: key, ms: 100, msg: { ...message, id: "" } },
      { k: "deliver", to: key, ms: 100, msg: { ...message, c: null } },
      { k: "deliver", to: key, ms: 100, msg: { ...message, from: "nosuch/%zz", n: "n" } },
      { k: "deliver", to: key, ms: 100, msg: { v: 1, k: "answer", id: "x", n: "n", a: { ok: "perhaps" } } },
      { k: "deliver", to: key, ms: 100, msg: { v: 1, k: "timer", id: "x", n: "n", g: "1.0", at: 0 } },
      { k: "deliver", to: key, ms: 100, msg: { v: 1, k: "call", id: "x", n: "n", g: "1.0" } },
    ]
    for (const request of requests) {
      const reply = await put(request)
      expect(reply).not.toHaveProperty("accepted")
      expect(reply).not.toHaveProperty("done")
    }
    expect(thrown).toEqual([])
    expect(await system.get(Counter, "c").ask(add)).toMatchObject({ version: 1 })
  })

  it("names no actor by a key that this system never makes", async () => {
    const { system, put } = await nodeAndWire()
    const tooLong = `counter/${"x".repeat(257)}`
    for (const to of [
      "counter/*",
      "counter/>",
      "counter/c.",
      "counter/%63",
      "counter/a b",
      "counter/",
      tooLong,
    ]) {
      const shard = shardOf(to, SHARD_COUNT)
      expect(await put({ k: "ask", to, ms: 100, c: add, id: "x" }, shard)).toBe("Timeout")
    }
    expect((await system.status()).residentCount).toBe(0)
  })

  it("does not become part of an actor's history that nobody can read any more", async () => {
    const { system, put, key } = await nodeAndWire()
    await put({ k: "ask", to: key, ms: 100, c: add })
    await system.cluster.passivate(Counter, "c")
    expect(await system.get(Counter, "c").ask(add)).toMatchObject({ version: 1 })
  })

  it("to deliver to a type that no node has is answered, and stores nothing", async () => {
    const { system, put } = await nodeAndWire()
    const to = "order/o"
    const shard = shardOf(to, SHARD_COUNT)
    expect(await put({ k: "deliver", to, ms: 100, msg: message }, shard)).toEqual({ moved: true })
    expect((await system.status()).residentCount).toBe(0)
  })

  it("gives no command an id that is the runtime's own", async () => {
    const { put, key } = await nodeAndWire()
    expect(await put({ k: "ask", to: key, ms: 100, c: add, id: "everstate:7.1" })).not.toHaveProperty(
      "accepted",
    )
    expect(await put({ k: "ask", to: key, ms: 100, c: add, id: "x".repeat(10_000) })).not.toHaveProperty(
      "accepted",
    )
  })
})

it("measures the commands of a client, and neither its reads nor the commands of other nodes", async () => {
  const cluster = await Effect.runPromise(ClusterMemory.make)
  const [journal, messaging, meter] = [new JournalScripted(), new MessagingMemory(), new AskMeter()]
  const { system } = await startMemory({ cluster, journal, messaging, clientAsks: meter.clientAsk })
  const counts = () => [meter.acceptedCount, meter.rejectedCount, meter.failedCount]
  const client = ActorClient.layer({ actors: [Counter], shardCount: SHARD_COUNT }).pipe(
    Layer.provide(
      Layer.mergeAll(journal.layer, messaging.layer, Layer.succeed(Transport, cluster.transport)),
    ),
  )
  await Effect.gen(function* () {
    const counter = Context.get(yield* Layer.build(client), ActorClient).get(Counter, "c")
    yield* counter.ask(add)
    yield* counter.ask(add)
    yield* Effect.flip(counter.ask({ type: "Refuse" }))
    yield* counter.state()
  }).pipe(Effect.scoped, Effect.runPromise)
  expect(counts()).toEqual([2, 1, 0])
  expect(meter.takeLatencies().reduce((sum, count) => sum + count, 0)).toBe(3)
  // Another node measures where its caller is.
  const other = await startMemory({ cluster, journal, messaging })
  await other.system.get(Counter, "c").ask(add)
  await system.get(Counter, "c").ask(add)
  expect(counts()).toEqual([2, 1, 0])
})
