/**
 * Stand-ins for durable calls: what a machine's `invoke` reaches in a simulation, in virtual time and with
 * faults.
 *
 * Owns the way there and back. The stand-in is the outside service: it sees every attempt that reached it, by
 * its idempotency key, although the caller may never get the answer.
 */
import { Effect } from "effect"
import type { CallArgs } from "../../call/Call.ts"
import type { CallAttempt, ExecuteCall } from "../../call/CallExecutor.ts"
import { SimulationEscape } from "./EscapeTrap.ts"
import type { Network } from "./Network.ts"
import type { Randomness } from "./Randomness.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"

/** Arguments of a stand-in, besides those of the call. */
export interface StandInArgs extends Omit<CallArgs<never>, "signal" | "input"> {
  // biome-ignore lint/suspicious/noExplicitAny: the input of whatever call it stands for
  readonly input: any
  /** Seeded random source, for instance to refuse sometimes. */
  readonly random: Randomness
  /** Virtual milliseconds since the beginning. */
  readonly nowMs: number
}

/** Returns the output, or throws: `CallRefused` for a final refusal. Synchronous. */
export type CallStandIn = (args: StandInArgs) => unknown

/** Stand-ins by actor type and name of the logic. */
export interface CallStandIns {
  readonly [actorType: string]: { readonly [src: string]: CallStandIn }
}

/** Mean time of a call, each way. */
const WAY_MEAN_MS = 40

/** Time after which a hanging call ends, unless its caller has gone before, in milliseconds. */
const HANGS_MS_MAX = 120_000

export class SimulatedCalls {
  readonly #network: Network
  readonly #standIns: CallStandIns
  readonly #random: Randomness
  readonly #escaped: (found: SimulationEscape) => void

  constructor(network: Network, standIns: CallStandIns, escaped: (found: SimulationEscape) => void) {
    this.#network = network
    this.#standIns = standIns
    this.#random = network.world.random.stream("calls")
    this.#escaped = escaped
  }

  connect(host: SimulatedProcess): ExecuteCall {
    return (attempt) => Effect.suspend(() => this.#make(host, attempt))
  }

  #make(host: SimulatedProcess, attempt: CallAttempt): Effect.Effect<unknown, unknown> {
    const { faults, world } = this.#network
    const { actorType, src, args } = attempt
    const what = `call ${args.idempotencyKey}, attempt ${args.attempt}`
    const standIn = this.#standIns[actorType]?.[src]
    if (standIn === undefined) {
      this.#escaped(
        new SimulationEscape(
          `the call "${src}" of ${actorType}`,
          `(give \`calls: { ${actorType}: { ${src}: ... } }\`)`,
        ),
      )
      return Effect.never
    }
    const strikes = (kind: "call lost" | "call answer lost" | "call hangs") =>
      faults.strikes(kind, host.name, `${actorType} ${src}`)
    const lost = Effect.fail(new Error("connection reset"))
    const way = Effect.suspend(() => Effect.sleep(this.#random.exponential(WAY_MEAN_MS)))
    const work = Effect.suspend(() => {
      world.note("outside", what)
      try {
        return Effect.succeed(standIn({ ...args, random: this.#random, nowMs: world.nowMs }))
      } catch (cause) {
        return Effect.fail(cause)
      }
    })
    if (strikes("call lost")) return Effect.andThen(way, lost)
    const done = Effect.andThen(way, work)
    if (strikes("call answer lost")) return Effect.andThen(Effect.andThen(done, way), lost)
    if (strikes("call hangs")) return Effect.andThen(Effect.andThen(done, Effect.sleep(HANGS_MS_MAX)), lost)
    return Effect.tap(done, () => way)
  }
}
