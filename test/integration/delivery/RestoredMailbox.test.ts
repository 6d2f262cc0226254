/** The mailbox is an older copy, or was made anew: nothing is applied a second time, and no message of an actor is lost. */
import { expect, it, onTestFinished } from "vitest"
import { ActorClient } from "../../../infra/system/ActorClient.ts"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "../system/SystemFixture.ts"
import { bankActors, Vault } from "./Bank.ts"
import { ACCOUNTS, balanced, Customer, type Receiver, shortenWindows } from "./BankFixture.ts"
import { backUpStream, restoreStream } from "./StreamBackup.ts"

const servers = serversOfFile()

const vaults: ReadonlyArray<Receiver> = ["v0", "v1"].map((id) => ({ kind: "vault", id }))

it("FAULT 81: applies none of 100 messages of actors and 100 from outside twice", async () => {
  const namespace = freshNamespace()
  const { nats } = servers()
  const definitions = { namespace, actors: bankActors, shardCount: 4 }
  const first = await startSystem(servers(), definitions)
  const customer = new Customer(first)
  await shortenWindows(servers(), namespace)
  await customer.open()
  await first.cluster.pause(Vault)
  for (let n = 0; n < 100; n++) {
    const vault = vaults[n % 2] as Receiver
    await customer.transfer(ACCOUNTS[n % 4] as string, vault)
    await customer.pay(vault)
  }
  const backup = await backUpStream(nats.login, `${namespace}-messages`)
  await first.cluster.resume(Vault)
  await customer.arrived()
  await customer.forget(vaults)
  expect(await customer.balance()).toEqual(balanced)

  await first.stop()
  await restoreStream(nats.login, backup)
  customer.desk = await startSystem(servers(), definitions)
  await customer.settle()
  expect(await customer.balance()).toEqual(balanced)
})

it.each([
  ["is an older copy", true],
  ["was made anew", false],
])(
  "loses no message of an actor where the mailbox %s and is full of others before a node looks",
  async (_, isOlder) => {
    const namespace = freshNamespace()
    const { nats, natsUrl, admin, postgresUrl } = servers()
    const definitions = { namespace, actors: bankActors, shardCount: 2 }
    const first = await startSystem(servers(), definitions)
    const customer = new Customer(first)
    await customer.open()
    const backup = await backUpStream(nats.login, `${namespace}-messages`)
    await first.cluster.pause(Vault)
    await eventually(async () => (await first.cluster.status()).paused.includes("vault"))
    for (let n = 0; n < 20; n++) await customer.transfer(ACCOUNTS[n % 4] as string, vaults[n % 2] as Receiver)
    await eventually(async () => (await first.status()).outbox.waitingInMailboxCount >= 20)
    await first.stop()

    if (isOlder) await restoreStream(nats.login, backup)
    else {
      await admin(`STREAM.DELETE.${backup.name}`)
      await ActorSystem.prepare({ nats: natsUrl, postgres: postgresUrl, ...definitions })
    }
    const client = await ActorClient.connect({ nats: natsUrl, namespace, actors: bankActors })
    onTestFinished(() => client.close())
    customer.desk = client
    for (let n = 0; n < 50; n++) await customer.pay({ kind: "account", id: `${n % 4}` })

    const second = await startSystem(servers(), definitions)
    customer.desk = second
    await second.cluster.resume(Vault)
    await customer.arrived()
    expect(await customer.balance()).toEqual(balanced)
  },
)
