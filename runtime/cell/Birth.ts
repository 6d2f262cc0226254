/**
 * The birth of an actor: the state that it begins in, and the actions, timers and messages that this state
 * asks for.
 *
 * Owns when an actor is born, what of its birth is stored, and the guarantee that a stored birth always gives
 * the same state. An actor is born with its first event, in the same commit, or when it is spawned. A birth
 * takes no version. If the first commit of an actor stores no birth, the actor began in the machine's initial
 * state, and what that state asked for is dropped. The stored form: ../commit/StoredBirth.ts. Input:
 * BirthInput.ts. Round.ts decides on births.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { StoredBirth } from "../commit/StoredBirth.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { SchemaIssue } from "../event/Schema.ts"
import { fingerprint } from "../json/Fingerprint.ts"
import { decodeValue, encodeValue } from "../json/StoredValue.ts"
import { isThrown } from "../json/Thrown.ts"
import type { CapturedAction } from "../machine/Intent.ts"
import type { Born, MachineState } from "../machine/Machine.ts"
import { MachineFailed } from "../machine/MachineFailed.ts"
import { unstorable } from "../machine/SealedState.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import { refuseAnnouncedAtBirth } from "./Announced.ts"
import { ActorUnborn, CommandFailed, InvalidCommand } from "./AskError.ts"
import { type BirthInput, inputOfNothing } from "./BirthInput.ts"
import { failureOf } from "./Decide.ts"
import { effectsOf } from "./Intents.ts"
import { NOTHING_PENDING, type Pending, pendingAfter } from "./Pending.ts"

/** An actor that is born. */
export interface IsBorn {
  readonly _tag: "Born"
  /** Fingerprint of its input; `undefined` if it was born without input. */
  readonly input: string | undefined
}

/** An actor that has no event and was not spawned. */
export interface IsUnborn {
  readonly _tag: "Unborn"
  /** Its birth without input, whose state callers see; or the reason why it needs input. */
  readonly birth: (Born & { readonly input: BirthInput | undefined }) | InputNeeded
}

interface InputNeeded {
  readonly issues: ReadonlyArray<SchemaIssue>
}

/** Whether an actor is born. */
export type Standing = IsBorn | IsUnborn

/** The standing of an actor that is born without input. */
export const BORN: IsBorn = { _tag: "Born", input: undefined }

/** Whether an actor is unborn and needs input to be born. It has no state then. */
export const needsInput = (standing: Standing): boolean =>
  standing._tag === "Unborn" && "issues" in standing.birth

/** The error that callers get in place of the state of an actor that {@link needsInput}. */
export const unbornNow = ({ type: actorType, id }: ActorAddress): ActorUnborn => {
  const hint = "Its birth needs input: spawn it, or give `input` with its first command."
  return new ActorUnborn({ actorType, id, hint })
}

/** A birth that was decided and is not stored yet. */
export interface Birth {
  readonly _tag: "Birth"
  readonly state: MachineState
  readonly pending: Pending
  readonly items: ReadonlyArray<OutboxItem>
  /** Actions that run once the commit is stored. */
  readonly actions: ReadonlyArray<CapturedAction>
  /** JSON of the {@link StoredBirth}; `undefined` if the birth has nothing to store. */
  readonly json: string | undefined
  readonly standing: IsBorn
}

/**
 * The actor before its birth. Where its birth needs input, `state` is a placeholder that no caller may see.
 * Throws MachineFailed.
 */
export const beforeBirth = (
  definition: ActorDefinition,
  id: string,
): { readonly state: MachineState; readonly standing: IsUnborn } => {
  const { machine } = definition
  const input = inputOfNothing(definition, id)
  if (input !== undefined && "issues" in input) {
    return { state: machine.blank, standing: { _tag: "Unborn", birth: input } }
  }
  try {
    const born = machine.birth(id, input?.value)
    return { state: born.state, standing: { _tag: "Unborn", birth: { ...born, input } } }
  } catch (cause) {
    // The schema accepts an input without fields, but the machine needs some.
    if (input === undefined || !isThrown(cause, MachineFailed)) throw cause
    const message = `none was given, and the machine cannot begin without: ${cause.detail}`
    const birth = { issues: [new SchemaIssue({ path: "input", message })] }
    return { state: machine.blank, standing: { _tag: "Unborn", birth } }
  }
}

/** The command or spawn that brings a birth about. */
export interface Bearing {
  /** Type of the command, for errors. */
  readonly commandType: string
  readonly input: BirthInput | undefined
  /** True for a spawn: its birth is stored even if it is empty, because no event stores it. */
  readonly isSpawn: boolean
}

/** The birth of an unborn actor. Never throws: an error of user code is an outcome. */
export const bear = (
  definition: ActorDefinition,
  { type: actorType, id }: ActorAddress,
  { birth }: IsUnborn,
  { commandType, input, isSpawn }: Bearing,
  nowMs: number,
): Birth | CommandFailed | InvalidCommand => {
  const { machine } = definition
  if (input === undefined && "issues" in birth) {
    return new InvalidCommand({ actorType, id, commandType, issues: birth.issues })
  }
  try {
    const value = (input ?? ("input" in birth ? birth.input : undefined))?.value
    // A birth that reads a clock happens now, and not when the actor came into memory.
    const isKnown = input === undefined && !("issues" in birth) && !birth.isImpure
    const { state, intents, isImpure } = isKnown ? birth : machine.birth(id, value)
    refuseAnnouncedAtBirth(intents)
    const found = unstorable(state)
    if (found !== undefined) throw found
    const step = { definition, before: NOTHING_PENDING, after: NOTHING_PENDING, state, version: 0, nowMs }
    const { items, pending, actions } = effectsOf(step, intents, [])
    const isSaid = input !== undefined || (value !== undefined && Object.keys(value).length > 0)
    const stored: StoredBirth = {
      ...(isSaid ? { in: value } : undefined),
      ...(items.length === 0 ? undefined : { out: items }),
      ...(isImpure ? { st: encodeValue(machine.persist(state)) } : undefined),
    }
    const json = isSpawn || Object.keys(stored).length > 0 ? JSON.stringify(stored) : undefined
    return { _tag: "Birth", state, pending, items, actions, json, standing: standingAfter(stored) }
  } catch (cause) {
    const [reason, detail] = failureOf(cause, "MachineThrew")
    return new CommandFailed({ actorType, id, commandType, reason, detail: `at its birth: ${detail}` })
  }
}

const standingAfter = ({ in: input }: StoredBirth): IsBorn =>
  input === undefined ? BORN : { _tag: "Born", input: fingerprint(input) }

/** The items that a birth carries; `undefined` if there are none. */
export const itemsOfBirth = (birth: Birth | undefined): ReadonlyArray<OutboxItem> | undefined =>
  birth === undefined || birth.items.length === 0 ? undefined : birth.items

/** The actor right after a stored birth. Throws MachineFailed, and the errors of restoring a state. */
export const reborn = (
  { machine }: ActorDefinition,
  id: string,
  stored: StoredBirth,
): { readonly state: MachineState; readonly pending: Pending; readonly standing: IsBorn } => ({
  state:
    stored.st === undefined ? machine.initial(id, stored.in) : machine.restore(decodeValue(stored.st), id),
  pending: pendingAfter(NOTHING_PENDING, stored.out),
  standing: standingAfter(stored),
})

/** The state of an actor that has events but no stored birth. Throws MachineFailed. */
export const bornUntold = ({ machine }: ActorDefinition, id: string, { birth }: IsUnborn): MachineState =>
  "issues" in birth ? machine.initial(id) : birth.state
