/**
 * Connections of processes to the servers, as both ends see them: when a client notices a broken connection,
 * when the server forgets the client's subscriptions, and when both are connected again.
 *
 * Owns no messages; Network.ts does. SimulatedTransport.ts uses it.
 */
import type { Network, ServerName } from "./Network.ts"
import type { Randomness } from "./Randomness.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"

/** Time after which either end of a cut connection closes it, in milliseconds. */
const GIVEN_UP_MS = { min: 50, max: 3_000 }

/** Probability that a client notices a cut before it is repaired. */
const NOTICED_CHANCE = 0.5

/** Pause between a client's attempts to connect again. */
const RECONNECT_MS = 250

class SimulatedLink {
  readonly host: SimulatedProcess
  /** Whether the server knows the client's subscriptions. */
  isKnown = true
  /** Whether the client knows that there is no connection. */
  isDown = false
  /** Virtual milliseconds at which a connection was last made again. */
  reconnectedAtMs = Number.NEGATIVE_INFINITY
  /** Called in the client's process when it notices that the connection is lost. */
  readonly waiting = new Set<() => void>()
  /** Whether at least one end still has to find out the state. */
  isInDoubt = false

  constructor(host: SimulatedProcess) {
    this.host = host
  }
}

export class SimulatedLinks {
  readonly #network: Network
  readonly #server: ServerName
  readonly #random: Randomness
  readonly #links = new Map<SimulatedProcess, SimulatedLink>()

  constructor(network: Network, server: ServerName) {
    this.#network = network
    this.#server = server
    this.#random = network.world.random.stream(`links to ${server}`)
    network.breaks.push((isBroken) => {
      for (const [host, link] of this.#links) {
        if (host.life === "dead") this.#links.delete(host)
        else if (isBroken(host.name, server)) this.#broken(link)
      }
    })
  }

  of(host: SimulatedProcess): SimulatedLink {
    const found = this.#links.get(host)
    if (found !== undefined) return found
    const link = new SimulatedLink(host)
    this.#links.set(host, link)
    return link
  }

  #broken(link: SimulatedLink): void {
    const { world } = this.#network
    if (!this.#network.isUp(this.#server)) {
      link.isKnown = false
      this.#notice(link)
    } else {
      world.after(this.#random.between(GIVEN_UP_MS.min, GIVEN_UP_MS.max), undefined, () => {
        if (!this.#isWhole(link)) link.isKnown = false
      })
      if (this.#random.chance(NOTICED_CHANCE)) {
        world.after(this.#random.between(GIVEN_UP_MS.min, GIVEN_UP_MS.max), link.host, () => {
          if (!this.#isWhole(link)) this.#notice(link)
        })
      }
    }
    if (link.isInDoubt) return
    link.isInDoubt = true
    this.#reconnect(link)
  }

  #notice(link: SimulatedLink): void {
    link.isDown = true
    for (const tell of link.waiting) this.#network.world.enqueue(link.host, tell)
  }

  /** Runs in the client's process: a paused client connects when it resumes. */
  #reconnect(link: SimulatedLink): void {
    const { world } = this.#network
    world.after(RECONNECT_MS, link.host, () => {
      if (!this.#isWhole(link)) return this.#reconnect(link)
      if (link.isDown || !link.isKnown) link.reconnectedAtMs = world.nowMs
      link.isInDoubt = false
      link.isDown = false
      link.isKnown = true
    })
  }

  #isWhole({ host }: SimulatedLink): boolean {
    return this.#network.isUp(this.#server) && !this.#network.isCut(host.name, this.#server)
  }
}
