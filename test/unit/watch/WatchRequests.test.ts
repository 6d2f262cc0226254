/** What an owner answers to watchers of other processes, and how long it remembers them. */
import { Effect, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { setup } from "xstate"
import { addressOf, shardOf } from "../../../runtime/address/ActorAddress.ts"
import { defineActor, PayloadTooLarge } from "../../../runtime/index.ts"
import { ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { node, shardCountOf, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const add = { type: "Add", by: 1 } as const

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const ownerAndWire = async () => {
  const cluster = await Effect.runPromise(ClusterMemory.make)
  const { system } = await startMemory({ cluster })
  const { key: to } = addressOf("counter", "c", SHARD_COUNT)
  const watch = (rest: object): Promise<unknown> =>
    new Promise((resolve) => {
      const request = encoder.encode(JSON.stringify({ k: "watch", to, ms: 5_000, what: "changes", ...rest }))
      cluster.transport.send(`ask.${shardOf(to, SHARD_COUNT)}`, request, 10_000, {
        onReply: (data) => resolve(JSON.parse(decoder.decode(data))),
        onFailure: ({ reason }) => resolve(reason),
      })
    })
  return { system, watch }
}

describe("the owner of an actor", () => {
  it("says after a while that nothing is new, and forgets the watcher", async () => {
    const { system, watch } = await ownerAndWire()
    await system.get(Counter, "c").ask(add)
    expect(await watch({ at: 2, ms: 60 })).toEqual({ changes: [] })
    expect(await watch({ at: 2, what: "events", ms: 60 })).toEqual({ changes: [] })
    expect((await system.status()).watches.waitingCount).toBe(0)
  })

  it("sends the newest state to a watcher that has nothing, and changes to one that has something", async () => {
    const { system, watch } = await ownerAndWire()
    await system.get(Counter, "c").ask(add, { commandId: "one" })
    expect(await watch({ at: -1 })).toMatchObject({ newest: { p: 2, q: 1 }, skipped: 0 })
    const change = {
      f: 0,
      p: 2,
      q: 1,
      e: [{ c: "one", ev: [{ t: "Added", v: 1, d: { by: 1 } }] }],
      state: { context: { total: 1 } },
    }
    expect(await watch({ at: 0 })).toMatchObject({ changes: [change] })
    const { state: _, ...event } = change
    const [only] = ((await watch({ at: 0, what: "events" })) as { changes: ReadonlyArray<object> }).changes
    expect(only).toMatchObject({ p: event.p, e: event.e })
  })

  it("sends a watcher that knows commits that are lost the newest state", async () => {
    const { system, watch } = await ownerAndWire()
    await system.get(Counter, "c").ask(add)
    expect(await watch({ at: 9 })).toMatchObject({ newest: { p: 2 }, skipped: 0 })
  })

  it("sends as many changes at once as fit into an answer", async () => {
    const { system, watch } = await ownerAndWire()
    for (let index = 0; index < 4; index++)
      await system.get(Counter, "c").ask({ type: "Note", text: "x".repeat(400_000) })
    const first = (await watch({ at: 0 })) as { changes: ReadonlyArray<{ p: number }> }
    expect(first.changes.map(({ p }) => p)).toEqual([2, 3])
    const second = (await watch({ at: 3 })) as { changes: ReadonlyArray<{ p: number }> }
    expect(second.changes.map(({ p }) => p)).toEqual([4, 5])
  })
})

it("a state that is larger than an answer may be ends the watch with an error", async () => {
  const Heavy = defineActor({
    type: "heavy",
    machine: setup({ types: { events: {} as { type: "Go" } } }).createMachine({
      context: { ballast: "x".repeat(1_100_000) },
      initial: "here",
      states: { here: { on: { Go: "there" } }, there: {} },
    }),
  })
  const on = await shared()
  const nodes = [
    await node("one", on, { actors: [Heavy] }),
    await node("two", on, { actors: [Heavy] }),
  ] as const
  await eventually(async () => (await shardCountOf(nodes[0], nodes[1])) === SHARD_COUNT / 2)
  const outcomes = await Promise.all(
    nodes.map(({ system }) =>
      system
        .get(Heavy, "h")
        .watch()
        .next()
        .then(
          ({ value }) => value?.version,
          (error: unknown) => error,
        ),
    ),
  )
  expect(outcomes.filter((outcome) => outcome === 0)).toHaveLength(1)
  expect(outcomes.filter((outcome) => outcome instanceof PayloadTooLarge)).toHaveLength(1)
})

it("an actor whose birth needs input is waited for", async () => {
  const Named = defineActor({
    type: "named",
    input: Schema.Struct({ name: Schema.String }),
    machine: setup({
      types: { context: {} as { name: string }, events: {} as { type: "Go" }, input: {} as { name: string } },
    }).createMachine({
      context: ({ input }) => ({ name: input.name }),
      initial: "here",
      states: { here: { on: { Go: "there" } }, there: {} },
    }),
  })
  const { system } = await startMemory({ actors: [Named] })
  const watch = system.get(Named, "n").watch()
  const first = watch.next()
  await system.spawn(Named, "n", { input: { name: "Ann" } })
  const { value } = await first
  expect(value).toMatchObject({ version: 0, isBorn: true, state: { context: { name: "Ann" } } })
})
