/**
 * FAULT 70: a client of least rights puts into the mailbox what no node would: the shard of the actor goes on, and each
 * message is a dead letter that an operator can list.
 */
import { connect, headers } from "@nats-io/transport-node"
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest"
import type { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually } from "../system/SystemFixture.ts"
import { NAMESPACE, prepare, type RestrictedServers, restrictedServers, startNode } from "./LeastPrivilege.ts"

const definitions = { actors: [Counter], shardCount: 4 }
const { shard } = addressOf("counter", "victim", definitions.shardCount)
const neighbour =
  Array.from({ length: 100 }, (_, index) => `n${index}`).find(
    (id) => addressOf("counter", id, definitions.shardCount).shard === shard,
  ) ?? ""

const command = { v: 1, k: "command", c: { type: "Nope" } }
const strange: ReadonlyArray<readonly [token: string, body: unknown]> = [
  ["victim", { ...command, id: "a", from: "nosuch/%zz", n: "n" }],
  ["victim", { ...command, id: "b", from: 5, n: "n" }],
  ["victim", { ...command, id: "c", from: "counter/a\r\nPUB x 1", n: "n" }],
  ["victim", { v: 1, k: "timer", id: "d", n: "n", g: "1.0", at: 1e300 }],
  ["victim", { v: 1, k: "answer", id: "e", n: "n", a: { ok: 7 } }],
  ["victim", null],
  ["%zz", { ...command, id: "f" }],
  ["%76ictim", { ...command, id: "g" }],
]

let servers: RestrictedServers
let system: ActorSystem
beforeAll(async () => {
  servers = await restrictedServers()
  await prepare(servers, definitions)
  system = await startNode(servers, "service", definitions)
})
afterAll(async () => {
  await system?.stop()
  await servers?.stop()
})

it("messages that no node would send stop no shard", async () => {
  const sender = await connect(servers.nats.login("client"))
  onTestFinished(() => sender.close())
  for (const [index, [token, body]] of strange.entries()) {
    const named = headers()
    named.set("Nats-Msg-Id", `strange-${index}`)
    const subject = `${NAMESPACE}.msg.${shard}.counter.${token}`
    await sender.request(subject, JSON.stringify(body), { timeout: 5_000, headers: named })
  }
  for (const id of ["victim", neighbour]) await system.get(Counter, id).tell({ type: "Add", by: 1 })
  for (const id of ["victim", neighbour]) {
    await eventually(async () => (await system.get(Counter, id).state()).version === 1)
  }
  await eventually(async () => (await system.deadLetters.list()).length === strange.length)
  const letters = await system.deadLetters.list()
  expect(letters.map(({ reason }) => reason)).toEqual(strange.map(() => "Malformed"))
  await eventually(async () => (await system.status()).messages.openCount === 0)
})
