/**
 * Judges what clients are told against the truth (Reference.ts): at the moment of each answer, and over the
 * whole history of each actor at the end.
 *
 * It has two strengths. `strict`: one node answers for an actor, so all reads and refusals must fit one
 * order. Otherwise several nodes may hold the actor in memory, and plain reads and refusals may rest on an
 * older state of it. Each must still be a true state, not older than a state that the same process has shown
 * before.
 */
import { Exit } from "effect"
import type { ActorAddress } from "../../address/ActorAddress.ts"
import type { Accepted, CurrentState } from "../../cell/Waiting.ts"
import { type Answer, type Attempt, describe, errorOf, type Operation } from "./Client.ts"
import type { Coverage } from "./Coverage.ts"
import { linearize, type TimedOperation } from "./Linearizability.ts"
import type { AppliedCommand, Reference, TrueActor } from "./Reference.ts"
import { decidedBy, eventsDecided } from "./ReferenceDecision.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"
import { factsOf, trueFactsOf } from "./StateFacts.ts"
import { PROMISES, Violation } from "./Violation.ts"
import { WORLD_EPOCH_MS, type World } from "./World.ts"

export interface AnswerRules {
  /** Whether all reads and refusals must fit one order. */
  readonly isStrict: boolean
  /** Whether a process never shows an older state than before. */
  readonly isMonotone: boolean
  /** Whether asks stay on their node. The node that refuses then knows each append of the command. */
  readonly isDirect: boolean
  /**
   * Whether an ask reaches its node once. Otherwise a copy may be stored after the node has refused the first
   * one.
   */
  readonly isAskedOnce: boolean
  /** Whether the mailbox took the message, or a dead letter has it. */
  readonly wasTold: (address: ActorAddress, commandId: string) => boolean
}

/** Refusals after which the command must not be in the journal. */
const REFUSALS: ReadonlySet<string> = new Set([
  "CommandRejected",
  "InvalidCommand",
  "CommandFailed",
  "VersionConflict",
  "PayloadTooLarge",
])

/** A client was told at this moment that its command is not stored. */
interface FinalRefusal {
  readonly operation: Operation
  readonly message: string
  /** Virtual milliseconds. */
  readonly atMs: number
}

export class AnswerChecker {
  readonly #world: World
  readonly #reference: Reference
  readonly #coverage: Coverage
  readonly #rules: AnswerRules
  /** Highest version seen, by process and actor. */
  readonly #seenVersions = new Map<string, number>()
  /** Refusals that only one node was asked for. */
  readonly #final: Array<FinalRefusal> = []

  constructor(world: World, reference: Reference, coverage: Coverage, rules: AnswerRules) {
    this.#world = world
    this.#coverage = coverage
    this.#reference = reference
    this.#rules = rules
  }

  seenVersion(host: SimulatedProcess, address: ActorAddress): number {
    return this.#seenVersions.get(`${host.number} ${address.key}`) ?? 0
  }

  /** Checks an answer at its moment, in the node that gives it. Throws {@link Violation}. */
  answered(operation: Operation, attempt: Attempt, answer: Answer): void {
    const actor = this.#reference.actor(operation.address)
    if (Exit.isFailure(answer)) return this.#refused(operation, attempt, actor, answer)
    if ("commandId" in answer.value) return this.#told(operation, actor)
    const { value } = answer
    const key = `${attempt.process.number} ${operation.address.key}`
    this.#seenVersions.set(key, Math.max(this.#seenVersions.get(key) ?? 0, value.version))
    if ("state" in value) this.#read(operation, attempt, actor, value)
    else this.#accepted(operation, actor, value)
  }

