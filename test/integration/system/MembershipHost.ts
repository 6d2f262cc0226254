/**
 * A process in which actors are born until it is killed: `node MembershipHost.ts <nats> <postgres> <namespace>`. Takes ids, a
 * line each, and for each has one actor born by a spawn, one by a first command, and two by messages. Prints `born <id>`
 * when all of that is stored; `ready` comes first.
 */
import { createInterface } from "node:readline"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { Host, Membership } from "./Memberships.ts"

const [, , nats = "", postgres = "", namespace = ""] = process.argv
const system = await ActorSystem.start({ nats, postgres, namespace, actors: [Membership, Host] })

const bear = async (id: string): Promise<void> => {
  const input = { plan: `plan of ${id}` }
  await system.spawn(Membership, `${id}-spawned`, { input })
  await system.get(Membership, `${id}-used`).ask({ type: "Use" }, { input })
  await system.get(Host, id).ask({ type: "Invite", ...input })
  process.stdout.write(`born ${id}\n`)
}

process.stdout.write("ready\n")
for await (const id of createInterface({ input: process.stdin })) void bear(id)
