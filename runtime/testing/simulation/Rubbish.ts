/**
 * Puts data into the ports of a system that no node writes, and judges the result: it may affect its own
 * actor, and nothing else.
 *
 * Owns which port gets which data, and where. The other checkers see that everything else goes on. This one
 * checks that a rubbish message ends as a dead letter, that only rubbish becomes a malformed letter, that a
 * rubbish record quarantines its actor, and that rubbish never counts as a request. When it is put: Chaos.ts.
 */
import { Effect, Exit } from "effect"
import { type ActorAddress, addressOf } from "../../address/ActorAddress.ts"
import type { DeadLetter } from "../../deadletter/DeadLetters.ts"
import type { AnyActor } from "../../definition/Actor.ts"
import type { ProjectionDefinition } from "../../projection/Projection.ts"
import type { FaultKind } from "./FaultKind.ts"
import type { Randomness } from "./Randomness.ts"
import type { Reference } from "./Reference.ts"
import {
  RUBBISH_COMMITS,
  RUBBISH_LEASES,
  RUBBISH_MESSAGES,
  RUBBISH_NOTES,
  RUBBISH_POSITIONS,
  RUBBISH_REQUESTS,
  STRAYED_MESSAGE,
} from "./RubbishBodies.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"
import type { SimulatedServers } from "./SimulatedServers.ts"
import { PROMISES, Violation } from "./Violation.ts"
import type { World } from "./World.ts"

/** Probability that a valid message is put into the mailbox of a wrong shard. */
const WRONG_SHARD_CHANCE = 0.2

export interface RubbishContext {
  readonly world: World
  readonly servers: SimulatedServers
  readonly reference: Reference
  readonly actors: ReadonlyArray<AnyActor>
  readonly projections: ReadonlyArray<ProjectionDefinition>
  readonly shardCount: number
  readonly judge: (check: () => void) => void
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export class Rubbish {
  readonly #context: RubbishContext
  /** Messages that are not dead letters yet, by key and body. */
  readonly #messages = new Map<string, number>()
  readonly #records = new Map<string, { readonly actor: AnyActor; readonly address: ActorAddress }>()
  /** Requests at the end of a run that have no answer yet. */
  readonly #asked = new Set<string>()
  #count = 0

  constructor(context: RubbishContext) {
    this.#context = context
  }

  strike(kind: FaultKind, random: Randomness): void {
    const { servers, world } = this.#context
    switch (kind) {
      case "rubbish message":
        return this.#putMessage(random)
      case "rubbish record":
        return this.#putRecord(random)
      case "rubbish checkpoint":
        return servers.checkpoints.put(random, random.pick(RUBBISH_POSITIONS), random.pick(RUBBISH_NOTES))
      case "rubbish lease":
        return servers.leases.put(...random.pick(RUBBISH_LEASES))
      case "rubbish dead letter": {
        const letter = { key: "", reason: "Malformed", detail: "rubbish", attemptCount: 0 } as const
        const original = random.pick(RUBBISH_MESSAGES)
        const messageId = `rubbish-${this.#count++}`
        return servers.deadLetters.put({ ...letter, atMs: 0, messageId, original })
      }
      case "rubbish request": {
        const request = encoder.encode(random.pick(RUBBISH_REQUESTS))
        const subject = servers.transport.put(random, request, (outcome) =>
          this.#handled(subject ?? "", outcome),
        )
        if (subject !== undefined) world.note("journal", `rubbish request on ${subject}`)
      }
    }
  }

  #putMessage(random: Randomness): void {
    const { servers, reference, actors, shardCount } = this.#context
    const known = [...reference.actors.values()].map(({ address }) => address)
    const address =
      known.length > 0 ? random.pick(known) : addressOf(random.pick(actors).type, "nobody", shardCount)
    const isElsewhere = shardCount > 1 && random.chance(WRONG_SHARD_CHANCE)
    const body = isElsewhere ? STRAYED_MESSAGE : random.pick(RUBBISH_MESSAGES)
    const shard = isElsewhere ? (address.shard + 1) % shardCount : address.shard
    const data = encoder.encode(body)
    if (!servers.mailbox.put({ address: { ...address, shard }, id: `rubbish-${this.#count++}`, data })) return
    const key = `${address.key} ${decoder.decode(data)}`
    this.#messages.set(key, (this.#messages.get(key) ?? 0) + 1)
  }

