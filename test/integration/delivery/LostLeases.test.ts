/** The bucket of leases is deleted while no node runs: epochs go on from those that the journal's commits name. */
import { expect, it } from "vitest"
import type { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { holderOf } from "../cluster/ClusterFixture.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "../system/SystemFixture.ts"

const servers = serversOfFile()

const epochOf = async (system: ActorSystem): Promise<number> =>
  (await system.cluster.status()).slots.find(({ slot }) => slot === "shard.0")?.epoch ?? 0

it("a new owner's epoch is higher than that of every commit", async () => {
  const namespace = freshNamespace()
  const node = (name: string) => startSystem(servers(), { namespace, shardCount: 1, node: { name } })
  const [one, two] = [await node("one"), await node("two")]
  for (const [to, name] of [
    [two, "two"],
    [one, "one"],
    [two, "two"],
  ] as const) {
    await to.cluster.move("shard.0", to.cluster.memberId())
    await eventually(async () => (await holderOf(to, "shard.0")) === name)
  }
  await two.get(Counter, "a").ask({ type: "Add", by: 1 })
  const before = Math.max(await epochOf(one), await epochOf(two))
  expect(before).toBeGreaterThan(2)
  await Promise.all([one.stop(), two.stop()])
  await servers().admin(`STREAM.DELETE.KV_${namespace}-cluster`)

  const next = await node("one")
  await next.get(Counter, "a").ask({ type: "Add", by: 1 })
  expect(await epochOf(next)).toBeGreaterThan(before)
})
