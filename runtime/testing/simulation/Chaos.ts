/**
 * The planned faults of a run: crashes, pauses, partitions, servers that are down, clocks that jump, each at
 * a random time.
 *
 * Owns the plan and its execution, and repairs everything at the end of the safety phase.
 */
import type { ActorAddress } from "../../address/ActorAddress.ts"
import type { ProjectionDefinition } from "../../projection/Projection.ts"
import type { FaultKind } from "./FaultKind.ts"
import { FAULT_KINDS, shapeOf } from "./FaultKind.ts"
import type { Faults } from "./Faults.ts"
import type { Network, ServerName } from "./Network.ts"
import type { Randomness } from "./Randomness.ts"
import type { Rubbish } from "./Rubbish.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"
import type { SimulatedServers, StoresCopy } from "./SimulatedServers.ts"
import { isOfStores, StoreFaults } from "./StoreFaults.ts"
import type { World } from "./World.ts"

/** Part of the run, from its beginning, in which planned faults strike, in virtual milliseconds. */
export const CHAOS_MS = 10_000

const RESTART_AFTER_MS = { min: 10, max: 3_000 }
const PAUSE_MS = { min: 10, max: 8_000 }
const PARTITION_MS = { min: 50, max: 6_000 }
const AWAY_MS = { min: 50, max: 5_000 }
const JUMP_MS_MAX = 3_600_000
const TAIL_TRANSACTIONS_MAX = 6
const TYPE_PAUSED_MS = { min: 500, max: 9_000 }
const LEASES_AWAY_MS = { min: 500, max: 10_000 }
const TAIL_LEASES_MAX = 30
/**
 * Duration of an unsendable fault: longer than receivers and the mailbox remember ids, if these bounds are
 * small.
 */
const UNSENDABLE_MS = { min: 2_000, max: 20_000 }
/** Pause between two attempts to resume a type, until a node has accepted it. */
const RESUME_AGAIN_MS = 500
/** Time within which an unconfirmed pause is written. The node that was to write it may have crashed. */
const PAUSE_WRITTEN_MS = 5_000
/** Pause between two nodes of a rolling restart. */
const ROLL_PAUSE_MS = { min: 200, max: 1_500 }

/**
 * Least age of a copy that replaces a store, because the mailbox detects copies of this age
 * (../../outbox/LostTimers.ts).
 */
const COPY_AGE_MIN_MS = 2_000

export interface ChaosContext {
  readonly world: World
  readonly faults: Faults
  readonly network: Network
  readonly nodes: ReadonlyArray<SimulatedNode>
  readonly servers: SimulatedServers
  /** Actor types that may be paused. */
  readonly types: ReadonlyArray<string>
  /** Types of integration events that actors publish. */
  readonly publications: ReadonlyArray<string>
  readonly projections: ReadonlyArray<ProjectionDefinition>
  /** Actors with history. */
  readonly addresses: () => ReadonlyArray<ActorAddress>
  readonly rubbish: Rubbish
}

export class Chaos {
  /** Time of the last planned fault, in virtual milliseconds. */
  lastAtMs = 0
  readonly #world: World
  readonly #faults: Faults
  readonly #network: Network
  readonly #nodes: ReadonlyArray<SimulatedNode>
  readonly #servers: SimulatedServers
  readonly #types: ReadonlyArray<string>
  /**
   * Time from which each type may be resumed for good, in virtual milliseconds, because its pause is written
   * by then.
   */
  readonly #paused = new Map<string, number>()
  readonly #rubbish: Rubbish
  readonly #stores: StoreFaults
  readonly #publications: ReadonlyArray<string>
  readonly #projections: ReadonlyArray<ProjectionDefinition>
  readonly #addresses: () => ReadonlyArray<ActorAddress>

