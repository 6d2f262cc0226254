/** A node that nothing gets through to: it has nothing once the time of its lease is over. */
import { Effect, Latch } from "effect"
import { describe, expect, it } from "vitest"
import type { ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { node, shardCountOf, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, SHARD_COUNT } from "../../fixtures/memory/MemorySystem.ts"

const add = { type: "Add", by: 1 } as const

describe("a node whose record stands still", () => {
  it("FAULT 13: has nothing after the time of its lease, and its shards are taken", async () => {
    const on = await shared()
    const frozen = { ...on, cluster: freezable(on.cluster) }
    const two = await node("two", frozen)
    const one = await node("one", on)
    await two.system.get(Counter, "c").ask(add)
    frozen.cluster.freeze()
    await eventually(async () => (await shardCountOf(one, one)) === SHARD_COUNT)
    expect(await one.system.get(Counter, "c").ask(add)).toMatchObject({ version: 2 })
    await expect(two.system.get(Counter, "c").ask(add, { deadlineMs: 300 })).rejects.toMatchObject({
      _tag: "Unavailable",
      stored: "Unknown",
    })
    // A node that is still frozen takes its time to stop.
    frozen.cluster.thaw()
  })
})

/** The same cluster for one node, which nothing gets through to while it is frozen. */
const freezable = (cluster: ClusterMemory) => {
  const thawed = Latch.makeUnsafe(true)
  let isFrozen = false
  const unless = <A, E>(work: Effect.Effect<A, E>): Effect.Effect<A, E> => Effect.andThen(thawed.await, work)
  const { leases, transport } = cluster
  const view: Pick<ClusterMemory, "leases" | "transport"> = {
    leases: {
      ...leases,
      all: unless(leases.all),
      get: (key) => unless(leases.get(key)),
      write: (...given) => unless(leases.write(...given)),
      remove: (...given) => unless(leases.remove(...given)),
    },
    transport: {
      ...transport,
      serve: (subject, handle) =>
        transport.serve(subject, (request, reply) => {
          if (!isFrozen) handle(request, reply)
        }),
      send: (subject, request, timeoutMs, handler) =>
        isFrozen ? () => undefined : transport.send(subject, request, timeoutMs, handler),
    },
  }
  return Object.assign(Object.create(cluster) as ClusterMemory, view, {
    freeze: () => {
      isFrozen = true
      thawed.closeUnsafe()
    },
    thaw: () => {
      isFrozen = false
      thawed.openUnsafe()
    },
  })
}