  /** Checks all requests and answers. Throws {@link Violation}. */
  finish(operations: ReadonlyArray<Operation>): void {
    for (const refusal of this.#final) this.#neverLanded(refusal)
    const byActor = Map.groupBy(operations, ({ address }) => address.key)
    for (const [key, own] of byActor) {
      const [first] = own
      if (first === undefined) continue
      const actor = this.#reference.actor(first.address)
      for (const operation of own) this.#stillTrue(operation, actor)
      const timed = own.flatMap((operation) => this.#timed(operation, actor) ?? [])
      timed.push(...unasked(own, actor))
      const { isLinearizable, longest, stuckAt } = linearize(timed, 0, String)
      if (isLinearizable === undefined) this.#world.mark("a search for an order was given up")
      if (isLinearizable !== false) continue
      const detail = `${key}: after ${longest.slice(-5).join(", ") || "nothing"} none of these can come next: ${stuckAt.join(", ")}`
      throw new Violation(PROMISES.linearizable, detail)
    }
  }

  #told(operation: Operation, actor: TrueActor): void {
    const { address, commandId, request } = operation
    if (this.#rules.wasTold(address, commandId)) return
    if (actor.commands.has(commandId)) return this.#world.mark("a tell was applied without the mailbox")
    const nowMs = WORLD_EPOCH_MS + this.#world.nowMs
    if (actor.states.some((state) => decidedBy(request.command, actor, state, nowMs) === "nothing")) return
    const where = "the journal, the mailbox or among the dead letters"
    throw new Violation(PROMISES.acknowledged, `${describe(operation)} was accepted, and is not in ${where}`)
  }

  #accepted(operation: Operation, actor: TrueActor, { version, sequence, reply, duplicate }: Accepted): void {
    if (duplicate) this.#world.mark("a repeat got the first answer")
    const applied = actor.commands.get(operation.commandId)
    const state = actor.states[version]
    const isNothing =
      state !== undefined && decidedBy(operation.request.command, actor, state, 0) === "nothing"
    if (operation.request.via === "spawn") this.#requireBorn(operation, actor, reply)
    // The command changed nothing and is not remembered, so another attempt may change something.
    if (isNothing && (applied === undefined || applied.version > version)) {
      if (applied !== undefined) this.#world.mark("an attempt found something to do after another had not")
      return
    }
    if (applied === undefined) {
      const detail = `${describe(operation)} was accepted at version ${version}, and is not there`
      throw new Violation(PROMISES.acknowledged, detail)
    }
    if (operation.attemptCount > 1) this.#world.mark("accepted at a later attempt")
    const told = JSON.stringify([version, sequence, reply ?? null])
    const real = JSON.stringify([applied.version, applied.sequence, applied.reply ?? null])
    if (told !== real) {
      throw new Violation(
        PROMISES.acknowledged,
        `${describe(operation)} was told ${told}, the journal has ${real}`,
      )
    }
  }

  /** Checks an answer that the actor exists, with this input. */
  #requireBorn({ request, commandId }: Operation, actor: TrueActor, reply: unknown): void {
    const { address, isBorn, input } = actor
    this.#world.mark(reply === undefined ? "an actor was spawned" : "a spawn found the actor")
    const wanted = request.input === undefined ? undefined : JSON.stringify(request.input)
    if (isBorn && input === wanted) return
    const what = isBorn ? `was born with ${input}` : "is not born"
    throw new Violation(PROMISES.born, `${commandId} was told that ${address.key} is there, and it ${what}`)
  }

