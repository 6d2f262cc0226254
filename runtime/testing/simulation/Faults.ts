/**
 * Decides which faults strike, and keeps the list of those that did.
 *
 * Every fault has an id, `kind of subject#opportunity`, and whether it strikes depends only on the seed and
 * the id. So a failing run can be repeated with fewer faults and fewer requests to other actors, and the
 * remaining faults strike as before.
 */
import { FAULT_KINDS, type FaultKind, isFaultKind, type Port, shapeOf } from "./FaultKind.ts"
import type { Randomness } from "./Randomness.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"
import type { World } from "./World.ts"

/** Probabilities and counts by kind. A kind that is absent never strikes. */
export type FaultRates = { readonly [kind in FaultKind]?: number }

/** Lag of a slow clock behind the servers', in milliseconds. */
const CLOCK_LAG_MS = { min: 50, max: 20_000 }

/** Probability that a seed draws a kind. */
const KIND_DRAWN_CHANCE = 0.5

/** Draws a subset of `kinds` for the seed, each with its own rate. */
export const drawRates = (random: Randomness, kinds: ReadonlyArray<FaultKind> = FAULT_KINDS): FaultRates => {
  const rates: { [kind in FaultKind]?: number } = {}
  for (const kind of kinds) {
    const { level, most } = shapeOf(kind)
    const own = random.stream(kind)
    if (most === 0 || !own.chance(KIND_DRAWN_CHANCE)) continue
    rates[kind] = level === "call" ? most * own.between(0.1, 1) : 1 + own.index(most)
  }
  return rates
}

const OUT_OF_ORDER: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "node pauses",
  "partition",
  "clock jumps",
  "journal away",
  "leases away",
  "leases lose their tail",
  "leases lost",
  "reply slow",
])

/** Whether nodes lose shards without a handoff too often to count. Crashes are few. */
export const endsLivesOutOfOrder = (rates: FaultRates): boolean =>
  FAULT_KINDS.some((kind) => {
    const { port } = shapeOf(kind)
    const isOne = OUT_OF_ORDER.has(kind) || port === "leases" || port === "transport"
    return isOne && rates[kind] !== undefined
  })

/** Whether no read model goes back to an earlier offset. */
export const keepsReadModels = (rates: FaultRates): boolean =>
  rates["postgres loses its tail"] === undefined && rates["projection rebuilt"] === undefined

export class Faults {
  readonly rates: FaultRates
  /** Ids of the faults that struck, in order. */
  readonly struck: Array<string> = []
  /** True once no more faults strike; the simulation repairs what is broken. */
  isHealed = false
  readonly #world: World
  readonly #allowed: ReadonlySet<string> | undefined
  readonly #chances: Randomness
  /** Opportunities so far, by kind and subject. */
  readonly #opportunities = new Map<string, number>()
  readonly #forced: Array<FaultKind> = []

  /** `allowed`: ids of the only faults that may strike; all may if absent. */
  constructor(world: World, rates: FaultRates, allowed?: ReadonlySet<string>) {
    this.#world = world
    this.#allowed = allowed
    this.rates = rates
    this.#chances = world.random.stream("faults")
  }

  /** Random source for the details of a fault. */
  details(kind: FaultKind): Randomness {
    return this.#world.random.stream(`detail ${this.struck.findLast((id) => id.startsWith(kind)) ?? kind}`)
  }

  /** A process starts; its clock may be behind. */
  lagClock(host: SimulatedProcess): void {
    if (!this.strikes("clock lags", host.name)) return
    host.jumpClock(-this.details("clock lags").between(CLOCK_LAG_MS.min, CLOCK_LAG_MS.max))
  }

  /** Whether a fault of this kind strikes this call. `subject`: what the call is about. */
  strikes(kind: FaultKind, place: string, subject = place): boolean {
    if (this.#forced.length > 0 && this.#isForced(kind, place)) return true
    const rate = this.rates[kind]
    if (rate === undefined || this.isHealed) return false
    const key = `${kind} of ${subject}`
    const opportunity = this.#opportunities.get(key) ?? 0
    this.#opportunities.set(key, opportunity + 1)
    const id = `${key}#${opportunity}`
    return this.#chances.chanceOf(id) < rate && this.allows(kind, id, place)
  }

  #isForced(kind: FaultKind, place: string): boolean {
    const forced = this.#forced.indexOf(kind)
    if (forced < 0) return false
    this.#forced.splice(forced, 1)
    this.#struckBy(kind, `${kind}#asked`, place)
    return true
  }

  /** Whether a fault with this id may strike at all in this run. */
  mayAllow(id: string): boolean {
    return this.#allowed?.has(id) ?? true
  }

  /** Whether a planned fault happens; it is recorded if so. */
  allows(kind: FaultKind, id: string, place: string): boolean {
    if (!this.mayAllow(id)) return false
    this.#struckBy(kind, id, place)
    return true
  }

  /** Forces this fault on the next call of `port`. */
  forceNext(port: Port, mode: string): void {
    if (!isFaultKind(mode) || shapeOf(mode).port !== port) {
      const known = FAULT_KINDS.filter((kind) => shapeOf(kind).port === port)
      throw new Error(`There is no fault "${mode}" of ${port}; there are: ${known.join(", ")}.`)
    }
    this.#forced.push(mode)
  }

  #struckBy(kind: FaultKind, id: string, place: string): void {
    this.struck.push(id)
    this.#world.mark(kind)
    this.#world.note(place, `FAULT ${kind}`)
  }
}
