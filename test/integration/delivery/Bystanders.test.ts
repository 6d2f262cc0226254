/** Messages that cannot be delivered yet hold up no others: neither of their sender, nor of their shard. */
import { describe, expect, it } from "vitest"
import type { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { UNACKNOWLEDGED_MAX } from "../../../runtime/mailbox/Mailbox.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "../system/SystemFixture.ts"
import { bankActors, Vault } from "./Bank.ts"
import { balanced, Customer, type Receiver, shortenWindows } from "./BankFixture.ts"

const servers = serversOfFile()

/** As many as the test cannot wait for, if each of them takes 5 s of the others' time after a restart. */
const WAITING_COUNT = 60

/** One shard, so that everybody waits for everybody who may be waited for. */
const definitions = { actors: bankActors, shardCount: 1 }

const account = (id: string): Receiver => ({ kind: "account", id })
const vault = (id: string): Receiver => ({ kind: "vault", id })

const paused = async (system: ActorSystem): Promise<void> => {
  await system.cluster.pause(Vault)
  await eventually(async () => (await system.cluster.status()).paused.includes("vault"))
}

it("messages that wait for some actors of a paused type delay no others after a restart", async () => {
  const namespace = freshNamespace()
  const first = await startSystem(servers(), { namespace, ...definitions })
  const customer = new Customer(first)
  await paused(first)
  const waiting = Array.from({ length: WAITING_COUNT }, (_, n) => vault(`v${n}`))
  await Promise.all(waiting.map((to) => customer.pay(to)))
  await first.stop()

  const second = await startSystem(servers(), { namespace, ...definitions })
  const others = new Customer(second, "o")
  await others.pay(account("hot"))
  await others.arrived()
  await second.cluster.resume(Vault)
  customer.desk = second
  await customer.arrived()
  expect(await customer.balance()).toEqual(balanced)
})

it("more messages to paused actors than a shard may have in work delay no others", async () => {
  const system = await startSystem(servers(), { namespace: freshNamespace(), ...definitions })
  const customer = new Customer(system)
  await paused(system)
  const count = UNACKNOWLEDGED_MAX + 88
  await Promise.all(Array.from({ length: count }, (_, n) => customer.pay(vault(`v${n % 4}`))))
  const others = new Customer(system, "o")
  await others.pay(account("hot"))
  await others.arrived()
  await system.cluster.resume(Vault)
  await customer.arrived()
  expect(await customer.balance()).toEqual(balanced)
})

describe("a message to the full mailbox of a paused actor", () => {
  /** Ten messages wait for a vault whose mailbox takes no more; an account has sent it another one. */
  const full = async () => {
    const namespace = freshNamespace()
    const { admin } = servers()
    const system = await startSystem(servers(), { namespace, ...definitions })
    const customer = new Customer(system)
    await shortenWindows(servers(), namespace)
    const { config } = (await admin(`STREAM.INFO.${namespace}-messages`)) as { readonly config: object }
    await admin(`STREAM.UPDATE.${namespace}-messages`, { ...config, max_msgs_per_subject: 10 })
    await customer.open(["c0"])
    await paused(system)
    for (let n = 0; n < 10; n++) await customer.pay(vault("full"))
    await customer.transfer("c0", vault("full"))
    return { namespace, system, customer }
  }

  it("arrives later, and keeps nobody else waiting, after a restart either; nothing is applied twice", async () => {
    const { namespace, system, customer } = await full()
    const others = new Customer(system, "o")
    await others.open(["d0", "d1"])
    await others.transfers(100, ["d0", "d1"])
    await others.arrived()
    await others.forget([account("d0"), account("d1")])
    await system.stop()

    const next = await startSystem(servers(), { namespace, ...definitions })
    customer.desk = next
    others.desk = next
    await others.settle()
    expect(await others.balance()).toEqual(balanced)
    await next.cluster.resume(Vault)
    await customer.arrived()
    expect(await customer.balance()).toEqual(balanced)
  })

  it("keeps its sender's messages to others waiting neither", async () => {
    const { system, customer } = await full()
    const ref = await customer.transfer("c0", account("hot"))
    await eventually(async () => !(await customer.balance()).lost.includes(ref))
    await system.cluster.resume(Vault)
    await customer.arrived()
    expect(await customer.balance()).toEqual(balanced)
  })
})
