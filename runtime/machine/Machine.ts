/**
 * The one place that knows XState: runs a machine as a pure fold over events.
 *
 * Owns snapshots, transitions and the capture of actions. One reusable actor scope serves all actors of a type: a
 * transition through it takes 2-4 µs, XState's exported `transition()` builds an actor per call and takes 20 µs.
 * What may be in a machine: ../definition/DurableMachine.ts. Who drives it: ../cell/Decide.ts, ../cell/Fold.ts.
 */
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from "xstate"
import type { CallLogic } from "../call/Call.ts"
import { type AnyEvent, isInternal } from "../event/Event.ts"
import { frozen } from "../json/Frozen.ts"
import { isThrown, thrownMessage } from "../json/Thrown.ts"
import { watched } from "./BirthWatch.ts"
import { chartOf } from "./Chart.ts"
import { callIn } from "./ChildLogic.ts"
import { restoredBare, statesBeyondValue } from "./Configuration.ts"
import { NotDurable } from "./FamilyMember.ts"
import { needsFamily } from "./FamilyNeed.ts"
import { isFamilyState } from "./FamilyPlace.ts"
import { isFamilyRecord } from "./FamilyRecord.ts"
import { FlatMachine } from "./FlatMachine.ts"
import { type BuiltInParams, type Intent, intentOf, intentOfOurs, timerIntentsOf } from "./Intent.ts"
import type { ExecutableAction } from "./LiveActor.ts"
import { MachineFailed } from "./MachineFailed.ts"
import {
  adoptIntoFamily,
  bearFamily,
  callsOf,
  type FamilyStep,
  persistFamily,
  restoreFamily,
  takeInFamily,
} from "./MachineFamily.ts"
import { machineFingerprint } from "./MachineFingerprint.ts"
import { forTransition, sealed } from "./SealedState.ts"
import { type ActionInfo, withSelf } from "./SelfRef.ts"
import { SharedSelf } from "./SharedSelf.ts"
import { nodesOf, runsCodeAtBirth } from "./StateNodes.ts"
import { hasTagIn, valueOfName } from "./StatePattern.ts"

/** The XState snapshot of one actor. Immutable: frozen as far as it can be (SealedState.ts). */
export type MachineState = AnyMachineSnapshot

/** The birth of an actor. */
export interface Born {
  readonly state: MachineState
  /** Intents of the birth, entry actions included. */
  readonly intents: ReadonlyArray<Intent>
  /** Whether the birth read a clock or a random number: the same birth would give another state the next time. */
  readonly isImpure: boolean
}

/** Microsteps after which one event's chain of `always` and `raise` counts as endless. */
const MICROSTEPS_MAX = 1_000

/** Events that a machine may send to itself (`sendTo`) in the course of one event; more count as endless. */
export const SELF_EVENTS_MAX = 1_000

