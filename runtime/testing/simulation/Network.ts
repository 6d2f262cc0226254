/**
 * The network between processes and servers: messages take time, get lost, come late or twice.
 *
 * Owns the walk of one call: request, the server's work in one atomic moment, reply, time-out. Links can be
 * cut and servers can be down. The port of a call decides its fate (SimulatedJournal.ts,
 * SimulatedPostgres.ts).
 */
import { Effect, Exit } from "effect"
import type { Faults } from "./Faults.ts"
import type { Randomness } from "./Randomness.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"
import type { World } from "./World.ts"

/** A simulated server that can be away. */
export type ServerName = "journal" | "postgres"

/** Mean time of a message in one direction, in milliseconds. */
const WAY_MEAN_MS = 0.4

/** Longest time of a message in one direction, in milliseconds. */
const WAY_MAX_MS = 20

/** Extra time of a slow reply, in milliseconds. */
const SLOW_MS = { min: 20, max: 4_000 }

/** Deviations of one call from the normal course. */
export interface Fate<E> {
  readonly requestLost?: boolean
  /** Delay of the request, in milliseconds. */
  readonly requestAfterMs?: number
  readonly replyLost?: boolean
  readonly replyAfterMs?: number
  /** Answer of a server that does nothing. */
  readonly refusal?: E
  /** Answer of a server that does its work. */
  readonly answerInstead?: E
  /** Whether a copy arrives too; the caller gets the reply to the copy. */
  readonly isTwice?: boolean
}

export interface Call<A, E> {
  readonly host: SimulatedProcess
  readonly server: ServerName
  readonly what: string
  readonly serve: () => Exit.Exit<A, E>
  readonly timeoutMs: number
  /** Error for the caller when no answer comes, and when the server is known to be down. */
  readonly unanswered: (reason: "Timeout" | "Disconnected") => E
  readonly fate: Fate<E>
}

interface ServerState {
  isUp: boolean
  /** Number that rises with every restart: replies to an earlier process are lost. */
  life: number
}

