/**
 * `testActor(Order).given(events).when(command).then(...)`: one decision, checked the way the runtime would
 * run it.
 *
 * Owns the checks that every scenario makes: events and state survive storage, replay gives the same state,
 * the same command twice has one effect, snapshot + tail = full replay, decisions are pure, and no code reads
 * a clock or a random source. It runs the runtime's own code (decide, fold, snapshot codec), synchronously,
 * with no servers. How messages, timers, calls and publications are compared: ScenarioEffects.ts.
 */
import { Equal } from "effect"
import { type ActorAddress, addressOf } from "../address/ActorAddress.ts"
import { CommandFailed, CommandRejected, InvalidCommand } from "../cell/AskError.ts"
import { bear } from "../cell/Birth.ts"
import type { BirthInput } from "../cell/BirthInput.ts"
import { type Command, decide, type Outcome } from "../cell/Decide.ts"
import { applyRecord, type Confirmed, unborn } from "../cell/Fold.ts"
import { decodeSnapshot, encodeSnapshot } from "../cell/Snapshot.ts"
import { commandOf } from "../command/Ask.ts"
import { encodeCommit, type Metadata } from "../commit/Commit.ts"
import type { AnyActor, BirthInputOf, CommandsOf, EventsOf, StateOf } from "../definition/Actor.ts"
import type { Rejection } from "../definition/Decision.ts"
import { actorOf, type DefinitionOf } from "../definition/DefinitionOf.ts"
import type { AnyEvent, StoredEvent } from "../event/Event.ts"
import { readEvent } from "../event/Event.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import { plainJson } from "../json/Json.ts"
import { encodeValue } from "../json/StoredValue.ts"
import { stateName } from "../machine/StateName.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import type { Outgoing } from "../message/Outgoing.ts"
import { givenInput, recordsOf } from "./GivenEvents.ts"
import {
  type AskedFor,
  type Compared,
  comparedCalls,
  comparedCancels,
  comparedMessages,
  comparedPublications,
  comparedTimers,
  type ExpectedCall,
  type ExpectedPublication,
  type ExpectedTimer,
} from "./ScenarioEffects.ts"
import { ScenarioFailed, text } from "./ScenarioFailed.ts"
import { EscapeTrap } from "./simulation/EscapeTrap.ts"

/** Expected state after the command: its value, a part of its context, its version. */
export interface ExpectedState {
  readonly state?: unknown
  readonly context?: { readonly [key: string]: unknown }
  readonly version?: number
}

/**
 * Expected events in order (an empty list for none), a rejection (`reject("Reason")`), a state, or a function
 * that checks it.
 */
export type Expected<A extends AnyActor> =
  | EventsOf<A>
  | ReadonlyArray<EventsOf<A>>
  | Rejection
  | ExpectedState
  | ((state: StateOf<A>) => void)

/** Options of the command that a scenario decides. */
export interface WhenOptions {
  /** Time of the decision, Unix milliseconds; default 2026-01-01T00:00:00Z. */
  readonly nowMs?: number
  readonly metadata?: Metadata
}

/** Checks after `when`. Each may be called several times. */
export interface Outcomes<A extends AnyActor> {
  /** Demands these events, this rejection, or nothing. */
  readonly then: (expected: Expected<A>) => Outcomes<A>
  /** The answer that `accept` carried. */
  readonly thenReply: (expected: unknown) => Outcomes<A>
  /**
   * All messages that the command sends, in order: `send.tell(...)`, `send.request(...)`, `send.answer(...)`.
   * Without arguments: it sends none.
   */
  readonly thenSends: (...expected: ReadonlyArray<Outgoing | undefined>) => Outcomes<A>
  /** All integration events that the command publishes, in order. */
  readonly thenPublishes: (...expected: ReadonlyArray<ExpectedPublication>) => Outcomes<A>
  /** All timers that the command sets, in order. */
  readonly thenSchedules: (...expected: ReadonlyArray<ExpectedTimer>) => Outcomes<A>
  /** Ids of all timers that the command cancels and calls that it aborts, in order. */
  readonly thenCancels: (...expected: ReadonlyArray<string>) => Outcomes<A>
  /** All durable calls that the command asks for, in order. */
  readonly thenCalls: (...expected: ReadonlyArray<ExpectedCall>) => Outcomes<A>
  /** The schema refused the command at `path`. */
  readonly thenInvalid: (path?: string) => Outcomes<A>
}

