/** The simulator's publisher, with no fault. */
import { Effect } from "effect"
import { describe, test } from "vitest"
import { eventPublisherContract } from "../../runtime/contract/EventPublisherContract.ts"
import { SimulatedPublisher } from "../../runtime/testing/simulation/SimulatedPublisher.ts"
import { SimulatedBench } from "./SimulatedBench.ts"

const bench = new SimulatedBench()

const open = () => {
  const publisher = new SimulatedPublisher(bench.network())
  return Effect.sync(() => ({
    publisher: publisher.connect(bench.host()),
    published: Effect.sync(() => publisher.memory.events),
  }))
}

eventPublisherContract({ describe, test }, { name: "simulated", open, run: bench.run })
