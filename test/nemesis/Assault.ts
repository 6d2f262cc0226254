/**
 * One attack on a fleet, from its begin until everything is as it was.
 *
 * Owns what each kind of attack is. In which order: Plan.ts.
 */
import type { Fleet } from "./Fleet.ts"
import type { NodeProcess } from "./NodeProcess.ts"
import type { Attack } from "./Plan.ts"
import type { Watch } from "./Watch.ts"

/** Nodes are down for part of the time that other things stay broken: their start takes long enough. */
const DOWN_PART = 0.4

/** Runs it, and heals. `watch` is how a node outside of the fire sees the cluster. */
export const assault = async (fleet: Fleet, watch: Watch, attack: Attack): Promise<void> => {
  const { kind, target, durationMs } = attack
  const node = fleet.nodes[target % fleet.nodes.length] as NodeProcess
  switch (kind) {
    case "kill":
      await node.kill()
      await pause(durationMs * DOWN_PART)
      return node.start()
    case "freeze":
      node.freeze()
      await pause(durationMs)
      return node.thaw()
    case "drain":
      await watch.drain(node.name)
      await pause(durationMs * DOWN_PART)
      return watch.undrain(node.name)
    case "rolling":
      for (const { name } of fleet.nodes) {
        await fleet.node(name).stop()
        await fleet.node(name).start()
        await watch.calm()
      }
      return
    case "join":
      await fleet.join("guest")
      await watch.calm()
      await pause(durationMs * DOWN_PART)
      return fleet.leave("guest")
    case "nats": {
      const server = fleet.natsServers.length === 1 ? fleet.natsServers[0] : await watch.journalLeader()
      await server?.kill()
      await pause(fleet.natsServers.length === 1 ? 0 : durationMs)
      return server?.restart()
    }
    case "blackhole":
    case "cut":
    case "delay":
      fleet.wire(node.name, kind)
      await pause(durationMs)
      return fleet.wire(node.name, "pass")
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
