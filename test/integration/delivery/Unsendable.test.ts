/** An integration event that cannot be published is owed; all else of its shard is sent, and sent once. */
import { expect, it, onTestFinished } from "vitest"
import { ActorClient } from "../../../infra/system/ActorClient.ts"
import { holderOf } from "../cluster/ClusterFixture.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "../system/SystemFixture.ts"
import { bankActors } from "./Bank.ts"
import { ACCOUNTS, accountsOf, balanced, Customer, shortenWindows, startBank } from "./BankFixture.ts"

/** Nobody may publish integration events. */
const servers = serversOfFile({
  extraConfig: {
    authorization: {
      users: [{ user: "app", password: "app", permissions: { publish: { deny: ["*.int.>"] } } }],
    },
    no_auth_user: "app",
  },
})

const receivers = accountsOf(ACCOUNTS)
/** One shard: the event is owed by the shard of all transfers. */
const definitions = { actors: bankActors, shardCount: 1 }

/** 100 transfers beside an account that owes an event, forgotten by their receivers. */
const transferAndForget = async (customer: Customer, namespace: string) => {
  await shortenWindows(servers(), namespace)
  await customer.open()
  await customer.announce("announcer")
  await customer.transfers(100)
  await customer.arrived()
  await customer.forget(receivers)
  expect(await customer.balance()).toEqual(balanced)
}

it("a restart applies none of 100 transfers twice", async () => {
  const namespace = freshNamespace()
  const system = await startSystem(servers(), { namespace, ...definitions })
  const customer = new Customer(system)
  await transferAndForget(customer, namespace)
  await system.stop()

  customer.desk = await startSystem(servers(), { namespace, ...definitions })
  await customer.settle()
  expect(await customer.balance()).toEqual(balanced)
})

it("a handoff applies none of 100 transfers twice", async () => {
  const namespace = freshNamespace()
  const one = await startSystem(servers(), { namespace, ...definitions, node: { name: "one" } })
  const customer = new Customer(one)
  await transferAndForget(customer, namespace)

  const two = await startSystem(servers(), { namespace, ...definitions, node: { name: "two" } })
  await one.cluster.move("shard.0", two.cluster.memberId())
  await eventually(async () => (await holderOf(two, "shard.0")) === "two")
  await customer.settle()
  expect(await customer.balance()).toEqual(balanced)
})

it("an account that owes an event goes on with its transfers", async () => {
  const system = await startSystem(servers(), { namespace: freshNamespace(), ...definitions })
  const customer = new Customer(system)
  await customer.open()
  await customer.announce("c0")
  await customer.transfers(100)
  await customer.arrived()
  expect(await customer.balance()).toEqual(balanced)
})

it("kill -9 applies none of 100 transfers twice", async () => {
  const namespace = freshNamespace()
  const node = await startBank(servers(), namespace)
  const client = await ActorClient.connect({ nats: servers().natsUrl, namespace, actors: bankActors })
  onTestFinished(() => client.close())
  const customer = new Customer(client)
  await transferAndForget(customer, namespace)

  await node.kill()
  await node.start()
  await customer.settle()
  expect(await customer.balance()).toEqual(balanced)
})
