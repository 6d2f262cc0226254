/** FAULT 67: streams and buckets are deleted under a node that may not create them. */
import { connect } from "@nats-io/transport-node"
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest"
import { neededStores } from "../../../infra/nats/stores/NeededStores.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, succeeds, untilWell } from "../system/SystemFixture.ts"
import { NAMESPACE, prepare, type RestrictedServers, restrictedServers, startNode } from "./LeastPrivilege.ts"

/** An administrator of the account, who may do what no role may. */
const ADMIN = { user: "admin", pass: "admin" }

const definitions = { actors: [Counter], shardCount: 16 }
const lost = neededStores(NAMESPACE).filter(({ name }) => !name.endsWith("journal"))

let servers: RestrictedServers
beforeAll(async () => {
  servers = await restrictedServers((conf) =>
    conf.replace("users: [", `users: [ { user: "${ADMIN.user}", password: "${ADMIN.pass}" }`),
  )
  await prepare(servers, definitions)
})
afterAll(() => servers?.stop())

const call = async (api: string): Promise<Record<string, unknown>> => {
  const client = await connect({ ...servers.nats.login("service"), inboxPrefix: "_INBOX", ...ADMIN })
  try {
    return (await client.request(`$JS.API.${api}`, "{}", { timeout: 5_000 })).json()
  } finally {
    await client.close()
  }
}

it("it makes none anew, names each and the command that does, and goes on without a restart once that was run", async () => {
  const system = await startNode(servers, "service", definitions)
  onTestFinished(() => system.stop())
  const counter = system.get(Counter, "a")
  await counter.ask({ type: "Add", by: 1 })
  await untilWell(system)

  for (const { name } of lost) await call(`STREAM.DELETE.${name}`)
  await eventually(async () => {
    const { needed } = await system.status()
    const missing = needed.filter(({ problem }) => problem?.reason === "Missing").map(({ name }) => name)
    return lost.every(({ name }) => missing.includes(name))
  })
  const unhealthy = await system.check().then(
    () => undefined,
    (error: Error & { readonly hint: string }) => error,
  )
  expect(unhealthy).toMatchObject({ _tag: "Unhealthy", hint: expect.stringContaining("prepare.sh") })
  // A lease's time later nothing is back, and a node that starts says the same.
  await eventually(async () => !(await system.cluster.standing()).isLeaseValid)
  for (const { name } of lost) {
    expect(unhealthy?.message).toContain(`${name} is missing`)
    expect(await call(`STREAM.INFO.${name}`)).toMatchObject({ error: { err_code: 10059 } })
  }
  await expect(startNode(servers, "service", definitions)).rejects.toThrow(/Prepare the namespace/)

  await prepare(servers, definitions)
  await untilWell(system)
  await eventually(() => succeeds(counter.ask({ type: "Add", by: 2 }, { commandId: "after" })))
  await eventually(() => succeeds(counter.tell({ type: "Add", by: 4 }, { commandId: "told" })))
  await eventually(async () => (await counter.state()).state.context.total === 7)
})

it("a preparation with the options of a running node is no other life of that node", async () => {
  const named = { ...definitions, node: { name: "one" } }
  const system = await startNode(servers, "service", named)
  onTestFinished(() => system.stop())
  await prepare(servers, named)
  await eventually(async () => (await system.status()).cluster.leftCount > 0)
  expect((await system.status()).cluster.evictedCount).toBe(0)
})
