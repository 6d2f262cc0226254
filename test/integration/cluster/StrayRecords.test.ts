/** FAULT 71: 20,000 records in the bucket of leases that are none of the cluster's, while nodes start and run. */
import { connect } from "@nats-io/transport-node"
import { expect, it } from "vitest"
import { STRAYS_LEFT_MAX } from "../../../runtime/cluster/StrayRecords.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "../system/SystemFixture.ts"

const STRAYS_COUNT = 20_000
const SHARD_COUNT = 64

const servers = serversOfFile()

it("every shard has an owner soon after a start, and the strays are removed until few are left", async () => {
  const namespace = freshNamespace()
  const bucket = `KV_${namespace}-cluster`
  const first = await startSystem(servers(), { namespace, node: { name: "one" } })
  await first.get(Counter, "a").ask({ type: "Add", by: 1 })
  await first.stop()
  const client = await connect(servers().nats.login)
  for (let index = 0; index < STRAYS_COUNT; index++) {
    client.publish(`$KV.${namespace}-cluster.junk.${index}`, "{}")
  }
  await client.flush()
  await client.close()

  // It reads all records ten times in a lease's time.
  const two = await startSystem(servers(), { namespace, node: { name: "two" }, leaseMs: 3_000 })
  const owned = async () =>
    (await two.cluster.status()).slots.filter(
      ({ slot, member }) => slot.startsWith("shard.") && member !== undefined,
    ).length
  await eventually(async () => (await owned()) === SHARD_COUNT)
  await two.get(Counter, "a").ask({ type: "Add", by: 1 })

  const recordCount = async () => {
    const { state } = (await servers().admin(`STREAM.INFO.${bucket}`)) as { state: { messages: number } }
    return state.messages
  }
  // One record a member and a slot beside them; what was removed leaves a marker for a second.
  await eventually(async () => (await recordCount()) <= STRAYS_LEFT_MAX + SHARD_COUNT + 10)
  expect(await owned()).toBe(SHARD_COUNT)
  expect((await two.get(Counter, "a").state()).state.context.total).toBe(2)
})