  #read(operation: Operation, attempt: Attempt, actor: TrueActor, { version, state }: CurrentState): void {
    const real = actor.states[version]
    if (real === undefined || trueFactsOf(real) !== factsOf(state)) {
      const detail = `${describe(operation)} gave version ${version} as ${factsOf(state)}, the journal gives ${real === undefined ? "no such version" : trueFactsOf(real)}`
      throw new Violation(PROMISES.fold, detail)
    }
    if (this.#rules.isMonotone && version < attempt.seenVersion) {
      const detail = `${describe(operation)} gave version ${version} where ${attempt.node.name} had shown ${attempt.seenVersion} before`
      throw new Violation(PROMISES.linearizable, detail)
    }
    if (version < actor.version) this.#world.mark("a node read an older state")
  }

  #refused(operation: Operation, attempt: Attempt, actor: TrueActor, answer: Answer): void {
    const error = errorOf(answer)
    if (error === undefined) {
      throw new Violation(PROMISES.refused, `${describe(operation)} died: ${String(answer)}`)
    }
    const applied = actor.commands.get(operation.commandId)
    const isOnlyAttempt = operation.attemptCount === 1 && !operation.isRepeated
    if (error._tag === "ActorExists" && !actor.isBorn) {
      throw new Violation(PROMISES.born, `${describe(operation)} was told that it exists, and it is not born`)
    }
    const saysNo = error._tag === "Unavailable" && error.stored === "No"
    const isNoForAll = saysNo && isOnlyAttempt && this.#rules.isAskedOnce
    if (applied !== undefined && isNoForAll) {
      throw new Violation(PROMISES.refused, `${describe(operation)} was said not to be stored, and is`)
    }
    if (applied !== undefined && REFUSALS.has(error._tag)) {
      this.#refusedThoughStored(operation, attempt, applied, error.message)
    }
    if (this.#rules.isDirect && isOnlyAttempt && (saysNo || REFUSALS.has(error._tag))) {
      this.#final.push({ operation, message: error.message, atMs: this.#world.nowMs })
    }
    if (error._tag === "CommandRejected" && error.reason === "NotAccepted")
      this.#notAccepted(operation, actor)
  }

  /** Marks for the coverage which guard may have refused. */
  #notAccepted(operation: Operation, actor: TrueActor): void {
    const state = actor.states[actor.version]
    if (state === undefined) return
    for (const event of eventsDecided(
      operation.request.command,
      actor,
      state,
      this.#world.nowMs + WORLD_EPOCH_MS,
    ) ?? []) {
      this.#coverage.refused(actor.definition, state, event)
    }
  }

  /**
   * An append of an earlier attempt may be stored after a refusal, because nothing fences it. A command that
   * was in the journal before the node was asked must not be refused.
   */
  #refusedThoughStored(
    operation: Operation,
    { handedOverAtMs }: Attempt,
    { storedAtMs }: AppliedCommand,
    message: string,
  ): void {
    if (storedAtMs >= handedOverAtMs) return this.#world.mark("refused, then an earlier attempt landed")
    if (this.#rules.isStrict) {
      throw new Violation(PROMISES.refused, `${describe(operation)} was refused (${message}), and is stored`)
    }
    this.#world.mark("refused from an older state though stored")
  }

  /**
   * An append that was in flight when its node refused the command must not be stored, because a later append
   * of the node fences it.
   */
  #neverLanded({ operation, message, atMs }: FinalRefusal): void {
    const applied = this.#reference.actor(operation.address).commands.get(operation.commandId)
    if (applied === undefined || applied.begunAtMs >= atMs) return
    const detail = `${describe(operation)} was refused (${message}) by the only node that was asked, and an earlier append of it landed`
    throw new Violation(PROMISES.refused, detail)
  }

  /** Acknowledged commands must still be there, and refused ones must never have been stored. */
  #stillTrue(operation: Operation, actor: TrueActor): void {
    const { answer, attempt, commandId, request } = operation
    if (answer === undefined || attempt === undefined || request.command === undefined) return
    const applied = actor.commands.get(commandId)
    const error = errorOf(answer)
    if (applied !== undefined) this.#asExpected(operation, applied)
    if (Exit.isSuccess(answer)) {
      if (!("commandId" in answer.value)) this.#accepted(operation, actor, answer.value as Accepted)
      return
    }
    if (applied !== undefined && error !== undefined && REFUSALS.has(error._tag)) {
      this.#refusedThoughStored(operation, attempt, applied, error.message)
    }
  }

  /** A command with an expected version is applied only at that version. A repeat may expect another one. */
  #asExpected(operation: Operation, { before }: AppliedCommand): void {
    const { ifVersion } = operation.request
    if (ifVersion === undefined || ifVersion === before || operation.isRepeated) return
    const detail = `${describe(operation)} was to be applied at version ${ifVersion}, and was at ${before}`
    throw new Violation(PROMISES.linearizable, detail)
  }

  /** The operation in the form of the search, with versions as states; `undefined` if it proves nothing. */
  #timed(operation: Operation, actor: TrueActor): TimedOperation<number> | undefined {
    const { invoked, answer, commandId, request } = operation
    const name = describe(operation)
    const returned = operation.returned ?? Number.POSITIVE_INFINITY
    const applied = request.command === undefined ? undefined : actor.commands.get(commandId)
    const error = answer === undefined ? undefined : errorOf(answer)
    if (applied !== undefined) {
      // For the search the operation never ended: it was refused by a node with an older state while another
      // stored it, or it was a tell, or it was accepted without an effect before another attempt had one.
      const told = answer !== undefined && Exit.isSuccess(answer) ? answer.value : undefined
      const wasNothing = told !== undefined && "version" in told && told.version < applied.version
      const isOpen = error !== undefined || request.via === "tell" || wasNothing
      const ended = isOpen ? Number.POSITIVE_INFINITY : returned
      return { name, invoked, returned: ended, step: stepOf(applied) }
    }
    if (!this.#rules.isStrict || answer === undefined || request.via === "tell") return undefined
    if (Exit.isSuccess(answer)) {
      if ("commandId" in answer.value) return undefined
      const { version: told } = answer.value
      return {
        name: `${name} = ${told}`,
        invoked,
        returned,
        step: (version) => (version === told ? version : undefined),
      }
    }
    const step = (version: number) => (this.#mayRefuse(operation, actor, version) ? version : undefined)
    return { name: `${name} refused`, invoked, returned, step }
  }

  #mayRefuse(operation: Operation, actor: TrueActor, version: number): boolean {
    const error = operation.answer === undefined ? undefined : errorOf(operation.answer)
    const state = actor.states[version]
    if (error === undefined || state === undefined) return false
    if (error._tag === "VersionConflict") return error.found === version
    if (error._tag !== "CommandRejected") return true
    return [operation.invokedAtMs, operation.returnedAtMs].some(
      (atMs) => decidedBy(operation.request.command, actor, state, WORLD_EPOCH_MS + atMs) === "refused",
    )
  }
}

/** A stored command takes the actor from the version before it to its own. Repeated, it changes nothing. */
const stepOf = (applied: AppliedCommand) => (version: number) =>
  version === applied.before ? applied.version : version >= applied.version ? version : undefined

/** Changes by messages from timers, calls and other actors. They may happen at any time. */
const unasked = (
  operations: ReadonlyArray<Operation>,
  { commands }: TrueActor,
): ReadonlyArray<TimedOperation<number>> => {
  const asked = new Set(operations.map(({ commandId }) => commandId))
  return [...commands.values()]
    .filter(({ commandId, before, version }) => version > before && !asked.has(commandId))
    .map((applied) => ({
      name: applied.commandId,
      invoked: 0,
      returned: Number.POSITIVE_INFINITY,
      step: stepOf(applied),
    }))
}
