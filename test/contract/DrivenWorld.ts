/**
 * A simulated world that is driven by a test in real time: whenever it is given work it runs, as fast as it can. With
 * it the contracts of the ports, which know nothing of simulation, run on the simulated servers too.
 */
import { Faults } from "../../runtime/testing/simulation/Faults.ts"
import { Network } from "../../runtime/testing/simulation/Network.ts"
import { SimulatedProcess } from "../../runtime/testing/simulation/SimulatedProcess.ts"
import { World } from "../../runtime/testing/simulation/World.ts"

/** Longest stretch of virtual time at once: messages travel, time-outs of what is under way stay ahead. */
const STRETCH_MS = 100

export const drivenWorld = (): { readonly network: Network; readonly host: SimulatedProcess } => {
  const world = new World(1)
  let isDue = false
  const runSoon = (): void => {
    if (isDue) return
    isDue = true
    setImmediate(() => {
      isDue = false
      const before = world.stepCount
      world.run({ untilMs: world.nowMs + STRETCH_MS, stepsMax: Number.POSITIVE_INFINITY }, () => false)
      if (world.stepCount > before) runSoon()
    })
  }
  world.onWork = runSoon
  return { network: new Network(world, new Faults(world, {})), host: new SimulatedProcess(world, "node 1") }
}
