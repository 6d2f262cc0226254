/**
 * Which states, transitions and guards of each statechart a simulation has reached, and at which of them a
 * node crashed: before the append, after it, before the reply.
 *
 * Owns the counting. CoverageReport.ts reads from the machines what can be reached.
 */
import type { ActorAddress } from "../../address/ActorAddress.ts"
import type { AnyActor } from "../../definition/Actor.ts"
import type { AnyEvent } from "../../event/Event.ts"
import type { MachineState } from "../../machine/Machine.ts"
import { keyOfTransition, pathOf } from "../../machine/TransitionKey.ts"
import { eventOf, type Reference, readCommit, type TrueActor } from "./Reference.ts"

/** Points of a command's walk at which a crash struck. */
export const CRASH_POINTS = ["before append", "after append", "before reply"] as const
export type CrashPoint = (typeof CRASH_POINTS)[number]

export type StateNode = MachineState["_nodes"][number]
export type Transition =
  ReturnType<StateNode["transitions"]["get"]> extends ReadonlyArray<infer T> | undefined ? T : never

export const stateKey = (type: string, node: StateNode): string => `${type} state ${pathOf(node)}`

export const transitionKey = (type: string, transition: Transition): string =>
  `${type} transition ${keyOfTransition(transition)}`

export const guardKey = (type: string, transition: Transition, passed: boolean): string =>
  `${transitionKey(type, transition).replace(" transition ", " guard ")} ${passed ? "passed" : "refused"}`

export const crashKey = (type: string, transition: Transition, point: CrashPoint): string =>
  `${transitionKey(type, transition)} @ crash ${point}`

export class Coverage {
  readonly counts = new Map<string, number>()
  readonly #reference: Reference

  constructor(reference: Reference) {
    this.#reference = reference
  }

  /** The events of `actor` after version `before` were stored. */
  stored(actor: TrueActor, before: number): void {
    const { definition, states, events } = actor
    const { type } = definition
    if (before === 0) this.#visit(type, states[0])
    for (let version = before + 1; version <= actor.version; version++) {
      const event = events[version - 1]?.event
      const state = states[version - 1]
      if (event === undefined || state === undefined) continue
      for (const transition of taken(state, event)) {
        this.#count(transitionKey(type, transition))
        if (transition.guard !== undefined) this.#count(guardKey(type, transition, true))
      }
      this.#visit(type, states[version])
    }
  }

  /** The machine did not accept `event` in `state`. */
  refused(definition: AnyActor, state: MachineState, event: AnyEvent): void {
    for (const node of state._nodes) {
      for (const transition of node.transitions.get(event.type) ?? []) {
        if (transition.guard !== undefined) this.#count(guardKey(definition.type, transition, false))
      }
    }
  }

  /** A node crashed while the commit was at this point. */
  crashed(address: ActorAddress, data: Uint8Array, point: CrashPoint): void {
    const actor = this.#reference.actor(address)
    const { type } = actor.definition
    const commit = readCommit(data)
    let state = actor.states[commit.first - 1]
    for (const stored of commit.entries.flatMap(({ ev }) => ev)) {
      if (state === undefined) return
      if (stored.told === true) continue
      const event = eventOf(actor.definition, stored)
      for (const transition of taken(state, event)) this.#count(crashKey(type, transition, point))
      state = actor.definition.machine.transition(state, event, address.id)
      actor.definition.machine.takeIntents()
    }
  }

  /** A node crashed after it had answered the command that led to `version`, before the answer arrived. */
  crashedBeforeReply(actor: TrueActor, version: number): void {
    const event = actor.events[version - 1]?.event
    const state = actor.states[version - 1]
    if (event === undefined || state === undefined) return
    for (const transition of taken(state, event)) {
      this.#count(crashKey(actor.definition.type, transition, "before reply"))
    }
  }

  #visit(type: string, state: MachineState | undefined): void {
    for (const node of state?._nodes ?? []) this.#count(stateKey(type, node))
  }

  #count(key: string): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1)
  }
}

const taken = (state: MachineState, event: AnyEvent): ReadonlyArray<Transition> =>
  state.machine.getTransitionData(state, event) as ReadonlyArray<Transition>
