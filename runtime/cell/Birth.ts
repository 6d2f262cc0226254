/**
 * The birth of an actor: the state that it begins in, and what that state asks for.
 *
 * Owns when an actor is born, what of its birth is stored, and that a stored birth gives the same state for ever. An actor
 * is born with its first event, in the same commit, or when it is spawned. A birth takes no version. Actors whose first
 * commit tells of no birth began in the machine's initial state, and what that asked for was dropped: it still is.
 * The stored form: ../commit/StoredBirth.ts. Who decides on a birth: Round.ts.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { StoredBirth } from "../commit/StoredBirth.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { decodeValue, encodeValue } from "../json/StoredValue.ts"
import type { CapturedAction, Intent } from "../machine/Intent.ts"
import type { Machine, MachineState } from "../machine/Machine.ts"
import { unstorable } from "../machine/SealedState.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import { refuseAnnouncedAtBirth } from "./Announced.ts"
import { CommandFailed } from "./AskError.ts"
import { failureOf } from "./Decide.ts"
import { effectsOf } from "./Intents.ts"
import { NOTHING_PENDING, type Pending, pendingAfter } from "./Pending.ts"

/** An actor that is born. */
export interface IsBorn {
  readonly _tag: "Born"
}

/** An actor that has no event and was not spawned. Its state is the one that it would be born in. */
export interface IsUnborn {
  readonly _tag: "Unborn"
  /** What its birth would ask for. */
  readonly intents: ReadonlyArray<Intent>
  /** Its birth would give another state the next time. */
  readonly isImpure: boolean
}

/** Whether an actor is born. */
export type Standing = IsBorn | IsUnborn

export const BORN: IsBorn = { _tag: "Born" }

/** A birth that was decided and is not stored yet. */
export interface Birth {
  readonly _tag: "Birth"
  readonly state: MachineState
  readonly pending: Pending
  readonly items: ReadonlyArray<OutboxItem>
  /** Run once the commit is stored. */
  readonly actions: ReadonlyArray<CapturedAction>
  /** JSON of the {@link StoredBirth}; `undefined`: there is nothing to say. */
  readonly json: string | undefined
}

/** The actor before its birth. Throws MachineFailed. */
export const beforeBirth = (
  machine: Machine,
  id: string,
): { readonly state: MachineState; readonly standing: IsUnborn } => {
  const { state, intents, isImpure } = machine.birth(id)
  return { state, standing: { _tag: "Unborn", intents, isImpure } }
}

/** The birth of an actor that is unborn. Never throws: what user code throws is an outcome. */
export const bear = (
  definition: ActorDefinition,
  { type: actorType, id }: ActorAddress,
  unborn: { readonly state: MachineState; readonly standing: IsUnborn },
  commandType: string,
  nowMs: number,
): Birth | CommandFailed => {
  const { machine } = definition
  try {
    // Time has passed since the actor came into memory, and a birth that looks at a clock is now.
    const { state, standing } = unborn.standing.isImpure ? beforeBirth(machine, id) : unborn
    const { intents, isImpure } = standing
    refuseAnnouncedAtBirth(intents)
    const found = unstorable(state)
    if (found !== undefined) throw found
    const step = { definition, before: NOTHING_PENDING, after: NOTHING_PENDING, state, version: 0, nowMs }
    const { items, pending, actions } = effectsOf(step, intents, [])
    const stored: StoredBirth = {
      ...(items.length === 0 ? undefined : { out: items }),
      ...(isImpure ? { st: encodeValue(machine.persist(state)) } : undefined),
    }
    const json = Object.keys(stored).length === 0 ? undefined : JSON.stringify(stored)
    return { _tag: "Birth", state, pending, items, actions, json }
  } catch (cause) {
    const [reason, detail] = failureOf(cause, "MachineThrew")
    return new CommandFailed({ actorType, id, commandType, reason, detail: `at its birth: ${detail}` })
  }
}

/** What a birth carries; `undefined`: nothing. */
export const itemsOfBirth = (birth: Birth | undefined): ReadonlyArray<OutboxItem> | undefined =>
  birth === undefined || birth.items.length === 0 ? undefined : birth.items

/** The actor right after a stored birth. Throws MachineFailed, and what restoring a state throws. */
export const reborn = (
  machine: Machine,
  id: string,
  { out, st }: StoredBirth,
): { readonly state: MachineState; readonly pending: Pending } => ({
  state: st === undefined ? machine.initial(id) : machine.restore(decodeValue(st)),
  pending: pendingAfter(NOTHING_PENDING, out),
})
