/**
 * FAULT 69: a client of least rights names a reply subject that it may not publish to. The node that it asks does not
 * write there with its own rights: not into a stream, not into a bucket, not into JetStream's API.
 */
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import type { NatsRole } from "../../../infra/nats/connection/NatsRole.ts"
import { ActorClient } from "../../../infra/system/ActorClient.ts"
import type { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, untilWell } from "../system/SystemFixture.ts"
import { NAMESPACE, prepare, type RestrictedServers, restrictedServers, startNode } from "./LeastPrivilege.ts"

const definitions = { actors: [Counter], shardCount: 16 }
const victim = addressOf("counter", "victim", definitions.shardCount)
const place = `${victim.shard}.counter.${victim.token}`
const JOURNAL = `${NAMESPACE}-journal`
const MESSAGES = `${NAMESPACE}-messages`
const TIMERS = `${NAMESPACE}-timers`
const LEASES = `KV_${NAMESPACE}-cluster`
const CHECKPOINTS = `KV_${NAMESPACE}-checkpoints`

/** Where a stream would keep what is written on a subject. */
const stored = [
  [JOURNAL, `${NAMESPACE}.evt.${place}`],
  [JOURNAL, `${NAMESPACE}.evt.${victim.shard}.counter.another`],
  [MESSAGES, `${NAMESPACE}.msg.${place}`],
  [TIMERS, `${NAMESPACE}.due.${place}`],
  [TIMERS, `${NAMESPACE}.tmr.${place}.timer`],
  [`${NAMESPACE}-events`, `${NAMESPACE}.int.order.confirmed`],
  [`${NAMESPACE}-deadletters`, `${NAMESPACE}.dlq.Rejected`],
  [CHECKPOINTS, `$KV.${NAMESPACE}-checkpoints.position.outbox.shard.99`],
  [LEASES, `$KV.${NAMESPACE}-cluster.slot.shard.99`],
  [LEASES, `$KV.${NAMESPACE}-cluster.pause.counter`],
] as const

const asked = [
  `$JS.API.STREAM.PURGE.${MESSAGES}`,
  `$JS.API.STREAM.PURGE.${TIMERS}`,
  `$JS.API.STREAM.PURGE.${CHECKPOINTS}`,
  `$JS.API.CONSUMER.DELETE.${MESSAGES}.shard-${victim.shard}`,
  `$JS.API.STREAM.MSG.DELETE.${NAMESPACE}-deadletters`,
  `${NAMESPACE}.ask.${victim.shard}`,
  `${NAMESPACE}.node.somebody`,
  "_INBOX_another.a.1",
  `_INBOX_${NAMESPACE}`,
  `_INBOX_${NAMESPACE}_client.>`,
  `_INBOX_${NAMESPACE}_client.*`,
]

const everywhere = [...stored.map(([, subject]) => subject), ...asked]

let servers: RestrictedServers
let system: ActorSystem
beforeAll(async () => {
  servers = await restrictedServers()
  await prepare(servers, definitions)
  system = await startNode(servers, "service", { ...definitions, node: { name: "asked" } })
  await system.get(Counter, "victim").ask({ type: "Add", by: 1 })
})
afterAll(async () => {
  await system?.stop()
  await servers?.stop()
})

const loggedIn = async (role: NatsRole): Promise<NatsConnection> => {
  const client = await connect(servers.nats.login(role))
  onTestFinished(() => client.close())
  return client
}

/** Messages that a stream keeps under a subject. */
const keptUnder = async (stream: string, subject: string) => {
  const { state } = await servers.nats.call("service", `STREAM.INFO.${stream}`, { subjects_filter: subject })
  return (state as { subjects?: Record<string, number> }).subjects?.[subject] ?? 0
}

const keptEverywhere = () =>
  Promise.all(
    stored.map(async ([stream, subject]) => [subject, await keptUnder(stream, subject)] as const),
  ).then((counts) => Object.fromEntries(counts))

const refusedCount = async () => (await system.status()).refusedRequestCount

