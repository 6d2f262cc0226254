/**
 * The XState actor that all actors of a type share while they run without children.
 *
 * Owns what the machine's code sees as `self` during a step: the id of the actor that takes the step, its
 * state, and `send`. The same step sees the same values in every process, because a context may keep them.
 * `self` of custom actions, which run after the commit: SelfRef.ts. Actors with children have an XState actor
 * each: Family.ts.
 */
import { type AnyActorScope, type AnyMachineSnapshot, type AnyStateMachine, createActor } from "xstate"
import type { AnyEvent } from "../event/Event.ts"
import { isUnproven } from "../json/Frozen.ts"
import { withRefs } from "./ActorRefs.ts"
import type { ExecutableAction } from "./LiveActor.ts"
import type { ActionInfo } from "./SelfRef.ts"

/** Session id of an actor without children; the root of a family has the same one. */
const SESSION_ID = "x:"

interface SharedActor {
  id: string
  _snapshot: AnyMachineSnapshot | undefined
}

export class SharedSelf {
  readonly scope: AnyActorScope
  readonly #actor: SharedActor
  /** Events that the machine has sent to itself in this step and has not taken yet. */
  #sent: Array<AnyEvent> = []
  #isInStep = false

  constructor(machine: AnyStateMachine, capture: (action: ExecutableAction) => void) {
    const self = createActor(machine, { id: "", input: { id: "" } })
    this.#actor = self as unknown as SharedActor
    Object.assign(self, { sessionId: SESSION_ID, _send: (event: AnyEvent) => this.send(event) })
    // Registers no names, because all actors of the type share this system, and only families keep names.
    Object.assign(self.system, { _set: nothing })
    this.scope = {
      self,
      system: self.system,
      id: self.id,
      sessionId: SESSION_ID,
      logger: nothing,
      defer: nothing,
      emit: nothing,
      stopChild: nothing,
      actionExecutor: (action) => capture(action as ExecutableAction),
    }
  }

  /** Is the actor `id` in `state` from here on; without a state the actor is being born. */
  become(id: string, state: AnyMachineSnapshot | undefined): void {
    this.#actor.id = id
    this.#actor._snapshot = state
  }

  /** Begins a step. Drops what an earlier, failed step has sent. */
  begin(): void {
    this.unsend()
    this.#isInStep = true
  }

  /** Ends a step. */
  end(): void {
    this.#isInStep = false
  }

  /** Takes an event that the machine sends to itself. Throws outside of a step, where no machine would take it. */
  send(event: AnyEvent): void {
    if (!this.#isInStep) throw new Error(NOT_IN_STEP)
    this.#sent.push(event)
  }

  /** Removes and gives the next event that the machine has sent to itself. */
  nextSent(): AnyEvent | undefined {
    return this.#sent.length === 0 ? undefined : this.#sent.shift()
  }

  /** Drops what was sent, because the step is taken once more from its start. */
  unsend(): void {
    if (this.#sent.length > 0) this.#sent = []
  }

  /** Whether `value` is this `self`. */
  is(value: unknown): boolean {
    return value === this.#actor
  }

  /** Whether the context or output of a sealed state has a reference to this `self`. */
  isKeptIn({ context, output }: AnyMachineSnapshot): boolean {
    // Only a value that may have no stored form can have a reference.
    if (!isUnproven(context) && (output === undefined || !isUnproven(output))) return false
    let isKept = false
    withRefs([context, output], (part) => {
      isKept ||= this.is(part)
      return undefined
    })
    return isKept
  }

  /**
   * The argument of an action with a `self` that stays this actor at its birth. Messages of a birth are made
   * when the actor is born, and other actors may have taken steps since the birth was tried.
   */
  kept(info: unknown): unknown {
    const { id, _snapshot: state } = this.#actor
    if (state !== undefined) return info
    const { self } = info as ActionInfo
    return {
      ...(info as ActionInfo),
      self: Object.create(self, { id: { value: id, enumerable: true }, _snapshot: { value: undefined } }),
    }
  }
}

const nothing = (): void => undefined

const NOT_IN_STEP =
  "self.send works in the actions and assigns of a machine. Elsewhere, send the actor a command, or use dispatch(...)."
