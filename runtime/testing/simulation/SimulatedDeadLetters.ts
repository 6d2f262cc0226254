/**
 * Dead letters on simulated servers: exact once stored, sometimes out of reach, or stored without an answer.
 */
import { Clock, Context, Effect } from "effect"
import {
  type DeadLetter,
  type DeadLettersService,
  DeadLettersUnavailable,
} from "../../deadletter/DeadLetters.ts"
import { type DeadLettersMemory, makeDeadLettersMemory } from "../../deadletter/DeadLettersMemory.ts"
import type { Fate, Network } from "./Network.ts"
import { SimulatedProcess } from "./SimulatedProcess.ts"

const TIMEOUT_MS = 2_000

export class SimulatedDeadLetters {
  /** The exact content. */
  readonly memory: DeadLettersMemory = makeDeadLettersMemory()
  /** Called for each stored letter, also if it is added again. */
  readonly observers: Array<(letter: DeadLetter) => void> = []
  readonly #network: Network
  /** The server's clock. */
  readonly #clock: Clock.Clock

  constructor(network: Network) {
    this.#network = network
    this.#clock = Context.get(new SimulatedProcess(network.world, "dead letters").context, Clock.Clock)
  }

  /** Stores a letter that no node has written; observers are not called. */
  put(letter: DeadLetter): void {
    Effect.runSync(Effect.provideService(this.memory.add(letter), Clock.Clock, this.#clock))
  }

  connect(host: SimulatedProcess): DeadLettersService {
    const { memory } = this
    return {
      add: (letter) =>
        this.#call(host, `dead letter of ${letter.key}: ${letter.reason}`, this.#add(letter), letter.key),
      list: (options) => this.#call(host, "list dead letters", memory.list(options)),
      get: (number) => this.#call(host, `dead letter ${number}`, memory.get(number)),
      lastNumber: this.#call(host, "last dead letter", memory.lastNumber),
      remove: (number) => this.#call(host, `remove dead letter ${number}`, memory.remove(number)),
    }
  }

  #add(letter: DeadLetter): Effect.Effect<void, DeadLettersUnavailable> {
    return Effect.tap(this.memory.add(letter), () =>
      Effect.sync(() => {
        for (const observe of this.observers) observe(letter)
      }),
    )
  }

  #call<A>(
    host: SimulatedProcess,
    what: string,
    work: Effect.Effect<A, DeadLettersUnavailable>,
    subject = host.name,
  ): Effect.Effect<A, DeadLettersUnavailable> {
    return Effect.suspend(() =>
      this.#network.call<A, DeadLettersUnavailable>({
        host,
        server: "journal",
        what,
        serve: () => Effect.runSyncExit(Effect.provideService(work, Clock.Clock, this.#clock)),
        timeoutMs: TIMEOUT_MS,
        unanswered: (detail) => new DeadLettersUnavailable({ detail }),
        fate: this.#fate(host, subject),
      }),
    )
  }

  #fate(host: SimulatedProcess, subject: string): Fate<DeadLettersUnavailable> {
    const { faults } = this.#network
    if (faults.strikes("dead letters unavailable", host.name, subject)) {
      return { refusal: new DeadLettersUnavailable({ detail: "simulated" }) }
    }
    return faults.strikes("dead letter answer lost", host.name, subject) ? { replyLost: true } : {}
  }
}
