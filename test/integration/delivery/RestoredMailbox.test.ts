/** The mailbox is restored from an older copy, with messages that were applied since: none is applied a second time. */
import { expect, it } from "vitest"
import { freshNamespace, serversOfFile, startSystem } from "../system/SystemFixture.ts"
import { bankActors } from "./Bank.ts"
import { ACCOUNTS, balanced, Customer, type Receiver, shortenWindows } from "./BankFixture.ts"
import { backUpStream, restoreStream } from "./StreamBackup.ts"

const servers = serversOfFile()

const vaults: ReadonlyArray<Receiver> = ["v0", "v1"].map((id) => ({ kind: "vault", id }))

it("applies none of 100 messages of actors and 100 from outside twice", async () => {
  const namespace = freshNamespace()
  const { nats } = servers()
  const definitions = { namespace, actors: bankActors, shardCount: 4 }
  const first = await startSystem(servers(), definitions)
  const customer = new Customer(first)
  await shortenWindows(servers(), namespace)
  await customer.open()
  await first.cluster.pause("vault")
  for (let n = 0; n < 100; n++) {
    const vault = vaults[n % 2] as Receiver
    await customer.transfer(ACCOUNTS[n % 4] as string, vault)
    await customer.pay(vault)
  }
  const backup = await backUpStream(nats.login, `${namespace}-messages`)
  await first.cluster.resume("vault")
  await customer.arrived()
  await customer.forget(vaults)
  expect(await customer.balance()).toEqual(balanced)

  await first.stop()
  await restoreStream(nats.login, backup)
  customer.desk = await startSystem(servers(), definitions)
  await customer.settle()
  expect(await customer.balance()).toEqual(balanced)
})
