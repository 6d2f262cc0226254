/** Requests for actor types that no node has. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import { ACTOR_TYPE_PATTERN } from "../../../runtime/address/ActorAddress.ts"
import type { LeaseRecord } from "../../../runtime/cluster/Leases.ts"
import { ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const isMember = ({ key, value }: LeaseRecord) => key.startsWith("member.") && value !== undefined

it("make no node give up a shard, whatever they are called", async () => {
  const on = { journal: new JournalScripted(), cluster: await Effect.runPromise(ClusterMemory.make) }
  const one = await startMemory({ ...on, node: { name: "one" }, leaseMs: 1_000 })
  await startMemory({ ...on, node: { name: "two" }, leaseMs: 1_000 })
  const members = async () => (await one.system.cluster.status()).members
  await eventually(async () => (await members()).length === 2)
  for (const type of ["constructor", "toString", "hasOwnProperty", "nobody"]) {
    const request = new TextEncoder().encode(JSON.stringify({ k: "read", to: `${type}/x`, ms: 100 }))
    const ask = () =>
      new Promise<unknown>((resolve) => {
        on.cluster.transport.send("ask.0", request, 500, {
          onReply: (data) => resolve(JSON.parse(new TextDecoder().decode(data))),
          onFailure: ({ reason }) => resolve(reason),
        })
      })
    let reply: unknown
    // The shard may be on its way to the second node.
    await eventually(async () => {
      reply = await ask()
      return reply !== "NoResponders"
    })
    expect(reply).toEqual(ACTOR_TYPE_PATTERN.test(type) ? { moved: true } : "Timeout")
  }
  // Both have told the others since what they cannot run.
  const told = async () => (await Effect.runPromise(on.cluster.leases.all)).filter(isMember)
  const before = await told()
  await eventually(async () => {
    const after = await told()
    return before.every(({ key, revision }) => after.some((r) => r.key === key && r.revision > revision + 1))
  })
  expect((await members()).flatMap(({ unfit }) => unfit)).toEqual([])
})
