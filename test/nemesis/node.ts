/**
 * One node of the cluster under attack, a process: `node node.ts '<NodeGiven as JSON>'`. Tells its parent `ready` when
 * it has its share. SIGTERM stops it in order; it ends, too, when its parent does.
 */
import { ActorSystem } from "../../infra/system/ActorSystem.ts"
import type { NodeGiven } from "./NodeProcess.ts"
import { nemesisActors } from "./Register.ts"

process.on("disconnect", () => process.exit(1))
const given = JSON.parse(process.argv[2] ?? "{}") as NodeGiven
const system = await ActorSystem.start({ ...given, actors: nemesisActors })
process.once("SIGTERM", () => void system.stop().then(() => process.exit(0)))
process.send?.("ready")
