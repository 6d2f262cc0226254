/**
 * The cluster under attack as one of its members sees it that nobody attacks and that has nothing.
 *
 * Owns waiting until all is well, who has which actor, and the counts of moves and evictions.
 */
import type { ActorSystem } from "../../infra/system/ActorSystem.ts"
import { addressOf } from "../../runtime/address/ActorAddress.ts"
import { SYSTEM_DEFAULTS } from "../../runtime/system/SystemSettings.ts"
import type { Fleet } from "./Fleet.ts"
import { Register } from "./Register.ts"
import { leaderOf } from "./StreamLeader.ts"

/** Longest wait until all is well, in milliseconds. */
const CALM_MS_MAX = 180_000
const LOOK_EVERY_MS = 200

/** Not all was well in time. */
export class NeverCalm extends Error {}

export class Watch {
  /** Members that were removed by others. */
  evictedCount = 0
  readonly #system: ActorSystem
  readonly #fleet: Fleet
  readonly #forget: () => void

  constructor(system: ActorSystem, fleet: Fleet) {
    this.#system = system
    this.#fleet = fleet
    this.#forget = system.cluster.onEvent((event) => {
      if (event.type === "MemberLeft" && event.record.state !== "leaving") this.evictedCount++
    })
  }

  close(): void {
    this.#forget()
  }

  /** Slots taken so far. */
  async takenCount(): Promise<number> {
    const { slots } = await this.#system.cluster.status()
    return slots.reduce((sum, { epoch }) => sum + epoch, 0)
  }

  /** Actors that a node has now. */
  async actorsOf(node: string, actors: ReadonlyArray<string>): Promise<ReadonlyArray<string>> {
    const { members, slots } = await this.#system.cluster.status()
    const id = members.find(({ name }) => name === node)?.id
    const own = new Set(slots.filter(({ member }) => member === id).map(({ slot }) => slot))
    return actors.filter((actor) => own.has(slotOf(actor)))
  }

  drain(node: string): Promise<void> {
    return this.#stubborn(() => this.#system.cluster.drain(node))
  }

  undrain(node: string): Promise<void> {
    return this.#stubborn(() => this.#system.cluster.undrain(node))
  }

  /** Resolves when every node is a member, once, and every slot has one of them. */
  async calm(): Promise<void> {
    const untilMs = performance.now() + CALM_MS_MAX
    for (let trouble = await this.#trouble(); trouble !== undefined; trouble = await this.#trouble()) {
      if (performance.now() > untilMs) throw new NeverCalm(`After ${CALM_MS_MAX} ms ${trouble}.`)
      await pause(LOOK_EVERY_MS)
    }
  }

  journalLeader() {
    return leaderOf(this.#fleet.natsServers, `${this.#fleet.direct.namespace}-journal`)
  }

  async #trouble(): Promise<string | undefined> {
    const { members, slots } = await this.#system.cluster.status()
    const others = members.filter(({ isSelf }) => !isSelf)
    const names = others.map(({ name }) => name).sort()
    const wanted = this.#fleet.nodes.map(({ name }) => name).sort()
    if (names.join() !== wanted.join())
      return `members are ${names.join(", ")} instead of ${wanted.join(", ")}`
    const drained = others.find(({ state }) => state !== "up")
    if (drained !== undefined) return `${drained.name} is ${drained.state}`
    const silent = others.find(({ load }) => load === undefined)
    if (silent !== undefined) return `${silent.name} does not answer`
    const ids = new Set(others.map(({ id }) => id))
    const free = slots.filter(({ member }) => member === undefined || !ids.has(member))
    return free.length === 0 ? undefined : `nobody has ${free.map(({ slot }) => slot).join(", ")}`
  }

  /** Tries again while NATS is not there. */
  async #stubborn(verb: () => Promise<void>): Promise<void> {
    const untilMs = performance.now() + CALM_MS_MAX
    while (true) {
      try {
        return await verb()
      } catch (error) {
        if (performance.now() > untilMs) throw error
        await pause(LOOK_EVERY_MS)
      }
    }
  }
}

const slotOf = (actor: string): string =>
  `shard.${addressOf(Register.type, actor, SYSTEM_DEFAULTS.shardCount).shard}`

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
