/**
 * The clients of a simulated system: they ask and read, wait, and try again with the same commandId
 * elsewhere.
 *
 * Owns the history of requests and answers with their times, which the checkers judge. Clients do not know
 * which nodes are well; each attempt goes to any of them.
 */
import { Effect, Exit } from "effect"
import type { ActorAddress } from "../../address/ActorAddress.ts"
import { addressOf } from "../../address/ActorAddress.ts"
import type { AskError } from "../../cell/AskError.ts"
import type { Accepted, CurrentState } from "../../cell/Waiting.ts"
import type { AnyActor } from "../../definition/Actor.ts"
import { actorOf, type DefinitionOf } from "../../definition/DefinitionOf.ts"
import type { AnyEvent } from "../../event/Event.ts"
import type { TellError, Told } from "../../system/Telling.ts"
import type { Randomness } from "./Randomness.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"
import type { World } from "./World.ts"

/** A client's request: a command of an actor, its birth, or, without either, its state. */
export interface Request {
  /** Definition of the actor, or of the saga. */
  readonly actor: DefinitionOf<AnyActor>
  readonly id: string
  readonly command?: AnyEvent
  /** Id of the command; default: a new one. Give the same id twice to send a repeat. */
  readonly commandId?: string
  readonly ifVersion?: number
  /**
   * `tell`: finished for the client once it is accepted: applied, in the mailbox, or a dead letter. `spawn`: the
   * actor's birth.
   * Default `ask`.
   */
  readonly via?: "ask" | "tell" | "spawn"
  /** Input for the actor's birth, if the request causes it. */
  readonly input?: unknown
}

/** Time after which a client counts an attempt as lost, in milliseconds. */
const ATTEMPT_TIMEOUT_MS = 6_000

const RETRY_PAUSE_MS = { min: 5, max: 400 }

/** The answer to an ask is Accepted, to a tell Told, to a read the actor's state. */
export type Answer = Exit.Exit<Accepted | CurrentState | Told, AskError | TellError>

/** One attempt, answered by one node. */
export interface Attempt {
  readonly node: SimulatedNode
  readonly process: SimulatedProcess
  /** Place of the handover to the node in the order of all steps of the run. */
  readonly handedOver: number
  /** Virtual milliseconds. */
  readonly handedOverAtMs: number
  /** Highest version of the actor that the process had shown before. */
  readonly seenVersion: number
}

/** A request's life from the client's view. */
export interface Operation {
  readonly index: number
  readonly request: Request
  readonly address: ActorAddress
  readonly commandId: string
  readonly invoked: number
  /** Virtual milliseconds. */
  readonly invokedAtMs: number
  returnedAtMs: number
  attemptCount: number
  /** Whether another operation has the same commandId. */
  isRepeated: boolean
  /** Place of the final answer in the order of all steps; `undefined` while the client waits. */
  returned: number | undefined
  answer: Answer | undefined
  attempt: Attempt | undefined
}

/** An answer on its way to the client; `version` is 0 for refusals. */
interface AnswerUnderWay {
  readonly host: SimulatedProcess
  readonly address: ActorAddress
  readonly version: number
}

export interface ClientsContext {
  readonly world: World
  readonly nodes: ReadonlyArray<SimulatedNode>
  readonly shardCount: number
  readonly doubleSendChance: number
  /** Highest version of an actor that a process has shown so far. */
  readonly seenVersion: (process: SimulatedProcess, address: ActorAddress) => number
  /** Called in the answering node, at the moment of the answer, before it travels. */
  readonly answered: (operation: Operation, attempt: Attempt, answer: Answer) => void
}

export class Clients {
  readonly operations: Array<Operation> = []
  readonly #context: ClientsContext
  readonly #random: Randomness
  readonly #underWay = new Set<AnswerUnderWay>()
  /** The latest operation of each commandId. */
  readonly #latest = new Map<string, Operation>()
  /** How often a command was given to a node, by commandId. */
  readonly #handedOver = new Map<string, number>()
  #happenings = 0
  #openCount = 0

  constructor(context: ClientsContext) {
    this.#context = context
    this.#random = context.world.random.stream("clients")
  }

