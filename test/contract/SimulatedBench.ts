/**
 * Runs facts of a contract inside a simulated process, on virtual time: a schedule of a day is due at once, and a
 * redelivery takes no longer than the steps it needs.
 */
import { Effect, Exit } from "effect"
import { expect } from "vitest"
import { Faults } from "../../runtime/testing/simulation/Faults.ts"
import { Network } from "../../runtime/testing/simulation/Network.ts"
import { SimulatedProcess } from "../../runtime/testing/simulation/SimulatedProcess.ts"
import { World } from "../../runtime/testing/simulation/World.ts"

/** Virtual time that one fact may take. */
const FACT_MS_MAX = 3_600_000

export class SimulatedBench {
  #world = new World(1)
  #network = new Network(this.#world, new Faults(this.#world, {}))

  /** The network of a new world, in which the next fact is run. */
  network(): Network {
    this.#world = new World(1)
    this.#network = new Network(this.#world, new Faults(this.#world, {}))
    return this.#network
  }

  /** A process in the world of the next fact. */
  host(): SimulatedProcess {
    return new SimulatedProcess(this.#world, "node 1")
  }

  readonly run = async (program: Effect.Effect<void, unknown>): Promise<void> => {
    const world = this.#world
    let end: Exit.Exit<void, unknown> | undefined
    this.host().fork(
      Effect.onExit(program, (exit) =>
        Effect.sync(() => {
          end = exit
        }),
      ),
    )
    world.run({ untilMs: FACT_MS_MAX, stepsMax: Number.POSITIVE_INFINITY }, () => end !== undefined)
    expect(end, "the fact came to no end").toBeDefined()
    if (end !== undefined && Exit.isFailure(end)) await Effect.runPromise(end)
  }
}