export class Network {
  readonly world: World
  readonly faults: Faults
  /** Called with the broken connections. */
  readonly breaks: Array<(isBroken: (node: string, server: ServerName) => boolean) => void> = []
  /** Calls that a fault has delayed and that have not reached their server yet. */
  delayedCount = 0
  readonly #delays: Randomness
  readonly #cut = new Set<string>()
  readonly #servers: { readonly [name in ServerName]: ServerState } = {
    journal: { isUp: true, life: 0 },
    postgres: { isUp: true, life: 0 },
  }

  constructor(world: World, faults: Faults) {
    this.world = world
    this.faults = faults
    this.#delays = world.random.stream("delays")
  }

  cut(node: string, server: ServerName): void {
    this.#cut.add(`${node} ${server}`)
    this.#break((other, at) => other === node && at === server)
  }

  mend(node: string, server: ServerName): void {
    this.#cut.delete(`${node} ${server}`)
  }

  isCut(node: string, server: ServerName): boolean {
    return this.#cut.has(`${node} ${server}`)
  }

  takeDown(server: ServerName): void {
    this.#servers[server].isUp = false
    this.#servers[server].life++
    this.#break((_, at) => at === server)
  }

  bringUp(server: ServerName): void {
    this.#servers[server].isUp = true
  }

  isUp(server: ServerName): boolean {
    return this.#servers[server].isUp
  }

  mendAll(): void {
    this.#cut.clear()
    this.bringUp("journal")
    this.bringUp("postgres")
  }

  call<A, E>(call: Call<A, E>): Effect.Effect<A, E> {
    return Effect.callback<A, E>((resume) => {
      const cancel = this.begin(call, resume)
      return Effect.sync(cancel)
    })
  }

  /**
   * Begins a call; `done` gets its end. Returns a function that forgets the call; messages in flight go on.
   */
  begin<A, E>(call: Call<A, E>, done: (exit: Exit.Exit<A, E>) => void): () => void {
    const { host, server, what, fate } = call
    const { world } = this
    let isSettled = false
    const settle = (exit: Exit.Exit<A, E>): void => {
      if (isSettled) return
      isSettled = true
      timeout.cancel()
      if (Exit.isFailure(exit)) world.note(host.name, `${what} failed: ${reasonOf(exit)}`)
      done(exit)
    }
    world.note(host.name, what)
    const timeout = world.after(call.timeoutMs, host, () => settle(Exit.fail(call.unanswered("Timeout"))))
    const isTwice = fate.isTwice === true
    const arrive = (isLastCopy: boolean) => () => {
      const exit = this.#serve(call)
      if (isLastCopy) this.#reply(call, exit, settle)
    }
    if (!fate.requestLost) {
      const delayMs = fate.requestAfterMs ?? 0
      this.#countDelayed(delayMs)
      this.send(host, server, delayMs, arrive(!isTwice), () =>
        settle(Exit.fail(call.unanswered("Disconnected"))),
      )
      if (isTwice) this.send(host, server, TWICE_AFTER_MS, arrive(true))
    }
    return () => {
      isSettled = true
      timeout.cancel()
    }
  }

  /**
   * A message to a server. `refused`: the server is known to be down, which not every sender learns. `lost`:
   * for senders that wait for no other answer.
   */
  send(
    host: SimulatedProcess,
    server: ServerName,
    afterMs: number,
    arrive: () => void,
    refused: () => void = ignore,
    lost: () => void = ignore,
  ): void {
    const { world } = this
    if (this.isCut(host.name, server)) return lost()
    world.after(afterMs + this.#wayMs(), undefined, () => {
      if (this.isUp(server) && !this.isCut(host.name, server)) return arrive()
      if (!this.isUp(server) && this.#delays.chance(0.5)) world.after(this.#wayMs(), host, refused)
      else lost()
    })
  }

  /** A message from a server to a process. It is lost if the link is cut or the server has crashed since. */
  answer(
    host: SimulatedProcess,
    server: ServerName,
    afterMs: number,
    arrive: () => void,
    lost: () => void = ignore,
  ): void {
    const state = this.#servers[server]
    const { life } = state
    const slowMs = this.faults.strikes("reply slow", server, host.name)
      ? this.#delays.between(SLOW_MS.min, SLOW_MS.max)
      : 0
    this.world.after(afterMs + slowMs + this.#wayMs(), host, () => {
      if (state.life === life && !this.isCut(host.name, server)) arrive()
      else lost()
    })
  }

  #countDelayed(delayMs: number): void {
    if (delayMs === 0) return
    this.delayedCount++
    this.world.after(delayMs + WAY_MAX_MS, undefined, () => {
      this.delayedCount--
    })
  }

  #break(isBroken: (node: string, server: ServerName) => boolean): void {
    for (const told of this.breaks) told(isBroken)
  }

  #serve<A, E>({ host, server, what, serve, fate }: Call<A, E>): Exit.Exit<A, E> {
    if (fate.refusal !== undefined) return Exit.fail(fate.refusal)
    const exit = serve()
    this.world.note(server, `${what} of ${host.name}: ${Exit.isSuccess(exit) ? "done" : reasonOf(exit)}`)
    return exit
  }

  #reply<A, E>(
    { host, server, fate }: Call<A, E>,
    exit: Exit.Exit<A, E>,
    settle: (exit: Exit.Exit<A, E>) => void,
  ): void {
    if (fate.replyLost) return
    const answer = fate.answerInstead === undefined ? exit : Exit.fail(fate.answerInstead)
    this.answer(host, server, fate.replyAfterMs ?? 0, () => settle(answer))
  }

  #wayMs(): number {
    return this.world.interleaving === "fifo" ? WAY_MEAN_MS : this.#delays.exponential(WAY_MEAN_MS) + 0.05
  }
}

/** Delay of the copy of a message. */
const TWICE_AFTER_MS = 5

const ignore = (): void => undefined

const reasonOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "done"
  const [first] = exit.cause.reasons
  if (first?._tag === "Fail") {
    const { _tag, reason } = first.error as { readonly _tag?: string; readonly reason?: string }
    return `${_tag ?? "failure"}${reason === undefined ? "" : ` ${reason}`}`
  }
  return first?._tag ?? "nothing"
}
