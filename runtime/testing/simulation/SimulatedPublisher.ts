/**
 * Integration events on simulated servers: published at least once, by senders that may not get the answer.
 */
import { Effect } from "effect"
import {
  type EventPublisherService,
  type PublishedEvent,
  PublisherUnavailable,
} from "../../integration/EventPublisher.ts"
import {
  type EventPublisherMemory,
  makeEventPublisherMemory,
} from "../../integration/EventPublisherMemory.ts"
import type { Fate, Network } from "./Network.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"
import { Unsendable } from "./Unsendable.ts"

const TIMEOUT_MS = 2_000

export class SimulatedPublisher {
  /** The exact content. */
  readonly memory: EventPublisherMemory = makeEventPublisherMemory()
  /** Called for each published event, also if it is published again. */
  readonly observers: Array<(event: PublishedEvent) => void> = []
  readonly #network: Network
  readonly #unsendable: Unsendable

  constructor(network: Network, unsendable = new Unsendable()) {
    this.#network = network
    this.#unsendable = unsendable
  }

  connect(host: SimulatedProcess): EventPublisherService {
    return {
      publish: (event) =>
        Effect.suspend(() =>
          this.#network.call<void, PublisherUnavailable>({
            host,
            server: "journal",
            what: `publish ${event.type} ${event.id}`,
            serve: () => {
              for (const observe of this.observers) observe(event)
              return Effect.runSyncExit(this.memory.publish(event))
            },
            timeoutMs: TIMEOUT_MS,
            unanswered: (detail) => new PublisherUnavailable({ detail }),
            fate: this.#fate(host, event),
          }),
        ),
    }
  }

  #fate(host: SimulatedProcess, { type }: PublishedEvent): Fate<PublisherUnavailable> {
    const { faults } = this.#network
    if (this.#unsendable.refuses(type)) return { refusal: new PublisherUnavailable({ detail: "simulated" }) }
    if (faults.strikes("publication lost", host.name, type)) return { requestLost: true }
    return faults.strikes("publication answer lost", host.name, type) ? { replyLost: true } : {}
  }
}
