/**
 * What becomes of stores by the hand of an operator: one is lost, one is mixed up, or an older copy takes the place of
 * one or of all. The journal is left as it is.
 *
 * Owns what each of these faults does. When they strike, and which nodes are down then: Chaos.ts.
 */
import type { FaultKind } from "./FaultKind.ts"
import type { Randomness } from "./Randomness.ts"
import type { SimulatedServers, StoresCopy } from "./SimulatedServers.ts"
import type { World } from "./World.ts"

/** How often each store comes back as a copy where several do. */
const STORE_RESTORED_CHANCE = 0.6

/** Messages that others have sent, and nodes have taken, before anybody looks at a mailbox that took another's place. */
const GROWN_COUNT = 1_000

/** Kinds that happen to a store. */
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

/** Whether the fault happens to a store, and may need a copy of before. */
export const isOfStores = (kind: FaultKind): boolean => STORE_FAULTS.includes(kind)

export class StoreFaults {
  readonly #world: World
  readonly #servers: SimulatedServers

  constructor(world: World, servers: SimulatedServers) {
    this.#world = world
    this.#servers = servers
  }

  /** `copy` is of some time before. */
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

  /** Or not: then its positions are given again. */
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
