/**
 * Long polls: a request that a server keeps until it has an answer.
 *
 * Owns the waiting, and repeats a request if it or its answer was lost. While nothing is lost, no timer runs.
 * Its users: SimulatedJournal.ts (the journal's next page), SimulatedMailbox.ts (a shard's messages).
 */
import { Effect } from "effect"
import type { Network, ServerName } from "./Network.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"

/** Time after which a client without an answer asks again, in milliseconds. */
const PULL_EXPIRY_MS = 5_000

export interface Pull<A> {
  readonly host: SimulatedProcess
  /** Topic that {@link Pulls.wake} names. */
  readonly topic: number
  /** Runs in the server: returns the answer, if there is one now. */
  readonly serve: () => A | undefined
  /** Extra delay of the answer, in milliseconds. */
  readonly lateMs: () => number
  /** Runs in the client: request or answer was lost, and the client is about to ask again. */
  readonly lost?: () => void
}

interface Question {
  readonly host: SimulatedProcess
  readonly topic: number
  readonly serve: () => void
  readonly lost: () => void
}

export class Pulls {
  readonly #network: Network
  readonly #server: ServerName
  readonly #waiting = new Map<number, Set<Question>>()

  constructor(network: Network, server: ServerName) {
    this.#network = network
    this.#server = server
    network.breaks.push((isBroken) => this.#lose(isBroken))
  }

  /** Asks until there is an answer. */
  pull<A>({ host, topic, serve, lateMs, lost }: Pull<A>): Effect.Effect<A> {
    const network = this.#network
    const server = this.#server
    return Effect.callback((resume) => {
      let isOver = false
      const question: Question = {
        host,
        topic,
        serve: () => {
          if (isOver || host.life === "dead") return
          const answer = serve()
          if (answer === undefined) {
            this.#wait(question)
            return
          }
          const arrive = () => {
            if (isOver) return
            isOver = true
            resume(Effect.succeed(answer))
          }
          network.answer(host, server, lateMs(), arrive, question.lost)
        },
        lost: () => {
          network.world.after(PULL_EXPIRY_MS, host, () => {
            if (isOver) return
            lost?.()
            ask()
          })
        },
      }
      const ask = () => network.send(host, server, 0, question.serve, question.lost, question.lost)
      ask()
      return Effect.sync(() => {
        isOver = true
        this.#waiting.get(topic)?.delete(question)
      })
    })
  }

  /** Tells waiting requests that there may be answers now. */
  wake(topic: number): void {
    const waiting = this.#waiting.get(topic)
    if (waiting === undefined) return
    this.#waiting.delete(topic)
    for (const question of waiting) question.serve()
  }

  #wait(question: Question): void {
    const waiting = this.#waiting.get(question.topic)
    if (waiting === undefined) this.#waiting.set(question.topic, new Set([question]))
    else waiting.add(question)
  }

  #lose(isBroken: (node: string, server: ServerName) => boolean): void {
    for (const waiting of this.#waiting.values()) {
      for (const question of waiting) {
        if (!isBroken(question.host.name, this.#server)) continue
        waiting.delete(question)
        question.lost()
      }
    }
  }
}
