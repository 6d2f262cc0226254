/**
 * A process that hosts errands until it is killed: `node ErrandHost.ts <nats> <postgres> <namespace> <file>`. Takes ids
 * of errands, a line each, tells them to begin, and prints `told <id>` when that is stored, and `worked <id>` when its call
 * was made; `ready` comes first.
 */
import { createInterface } from "node:readline"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { Errand, errandActors, work } from "./Errands.ts"

const [, , nats = "", postgres = "", namespace = "", file = ""] = process.argv
work.file = file
work.isDone = (errand) => void process.stdout.write(`worked ${errand}\n`)
const system = await ActorSystem.start({ nats, postgres, namespace, actors: errandActors })
process.stdout.write("ready\n")
for await (const errand of createInterface({ input: process.stdin })) {
  void system
    .get(Errand, errand)
    .tell({ type: "Begin", errand }, { commandId: `begin-${errand}` })
    .then(() => process.stdout.write(`told ${errand}\n`))
}
