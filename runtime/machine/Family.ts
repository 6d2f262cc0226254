/**
 * A machine with its children as one: the root actor, and every actor that it or a child has invoked or
 * spawned.
 *
 * Owns how XState's interpreter runs them inside one event, and captures timers, calls, messages and actions
 * instead of running them. All of it is deterministic: the same event on the same standing gives the same
 * result. A standing is the snapshots of all actors (FamilyStanding.ts); a family can be put back to any
 * earlier one. How it is written down: FamilyRecord.ts. Who asks: MachineFamily.ts.
 */
import { type AnyStateMachine, createActor } from "xstate"
import { type AnyEvent, INSIDE } from "../event/Event.ts"
import { passOn } from "../json/Frozen.ts"
import { promiseLogic } from "./ChildLogic.ts"
import {
  childMember,
  freeAddress,
  type Member,
  NotDurable,
  requireBounds,
  requireRoom,
  rootMember,
  SENDS_OUTSIDE,
} from "./FamilyMember.ts"
import { EndedActors, isMoved, type Standing } from "./FamilyStanding.ts"
import { FamilySystem, type ScheduledEvent, type TakenTransition } from "./FamilySystem.ts"
import { type ActionSelf, type Intent, intentOfOurs } from "./Intent.ts"
import {
  type AnySnapshot,
  type ExecutableAction,
  type LiveActor,
  type LiveLogic,
  putBack,
  RUNNING,
  STOPPED,
} from "./LiveActor.ts"

/** Events that the actors of a family may send each other in the course of one event; more count as endless. */
export const FAMILY_EVENTS_MAX = 1_000

/** Microsteps of all actors of a family in the course of one event; more count as endless. */
export const FAMILY_MICROSTEPS_MAX = 10_000

/** One event with everything that follows from it. */
interface Step {
  readonly event: unknown
  readonly intents: Array<Intent>
  readonly made: Array<LiveActor>
  /** Actors that the event has ended. */
  readonly gone: Array<LiveActor>
  eventCount: number
  microstepCount: number
  /** Whether the root has taken the event. */
  isTaken: boolean
  /** The first failure of the step; later failures may result from it. */
  failure: { readonly cause: unknown } | undefined
}

/** An actor that is made again from a stored or earlier standing. */
export interface Returning {
  readonly address: string
  readonly logic: unknown
  readonly isRunning: boolean
  /** Options of XState's `createActor`. */
  readonly options: { readonly id?: string; readonly parent?: LiveActor }
}

const PARENT_OF_ROOT = "isParentOfRoot"

export class Family {
  readonly machine: AnyStateMachine
  readonly #system: FamilySystem
  /** Actors that run or are about to run. */
  readonly #members = new Map<LiveActor, Member>()
  readonly #byAddress = new Map<string, Member>()
  readonly #ended = new EndedActors()
  /** All actors of the family, stopped ones too. */
  readonly #known = new WeakMap<LiveActor, Member>()
  #root: LiveActor | undefined
  #unnamedCount = 0
  #step: Step | undefined
  #returning: Returning | undefined
  /** The actor as its actions see it; they send through it after the step. */
  #self: ActionSelf | undefined

