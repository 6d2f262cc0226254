/** A node as a process of its own: `node host.ts '<NodeGiven with file as JSON>'`. See ../../nemesis/NodeProcess.ts. */
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import type { NodeGiven } from "../../nemesis/NodeProcess.ts"
import { work } from "../system/Errands.ts"
import { rosterOf } from "./Roster.ts"

process.on("disconnect", () => process.exit(1))
const { file, ...given } = JSON.parse(process.argv[2] ?? "{}") as NodeGiven & { readonly file: string }
work.file = file
const system = await ActorSystem.start({ ...given, ...rosterOf(file, given.node?.name ?? "") })
process.once("SIGTERM", () => void system.stop().then(() => process.exit(0)))
process.send?.("ready")
