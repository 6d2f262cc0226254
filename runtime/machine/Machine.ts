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
import type { AnyEvent } from "../definition/Event.ts"
import { frozen } from "../json/Frozen.ts"

/** The XState snapshot of one actor. Immutable: its context is frozen. */
export type MachineState = AnyMachineSnapshot

/** A side effect that a transition asked for, to be run once after the commit. */
export interface CapturedAction {
  readonly type: string
  readonly run: () => void
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

/** Actions of XState that reach outside of the machine and are not part of the commit. */
const OUTWARD_ACTIONS: ReadonlySet<string> = new Set([
  "xstate.sendTo",
  "xstate.emit",
  "xstate.spawnChild",
  "xstate.stopChild",
  "xstate.cancel",
])

/** Microsteps after which one event's chain of `always` and `raise` counts as endless. */
const MICROSTEPS_MAX = 1_000

export class Machine {
  readonly #actorType: string
  readonly #machine: AnyStateMachine
  readonly #scope: AnyActorScope
  #captured: Array<CapturedAction> = []
  #notDurable: string | undefined

  constructor(actorType: string, machine: AnyStateMachine) {
    this.#actorType = actorType
    this.#machine = machine
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

  /** The state before the first event. A context factory gets `input: { id }`. Throws {@link MachineFailed}. */
  initial(id: string): MachineState {
    return this.#guarded("xstate.init", () => {
      const state = this.#machine.getInitialSnapshot(this.#scope, { id }) as MachineState
      if (state.status === "error") throw state.error
      // Entry actions of the initial state belong to no commit: an actor is born each time it is replayed.
      this.#captured = []
      return state
    })
  }

  /**
   * The state after `event`, or `undefined` if the machine does not accept it in this state.
   * Throws {@link MachineFailed}. The actions it asked for are in {@link takeActions}.
   */
  transition(state: MachineState, event: AnyEvent): MachineState | undefined {
    if (state.status !== "active" || isReserved(event.type)) return undefined
    return this.#guarded(event.type, () => {
      const next = this.#machine.transition(state, event, this.#scope) as MachineState
      if (next.status === "error") throw next.error
      // An unaccepted event leaves the very same snapshot behind; so does an accepted one without any effect.
      return next === state && !state.can(event) ? undefined : next
    })
  }

  /** The actions captured since the last call. */
  takeActions(): ReadonlyArray<CapturedAction> {
    if (this.#captured.length === 0) return NO_ACTIONS
    const actions = this.#captured
    this.#captured = []
    return actions
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
    frozen(state.context)
    return state
  }

  #capture(action: ExecutableAction): void {
    const { type } = action
    if (OUTWARD_ACTIONS.has(type) || (type === "xstate.raise" && hasDelay(action.params))) {
      this.#notDurable = type
      return
    }
    if (type === "xstate.raise" || action.exec === undefined) return
    const { exec, info, params } = action
    this.#captured.push({ type, run: () => exec(info, params) })
  }

  #guarded(eventType: string, step: () => MachineState): MachineState
  #guarded(eventType: string, step: () => MachineState | undefined): MachineState | undefined
  #guarded(eventType: string, step: () => MachineState | undefined): MachineState | undefined {
    this.#notDurable = undefined
    let next: MachineState | undefined
    try {
      next = step()
    } catch (cause) {
      throw this.#failed(eventType, "Threw", cause instanceof Error ? cause.message : String(cause))
    }
    if (this.#notDurable !== undefined) throw this.#failed(eventType, "NotDurable", this.#notDurable)
    if (next !== undefined) {
      for (const child in next.children) {
        throw this.#failed(eventType, "NotDurable", `a spawned child, "${child}"`)
      }
      // `decide`, callers and actors that start from the same initial context all hold the same objects.
      frozen(next.context)
    }
    return next
  }

  #failed(eventType: string, reason: MachineFailed["reason"], detail: string): MachineFailed {
    this.#captured = []
    return new MachineFailed({ actorType: this.#actorType, eventType, reason, detail })
  }
}

/** Events that XState or the runtime makes: timers, outcomes of calls, answers. Stored like others, without a schema. */
export const isInternal = (eventType: string): boolean =>
  eventType.startsWith("xstate.") || eventType.startsWith("everstate.")

/** Names that nobody may give to an event or command; from outside they would stop or derail the machine. */
export const isReserved = (eventType: string): boolean =>
  eventType === "" || eventType === "*" || isInternal(eventType)

/** What the scope of a machine that runs on its own has to offer to the outside: nothing. */
const nothing = (): void => undefined

const NO_ACTIONS: ReadonlyArray<CapturedAction> = []

interface ExecutableAction {
  readonly type: string
  readonly info: unknown
  readonly params: unknown
  readonly exec: ((info: unknown, params: unknown) => void) | undefined
}

const hasDelay = (params: unknown): boolean =>
  typeof params === "object" && params !== null && (params as { delay?: unknown }).delay !== undefined

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

/** A state's name as people say it: `paid`, `shipping.packed`, `(payment.due, stock.held)`. */
export const stateName = (value: unknown): string => {
  if (typeof value === "string") return value
  const parts = Object.entries(value as Record<string, unknown>).map(([key, inner]) => {
    const name = stateName(inner)
    return name === "" ? key : `${key}.${name}`
  })
  return parts.length > 1 ? `(${parts.join(", ")})` : (parts[0] ?? "")
}