  /** Puts a record for a new actor, of a type that stops no projection. */
  #putRecord(random: Randomness): void {
    const { servers, actors, projections, shardCount } = this.#context
    const stalling = projections.filter(({ onError }) => onError === "stall")
    const free = actors.filter(
      ({ type }) => !stalling.some(({ from }) => from.some((one) => one.type === type)),
    )
    if (free.length === 0) return
    const actor = random.pick(free)
    const address = addressOf(actor.type, `rubbish-${this.#count++}`, shardCount)
    servers.journal.put(address, encoder.encode(random.pick(RUBBISH_COMMITS)))
    this.#records.set(address.key, { actor, address })
  }

  /** Checks a dead letter. Throws {@link Violation}. */
  gaveUp({ key, original, reason }: DeadLetter): void {
    if (reason !== "Malformed") return
    const message = `${key} ${original}`
    const count = this.#messages.get(message)
    if (count === undefined) {
      // A valid command may be refused by its actor's schema.
      if (kindOf(original) === "command") return
      throw new Violation(
        PROMISES.harmless,
        `a message of ${key} is a dead letter as malformed, and is a whole one`,
      )
    }
    this.#messages.set(message, count - 1)
    this.#context.world.mark("a rubbish message became a dead letter")
  }

  #handled(subject: string, outcome: { readonly reply: Uint8Array } | { readonly thrown: unknown }): void {
    this.#context.judge(() => {
      if ("thrown" in outcome) {
        throw new Violation(
          PROMISES.harmless,
          `a rubbish request on ${subject} made ${String(outcome.thrown)} be thrown`,
        )
      }
      const reply = JSON.parse(decoder.decode(outcome.reply)) as object | null
      if (reply !== null && ("accepted" in reply || "done" in reply))
        throw new Violation(PROMISES.harmless, `a rubbish request on ${subject} was accepted`)
      this.#context.world.mark("a rubbish request was answered")
    })
  }

  /** Whether an actor has rubbish in its journal. */
  isOf(actorType: string, id: string): boolean {
    const { shardCount } = this.#context
    return this.#records.has(addressOf(actorType, id, shardCount).key)
  }

  /**
   * Asks a node for each actor with a rubbish record, and for each rubbish letter, after the faults are over.
   */
  ask({ system, process: host, name, isRunning }: SimulatedNode): void {
    // A node that is still stopping reports nothing of an actor, and may end before it answers.
    if (system === undefined || !isRunning) return
    const run = <A>(what: string, asked: Effect.Effect<A, unknown>, tag: string): void => {
      this.#asked.add(what)
      const told = Effect.onExit(asked, (exit) => Effect.sync(() => this.#answered(what, exit, tag)))
      Effect.runForkWith(host.context)(told)
    }
    for (const { actor, address } of this.#records.values()) {
      run(`state of ${address.key} by ${name}`, system.get(actor, address.id).state(), "ActorQuarantined")
    }
    for (const { number, messageId } of this.#context.servers.deadLetters.memory.letters.values()) {
      if (!messageId.startsWith("rubbish-")) continue
      run(
        `redrive of letter ${number} by ${name}`,
        system.deadLetters.redrive(number),
        "DeadLetterNotRedrivable",
      )
    }
  }

  #answered(what: string, exit: Exit.Exit<unknown, unknown>, tag: string): void {
    this.#asked.delete(what)
    this.#context.judge(() => {
      const [reason] = Exit.isFailure(exit) ? exit.cause.reasons : []
      const found = reason?._tag === "Fail" ? (reason.error as { readonly _tag?: string })._tag : reason?._tag
      if (found !== tag)
        throw new Violation(
          PROMISES.harmless,
          `the ${what} ended with ${found ?? "success"} and not with ${tag}`,
        )
      this.#context.world.mark("rubbish was found and named")
    })
  }

  /** Rubbish that is not handled yet, in words. */
  get open(): string | undefined {
    for (const what of this.#asked) return `nobody has answered: ${what}`
    return undefined
  }

  /** Checks the end of a run, when no work is left. Throws {@link Violation}. */
  atRest(): void {
    for (const [message, count] of this.#messages) {
      if (count > 0)
        throw new Violation(PROMISES.harmless, `rubbish is no dead letter: ${message.slice(0, 200)}`)
    }
  }
}

/** The kind of message in a dead letter; `undefined` if it holds none. */
const kindOf = (original: string): unknown => {
  try {
    return (JSON.parse(original) as { readonly k?: unknown } | null)?.k
  } catch {
    return undefined
  }
}
