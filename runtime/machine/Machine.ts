/**
 * The one place that knows XState: runs a machine as a pure fold over events.
 *
 * Owns snapshots, transitions and the capture of actions. One reusable actor scope serves all actors of a type: a
 * transition through it takes 2-4 µs, XState's exported `transition()` builds an actor per call and takes 20 µs.
 * What may be in a machine: ../definition/DurableMachine.ts. Who drives it: ../cell/Decide.ts, ../cell/Fold.ts.
 */
import { Schema } from "effect"
import {
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type Snapshot,
} from "xstate"
import { CALL, CALL_DEFAULTS, type CallLogic } from "../call/Call.ts"
import { type AnyEvent, isInternal } from "../event/Event.ts"
import { thrownMessage } from "../json/Thrown.ts"
import { DISPATCH, type DispatchAction, type Outgoing } from "../message/Outgoing.ts"
import { machineFingerprint } from "./MachineFingerprint.ts"
import { sealed } from "./SealedState.ts"

/** The XState snapshot of one actor. Immutable: it is frozen with everything in it that can be (SealedState.ts). */
export type MachineState = AnyMachineSnapshot

/** A side effect that a transition asked for, to be run once after the commit, best effort. */
export interface CapturedAction {
  readonly _tag: "Action"
  readonly type: string
  readonly run: () => void
}

/** What a transition asked for, in its order. All but actions become part of the commit (../cell/Intents.ts). */
export type Intent =
  | CapturedAction
  /** `after`, or `raise` with a delay. */
  | {
      readonly _tag: "Timer"
      /** Where there is none, nothing can cancel it, and it replaces nothing. */
      readonly id: string | undefined
      readonly delayMs: number
      readonly event: AnyEvent
    }
  | { readonly _tag: "Cancel"; readonly id: string }
  /** A state with an `invoke` was entered. */
  | { readonly _tag: "Call"; readonly id: string; readonly src: string; readonly input: unknown }
  | { readonly _tag: "Emit"; readonly event: AnyEvent }
  /** `dispatch(...)`; run by whoever needs its result, so never on replay. */
  | {
      readonly _tag: "Send"
      readonly make: () => Outgoing | ReadonlyArray<Outgoing> | undefined
    }

/** A transition did what no durable machine may do. The command fails; on replay the actor is quarantined. */
export class MachineFailed extends Schema.TaggedError<MachineFailed>()("MachineFailed", {
  actorType: Schema.String,
  eventType: Schema.String,
  reason: Schema.Literals(["Threw", "NotDurable"]),
  detail: Schema.String,
}) {
  override get message(): string {
    return `The machine of "${this.actorType}" failed on ${this.eventType} (${this.reason}): ${this.detail}`
  }
}

/** Microsteps after which one event's chain of `always` and `raise` counts as endless. */
const MICROSTEPS_MAX = 1_000

export class Machine {
  readonly #actorType: string
  readonly #machine: AnyStateMachine
  readonly #scope: AnyActorScope
  readonly #invokeIds: ReadonlySet<string>
  #captured: Array<Intent> = []
  #notDurable: string | undefined
  #fingerprint: string | undefined
  /** Undefined as long as no birth has asked for anything; see {@link takeLostAtBirth}. */
  #lostAtBirth: ReadonlyArray<Intent> | undefined

