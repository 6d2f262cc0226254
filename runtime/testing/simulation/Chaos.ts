/**
 * The planned faults of a run: crashes, pauses, partitions, servers away, clocks that jump, each at a random time.
 *
 * Owns the plan and its execution, and the healing of all of it at the end of the safety phase.
 */
import type { FaultKind } from "./FaultKind.ts"
import { FAULT_KINDS, shapeOf } from "./FaultKind.ts"
import type { Faults } from "./Faults.ts"
import type { Network, ServerName } from "./Network.ts"
import type { Randomness } from "./Randomness.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"
import type { SimulatedPostgres } from "./SimulatedPostgres.ts"
import type { World } from "./World.ts"

/** Part of the run, from its beginning, in which planned faults strike, in virtual milliseconds. */
export const CHAOS_MS = 10_000

const RESTART_AFTER_MS = { min: 10, max: 3_000 }
const PAUSE_MS = { min: 10, max: 8_000 }
const PARTITION_MS = { min: 50, max: 6_000 }
const AWAY_MS = { min: 50, max: 5_000 }
const JUMP_MS_MAX = 3_600_000
const TAIL_TRANSACTIONS_MAX = 6

export class Chaos {
  /** When the last planned fault strikes, in virtual milliseconds. */
  lastAtMs = 0
  readonly #world: World
  readonly #faults: Faults
  readonly #network: Network
  readonly #nodes: ReadonlyArray<SimulatedNode>
  readonly #postgres: SimulatedPostgres

  constructor(
    world: World,
    faults: Faults,
    network: Network,
    nodes: ReadonlyArray<SimulatedNode>,
    postgres: SimulatedPostgres,
  ) {
    this.#world = world
    this.#faults = faults
    this.#network = network
    this.#nodes = nodes
    this.#postgres = postgres
    for (const kind of FAULT_KINDS) {
      if (shapeOf(kind).level === "plan") this.#plan(kind, this.#faults.rates[kind] ?? 0)
    }
  }

  /** Everything works again, for good. */
  heal(): void {
    this.#faults.isHealed = true
    this.#network.mendAll()
    for (const node of this.#nodes) {
      node.resume()
      node.restart()
    }
  }

  #plan(kind: FaultKind, count: number): void {
    for (let index = 0; index < count; index++) {
      const random = this.#world.random.stream(`plan ${kind} ${index}`)
      const node = random.pick(this.#nodes)
      const atMs = random.between(0, CHAOS_MS)
      if (this.#faults.mayAllow(`${kind}#${index}`)) this.lastAtMs = Math.max(this.lastAtMs, atMs)
      this.#world.after(atMs, undefined, () => {
        if (this.#faults.isHealed) return
        if (this.#faults.allows(kind, `${kind}#${index}`, placeOf(kind, node)))
          this.#strike(kind, node, random)
      })
    }
  }

  #strike(kind: FaultKind, node: SimulatedNode, random: Randomness): void {
    const until = (bounds: { readonly min: number; readonly max: number }, end: () => void) =>
      this.#world.after(random.between(bounds.min, bounds.max), undefined, end)
    const network = this.#network
    switch (kind) {
      case "node crashes":
        node.crash()
        until(RESTART_AFTER_MS, () => node.restart())
        return
      case "node stops":
        node.stop(() => {
          node.crash()
          until(RESTART_AFTER_MS, () => node.restart())
        })
        return
      case "node pauses":
        node.pause()
        until(PAUSE_MS, () => node.resume())
        return
      case "partition": {
        const server: ServerName = random.chance(0.7) ? "journal" : "postgres"
        this.#world.note(node.name, `cut off from ${server}`)
        network.cut(node.name, server)
        until(PARTITION_MS, () => network.mend(node.name, server))
        return
      }
      case "clock jumps":
        node.process.jumpClock(Math.round(random.between(-JUMP_MS_MAX, JUMP_MS_MAX)))
        return
      case "journal away":
        return this.#takeDown("journal", () => until(AWAY_MS, () => network.bringUp("journal")))
      case "postgres away":
        return this.#takeDown("postgres", () => until(AWAY_MS, () => network.bringUp("postgres")))
      default: {
        const lostCount = 1 + random.index(TAIL_TRANSACTIONS_MAX)
        return this.#takeDown("postgres", () =>
          until(AWAY_MS, () => {
            this.#postgres.loseTail(lostCount)
            network.bringUp("postgres")
          }),
        )
      }
    }
  }

  #takeDown(server: ServerName, thenUp: () => void): void {
    this.#network.takeDown(server)
    thenUp()
  }
}

const placeOf = (kind: FaultKind, node: SimulatedNode): string =>
  kind.startsWith("postgres") ? "postgres" : kind.startsWith("journal") ? "journal" : node.name
