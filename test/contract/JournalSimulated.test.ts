/** The simulator's journal, with no fault: what simulations rest on honours the same contract as the real one. */
import { Effect, Layer } from "effect"
import { Journal } from "../../runtime/journal/Journal.ts"
import { Faults } from "../../runtime/testing/simulation/Faults.ts"
import { Network } from "../../runtime/testing/simulation/Network.ts"
import { SimulatedJournal } from "../../runtime/testing/simulation/SimulatedJournal.ts"
import { SimulatedProcess } from "../../runtime/testing/simulation/SimulatedProcess.ts"
import { World } from "../../runtime/testing/simulation/World.ts"
import { journalContract } from "./Journal.contract.ts"

/** A world that runs whenever the test gives it work, as fast as it can. */
const layer = Layer.effect(
  Journal,
  Effect.sync(() => {
    const world = new World(1)
    let isDue = false
    const runSoon = (): void => {
      if (isDue) return
      isDue = true
      setImmediate(() => {
        isDue = false
        const before = world.stepCount
        // Not further than messages travel: time-outs of what is under way stay ahead.
        world.run({ untilMs: world.nowMs + 100, stepsMax: 1e9 }, () => false)
        if (world.stepCount > before) runSoon()
      })
    }
    world.onWork = runSoon
    const journal = new SimulatedJournal(new Network(world, new Faults(world, {})))
    return journal.connect(new SimulatedProcess(world, "node 1"))
  }),
)

journalContract("simulated", () => layer)
