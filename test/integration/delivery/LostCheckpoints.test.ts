/** The bucket of checkpoints is deleted, then the nodes crash and start: receivers apply nothing a second time. */
import { expect, it, onTestFinished } from "vitest"
import { ActorClient } from "../../../infra/system/ActorClient.ts"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { freshNamespace, serversOfFile } from "../system/SystemFixture.ts"
import { bankActors } from "./Bank.ts"
import { ACCOUNTS, accountsOf, balanced, Customer, shortenWindows, startBank } from "./BankFixture.ts"

const servers = serversOfFile()

it("applies none of 100 transfers twice once an operator has prepared the namespace", async () => {
  const namespace = freshNamespace()
  const { natsUrl, postgresUrl, admin } = servers()
  const node = await startBank(servers(), namespace)
  const client = await ActorClient.connect({ nats: natsUrl, namespace, actors: bankActors })
  onTestFinished(() => client.close())
  const customer = new Customer(client)
  await shortenWindows(servers(), namespace)
  await customer.open()
  await customer.transfers(100)
  await customer.arrived()
  await customer.forget(accountsOf(ACCOUNTS))

  await admin(`STREAM.DELETE.KV_${namespace}-checkpoints`)
  await node.kill()
  const options = { nats: natsUrl, postgres: postgresUrl, namespace, actors: bankActors, shardCount: 1 }
  await expect(ActorSystem.start(options)).rejects.toThrow(/checkpoints is missing.*Prepare the namespace/s)
  await ActorSystem.prepare(options)
  await node.start()
  await customer.settle()
  expect(await customer.balance()).toEqual(balanced)
})