  constructor(actorType: string, machine: AnyStateMachine) {
    this.#actorType = actorType
    this.#machine = machine
    this.#invokeIds = new Set(nodesOf(machine.root).flatMap(({ invoke }) => invoke.map(({ id }) => id)))
    machine.options.maxIterations = Math.min(machine.options.maxIterations ?? MICROSTEPS_MAX, MICROSTEPS_MAX)
    const self = createActor(machine, { input: { id: "" } })
    this.#scope = {
      self,
      system: self.system,
      id: self.id,
      sessionId: self.sessionId,
      logger: nothing,
      defer: nothing,
      emit: nothing,
      stopChild: nothing,
      actionExecutor: (action) => this.#capture(action as ExecutableAction),
    }
  }

  /** The same text for every machine with these states and transitions; see MachineFingerprint.ts. */
  get fingerprint(): string {
    this.#fingerprint ??= machineFingerprint(this.#machine)
    return this.#fingerprint
  }

  /** The state before the first event. A context factory gets `input: { id }`. Throws {@link MachineFailed}. */
  initial(id: string): MachineState {
    return this.#guarded("xstate.init", () => {
      const state = this.#machine.getInitialSnapshot(this.#scope, { id }) as MachineState
      if (state.status === "error") throw state.error
      // Entry actions of the initial state belong to no commit: an actor is born each time it is replayed.
      if (this.#captured.length > 0)
        this.#lostAtBirth ??= this.#captured.filter(({ _tag }) => _tag !== "Action")
      this.#captured = []
      return state
    })
  }

  /** What the first birth that asked for anything has asked for; nothing from the second call on. */
  takeLostAtBirth(): ReadonlyArray<Intent> {
    const lost = this.#lostAtBirth ?? NO_INTENTS
    if (lost.length > 0) this.#lostAtBirth = NO_INTENTS
    return lost
  }

  /**
   * The state after `event`, or `undefined` if the machine does not accept it in this state.
   * Throws {@link MachineFailed}. What it asked for is in {@link takeIntents}.
   */
  transition(state: MachineState, event: AnyEvent): MachineState | undefined {
    if (state.status !== "active" || NEVER_ACCEPTED.has(event.type)) return undefined
    return this.#guarded(event.type, () => {
      const next = this.#machine.transition(state, event, this.#scope) as MachineState
      if (next.status === "error") throw next.error
      // An unaccepted event leaves the very same snapshot behind; so does an accepted one without any effect.
      return next === state && !state.can(event) ? undefined : next
    })
  }

  /** What was asked for since the last call. */
  takeIntents(): ReadonlyArray<Intent> {
    if (this.#captured.length === 0) return NO_INTENTS
    const intents = this.#captured
    this.#captured = []
    return intents
  }

  /** Ids of the invocations of the states that `state` is in. */
  invocationsOf(state: MachineState): ReadonlyArray<string> {
    if (this.#invokeIds.size === 0 || state.status !== "active") return NO_IDS
    return (state._nodes as ReadonlyArray<InvokingNode>).flatMap(({ invoke }) => invoke.map(({ id }) => id))
  }

  /** What an `invoke` of `src` calls; `undefined` where this machine has no such logic (any more). */
  callLogic(src: string): CallLogic | undefined {
    return callLogicOf(logicOf(this.#machine, src))
  }

  /** Plain JSON of a state, for {@link restore}. */
  persist(state: MachineState): unknown {
    return this.#machine.getPersistedSnapshot(state)
  }

  /** The state that {@link persist} wrote. Throws whatever XState throws when it does not fit the machine. */
  restore(persisted: unknown): MachineState {
    const { status, value, context } = persisted as Partial<MachineState>
    if (status !== "active" && status !== "done") throw new Error(`the snapshot has status ${status}`)
    if (typeof context !== "object" || context === null) throw new Error("the snapshot has no context")
    const state = this.#machine.restoreSnapshot(persisted as Snapshot<unknown>, this.#scope) as MachineState
    // XState fills in what a value leaves open: a machine that lost the state would come back as something else.
    if (state._nodes.length === 0 || !isSameValue(state.value, value)) {
      throw new Error("the snapshot names no state of this machine")
    }
    return sealed(state)
  }

  #capture({ type, exec, info, params }: ExecutableAction): void {
    const intent = intentOf(type, (params ?? {}) as BuiltInParams, this.#invokeIds)
    if (intent === "None") return
    if (intent === "NotDurable") this.#notDurable = type
    else if (intent !== undefined) this.#captured.push(intent)
    else if (exec !== undefined) {
      const make = (exec as Partial<DispatchAction>)[DISPATCH]
      this.#captured.push(
        make === undefined
          ? { _tag: "Action", type, run: () => exec(info, params) }
          : { _tag: "Send", make: () => make(info as never) },
      )
    }
  }

  #guarded(eventType: string, step: () => MachineState): MachineState
  #guarded(eventType: string, step: () => MachineState | undefined): MachineState | undefined
  #guarded(eventType: string, step: () => MachineState | undefined): MachineState | undefined {
    this.#notDurable = undefined
    let next: MachineState | undefined
    try {
      next = step()
    } catch (cause) {
      throw this.#failed(eventType, "Threw", thrownMessage(cause))
    }
    if (this.#notDurable !== undefined) throw this.#failed(eventType, "NotDurable", this.#notDurable)
    if (next !== undefined) {
      for (const child in next.children) {
        if (!this.#invokeIds.has(child)) {
          throw this.#failed(eventType, "NotDurable", `a spawned child, "${child}"`)
        }
        // Calls are remembered with the actor. The snapshot was just made: it is nobody else's yet.
        ;(next as { children: object }).children = {}
      }
      return sealed(next)
    }
    return next
  }

  #failed(eventType: string, reason: MachineFailed["reason"], detail: string): MachineFailed {
    this.#captured = []
    return new MachineFailed({ actorType: this.#actorType, eventType, reason, detail })
  }
}

/** Names that nobody may give to an event or command; from outside they would stop or derail the machine. */
export const isReserved = (eventType: string): boolean =>
  eventType === "" || eventType === "*" || isInternal(eventType)

interface InvokingNode {
  readonly id: string
  readonly states: { readonly [key: string]: InvokingNode }
  readonly invoke: ReadonlyArray<{ readonly id: string }>
}

const nodesOf = (node: InvokingNode): ReadonlyArray<InvokingNode> => [
  node,
  ...Object.values(node.states).flatMap(nodesOf),
]

/** Where XState keeps the logic of an `invoke` that was written in place. */
const INVOKED_IN_PLACE = /^xstate\.invoke\.(\d+)\.(.*)$/

/** The logic that an `invoke` names or holds. */
export const logicOf = (machine: AnyStateMachine, src: string): unknown => {
  const inPlace = INVOKED_IN_PLACE.exec(src)
  if (inPlace === null) return machine.implementations.actors[src as never]
  const node = nodesOf(machine.root as unknown as InvokingNode).find(({ id }) => id === inPlace[2])
  const invoke = (node as { config?: { invoke?: unknown } } | undefined)?.config?.invoke
  const own = Array.isArray(invoke) ? invoke[Number(inPlace[1])] : invoke
  return (own as { src?: unknown } | undefined)?.src
}

/** Logic made by `call(...)`, or by XState's `fromPromise`, as a call. */
export const callLogicOf = (logic: unknown): CallLogic | undefined => {
  const {
    [CALL]: made,
    config,
    transition,
  } = (logic ?? {}) as Partial<
    Record<typeof CALL, CallLogic> & { config: CallLogic["run"]; transition: PromiseTransition }
  >
  if (made !== undefined) return made
  if (typeof config !== "function" || transition === undefined) return undefined
  return isPromiseLogic(transition) ? { run: config, options: CALL_DEFAULTS } : undefined
}

/** Promise logic is done when its promise says so; no other logic knows that event. */
const isPromiseLogic = (transition: PromiseTransition): boolean => {
  const resolved = { type: "xstate.promise.resolve", data: undefined }
  try {
    return transition({ status: "active" }, resolved, undefined)?.status === "done"
  } catch {
    // Other logic needs a scope for any event.
    return false
  }
}

type PromiseTransition = (
  state: object,
  event: object,
  scope: undefined,
) => { readonly status?: string } | undefined

interface BuiltInParams {
  readonly event?: AnyEvent
  readonly delay?: number
  readonly id?: string
  readonly sendId?: string
  readonly src?: string
  readonly input?: unknown
}

/** What an action of XState's own means here; `undefined` for any other action. */
const intentOf = (
  type: string,
  { event, delay, id, sendId, src, input }: BuiltInParams,
  invokeIds: ReadonlySet<string>,
): Intent | "None" | "NotDurable" | undefined => {
  switch (type) {
    case "xstate.raise":
      if (delay === undefined || event === undefined) return "None"
      return { _tag: "Timer", id, delayMs: delay, event }
    case "xstate.cancel":
      return { _tag: "Cancel", id: sendId ?? "" }
    case "xstate.emit":
      return { _tag: "Emit", event: event as AnyEvent }
    case "xstate.spawnChild":
      if (id === undefined || src === undefined || !invokeIds.has(id)) return "NotDurable"
      return { _tag: "Call", id, src, input }
    // The state was left: seen by comparing what is pending with what the new state invokes.
    case "xstate.stopChild":
      return "None"
    case "xstate.sendTo":
      return "NotDurable"
    default:
      return undefined
  }
}

/** What the scope of a machine that runs on its own has to offer to the outside: nothing. */
const nothing = (): void => undefined

/** XState ends or begins a machine with these; the other two are wildcards. */
const NEVER_ACCEPTED: ReadonlySet<string> = new Set(["xstate.stop", "xstate.init", "", "*"])

const NO_INTENTS: ReadonlyArray<Intent> = []
const NO_IDS: ReadonlyArray<string> = []

interface ExecutableAction {
  readonly type: string
  readonly info: unknown
  readonly params: unknown
  readonly exec: ((info: unknown, params: unknown) => void) | undefined
}

const isSameValue = (left: unknown, right: unknown): boolean => {
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
    return left === right
  }
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => isSameValue(left[key as never], right[key as never]))
  )
}

/** A state's name as commits tell it: `paid`, `{payment:due,stock:held}`, `{shipping:packed}`. */
export const compactStateName = (value: unknown): string => {
  if (typeof value === "string") return value
  const parts = Object.entries(value as object).map(([key, inner]) => `${key}:${compactStateName(inner)}`)
  return `{${parts.join(",")}}`
}

/** A state's name as people say it: `paid`, `shipping.packed`, `(payment.due, stock.held)`. */
export const stateName = (value: unknown): string => {
  if (typeof value === "string") return value
  const parts = Object.entries(value as Record<string, unknown>).map(([key, inner]) => {
    const name = stateName(inner)
    return name === "" ? key : `${key}.${name}`
  })
  return parts.length > 1 ? `(${parts.join(", ")})` : (parts[0] ?? "")
}
