/** The simulator's publisher, with no fault. */
import { Effect, Layer } from "effect"
import { EventPublisher } from "../../runtime/integration/EventPublisher.ts"
import { SimulatedPublisher } from "../../runtime/testing/simulation/SimulatedPublisher.ts"
import { eventPublisherContract } from "./EventPublisher.contract.ts"
import { SimulatedBench } from "./SimulatedBench.ts"

const bench = new SimulatedBench()

eventPublisherContract(
  "simulated",
  () => {
    const publisher = new SimulatedPublisher(bench.network())
    return {
      layer: Layer.sync(EventPublisher, () => publisher.connect(bench.host())),
      published: Effect.sync(() => publisher.memory.events),
    }
  },
  bench.run,
)
