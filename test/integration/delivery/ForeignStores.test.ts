/** A mailbox or checkpoint store says which journal it belongs to; a system on another journal does not start on it. */
import { expect, it } from "vitest"
import { ActorClient } from "../../../infra/system/ActorClient.ts"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "../system/SystemFixture.ts"
import { backUpStream, restoreStream } from "./StreamBackup.ts"

const servers = serversOfFile()

const add = { type: "Add", by: 1 } as const

interface Described {
  readonly config: { readonly metadata?: Readonly<Record<string, string>> }
}

const metadataOf = async (stream: string): Promise<Readonly<Record<string, string>>> =>
  ((await servers().admin(`STREAM.INFO.${stream}`)) as unknown as Described).config.metadata ?? {}

const storesOf = (namespace: string): ReadonlyArray<string> => [
  `${namespace}-messages`,
  `${namespace}-timers`,
  `KV_${namespace}-checkpoints`,
]

const optionsOf = (namespace: string) => ({
  nats: servers().natsUrl,
  postgres: servers().postgresUrl,
  namespace,
  actors: [Counter],
  shardCount: 2,
})

/** A namespace that was used, and whose node is down. */
const used = async (): Promise<string> => {
  const namespace = freshNamespace()
  const system = await startSystem(servers(), optionsOf(namespace))
  await system.get(Counter, "a").ask(add)
  await system.get(Counter, "a").tell(add)
  await system.stop()
  return namespace
}

/** A new journal in the place of the one that was there, which an operator has given up with everything in Postgres. */
const replaceJournal = async (namespace: string): Promise<void> => {
  await servers().admin(`STREAM.DELETE.${namespace}-journal`)
  await servers().sql("delete from everstate.journals where namespace = $1", [namespace])
  await servers().sql("delete from everstate.snapshots where namespace = $1", [namespace])
}

it("a store of another journal is refused by name, until it was deleted and the namespace prepared", async () => {
  const namespace = await used()
  const { nats, admin } = servers()
  const backups = []
  for (const name of storesOf(namespace)) backups.push(await backUpStream(nats.login, name))
  await replaceJournal(namespace)
  for (const name of storesOf(namespace)) await admin(`STREAM.DELETE.${name}`)
  const system = await startSystem(servers(), optionsOf(namespace))
  await system.get(Counter, "a").ask(add)
  await system.stop()

  for (const backup of backups) {
    await restoreStream(nats.login, backup)
    const refusal = new RegExp(`${backup.name} belongs to journal .*prepare the namespace`, "s")
    await expect(startSystem(servers(), optionsOf(namespace))).rejects.toThrow(refusal)
    await expect(ActorSystem.prepare(optionsOf(namespace))).rejects.toThrow(refusal)
    const client = { nats: servers().natsUrl, namespace, actors: [Counter] }
    if (!backup.name.startsWith("KV_")) await expect(ActorClient.connect(client)).rejects.toThrow(refusal)
    await admin(`STREAM.DELETE.${backup.name}`)
    await ActorSystem.prepare(optionsOf(namespace))
  }
  const again = await startSystem(servers(), optionsOf(namespace))
  expect(await again.get(Counter, "a").ask(add)).toMatchObject({ version: 2 })
})

it("stores of an earlier release, without a mark, are taken as they are, and marked by a preparation", async () => {
  const namespace = await used()
  const { admin } = servers()
  const id = (await metadataOf(`${namespace}-journal`))["everstate.id"]
  for (const name of storesOf(namespace)) {
    const { config } = (await admin(`STREAM.INFO.${name}`)) as unknown as Described
    const { "everstate.journal": mark, ...metadata } = config.metadata ?? {}
    expect(mark).toBe(id)
    expect(await admin(`STREAM.UPDATE.${name}`, { ...config, metadata })).not.toHaveProperty("error")
  }
  const system = await startSystem(servers(), optionsOf(namespace))
  await system.get(Counter, "a").ask(add)
  await system.stop()
  for (const name of storesOf(namespace))
    expect(await metadataOf(name)).not.toHaveProperty("everstate.journal")

  await ActorSystem.prepare(optionsOf(namespace))
  for (const name of storesOf(namespace)) {
    expect(await metadataOf(name)).toMatchObject({ "everstate.journal": id })
  }
  const next = await startSystem(servers(), optionsOf(namespace))
  await next.get(Counter, "a").ask(add)
  await eventually(async () => (await next.get(Counter, "a").state()).state.context.total === 4)
})
