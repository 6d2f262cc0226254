/**
 * Those who keep asking: lanes, one request at a time each, over all actors, and a record of everything that they did.
 *
 * Most requests add, some read, some repeat an earlier command under its id, answered or not. What the records must
 * keep to: Verdict.ts.
 */
import type { ActorSystem } from "../../infra/system/ActorSystem.ts"
import { Chance } from "./Chance.ts"
import { isDone, type Operation, type Outcome } from "./Operation.ts"
import { Register } from "./Register.ts"

/** Of a hundred requests. */
const READS = 15
const REPEATS = 5

/** Of a hundred commands whose outcome is not known. */
const TRIED_AGAIN = 60

const REMEMBERED_MAX = 20

export interface ClientsOptions {
  readonly actorCount: number
  readonly laneCount: number
  /** Mean pause of a lane between two requests, in milliseconds. */
  readonly pauseMs: number
  readonly seed: number
}

interface Add {
  readonly commandId: string
  readonly by: number
}

/** What a lane knows of its own commands. */
interface Memory {
  readonly lane: number
  /** The newest that were answered. */
  readonly answered: Array<Add>
  /** One that was not, and is tried again. */
  open: Add | undefined
  count: number
}

export const actorName = (index: number): string => `r${index}`

export class Clients {
  readonly operations: Array<Operation> = []
  readonly #system: Pick<ActorSystem, "get">
  readonly #options: ClientsOptions
  readonly #lanes: ReadonlyArray<Promise<void>>
  #isOver = false

  constructor(system: Pick<ActorSystem, "get">, options: ClientsOptions) {
    this.#system = system
    this.#options = options
    this.#lanes = Array.from({ length: options.laneCount }, (_, lane) => this.#run(lane))
  }

  /** Resolves when the last request is answered. */
  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#lanes)
  }

  async #run(lane: number): Promise<void> {
    const { actorCount, pauseMs, seed } = this.#options
    const chance = new Chance(seed * 7_919 + lane)
    const actor = actorName(lane % actorCount)
    const memory: Memory = { lane, answered: [], open: undefined, count: 0 }
    await pause(chance.next() * pauseMs)
    while (!this.#isOver) {
      await this.#next(actor, chance, memory)
      await pause(pauseMs * (0.5 + chance.next()))
    }
  }

  async #next(actor: string, chance: Chance, memory: Memory): Promise<void> {
    const draw = chance.between(0, 99)
    if (draw < READS) return void (await this.#do(actor, undefined))
    const { lane, answered } = memory
    const known = draw < READS + REPEATS && answered.length > 0 ? chance.of(answered) : memory.open
    const add = known ?? { commandId: `${lane}-${memory.count++}`, by: chance.between(1, 1_000) }
    const isAnswered = isDone(await this.#do(actor, add))
    if (isAnswered && known === undefined) answered.push(add)
    if (answered.length > REMEMBERED_MAX) answered.shift()
    if (known === undefined || known === memory.open) {
      memory.open = !isAnswered && chance.between(0, 99) < TRIED_AGAIN ? add : undefined
    }
  }

  async #do(actor: string, add: Add | undefined): Promise<Operation> {
    const ref = this.#system.get(Register, actor)
    const operation: Operation = {
      actor,
      invokedMs: performance.now(),
      returnedMs: Number.POSITIVE_INFINITY,
      ...(add === undefined ? undefined : { add }),
      outcome: undefined,
    }
    this.operations.push(operation)
    try {
      if (add === undefined) {
        const { version, state } = await ref.state()
        operation.outcome = { version, total: state.context.total, isDuplicate: false }
      } else {
        const { commandId, by } = add
        const { version, reply, duplicate } = await ref.ask({ type: "Add", by }, { commandId })
        operation.outcome = { version, total: reply.total, isDuplicate: duplicate }
      }
      operation.returnedMs = performance.now()
    } catch (error) {
      operation.outcome = failureOf(error)
    }
    return operation
  }
}

const failureOf = (error: unknown): Outcome => {
  const { _tag, kind, stored } = error as {
    readonly _tag?: string
    readonly kind?: string
    readonly stored?: string
  }
  return {
    error: _tag ?? String(error),
    isTransient: kind === "transient",
    isNotStored: kind !== "transient" || stored === "No" || _tag === "Busy",
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
