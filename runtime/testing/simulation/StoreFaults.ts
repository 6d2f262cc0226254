/**
 * Faults of an operator on stores: one is lost, one is mixed up, or an older copy replaces one or all. The
 * journal is unchanged.
 *
 * Owns what each of these faults does. When they strike, and which nodes are down then: Chaos.ts.
 */
import type { FaultKind } from "./FaultKind.ts"
import type { Randomness } from "./Randomness.ts"
import type { SimulatedServers, StoresCopy } from "./SimulatedServers.ts"
import type { World } from "./World.ts"

/** Probability that each store is replaced by a copy, if several are. */
const STORE_RESTORED_CHANCE = 0.6

/** Messages that other clients have sent, and nodes have taken, before a replaced mailbox is checked. */
const GROWN_COUNT = 1_000

/** Kinds of faults of stores. */
export const STORE_FAULTS: ReadonlyArray<FaultKind> = [
  "checkpoints lost",
  "checkpoints restored",
  "checkpoints mixed up",
  "mailbox restored",
  "mailbox lost",
  "timers restored",
  "snapshots restored",
  "stores restored",
]

/** Whether the fault strikes a store, and may need an earlier copy. */
export const isOfStores = (kind: FaultKind): boolean => STORE_FAULTS.includes(kind)

export class StoreFaults {
  readonly #world: World
  readonly #servers: SimulatedServers

  constructor(world: World, servers: SimulatedServers) {
    this.#world = world
    this.#servers = servers
  }

  /** `copy` is from an earlier time. */
  strike(kind: FaultKind, copy: StoresCopy, random: Randomness): void {
    const { checkpoints } = this.#servers
    switch (kind) {
      case "checkpoints lost":
        return checkpoints.restore(new Map())
      case "checkpoints mixed up":
        return checkpoints.mixUp(random)
      case "checkpoints restored":
        return this.#restoreCheckpoints(copy)
      case "mailbox restored":
        return this.#restoreMailbox(copy)
      case "mailbox lost":
        this.#world.note("journal", "the mailbox is made anew")
        this.#servers.mailbox.renew()
        return this.#growMailbox(random)
      case "timers restored":
        return this.#restoreTimers(copy)
      case "snapshots restored":
        return this.#restoreSnapshots(copy)
      case "stores restored":
        for (const restore of this.#restores) if (random.chance(STORE_RESTORED_CHANCE)) restore(copy)
        return this.#growMailbox(random)
    }
  }

  /** Grows the mailbox, or not: then its positions are reused. */
  #growMailbox(random: Randomness): void {
    if (random.chance(0.5)) this.#servers.mailbox.contents.grow(GROWN_COUNT)
  }

  readonly #restoreCheckpoints = (copy: StoresCopy): void => {
    this.#world.note("journal", "the checkpoints are an older copy")
    this.#servers.checkpoints.restore(copy.checkpoints)
  }

  readonly #restoreMailbox = (copy: StoresCopy): void => {
    this.#world.note("journal", "the mailbox is an older copy")
    this.#servers.mailbox.restore(copy.mailbox, "messages")
  }

  readonly #restoreTimers = (copy: StoresCopy): void => {
    this.#world.note("journal", "the timers are an older copy")
    this.#servers.mailbox.restore(copy.mailbox, "timers")
  }

  readonly #restoreSnapshots = (copy: StoresCopy): void => {
    this.#world.note("postgres", "the snapshots are an older copy")
    this.#servers.postgres.restoreSnapshots(copy.snapshots)
  }

  readonly #restores = [
    this.#restoreCheckpoints,
    this.#restoreMailbox,
    this.#restoreTimers,
    this.#restoreSnapshots,
  ]
}
