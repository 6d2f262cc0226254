/** docs/DEPLOYMENT.md, "Restoring an older journal", step by step: what the journal has is applied once, none of it twice. */
import { expect, it } from "vitest"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { freshNamespace, serversOfFile, startSystem } from "../system/SystemFixture.ts"
import { bankActors, Vault } from "./Bank.ts"
import { ACCOUNTS, accountsOf, balanced, Customer, shortenWindows } from "./BankFixture.ts"
import { backUpStream, restoreStream } from "./StreamBackup.ts"

const servers = serversOfFile()

it("loses what came after the backup, and nothing else", async () => {
  const namespace = freshNamespace()
  const { nats, natsUrl, postgresUrl, admin, sql } = servers()
  const definitions = { namespace, actors: bankActors, shardCount: 4 }
  const system = await startSystem(servers(), definitions)
  const customer = new Customer(system)
  await shortenWindows(servers(), namespace)
  await customer.open()
  await customer.transfers(100)
  await customer.arrived()
  await customer.forget(accountsOf(ACCOUNTS))
  // Wait in the mailbox when the copy is taken, and were applied when the journal is restored.
  await system.cluster.pause(Vault)
  for (const account of ACCOUNTS) await customer.transfer(account, { kind: "vault", id: "v" })
  const backup = await backUpStream(nats.login, `${namespace}-journal`)
  await system.cluster.resume(Vault)
  await customer.arrived()
  // These are to be lost.
  const later = new Customer(system, "later")
  await later.open()
  await later.transfers(20)
  await later.arrived()

  // 1. Stop all nodes.
  await system.stop()
  // 2. Restore the stream: nodes refuse to start on it.
  await restoreStream(nats.login, backup)
  await expect(startSystem(servers(), definitions)).rejects.toThrow(/restored older/)
  // 3. Delete what Postgres has of the namespace.
  for (const table of ["journals", "snapshots", "projections", "projection_dead_letters"]) {
    await sql(`delete from everstate.${table} where namespace = $1`, [namespace])
  }
  const schemas = await sql("select nspname from pg_namespace where nspname like $1", [
    `everstate_${namespace}_%`,
  ])
  for (const { nspname } of schemas) await sql(`drop schema "${String(nspname)}" cascade`)
  // 4. Delete the streams of messages and timers, and the bucket of checkpoints: nodes refuse to start.
  for (const name of [`${namespace}-messages`, `${namespace}-timers`, `KV_${namespace}-checkpoints`]) {
    await admin(`STREAM.DELETE.${name}`)
  }
  await expect(startSystem(servers(), definitions)).rejects.toThrow(/Prepare the namespace/)
  // 5. Prepare. 6. Start.
  await ActorSystem.prepare({ nats: natsUrl, postgres: postgresUrl, ...definitions })
  customer.desk = await startSystem(servers(), definitions)
  // New commits take the places of the lost ones.
  await customer.transfers(20)
  await customer.settle()
  expect(await customer.balance()).toEqual(balanced)
})