/** A test of one actor: a past, a command, and what must come of it. */
export interface Scenario<A extends AnyActor> {
  /** Events that happened before, as the current definition writes them. Repeated calls add to them. */
  readonly given: (...events: ReadonlyArray<EventsOf<A> | ReadonlyArray<EventsOf<A>>>) => Scenario<A>
  /** Events as they are stored in the journal, of any version. Runs the upcasters. */
  readonly givenStored: (...events: ReadonlyArray<StoredEvent>) => Scenario<A>
  /** Decides a command on the given past. */
  readonly when: (command: CommandsOf<A>, options?: WhenOptions) => Outcomes<A>
  /** Checks the state that the given events lead to, without a command. */
  readonly then: (expected: ExpectedState | ((state: StateOf<A>) => void)) => Scenario<A>
}

const TIME_DEFAULT_MS = Date.UTC(2026, 0, 1)

/** Starts a scenario on an actor without history, born with `input`. Throws InvalidCommand if its schema refuses it. */
export const testActor = <A extends AnyActor>(
  definition: DefinitionOf<A>,
  id = "test-1",
  { input }: { readonly input?: BirthInputOf<A> } = {},
): Scenario<A> => {
  // Given events do not include what was sent with them, so an audit has nothing to compare.
  const { audit: _, ...unaudited }: AnyActor = actorOf(definition)
  const address = addressOf(unaudited.type, id, 64)
  return scenario(unaudited as unknown as A, address, givenInput(unaudited, address, input), [])
}

const scenario = <A extends AnyActor>(
  actor: A,
  address: ActorAddress,
  input: BirthInput | undefined,
  stored: ReadonlyArray<StoredEvent>,
): Scenario<A> => {
  const past = () => trapped(() => recordsOf(actor, address, stored, input, TIME_DEFAULT_MS))
  return {
    given: (...events) => {
      const added = (events.flat() as ReadonlyArray<AnyEvent>).map((event) => storedOf(actor, event))
      return scenario(actor, address, input, [...stored, ...added])
    },
    givenStored: (...events) => scenario(actor, address, input, [...stored, ...events]),
    when: (command, options = {}) => play(actor, address, input, past(), command, options),
    then: (expected) => {
      const records = past()
      const confirmed = replay(actor, address, records)
      requireSnapshotsHold(actor, address, records, confirmed)
      requireState(expected, confirmed)
      return scenario(actor, address, input, stored)
    },
  }
}

const storedOf = (actor: AnyActor, event: AnyEvent): StoredEvent => {
  const { type, ...payload } = event
  const known = actor.events?.[type]
  if (actor.events !== undefined && known === undefined) {
    throw new ScenarioFailed(
      "given an event that the definition does not have",
      Object.keys(actor.events),
      type,
    )
  }
  return { t: type, v: known?.version ?? 1, d: plainJson(payload) }
}

const replay = (actor: AnyActor, address: ActorAddress, records: ReadonlyArray<JournalRecord>): Confirmed =>
  trapped(() => foldAll(actor, address, unborn(actor, address.id), records))

const foldAll = (
  actor: AnyActor,
  address: ActorAddress,
  from: Confirmed,
  records: ReadonlyArray<JournalRecord>,
): Confirmed => records.reduce((confirmed, record) => applyRecord(actor, address, confirmed, record), from)

/**
 * Runs the author's code. Throws `SimulationEscape` if it reads a clock, a random source or anything outside.
 */
const trapped = <A>(run: () => A): A => {
  const trap = new EscapeTrap({ nowMs: () => TIME_DEFAULT_MS, random: () => 0.5 }, "a scenario")
  try {
    return trap.during(run)
  } finally {
    trap.check()
  }
}

