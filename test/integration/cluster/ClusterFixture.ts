/** Clusters on real servers for one test: some nodes in this process, some in processes of their own. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"
import type { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import type { AnyActor } from "../../../runtime/index.ts"
import { SYSTEM_DEFAULTS } from "../../../runtime/system/SystemSettings.ts"
import { NodeProcess } from "../../nemesis/NodeProcess.ts"
import { eventually, type RealServers } from "../system/SystemFixture.ts"

const host = fileURLToPath(new URL("host.ts", import.meta.url))

/** A folder that is gone after the test. */
export const testFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-cluster-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A node that runs the roster in a process of its own, and ends with the test. */
export const startHost = async (
  servers: Pick<RealServers, "natsUrl" | "postgresUrl">,
  namespace: string,
  name: string,
  folder: string,
): Promise<NodeProcess> => {
  const given = {
    nats: { servers: [servers.natsUrl] },
    postgres: servers.postgresUrl,
    namespace,
    file: join(folder, "work"),
  }
  const node = new NodeProcess(name, given, folder, host)
  onTestFinished(async () => {
    node.thaw()
    await node.kill()
  })
  await node.start()
  return node
}

export const slotOf = (actor: AnyActor, id: string): string =>
  `shard.${actor.nodeLabel === undefined ? "" : `${actor.nodeLabel}.`}${addressOf(actor.type, id, SYSTEM_DEFAULTS.shardCount).shard}`

/** Name of the node that has a slot, as `system` sees it. */
export const holderOf = async (system: ActorSystem, slot: string): Promise<string | undefined> => {
  const { members, slots } = await system.cluster.status()
  const id = slots.find((one) => one.slot === slot)?.member
  return members.find((member) => member.id === id)?.name
}

/** How many shards each node has, as `system` sees it, by name. */
export const sharesOf = async (system: ActorSystem): Promise<{ readonly [name: string]: number }> => {
  const { members, slots } = await system.cluster.status()
  return Object.fromEntries(
    members.map(({ id, name }) => [
      name,
      slots.filter(({ slot, member }) => member === id && slot.startsWith("shard.")).length,
    ]),
  )
}

/** Waits until nodes have so many shards, as `system` sees it. */
export const untilShares = (
  system: ActorSystem,
  shares: { readonly [name: string]: number },
): Promise<void> =>
  eventually(async () => {
    const now = await sharesOf(system)
    return (
      Object.keys(now).length === Object.keys(shares).length &&
      Object.entries(shares).every(([name, count]) => now[name] === count)
    )
  })

/** Records of the lease store that a key begins with, without those that were removed. */
export const recordsOf = async (
  { admin }: Pick<RealServers, "admin">,
  namespace: string,
  prefix: string,
): Promise<ReadonlyArray<string>> => {
  const bucket = `${namespace}-cluster`
  const { state } = (await admin(`STREAM.INFO.KV_${bucket}`, { subjects_filter: ">" })) as {
    readonly state: { readonly subjects?: { readonly [subject: string]: number } }
  }
  const subjects = Object.keys(state.subjects ?? {}).filter((subject) =>
    subject.startsWith(`$KV.${bucket}.${prefix}`),
  )
  const values = await Promise.all(
    subjects.map((subject) => admin(`STREAM.MSG.GET.KV_${bucket}`, { last_by_subj: subject })),
  )
  return values
    .map(({ message }) => Buffer.from((message as { data?: string }).data ?? "", "base64").toString())
    .filter((value) => value !== "")
}