export class Machine {
  readonly #actorType: string
  readonly #machine: AnyStateMachine
  /** Takes the steps that do not need XState. */
  readonly #flat: FlatMachine
  /** `self` of all actors of the type that run without children. */
  readonly #self: SharedSelf
  readonly #invokeIds: ReadonlySet<string>
  #captured: Array<Intent> = []
  /** Whether the machine has children and runs as a family (MachineFamily.ts). */
  #runsAsFamily: boolean
  /** Whether an event has led to something that only a family has. */
  #hasChild = false
  /** Ids of calls that the event has stopped and not started again. */
  readonly #stopped = new Set<string>()
  #fingerprint: string | undefined
  #blank: MachineState | undefined
  /** Whether user code runs when an actor is born. */
  readonly #runsCodeAtBirth: boolean
  /** The chart of the machine (Chart.ts). */
  readonly chart = () => chartOf(this.#machine)

  constructor(actorType: string, machine: AnyStateMachine) {
    this.#actorType = actorType
    // A copy of the machine, because the given one belongs to the user, who may run it elsewhere.
    const own = machine.provide({})
    this.#machine = own
    this.#invokeIds = new Set(nodesOf(own.root).flatMap(({ invoke }) => invoke.map(({ id }) => id)))
    own.options.maxIterations = Math.min(own.options.maxIterations ?? MICROSTEPS_MAX, MICROSTEPS_MAX)
    this.#runsCodeAtBirth = runsCodeAtBirth(own)
    this.#runsAsFamily = needsFamily(own)
    this.#self = new SharedSelf(own, (action) => this.#capture(action))
    this.#flat = new FlatMachine(own, this.#self.scope)
  }

  /** Fingerprint of the states and transitions (MachineFingerprint.ts). */
  get fingerprint(): string {
    this.#fingerprint ??= machineFingerprint(this.#machine)
    return this.#fingerprint
  }

  /** Whether a state that has this compact name has the tag. */
  readonly hasTag = (name: string, tag: string) => hasTagIn(this.#machine.root, valueOfName(name), tag)

  /** A state with the machine's initial value and without a context, for places where no state is known. */
  get blank(): MachineState {
    this.#blank ??= sealed(this.#machine.resolveState({ value: {}, context: {} }) as MachineState)
    return this.#blank
  }

  /** The state of an actor at its birth; see {@link birth}. */
  initial(id: string, input?: unknown): MachineState {
    return this.birth(id, input).state
  }

  /**
   * The birth of an actor: its state before the first event, and the intents of that state. The machine gets
   * `input: { ...input, id }`. Throws {@link MachineFailed}.
   */
  birth(id: string, input?: unknown): Born {
    let isImpure = false
    const given = input === undefined ? { id } : frozen({ ...(input as object), id })
    const noticing = <A>(bear: () => A): A => {
      if (!this.#runsCodeAtBirth && !this.#runsAsFamily) return bear()
      const born = watched(bear)
      isImpure ||= born.isImpure
      return born.result
    }
    const bearAll = () => noticing(() => bearFamily(this.#machine, id, given))
    const state = this.#guarded("xstate.init", bearAll, () => {
      this.#self.become(id, undefined)
      const born = noticing(() =>
        this.#settled(
          this.#flatly(() => this.#flat.birth(given)) ??
            (this.#machine.getInitialSnapshot(this.#self.scope, given) as MachineState),
          id,
        ),
      )
      this.#flat.learnBirth(born)
      if (born.status === "error") throw born.error
      return born
    })
    return { state, intents: this.takeIntents(), isImpure }
  }

  /**
   * The state of actor `id` after `event`, or `undefined` if the machine does not accept it in this state. The end of a
   * failed call is always accepted: if no transition handles it, the machine ends in status "error", as in
   * XState. Throws {@link MachineFailed}. The intents of the transition are in {@link takeIntents}.
   */
  transition(state: MachineState, event: AnyEvent, id: string): MachineState | undefined {
    if (state.status !== "active" || NEVER_ACCEPTED.has(event.type)) return undefined
    const take = () => takeInFamily(this.#asFamily(state, id), event)
    if (isFamilyState(state)) return this.#inFamily(event.type, take)
    return this.#guarded(event.type, take, () => {
      const from = this.#withCalls(forTransition(state))
      this.#self.become(id, from)
      const next = this.#settled(
        this.#flatly(() => this.#flat.transition(from, event)) ??
          (this.#machine.transition(from, event, this.#self.scope) as MachineState),
        id,
      )
      // An event that is not accepted leaves the same snapshot behind; so does an accepted event without
      // effect.
      return next === from && !from.can(event) ? undefined : next
    })
  }

  /** The intents since the last call. */
  takeIntents(): ReadonlyArray<Intent> {
    if (this.#captured.length === 0) return NO_INTENTS
    const intents = this.#captured
    this.#captured = []
    return intents
  }

  /** Ids of the invocations of the states that `state` is in. */
  invocationsOf(state: MachineState): ReadonlyArray<string> {
    if (state.status !== "active") return NO_IDS
    if (isFamilyState(state)) return callsOf(state)
    if (this.#invokeIds.size === 0) return NO_IDS
    return (state._nodes as ReadonlyArray<AnyStateNode>).flatMap(({ invoke }) => invoke.map(({ id }) => id))
  }

  /** The call that an `invoke` of `src` makes; `undefined` if this machine has no such logic (any more). */
  callLogic(src: string): CallLogic | undefined {
    return callIn(this.#machine, src)
  }

  /**
   * The data that {@link restore} needs: plain except for context, output and error (../json/StoredValue.ts).
   */
  persist(state: MachineState): object {
    if (isFamilyState(state)) return persistFamily(state)
    // XState takes context fields with certain names for references to actors; this state has none.
    const { context } = state
    const persisted = { ...this.#machine.getPersistedSnapshot({ ...state, context: {} }), context } as {
      context: unknown
      output?: unknown
      error?: unknown
      states?: unknown
    }
    const states = statesBeyondValue(state)
    if (states !== undefined) persisted.states = states
    if (persisted.output === undefined) delete persisted.output
    if (persisted.error === undefined) delete persisted.error
    return persisted
  }

  /** The state of actor `id` that {@link persist} wrote. Throws what XState throws if it does not fit the machine. */
  restore(persisted: unknown, id: string): MachineState {
    const { status, context } = persisted as Partial<MachineState>
    if (!KNOWN_STATUSES.has(String(status))) throw new Error(`the snapshot has status ${status}`)
    if (typeof context !== "object" || context === null) throw new Error("the snapshot has no context")
    if (isFamilyRecord(persisted)) return restoreFamily(this.#machine, persisted, id)
    const restored = restoredBare(this.#machine, persisted as object, this.#self.scope)
    return sealed(Object.assign(restored, { context }))
  }

  /**
   * A step without XState; `undefined` if XState has to do it, and then everything that was captured is
   * dropped.
   */
  #flatly(step: () => MachineState | undefined): MachineState | undefined {
    const capturedBefore = this.#captured.length
    const next = step()
    if (next !== undefined) return next
    this.#captured.length = capturedBefore
    this.#self.unsend()
    return undefined
  }

  /** The state after the events that the machine has sent to itself, one after the other. */
  #settled(state: MachineState, id: string): MachineState {
    let now = state
    for (let count = 0; now.status === "active"; count++) {
      const event = this.#self.nextSent()
      if (event === undefined) return now
      if (count === SELF_EVENTS_MAX) throw new Error(`it sent itself more than ${SELF_EVENTS_MAX} events`)
      this.#self.become(id, now)
      now = this.#machine.transition(now, event, this.#self.scope) as MachineState
    }
    return now
  }

  /** Takes a `sendTo` to the machine itself, which is part of the fold. False for any other receiver. */
  #sendsToItself({ to, event, delay, id }: BuiltInParams): boolean {
    if (!this.#self.is(to)) return false
    if (delay === undefined) this.#self.send(event as AnyEvent)
    else this.#captured.push({ _tag: "Timer", id, delayMs: delay, event: event as AnyEvent })
    return true
  }

  #capture({ type, exec, info, params }: ExecutableAction): void {
    if (type === "xstate.sendTo" && this.#sendsToItself((params ?? {}) as BuiltInParams)) return
    this.#noteStop(type, params as { readonly id?: string } | undefined)
    const intent = intentOf(type, (params ?? {}) as BuiltInParams, this.#invokeIds)
    if (intent === "None") return
    if (intent === "Child") this.#hasChild = true
    else if (intent !== undefined) this.#captured.push(intent)
    else if (exec !== undefined) {
      const timers = timerIntentsOf(exec, info)
      if (timers !== undefined) this.#captured.push(...timers)
      else {
        this.#captured.push(
          intentOfOurs(exec, this.#self.kept(info)) ?? {
            _tag: "Action",
            type,
            run: (self) => exec(withSelf(info as ActionInfo, self), params),
          },
        )
      }
    }
  }

  #guarded(eventType: string, inFamily: () => FamilyStep, step: () => MachineState): MachineState
  #guarded(
    eventType: string,
    inFamily: () => FamilyStep | undefined,
    step: () => MachineState | undefined,
  ): MachineState | undefined
  #guarded(
    eventType: string,
    inFamily: () => FamilyStep | undefined,
    step: () => MachineState | undefined,
  ): MachineState | undefined {
    if (this.#runsAsFamily) return this.#inFamily(eventType, inFamily)
    this.#hasChild = false
    this.#stopped.clear()
    const capturedBefore = this.#captured.length
    let next: MachineState | undefined
    this.#self.begin()
    try {
      next = step()
    } catch (cause) {
      if (!this.#hasChild) throw this.#failed(eventType, cause)
    } finally {
      this.#self.end()
    }
    // The configuration does not show this child.
    if (this.#hasChild || this.#hasSpawned(next))
      return this.#fromNowInFamily(eventType, inFamily, capturedBefore)
    if (next === undefined) return undefined
    if (next.status === "stopped") throw this.#failed(eventType, new NotDurable(STOPS_ITSELF))
    // Calls are remembered with the actor. The snapshot is new, so no other code has it yet.
    if (!Object.isFrozen(next)) (next as { children: object }).children = {}
    try {
      sealed(next)
      // A shared `self` in a context would be any actor of the type; a family has one for each.
      if (!this.#self.isKeptIn(next)) return next
    } catch (cause) {
      // A proxy in the context may throw when it is looked at.
      throw this.#failed(eventType, cause)
    }
    return this.#fromNowInFamily(eventType, inFamily, capturedBefore)
  }

  /** Takes the step once more, as a family. Later steps of the type run as families from the start. */
  #fromNowInFamily(
    eventType: string,
    step: () => FamilyStep | undefined,
    capturedBefore: number,
  ): MachineState | undefined {
    this.#runsAsFamily = true
    this.#captured.length = capturedBefore
    return this.#inFamily(eventType, step)
  }

  #inFamily(eventType: string, step: () => FamilyStep | undefined): MachineState | undefined {
    try {
      const done = step()
      if (done === undefined) return undefined
      if (done.state.status === "stopped") throw new NotDurable(STOPS_ITSELF)
      this.#captured.push(...done.intents)
      return done.state
    } catch (cause) {
      throw this.#failed(eventType, cause)
    }
  }

  #asFamily(state: MachineState, id: string): MachineState {
    return isFamilyState(state) ? state : adoptIntoFamily(this.#machine, state, id)
  }

  #hasSpawned(state: MachineState | undefined): boolean {
    for (const child in state?.children) if (!this.#invokeIds.has(child)) return true
    // Only a family can tell that a call has ended while its state goes on.
    return (
      state !== undefined &&
      this.#stopped.size > 0 &&
      this.invocationsOf(state).some((id) => this.#stopped.has(id))
    )
  }

  /** The state with its calls as children, because an action that stops a child needs its name. */
  #withCalls(state: MachineState): MachineState {
    const ids = this.invocationsOf(state)
    if (ids.length === 0) return state
    const children = Object.fromEntries(ids.map((id) => [id, { id }]))
    return { ...state, children } as unknown as MachineState
  }

  #noteStop(type: string, params: { readonly id?: string } | undefined): void {
    if (params?.id === undefined) return
    if (type === "xstate.stopChild") this.#stopped.add(params.id)
    else if (type === "xstate.spawnChild") this.#stopped.delete(params.id)
  }

  #failed(eventType: string, cause: unknown): MachineFailed {
    this.#captured = []
    const reason = isThrown(cause, NotDurable) ? "NotDurable" : "Threw"
    const detail = `${thrownMessage(cause)}${isOfFrozenState(cause) ? FROZEN_HINT : ""}`
    return new MachineFailed({ actorType: this.#actorType, eventType, reason, detail })
  }
}

const FROZEN_HINT =
  ". The state is frozen: return a new list or object from `assign` in place of changing the old one"

/** Whether the machine's code failed because it changed a frozen value in place. V8 has no other sign than these texts. */
const isOfFrozenState = (cause: unknown): boolean =>
  isThrown(cause, TypeError) &&
  /not extensible|read only property|Cannot delete property/.test(thrownMessage(cause))

/** Names that no event or command may have, because from outside they would stop or derail the machine. */
export const isReserved = (eventType: string): boolean =>
  eventType === "" || eventType === "*" || isInternal(eventType)

const STOPS_ITSELF =
  "it is sent xstate.stop, which would stop it without an end. Let it enter a final state of the machine."

/** Names that begin or end a machine in XState, and the two wildcards. */
const NEVER_ACCEPTED: ReadonlySet<string> = new Set(["xstate.stop", "xstate.init", "", "*"])

/** Statuses that a stored state may have. A stopped machine has no stored state. */
const KNOWN_STATUSES: ReadonlySet<string> = new Set(["active", "done", "error"])

const NO_INTENTS: ReadonlyArray<Intent> = []
const NO_IDS: ReadonlyArray<string> = []