const play = <A extends AnyActor>(
  actor: A,
  address: ActorAddress,
  input: BirthInput | undefined,
  records: ReadonlyArray<JournalRecord>,
  given: CommandsOf<A>,
  { nowMs = TIME_DEFAULT_MS, metadata }: WhenOptions,
): Outcomes<A> => {
  const before = replay(actor, address, records)
  requireSnapshotsHold(actor, address, records, before)
  let command: Command
  try {
    const options = { commandId: "when", ...(metadata && { metadata }) }
    command = trapped(() => commandOf(actor, address, given, options, () => "when"))
  } catch (cause) {
    if (cause instanceof InvalidCommand) return invalid(cause)
    throw cause
  }
  const bearing = { commandType: command.type, input, isSpawn: false }
  const { standing } = before
  const born =
    standing._tag === "Born" ? undefined : trapped(() => bear(actor, address, standing, bearing, nowMs))
  if (born?._tag === "InvalidCommand") return invalid(born)
  if (born?._tag === "CommandFailed") return outcomes(actor, born, [], before, nowMs)
  const decided = () => trapped(() => decide(actor, address, { ...before, ...born }, command, nowMs))
  const outcome = decided()
  const again = decided()
  requireSame("the same decision gave something else the second time", facts(outcome), facts(again))
  if (outcome._tag !== "Proposal") return outcomes(actor, outcome, [], before, nowMs)

  const birth = outcome.entry.ev.length > 0 ? born : undefined
  const header = { format: 3, first: before.version + 1, at: nowMs, epoch: 1, b: birth?.json } as const
  const record: JournalRecord = {
    key: address.key,
    sequence: records.length + 1,
    data: encodeCommit(header, [JSON.stringify(outcome.entry)]),
  }
  const after = replay(actor, address, [...records, record])
  const live = actor.machine.persist(outcome.state)
  requireSame("replay of the stored events gives another state", storedForm(live), persisted(actor, after))
  requireSnapshotsHold(actor, address, [...records, record], after)
  if (after.recent.get(command.commandId)?.fingerprint !== command.fingerprint) {
    throw new ScenarioFailed("the same command twice would have two effects", command.fingerprint, undefined)
  }
  const items = [...(birth?.items ?? []), ...(outcome.entry.out ?? [])]
  return outcomes(actor, outcome, items, after, nowMs)
}

const jsonCopy = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const persisted = (actor: AnyActor, { state }: Confirmed): unknown => storedForm(actor.machine.persist(state))

/** A state in the form of a snapshot. */
const storedForm = (state: object): unknown => {
  try {
    return encodeValue(state, "state")
  } catch (cause) {
    throw new ScenarioFailed(
      "the state would not survive a snapshot",
      "a state that can be stored",
      String(cause),
    )
  }
}

/** The part of an outcome that must be the same when the command is decided again. */
const facts = (outcome: Outcome): unknown => {
  if (outcome._tag === "Proposal") return jsonCopy(outcome.entry)
  if (outcome._tag === "Nothing") return { reply: outcome.reply }
  return { _tag: outcome._tag, message: outcome.message }
}

const requireSame = (what: string, expected: unknown, actual: unknown): void => {
  if (!Equal.equals(expected, actual)) throw new ScenarioFailed(what, expected, actual)
}

/** From a snapshot at every version, the tail leads to the same state as the full replay. */
const requireSnapshotsHold = (
  actor: AnyActor,
  address: ActorAddress,
  records: ReadonlyArray<JournalRecord>,
  full: Confirmed,
): void => {
  const expected = persisted(actor, full)
  for (let split = 0; split <= records.length; split++) {
    const head = replay(actor, address, records.slice(0, split))
    const decoded = decodeSnapshot(actor, address, encodeSnapshot(actor, address, head))
    if ("unusable" in decoded)
      throw new ScenarioFailed("a snapshot cannot be read back", "a state", decoded.unusable)
    const whole = trapped(() => foldAll(actor, address, decoded, records.slice(split)))
    requireSame(
      `snapshot at version ${head.version} + tail is not the full replay`,
      expected,
      persisted(actor, whole),
    )
  }
}

const requireState = <A extends AnyActor>(
  expected: ExpectedState | ((state: StateOf<A>) => void),
  { state, version }: Confirmed,
): void => {
  if (typeof expected === "function") return expected(state as StateOf<A>)
  if (expected.version !== undefined) requireSame("version", expected.version, version)
  if (expected.state !== undefined) {
    const isName = typeof expected.state === "string"
    requireSame("state", expected.state, isName ? stateName(state.value) : state.value)
  }
  for (const [key, value] of Object.entries(expected.context ?? {})) {
    const actual: unknown = state.context[key]
    if (Equal.equals(encodeValue(value), encodeValue(actual))) continue
    requireSame(`context.${key}`, value, jsonCopy(actual ?? null))
  }
}