  constructor(machine: AnyStateMachine) {
    this.machine = machine
    this.#system = new FamilySystem({
      made: (actor) => this.#made(actor),
      starting: () => this.#orRefuse(() => requireRoom(this.#members.keys(), this.#members.size)),
      microstep: (actor, event, transitions) => this.#microstep(actor, event, transitions),
      relay: (target, event) => this.#relay(target, event),
      schedule: (timer) => this.#schedule(timer),
      cancel: (source, id) => this.#cancel(source, id),
      left: (actor) => this.#left(actor),
    })
  }

  get root(): LiveActor {
    if (this.#root === undefined) throw new Error("the family has no root yet")
    return this.#root
  }

  memberOf(actor: LiveActor): Member | undefined {
    return this.#known.get(actor)
  }

  /** The member with this address, if it runs. */
  memberAt(address: string): Member | undefined {
    return this.#byAddress.get(address)
  }

  get standing(): Standing {
    const snapshots = new Map([[this.root, this.root._snapshot]])
    for (const actor of this.#members.keys()) {
      if (actor._processingStatus === RUNNING) snapshots.set(actor, actor._snapshot)
    }
    return { snapshots, ended: this.#ended.last, named: this.#system.named, unnamedCount: this.#unnamedCount }
  }

  /** Puts the family back to a standing. */
  putBack({ snapshots, ended, named, unnamedCount }: Standing): void {
    for (const actor of this.#members.keys()) actor._processingStatus = STOPPED
    this.#ended.putBack(ended)
    this.#members.clear()
    this.#byAddress.clear()
    for (const [actor, snapshot] of snapshots) {
      const member = this.#known.get(actor) as Member
      this.#join(member)
      putBack(actor, snapshot)
      this.#observe(member)
    }
    this.#system.putBack(named)
    this.#unnamedCount = unnamedCount
  }

  /** Makes the root and starts it. Throws what it threw, and {@link NotDurable}. */
  bear(id: string, input: unknown): ReadonlyArray<Intent> {
    return this.#during("xstate.init", () => {
      this.#make(this.machine, { id, input })
      this.root.start()
    }).intents
  }

  /** Makes an actor again; {@link putBack} puts its snapshot into it later. */
  bringBack(returning: Returning): LiveActor {
    this.#returning = returning
    try {
      const actor = this.#make(returning.logic, { ...returning.options, snapshot: { status: "active" } })
      if (returning.isRunning) this.#join(this.#known.get(actor) as Member)
      else actor._processingStatus = STOPPED
      return actor
    } finally {
      this.#returning = undefined
    }
  }

  #make(logic: unknown, options: object): LiveActor {
    const parent = this.#root ?? { [PARENT_OF_ROOT]: true, system: this.#system }
    return createActor(logic as never, { parent, ...options } as never) as unknown as LiveActor
  }

  /**
   * Lets `member` take an event, and the other actors the events that follow. `undefined` if no actor takes
   * it. Throws what the root threw, and {@link NotDurable}.
   */
  take({ actor }: Member, event: AnyEvent): ReadonlyArray<Intent> | undefined {
    const before = this.standing
    const { isTaken, intents } = this.#during(event, () => actor._send(event))
    return isTaken || intents.length > 0 || isMoved(before, this.standing) ? intents : undefined
  }

  #during(event: unknown, run: () => void): Step {
    const step: Step = {
      event,
      intents: [],
      made: [],
      gone: [],
      eventCount: 0,
      microstepCount: 0,
      isTaken: false,
      failure: undefined,
    }
    this.#step = step
    try {
      run()
      // Actors that were made and never started do nothing, and a restored family does not have them.
      for (const actor of step.made) if (actor._processingStatus !== RUNNING) this.#left(actor)
    } catch (cause) {
      this.#fail(cause)
    } finally {
      this.#step = undefined
    }
    if (step.failure !== undefined) throw step.failure.cause
    if (step.gone.length > 0) this.#ended.add(step.gone, this.standing.snapshots)
    return step
  }

  #fail(cause: unknown): void {
    if (this.#step !== undefined) this.#step.failure ??= { cause }
  }

  /** Also throws in the actor that is at fault, so that it does nothing more. */
  #refuse(cause: unknown): never {
    this.#fail(cause)
    throw cause
  }

  #orRefuse<A>(run: () => A): A {
    try {
      return run()
    } catch (cause) {
      return this.#refuse(cause)
    }
  }

  /** Makes an actor that XState has constructed part of the family, before XState asks for its state. */
  #made(actor: LiveActor): void {
    const isRoot = PARENT_OF_ROOT in (actor._parent ?? {})
    if (isRoot) {
      this.#root = actor
      actor._parent = undefined
    }
    const member = isRoot ? rootMember(actor, this.machine) : this.#childMember(actor)
    const logic = this.#logicFor(member, actor.logic)
    this.#known.set(actor, member)
    passOn(actor)
    actor.sessionId = actor._actorScope.sessionId = `x:${member.address}`
    if (!isRoot) actor.src = member.src
    actor._reportError = () => undefined
    actor.subscribe = actor.on = refuseListeners
    actor._syncSnapshot = false
    this.#capture(member)
    actor.logic = this.#returning === undefined ? logic : comesBack(actor, logic)
    if (this.#returning !== undefined) return
    this.#step?.made.push(actor)
    this.#join(member)
    this.#observe(member)
  }

  #join(member: Member): void {
    this.#members.set(member.actor, member)
    this.#byAddress.set(member.address, member)
  }

  #childMember(actor: LiveActor): Member {
    const parent = this.#known.get(actor._parent as LiveActor) as Member
    if (actor.id === "") actor.id = actor._actorScope.id = `x:${++this.#unnamedCount}`
    const address =
      this.#returning?.address ??
      freeAddress(parent, actor.id, (wished) => this.memberAt(wished) !== undefined)
    return this.#orRefuse(() => {
      if (this.#returning === undefined) requireBounds(actor, this.#step?.made.length ?? 0)
      return childMember(actor, parent, address)
    })
  }

  /** The logic of an actor, or its stand-in. */
  #logicFor(member: Member, logic: LiveLogic): LiveLogic {
    if (member.address === "") return this.#rootLogic(logic as unknown as AnyStateMachine)
    if (member.kind !== "promise") return logic
    const { address: id, path: src } = member
    return promiseLogic(({ input }) => this.#step?.intents.push({ _tag: "Call", id, src, input }))
  }

  /** An error of the root fails the whole step. Errors of children are theirs to handle, as in XState. */
  #rootLogic(machine: AnyStateMachine): LiveLogic {
    return {
      transition: (snapshot, event, scope) =>
        this.#orRefuse(() => machine.transition(snapshot, event, scope)),
      getInitialSnapshot: (scope, input) => {
        const snapshot = machine.getInitialSnapshot(scope, input) as AnySnapshot
        if (snapshot.status === "error") this.#fail(snapshot.error)
        return snapshot
      },
      start: (snapshot) => machine.start(snapshot),
    }
  }

  /** The parent gets each snapshot of a child that it invoked with `onSnapshot`, as of XState. */
  #observe({ actor, isSynced }: Member): void {
    actor.observers.clear()
    if (!isSynced) return
    actor.observers.add({
      next: (snapshot) => {
        if (snapshot.status !== "active") return
        this.#relay(actor._parent as LiveActor, { type: `xstate.snapshot.${actor.id}`, snapshot })
      },
    })
  }

  /** Captures the member's actions instead of running them. XState's own actions run, through the system. */
  #capture({ actor, address }: Member): void {
    const { _actorScope: scope } = actor
    const run = scope.actionExecutor
    scope.actionExecutor = (action) => {
      if (action.exec === undefined || action.type === "xstate.log") return
      if (action.type.startsWith("xstate.")) return run(action)
      // XState runs this when the actor has started, and never if it is stopped before that.
      run({ ...action, exec: () => this.#step?.intents.push(this.#actionIntent(action)) })
    }
    scope.emit = (event) => {
      // A child has no listeners outside of the family.
      if (address === "") this.#step?.intents.push({ _tag: "Emit", event })
    }
  }

  #actionIntent({ type, info, params, exec }: ExecutableAction): Intent {
    const ours = intentOfOurs(exec, info)
    if (ours !== undefined) return ours
    const run = (self: ActionSelf): void => {
      this.#self = self
      exec?.(info, params)
    }
    return { _tag: "Action", type, run }
  }

  #microstep(actor: LiveActor, event: unknown, transitions: ReadonlyArray<TakenTransition>): void {
    const step = this.#step
    if (step === undefined) return
    if (++step.microstepCount > FAMILY_MICROSTEPS_MAX) {
      this.#refuse(new Error(`more than ${FAMILY_MICROSTEPS_MAX} microsteps without a stable state`))
    }
    if (actor !== this.#root || event !== step.event) return
    step.isTaken ||= transitions.some(({ target, actions }) => target !== undefined || actions.length > 0)
  }

  #relay(target: LiveActor, event: AnyEvent): void {
    const step = this.#step
    const member = this.#known.get(target)
    if (step === undefined) return this.#sendLater(target, member, event)
    if (member === undefined) return this.#fail(new NotDurable(SENDS_OUTSIDE))
    if (++step.eventCount > FAMILY_EVENTS_MAX) {
      return this.#fail(new Error(`its actors sent each other more than ${FAMILY_EVENTS_MAX} events`))
    }
    if (target._processingStatus !== STOPPED) target._send(event)
  }

  /** An action sends the event after the commit is stored, so it comes as a message. */
  #sendLater(target: LiveActor, member: Member | undefined, event: AnyEvent): void {
    if (member === undefined) return target._send(event)
    if (this.#self === undefined) throw new Error(NO_ACTION)
    this.#self.send(member.address === "" ? event : { type: INSIDE, to: member.address, event })
  }

  #schedule({ source, target, event, delayMs, id }: ScheduledEvent): void {
    const to = this.#known.get(target)
    if (to === undefined) return this.#fail(new NotDurable(SENDS_OUTSIDE))
    const from = this.#members.get(source)
    // A stopping actor's timers have no effect, and a stopped actor takes no event.
    if (from === undefined || !this.#members.has(target)) return
    this.#step?.intents.push({
      _tag: "Timer",
      id: timerId(from, id),
      delayMs,
      event:
        from.address === "" && to.address === ""
          ? event
          : { type: INSIDE, to: to.address, from: from.address, event },
    })
  }

  #cancel(source: LiveActor, sendId: string): void {
    const member = this.#known.get(source)
    const id = member && timerId(member, sendId)
    if (id !== undefined) this.#step?.intents.push({ _tag: "Cancel", id, member: member?.address ?? "" })
  }

  /** The actor has stopped or is told to stop, so its address is free. */
  #left(actor: LiveActor): void {
    const member = this.#members.get(actor)
    if (member === undefined || actor === this.#root) return
    this.#members.delete(actor)
    this.#byAddress.delete(member.address)
    this.#step?.gone.push(actor)
    if (member.kind !== "promise") this.#step?.intents.push({ _tag: "DropTimers", member: member.address })
  }
}

const timerId = ({ address }: Member, id: string | undefined): string | undefined =>
  address === "" || id === undefined ? id : `${address}/${id}`

/** Logic of an actor that is made again: it keeps the state that is put into it. */
const comesBack = (actor: LiveActor, logic: LiveLogic): LiveLogic => ({
  ...logic,
  transition: logic.transition,
  getInitialSnapshot: logic.getInitialSnapshot,
  restoreSnapshot: (persisted) => {
    actor.logic = logic
    return persisted
  },
})

const refuseListeners = (): never => {
  throw new Error(
    "A child of a durable actor has no listeners. Its parent hears of it by onDone, onError and onSnapshot, or by sendParent.",
  )
}

const NO_ACTION =
  "A child of a durable actor takes events from its machine and from actions. Send the actor a command instead."