  /** Answers to accepted commands that this process has given and that are still in flight. */
  answersUnderWayFrom(host: SimulatedProcess): ReadonlyArray<AnswerUnderWay> {
    return [...this.#underWay].filter((answer) => answer.host === host && answer.version > 0)
  }

  /** Requests without a final answer. */
  get openCount(): number {
    return this.#openCount
  }

  /** How often clients have given a command with this id to a node. */
  readonly attemptCount = (commandId: string): number => this.#handedOver.get(commandId) ?? 0

  /** The same for commands that were told. */
  tellCount(commandId: string): number {
    return this.#latest.get(commandId)?.request.via === "tell" ? this.attemptCount(commandId) : 0
  }

  /** The next place in the order of steps. */
  tick(): number {
    return ++this.#happenings
  }

  /** Sends a request until it has a final answer. `node`: the only node to send it to. */
  send(request: Request, done: (operation: Operation) => void, node?: SimulatedNode): Operation {
    const index = this.operations.length
    const commandId = request.commandId ?? `command-${index}`
    const earlier = this.#latest.get(commandId)
    if (earlier !== undefined) earlier.isRepeated = true
    const operation: Operation = {
      index,
      request,
      address: addressOf(actorOf(request.actor).type, request.id, this.#context.shardCount),
      commandId,
      invoked: this.tick(),
      invokedAtMs: this.#context.world.nowMs,
      returnedAtMs: 0,
      attemptCount: 0,
      isRepeated: earlier !== undefined,
      returned: undefined,
      answer: undefined,
      attempt: undefined,
    }
    this.operations.push(operation)
    this.#latest.set(commandId, operation)
    this.#openCount++
    this.#context.world.note(`client`, `${describe(operation)} is asked`)
    this.#attempt(operation, done, node)
    if (
      node === undefined &&
      request.command !== undefined &&
      this.#random.chance(this.#context.doubleSendChance)
    ) {
      this.#context.world.mark("sent to two nodes at once")
      this.#attempt(operation, done, undefined)
    }
    return operation
  }

  #attempt(
    operation: Operation,
    done: (operation: Operation) => void,
    only: SimulatedNode | undefined,
  ): void {
    const { world, nodes } = this.#context
    const { request } = operation
    if (operation.returned !== undefined) return
    operation.attemptCount++
    if (operation.attemptCount > 1) world.mark("asked again with the same commandId")
    const node = only ?? this.#random.pick(nodes)
    const host = node.process
    let isOver = false
    const again = (): void => {
      if (isOver) return
      isOver = true
      timeout.cancel()
      world.after(this.#random.between(RETRY_PAUSE_MS.min, RETRY_PAUSE_MS.max), undefined, () =>
        this.#attempt(operation, done, only),
      )
    }
    const timeout = world.after(ATTEMPT_TIMEOUT_MS, undefined, again)
    world.after(this.#random.exponential(0.4), undefined, () => {
      if (node.isDead || node.process !== host) return again()
      world.enqueue(host, () => {
        const seenVersion = this.#context.seenVersion(host, operation.address)
        const attempt = {
          node,
          process: host,
          handedOver: this.tick(),
          handedOverAtMs: world.nowMs,
          seenVersion,
        }
        const answer = (exit: Answer): void => {
          this.#context.answered(operation, attempt, exit)
          if (Exit.isSuccess(exit) && "state" in exit.value) spoil(exit.value.state)
          const underWay = { host, address: operation.address, version: versionOf(exit) }
          if (request.command !== undefined) this.#underWay.add(underWay)
          world.after(this.#random.exponential(0.4), undefined, () => {
            this.#underWay.delete(underWay)
            if (isOver || operation.returned !== undefined) return
            if (isTransient(exit)) return again()
            isOver = true
            timeout.cancel()
            this.#finish(operation, attempt, exit, done)
          })
        }
        if (node.system === undefined) return world.after(1, undefined, again)
        this.#handOver(node, host, operation, answer)
      })
    })
  }

  #handOver(
    node: SimulatedNode,
    host: SimulatedProcess,
    operation: Operation,
    answer: (exit: Answer) => void,
  ): void {
    const { request, commandId } = operation
    const { system } = node
    this.#handedOver.set(commandId, this.attemptCount(commandId) + 1)
    const actor = node.ownOf(request.actor)
    const input = request.input === undefined ? undefined : { input: request.input }
    if (request.via === "tell" && request.command !== undefined) {
      const ref = system?.get<AnyActor>(actor, request.id)
      const telling = ref?.tell(request.command, { commandId, ...(input as object) }) ?? Effect.never
      host.fork(Effect.onExit(telling, (exit) => Effect.sync(() => answer(exit))).pipe(Effect.ignore))
      return
    }
    const asker = system?.asker(actor, request.id)
    if (request.via === "spawn") {
      asker?.spawn({ commandId, ...input }, answer)
      return
    }
    if (request.command === undefined) {
      asker?.read({}, answer)
      return
    }
    const { ifVersion } = request
    const options = { commandId, ...input, ...(ifVersion === undefined ? {} : { ifVersion }) }
    asker?.ask(request.command, options, answer)
  }

  #finish(operation: Operation, attempt: Attempt, exit: Answer, done: (operation: Operation) => void): void {
    operation.returned = this.tick()
    operation.returnedAtMs = this.#context.world.nowMs
    operation.answer = exit
    operation.attempt = attempt
    this.#openCount--
    this.#context.world.note("client", `${describe(operation)}: ${outcomeOf(exit)}`)
    done(operation)
  }
}

/** Changes a state that a client received. Such a change must not reach the actor. */
const spoil = (state: object): void => {
  try {
    Object.assign(state, { value: "spoiled by a client" })
  } catch {
    // The state is frozen, as required.
  }
}

export const describe = ({ index, request, address }: Operation): string =>
  `#${index} ${request.via === "tell" ? "tell " : ""}${wishOf(request)} of ${address.key}`

const wishOf = ({ command, via }: Request): string => (via === "spawn" ? "spawn" : (command?.type ?? "read"))

/** The error of an answer, if it is one. */
export const errorOf = (exit: Answer): AskError | TellError | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const [reason] = exit.cause.reasons
  return reason?._tag === "Fail" ? reason.error : undefined
}

const versionOf = (exit: Answer): number =>
  Exit.isSuccess(exit) && "version" in exit.value ? exit.value.version : 0

const isTransient = (exit: Answer): boolean => {
  const error = errorOf(exit)
  return (
    error !== undefined &&
    "kind" in error &&
    (error.kind === "transient" || error._tag === "ActorQuarantined")
  )
}

const outcomeOf = (exit: Answer): string => {
  const error = errorOf(exit)
  if (error !== undefined) return error.message
  if (Exit.isFailure(exit)) return "died"
  return "version" in exit.value ? `version ${exit.value.version}` : "told"
}