const outcomes = <A extends AnyActor>(
  actor: A,
  outcome: Outcome,
  /** All items of its commit. */
  items: ReadonlyArray<OutboxItem>,
  after: Confirmed,
  nowMs: number,
): Outcomes<A> => {
  /** Checks the state. If a rejection is the cause of a mismatch, the error shows it. */
  const requireStateAfter = (expected: ExpectedState | ((state: StateOf<A>) => void)): void => {
    try {
      requireState(expected, after)
    } catch (cause) {
      if (outcome instanceof CommandRejected && cause instanceof Error) {
        cause.message += `\n  The command was rejected: ${outcome.message} ${text(outcome.detail)}`
      }
      throw cause
    }
  }
  const compare =
    <Expected>(compared: (asked: AskedFor, expected: ReadonlyArray<Expected>) => Compared) =>
    (...given: ReadonlyArray<Expected>): Outcomes<A> => {
      requireAccepted(outcome)
      const { what, expected, actual } = compared({ items, nowMs }, given)
      requireSame(what, jsonCopy(expected), jsonCopy(actual))
      return self
    }
  const self: Outcomes<A> = {
    then: (expected) => {
      if (outcome instanceof CommandFailed) throw outcome
      if (typeof expected === "function") requireStateAfter(expected)
      else if (isRejection(expected)) requireRejection(expected, outcome)
      else if (Array.isArray(expected)) requireEvents(actor, expected, outcome)
      else if (typeof (expected as { type?: unknown }).type === "string")
        requireEvents(actor, [expected], outcome)
      else requireStateAfter(expected as ExpectedState)
      return self
    },
    thenReply: (expected) => {
      requireAccepted(outcome)
      requireSame("reply", expected, outcome._tag === "Proposal" ? outcome.entry.re : outcome.reply)
      return self
    },
    thenSends: compare<Outgoing | undefined>((asked, expected) => comparedMessages(actor, asked, expected)),
    thenPublishes: compare(comparedPublications),
    thenSchedules: compare(comparedTimers),
    thenCancels: compare(comparedCancels),
    thenCalls: compare(comparedCalls),
    thenInvalid: () => {
      throw new ScenarioFailed("the command is valid", "InvalidCommand", outcome._tag)
    },
  }
  return self
}

const isRejection = (expected: unknown): expected is Rejection =>
  (expected as { _tag?: unknown } | null)?._tag === "Rejection"

const requireRejection = (expected: Rejection, outcome: Outcome): void => {
  if (!(outcome instanceof CommandRejected)) {
    throw new ScenarioFailed("the command was accepted", expected.reason, facts(outcome))
  }
  requireSame("reason of the rejection", expected.reason, outcome.reason)
  if (expected.detail !== undefined) requireSame("detail of the rejection", expected.detail, outcome.detail)
}

function requireAccepted(
  outcome: Outcome,
): asserts outcome is Extract<Outcome, { _tag: "Proposal" | "Nothing" }> {
  if (outcome._tag === "CommandRejected" || outcome._tag === "CommandFailed") {
    throw new ScenarioFailed("the command was not accepted", "events", outcome.message)
  }
}

const requireEvents = (actor: AnyActor, expected: ReadonlyArray<unknown>, outcome: Outcome): void => {
  requireAccepted(outcome)
  const stored = outcome._tag === "Proposal" ? outcome.entry.ev : []
  const actual = stored.map((event) => readEvent(actor.type, actor.events, jsonCopy(event) as StoredEvent))
  requireSame("events", jsonCopy(expected), actual)
}

const invalid = <A extends AnyActor>(cause: InvalidCommand): Outcomes<A> => {
  const refuse = (): never => {
    throw cause
  }
  const self: Outcomes<A> = {
    then: refuse,
    thenReply: refuse,
    thenSends: refuse,
    thenPublishes: refuse,
    thenSchedules: refuse,
    thenCancels: refuse,
    thenCalls: refuse,
    thenInvalid: (path) => {
      const paths = cause.issues.map((issue) => issue.path)
      if (path !== undefined && !paths.includes(path)) {
        throw new ScenarioFailed("the command is invalid elsewhere", path, paths)
      }
      return self
    },
  }
  return self
}
