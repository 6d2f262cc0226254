/**
 * A child process of ClusterLocal.ts: `local.ts <nats> <postgres> <nats pid> <alone | member>`. Asks accounts of its own
 * system for as long as each message says, in milliseconds, and answers with the round. Ends with its parent.
 */
import { Layer } from "effect"
import { ActorSystem as PublicActorSystem } from "../../infra/everstate.ts"
import { layerOn, type StartOptions } from "../../infra/system/ActorSystem.ts"
import { LeasesMemory } from "../../runtime/cluster/LeasesMemory.ts"
import { ActorSystem } from "../../runtime/promise/ActorSystem.ts"
import { TransportMemory } from "../../runtime/transport/TransportMemory.ts"
import { Account } from "./Account.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { payments } from "./AskThroughput.ts"
import { load } from "./Measure.ts"

process.once("disconnect", () => process.exit(1))

const [nats = "", postgres = "", natsPid = "", mode = ""] = process.argv.slice(2)
const options: StartOptions = {
  directory: false,
  nats,
  postgres,
  namespace: mode,
  actors: [Account],
  node: { name: mode },
}
const ofOneNode = Layer.merge(LeasesMemory.layer, TransportMemory.layer)
const system =
  mode === "alone"
    ? await ActorSystem.fromLayer(layerOn(options, () => ofOneNode))
    : await PublicActorSystem.start(options)
const asks = payments(system)

process.on("message", async (ms: number) => {
  process.send?.(await load(IN_FLIGHT, ms, asks, Number(natsPid)))
})
process.send?.("ready")
