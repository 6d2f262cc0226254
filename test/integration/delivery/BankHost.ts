/** A node of the bank as a process of its own: `node BankHost.ts '<NodeGiven as JSON>'`. See ../../nemesis/NodeProcess.ts. */
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import type { NodeGiven } from "../../nemesis/NodeProcess.ts"
import { bankActors } from "./Bank.ts"

process.on("disconnect", () => process.exit(1))
const given = JSON.parse(process.argv[2] ?? "{}") as NodeGiven
const system = await ActorSystem.start({ ...given, actors: bankActors })
process.once("SIGTERM", () => void system.stop().then(() => process.exit(0)))
process.send?.("ready")