describe("a request whose reply would go where its sender may not write", () => {
  const requests: ReadonlyArray<readonly [string, NatsRole, () => Promise<string>, unknown]> = [
    [
      "a read",
      "client",
      async () => `${NAMESPACE}.ask.${victim.shard}`,
      { k: "read", to: victim.key, ms: 2_000 },
    ],
    [
      "a command",
      "client",
      async () => `${NAMESPACE}.ask.${victim.shard}`,
      { k: "ask", to: victim.key, ms: 2_000, c: { type: "Add", by: 7 }, id: "deputy" },
    ],
    ["a request to a member", "service", async () => memberSubject(), { k: "load" }],
    ["a ping", "service", async () => memberSubject(), { k: "ping" }],
  ]
  const memberSubject = async () => {
    const { members } = await system.cluster.status()
    return `${NAMESPACE}.node.${members[0]?.id}`
  }

  it.each(requests)(
    "%s is neither handled nor answered, and is counted",
    async (_, role, subject, request) => {
      const before = await keptEverywhere()
      const count = await refusedCount()
      const sender = await loggedIn(role)
      for (const reply of everywhere) sender.publish(await subject(), JSON.stringify(request), { reply })
      await sender.flush()
      await eventually(async () => (await refusedCount()) >= count + everywhere.length)
      // The node has written what it was going to write when its own request after that is answered.
      await untilWell(system)
      expect(await refusedCount()).toBe(count + everywhere.length)
      expect(await keptEverywhere()).toEqual(before)
      expect((await system.get(Counter, "victim").state()).state.context.total).toBe(1)
      expect((await system.status()).quarantined).toEqual([])
    },
  )

  it("a message that waits is still there afterwards", async () => {
    await system.get(Counter, "later").schedule("later", { type: "Add", by: 1 }, { afterMs: 3_600_000 })
    const messages = async () => {
      const query = { subjects_filter: ">" }
      const { state } = await servers.nats.call("service", `STREAM.INFO.${TIMERS}`, query)
      const { subjects = {} } = state as { subjects?: Record<string, number> }
      return Object.keys(subjects).filter((subject) => !subject.includes("._.sentinel.")).length
    }
    await eventually(async () => (await messages()) === 1)
    const sender = await loggedIn("client")
    const count = await refusedCount()
    sender.publish(
      `${NAMESPACE}.ask.${victim.shard}`,
      JSON.stringify({ k: "read", to: victim.key, ms: 2_000 }),
      { reply: `$JS.API.STREAM.PURGE.${TIMERS}` },
    )
    await sender.flush()
    await eventually(async () => (await refusedCount()) > count)
    await untilWell(system)
    expect(await messages()).toBe(1)
  })

  it("the server had nothing to refuse: the node did not even try", () => {
    const ofService = servers.nats.violations().filter((line) => line.includes(`${NAMESPACE}-service`))
    expect(ofService.filter((line) => !line.includes("STREAM.CREATE"))).toEqual([])
  })
})

describe("a request with a reply subject below the namespace's inboxes", () => {
  it("is answered to a client of this release, and to one that names its inbox itself", async () => {
    const client = await ActorClient.connect({
      nats: servers.nats.url("client"),
      namespace: NAMESPACE,
      actors: [Counter],
    })
    onTestFinished(() => client.close())
    expect((await client.get(Counter, "victim").state()).version).toBe(1)
    const sender = await loggedIn("client")
    const request = JSON.stringify({ k: "read", to: victim.key, ms: 2_000 })
    const reply = await sender.request(`${NAMESPACE}.ask.${victim.shard}`, request, { timeout: 5_000 })
    expect(reply.json()).toMatchObject({ state: { version: 1 } })
  })

  it("is answered to another node", async () => {
    const node = await loggedIn("service")
    const { members } = await system.cluster.status()
    const reply = await node.request(`${NAMESPACE}.node.${members[0]?.id}`, JSON.stringify({ k: "ping" }), {
      timeout: 5_000,
    })
    expect(reply.json()).toEqual({ ok: true })
  })
})