  constructor({ world, servers, ...context }: ChaosContext) {
    this.#world = world
    this.#faults = context.faults
    this.#network = context.network
    this.#nodes = context.nodes
    this.#servers = servers
    this.#types = context.types
    this.#publications = context.publications
    this.#projections = context.projections
    this.#addresses = context.addresses
    this.#rubbish = context.rubbish
    this.#stores = new StoreFaults(world, servers)
    for (const kind of FAULT_KINDS) {
      if (shapeOf(kind).level === "plan") this.#plan(kind, this.#faults.rates[kind] ?? 0)
    }
  }

  /** Repairs everything, for good. */
  heal(): void {
    this.#faults.isHealed = true
    this.#network.mendAll()
    this.#servers.leases.isAway = false
    this.#servers.unsendable.clear()
    for (const node of this.#nodes) {
      node.resume()
      node.drain(false)
      node.restart()
    }
    for (const type of this.#paused.keys()) this.#resumeType(type)
  }

  #plan(kind: FaultKind, count: number): void {
    for (let index = 0; index < count; index++) {
      const random = this.#world.random.stream(`plan ${kind} ${index}`)
      const node = random.pick(this.#nodes)
      const atMs = random.between(0, CHAOS_MS)
      if (isOfStores(kind)) {
        this.#planRestore(kind, index, atMs, random)
        continue
      }
      if (this.#faults.mayAllow(`${kind}#${index}`)) this.lastAtMs = Math.max(this.lastAtMs, atMs)
      this.#world.after(atMs, undefined, () => {
        if (this.#faults.isHealed) return
        if (this.#faults.allows(kind, `${kind}#${index}`, placeOf(kind) ?? node.name))
          this.#strike(kind, node, random)
      })
    }
  }

  /** Plans a restore: all stores are copied at some time before it. */
  #planRestore(kind: FaultKind, index: number, atMs: number, random: Randomness): void {
    const id = `${kind}#${index}`
    let copy: StoresCopy = this.#servers.copy()
    this.#world.after(random.between(0, Math.max(0, atMs - COPY_AGE_MIN_MS)), undefined, () => {
      copy = this.#servers.copy()
    })
    if (this.#faults.mayAllow(id)) this.lastAtMs = Math.max(this.lastAtMs, atMs)
    this.#world.after(atMs, undefined, () => {
      if (this.#faults.isHealed) return
      if (!this.#faults.allows(kind, id, placeOf(kind) ?? "journal")) return
      const isOfAll = kind === "stores restored"
      if (isOfAll) for (const node of this.#nodes) node.crash()
      this.#stores.strike(kind, copy, random)
      if (!isOfAll) return
      for (const node of this.#nodes) {
        this.#world.after(random.between(RESTART_AFTER_MS.min, RESTART_AFTER_MS.max), undefined, () =>
          node.restart(),
        )
      }
    })
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
      case "schedules lost":
        this.#world.note("journal", "what waits for its time in the mailbox is purged")
        return this.#servers.mailbox.contents.loseSchedules()
      case "unsendable": {
        const { unsendable } = this.#servers
        const cause = unsendable.draw(random, this.#addresses(), this.#publications)
        if (cause === undefined) return
        this.#world.note("journal", `unsendable: ${JSON.stringify(cause)}`)
        unsendable.begin(cause)
        until(UNSENDABLE_MS, () => unsendable.end(cause))
        return
      }
      case "projection rebuilt":
        if (this.#projections.length === 0) return
        return node.rebuild(random.pick(this.#projections), () =>
          this.#world.mark("a projection began again"),
        )
      case "postgres away":
        return this.#takeDown("postgres", () => until(AWAY_MS, () => network.bringUp("postgres")))
      case "postgres loses its tail": {
        const lostCount = 1 + random.index(TAIL_TRANSACTIONS_MAX)
        return this.#takeDown("postgres", () =>
          until(AWAY_MS, () => {
            this.#servers.postgres.loseTail(lostCount)
            network.bringUp("postgres")
          }),
        )
      }
      default:
        return this.#strikeCluster(kind, node, random)
    }
  }

  #strikeCluster(kind: FaultKind, node: SimulatedNode, random: Randomness): void {
    const { leases } = this.#servers
    switch (kind) {
      case "leases away":
        leases.isAway = true
        this.#world.after(random.between(LEASES_AWAY_MS.min, LEASES_AWAY_MS.max), undefined, () => {
          leases.isAway = false
        })
        return
      case "leases lose their tail":
      case "leases lost": {
        const lostCount = kind === "leases lost" ? Number.MAX_SAFE_INTEGER : 1 + random.index(TAIL_LEASES_MAX)
        return this.#takeDown("journal", () =>
          this.#world.after(random.between(AWAY_MS.min, AWAY_MS.max), undefined, () => {
            leases.lose(lostCount)
            this.#network.bringUp("journal")
          }),
        )
      }
      case "type pauses":
        return this.#pauseType(random.pick(this.#types), random)
      case "rolling restart":
        return this.#roll(random, this.#nodes)
      case "node drains":
        node.drain(true)
        this.#world.after(random.between(PAUSE_MS.min, PAUSE_MS.max), undefined, () => node.drain(false))
        return
      default:
        return this.#rubbish.strike(kind, random)
    }
  }

  #pauseType(type: string, random: Randomness): void {
    if (this.#paused.has(type)) return
    this.#paused.set(type, this.#world.nowMs + PAUSE_WRITTEN_MS)
    this.#tryPause(type, true)
    this.#world.after(random.between(TYPE_PAUSED_MS.min, TYPE_PAUSED_MS.max), undefined, () =>
      this.#resumeType(type),
    )
  }

  #resumeType(type: string): void {
    if (!this.#paused.has(type)) return
    this.#tryPause(type, false)
    this.#world.after(RESUME_AGAIN_MS, undefined, () => this.#resumeType(type))
  }

  /** Asks any running node. A node that crashes meanwhile may not have done it. */
  #tryPause(type: string, isPaused: boolean): void {
    const node = this.#nodes.find(({ isRunning }) => isRunning)
    const askedAtMs = this.#world.nowMs
    node?.pauseType(type, isPaused, () => {
      if (isPaused) {
        this.#world.mark("a type was paused")
        if (this.#paused.has(type)) this.#paused.set(type, this.#world.nowMs)
      } else if (askedAtMs > (this.#paused.get(type) ?? 0)) this.#paused.delete(type)
    })
  }

  /** Restarts the nodes in order, each when the one before is up again. */
  #roll(random: Randomness, [node, ...others]: ReadonlyArray<SimulatedNode>): void {
    if (node === undefined || this.#faults.isHealed) return
    const goOn = (): void => {
      this.#world.after(random.between(ROLL_PAUSE_MS.min, ROLL_PAUSE_MS.max), undefined, () =>
        this.#roll(random, others),
      )
    }
    if (!node.isRunning) return goOn()
    const stop = (): void => {
      if (!node.isRunning || this.#faults.isHealed) return goOn()
      node.stop(() => {
        node.crash()
        this.#world.mark("a node was restarted in its turn")
        this.#world.after(random.between(RESTART_AFTER_MS.min, 500), undefined, () => {
          node.restart()
          goOn()
        })
      })
    }
    if (!random.chance(0.5)) return stop()
    node.drain(true)
    this.#world.after(random.between(0, 1_000), undefined, stop)
  }

  #takeDown(server: ServerName, thenUp: () => void): void {
    this.#network.takeDown(server)
    thenUp()
  }
}

/** The server that the fault strikes; `undefined` if it strikes a node. */
const placeOf = (kind: FaultKind): string | undefined => {
  if (/^(postgres|snapshots)/.test(kind)) return "postgres"
  return /^(checkpoints|journal|leases|mailbox|rolling|rubbish|schedules|stores|timers|unsendable)/.test(kind)
    ? "journal"
    : undefined
}
