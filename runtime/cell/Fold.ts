/**
 * State = fold(events): applies stored commits to an actor, checking that nothing is missing.
 *
 * Owns the confirmed state of an actor and the reasons to quarantine it. Pure, except that it appends to the
 * memories of commands and messages. Commits come from Recovery.ts. Decide.ts decides new ones.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import { type Commit, type CommitEntry, type CommitStamp, decodeCommit, stampOf } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { EventUnreadable, readEvent } from "../event/Event.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import { fingerprintOf } from "../json/Fingerprint.ts"
import { thrownMessage } from "../json/Thrown.ts"
import type { MachineState } from "../machine/Machine.ts"
import { MachineFailed } from "../machine/MachineFailed.ts"
import { stateName } from "../machine/StateName.ts"
import { floorCarried, originOf } from "../message/Origin.ts"
import { ActorQuarantined } from "./AskError.ts"
import { BORN, beforeBirth, bornUntold, reborn, type Standing } from "./Birth.ts"
import { NO_ORIGINS, type Origins } from "./Origins.ts"
import { NOTHING_PENDING, type Pending, pendingAfter } from "./Pending.ts"
import { RecentCommands } from "./RecentCommands.ts"

/** What the journal is known to hold for one actor. `sequence` is that of its last commit; 0 without one. */
export interface Confirmed {
  readonly state: MachineState
  readonly version: number
  readonly sequence: number
  /**
   * Stamp of the commit at `sequence`; `undefined` without a commit, and after a snapshot of an earlier
   * release.
   */
  readonly stamp: CommitStamp | undefined
  readonly recent: RecentCommands
  /** Messages that the actor has handled. */
  readonly origins: Origins
  /** Timers and calls that the actor waits for. */
  readonly pending: Pending
  /** Whether the actor is born. */
  readonly standing: Standing
}

/** An actor without history. Throws {@link MachineFailed}. */
export const unborn = (definition: ActorDefinition, id: string): Confirmed => ({
  ...beforeBirth(definition, id),
  version: 0,
  sequence: 0,
  stamp: undefined,
  recent: new RecentCommands(definition.commandsRememberedCount),
  origins: NO_ORIGINS,
  pending: NOTHING_PENDING,
})

const HINTS: { readonly [reason in ActorQuarantined["reason"]]: string } = {
  VersionGap: "Events of this actor are missing in the journal. Restore them before it can go on.",
  EventUnreadable: "Deploy a definition that knows this event's type and version; nothing was skipped.",
  EventNotAccepted:
    "The machine no longer accepts an event that it accepted when it was stored. Give the event a new version with an upcaster, or keep accepting the old one.",
  CommitUnreadable:
    "The message is not a commit of a known format. Was it written by something else, or by a newer release?",
  MachineFailed:
    "A guard or assign threw during replay. They must be pure and must keep working on old events.",
}

/**
 * Why `cause`, thrown while reading a record, puts the actor in quarantine. Every error does, because a cell
 * that collapsed over the record would do so again each time, without a reason for the user.
 */
export const asQuarantined = (address: ActorAddress, sequence: number, cause: unknown): ActorQuarantined => {
  if (cause instanceof ActorQuarantined) return cause
  const reason =
    cause instanceof EventUnreadable
      ? "EventUnreadable"
      : cause instanceof MachineFailed
        ? "MachineFailed"
        : "CommitUnreadable"
  return quarantine(address, reason, sequence, thrownMessage(cause))
}

/** A stored event that the machine refuses in `state`. */
export const notAccepted = (
  address: ActorAddress,
  sequence: number,
  state: MachineState,
  eventType: string,
): ActorQuarantined =>
  quarantine(address, "EventNotAccepted", sequence, `${eventType} in state "${stateName(state.value)}"`)

const quarantine = (
  { type, id }: ActorAddress,
  reason: ActorQuarantined["reason"],
  sequence: number,
  detail: string,
): ActorQuarantined =>
  new ActorQuarantined({ actorType: type, id, reason, sequence, detail, hint: HINTS[reason] })

/** The state after the events of one entry. With an audit, it is compared with the state in the entry. */
const applyEntry = (
  definition: ActorDefinition,
  address: ActorAddress,
  before: MachineState,
  { ev, out }: CommitEntry,
  sequence: number,
): MachineState => {
  const { type, machine, events, audit } = definition
  let state = before
  const asked: Array<string> = []
  for (const stored of ev) {
    const event = readEvent(type, events, stored)
    if (stored.told === true) continue
    const next = machine.transition(state, event, address.id)
    if (next === undefined) throw notAccepted(address, sequence, state, stored.t)
    state = next
    if (audit !== undefined) asked.push(...audit.asked(state))
  }
  return audit === undefined ? state : audited(definition, address.id, state, asked, out)
}

/** The state, or a halted state if the actor's history does not fit the code. */
export const audited = (
  { machine, audit }: ActorDefinition,
  id: string,
  state: MachineState,
  asked: ReadonlyArray<string>,
  sent: CommitEntry["out"],
): MachineState => {
  const found = audit?.found(state, asked, sent ?? [])
  return found === undefined ? state : (machine.transition(state, found, id) ?? state)
}

/** The commit in a record of the actor. Throws {@link ActorQuarantined}. */
export const commitIn = (address: ActorAddress, record: JournalRecord): Commit => {
  try {
    return decodeCommit(record)
  } catch (cause) {
    throw asQuarantined(address, record.sequence, cause)
  }
}

const BORN_TWICE = "the commit tells of a birth, and the actor is born already"

/**
 * The actor after one more journal record. Throws {@link ActorQuarantined}; do not use `confirmed`
 * afterwards. `decoded`: the commit in the record, if it has been read already.
 */
export const applyRecord = (
  definition: ActorDefinition,
  address: ActorAddress,
  confirmed: Confirmed,
  record: JournalRecord,
  decoded?: Commit,
): Confirmed => {
  const { machine } = definition
  let { state, version, pending, origins, stamp, standing } = confirmed
  try {
    const commit = decoded ?? decodeCommit(record)
    if (commit.first !== version + 1) {
      const detail = `version ${version + 1} expected, the commit starts at ${commit.first}`
      throw quarantine(address, "VersionGap", record.sequence, detail)
    }
    stamp = stampOf(commit)
    if (commit.b !== undefined) {
      if (standing._tag === "Born") throw quarantine(address, "VersionGap", record.sequence, BORN_TWICE)
      ;({ state, pending, standing } = reborn(definition, address.id, commit.b))
    }
    for (const entry of commit.entries) {
      if (standing._tag === "Unborn" && entry.ev.length > 0) {
        state = bornUntold(definition, address.id, standing)
        standing = BORN
      }
      state = applyEntry(definition, address, state, entry, record.sequence)
      version += entry.ev.length
      pending = pendingAfter(pending, entry.out)
      if (entry.o !== undefined) origins = origins.add(originOf(entry.o), floorCarried(entry.o))
      if (entry.no === true) continue
      confirmed.recent.add(entry.c, {
        fingerprint: fingerprintOf(entry.fp, entry.fs),
        version,
        sequence: record.sequence,
        reply: entry.re,
      })
    }
  } catch (cause) {
    throw asQuarantined(address, record.sequence, cause)
  } finally {
    // Replay repeats no side effects.
    machine.takeIntents()
  }
  const { recent } = confirmed
  return { state, version, sequence: record.sequence, stamp, recent, origins, pending, standing }
}
