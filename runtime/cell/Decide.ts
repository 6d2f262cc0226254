/**
 * The decision: one command on one state gives a proposed commit entry, a refusal, or nothing to store.
 *
 * Owns the walk decide → events → validate → `can` → transition → items to send, pure and synchronous.
 * Cell.ts stores the proposals. What a command may decide: ../definition/Decision.ts. Inputs other than
 * commands: Signal.ts.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { CommitEntry, Metadata } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { Rejection } from "../definition/Decision.ts"
import { type AnyEvent, payloadOf, type StoredEvent } from "../event/Event.ts"
import { partsOfFingerprint } from "../json/Fingerprint.ts"
import { frozen, handedOut } from "../json/Frozen.ts"
import { NotJson, plainJson } from "../json/Json.ts"
import { NotStorable } from "../json/StoredValue.ts"
import { isThrown, thrownMessage, thrownText } from "../json/Thrown.ts"
import type { CapturedAction } from "../machine/Intent.ts"
import { isReserved, type MachineState } from "../machine/Machine.ts"
import { MachineFailed } from "../machine/MachineFailed.ts"
import { given, requireStorable } from "../machine/SealedState.ts"
import { stateName } from "../machine/StateName.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import type { Outgoing, RequestRef } from "../message/Outgoing.ts"
import { announcedBy } from "./Announced.ts"
import { CommandFailed, CommandRejected, type InvalidCommand } from "./AskError.ts"
import type { BirthInput } from "./BirthInput.ts"
import { answerItem, effectsOf, NotSendable } from "./Intents.ts"
import type { Pending } from "./Pending.ts"
import { toStored } from "./StoredForm.ts"

/** A command that passed its schema. `payload` is flat, `{ type, ... }`, as `decide` sees it. */
export interface Command {
  readonly _tag: "Command"
  readonly type: string
  readonly payload: AnyEvent
  /** The command as its caller gave it. It goes to other nodes, which apply their own schemas. */
  readonly given: AnyEvent
  readonly commandId: string
  readonly fingerprint: string
  readonly metadata: Metadata | undefined
  /**
   * Receiver of the answer, if the answer goes by message. That answer is stored, even if it is a rejection.
   */
  readonly replyTo: RequestRef | undefined
  /** Input for the actor's birth, if the command is its first. */
  readonly input?: BirthInput | undefined
}

/** A request that an actor is born, without a command. */
export interface Spawn {
  readonly _tag: "Spawn"
  readonly commandId: string
  readonly fingerprint: string
  readonly metadata: Metadata | undefined
  readonly replyTo: undefined
  readonly input: BirthInput | undefined
}

/** A message whose command is unknown to the actor, or refused by its schema. It is refused with `error`. */
export interface Undecidable {
  readonly _tag: "Undecidable"
  readonly commandId: string
  readonly fingerprint: ""
  readonly metadata: Metadata | undefined
  readonly replyTo: RequestRef | undefined
  readonly error: InvalidCommand
}

/** The state that a command is decided on. */
export interface Base {
  readonly state: MachineState
  readonly version: number
  readonly pending: Pending
}

/** What a command would store, and the state after it. */
export interface Proposal {
  readonly _tag: "Proposal"
  readonly entry: CommitEntry
  readonly state: MachineState
  readonly version: number
  readonly pending: Pending
  readonly actions: ReadonlyArray<CapturedAction>
  /** States after each event that changed the state, except the last; absent if there is one event at most. */
  readonly between?: ReadonlyArray<MachineState> | undefined
}

/** The command is accepted, but there is nothing to store. */
export interface Nothing {
  readonly _tag: "Nothing"
  readonly reply: unknown
}

export type Outcome = Proposal | Nothing | CommandRejected | CommandFailed

/**
 * Decides `command` on `state`, which has `version` events. Never throws: an error of user code is an
 * outcome.
 */
export const decide = (
  definition: ActorDefinition,
  address: ActorAddress,
  base: Base,
  command: Command,
  nowMs: number,
): Outcome => {
  const failed = (reason: CommandFailed["reason"], detail: string) =>
    new CommandFailed({ actorType: address.type, id: address.id, commandType: command.type, reason, detail })
  const rejected = (reason: string, detail: unknown, state: MachineState) =>
    new CommandRejected({
      actorType: address.type,
      id: address.id,
      commandType: command.type,
      reason,
      state: stateName(state.value),
      version: base.version,
      detail,
    })

  const asked = askDefinition(definition, address, base, command, nowMs)
  if (asked._tag === "NoDecision") return failed("DecideThrew", asked.detail)
  if (asked._tag === "Rejection") {
    return answered(base, command, rejected(asked.reason, asked.detail, base.state))
  }

  try {
    const outcome = propose(definition, address.id, base, command, asked, nowMs, failed, rejected)
    return outcome._tag === "CommandRejected" ? answered(base, command, outcome) : outcome
  } catch (cause) {
    // Only values from `decide` or from a `dispatch` can throw here.
    return failed(...failureOf(cause, "DecideThrew"))
  } finally {
    // Drop the actions and messages that a refused command asked for.
    definition.machine.takeIntents()
  }
}

/** Why nothing can be stored, derived from the thrown error. */
export const failureOf = (
  cause: unknown,
  otherwise: CommandFailed["reason"],
): [reason: CommandFailed["reason"], detail: string] => {
  if (isThrown(cause, NotJson)) return ["NotJson", cause.message]
  if (isThrown(cause, NotSendable)) return ["NotSendable", cause.message]
  if (isThrown(cause, NotStorable)) return ["NotStorable", notStorableText(cause)]
  if (!isThrown(cause, MachineFailed)) return [otherwise, thrownText(cause)]
  return [cause.reason === "Threw" ? "MachineThrew" : "NotDurable", cause.message]
}

const notStorableText = ({ message }: NotStorable): string =>
  `${message}. A state holds plain objects, lists, text, numbers, bigints, undefined, dates, maps, sets, patterns, bytes (Uint8Array) and errors.`

/**
 * A rejection that goes to its caller by message is stored, because the message may come again and must not
 * be decided differently then.
 */
const answered = (base: Base, command: Command, rejection: CommandRejected): Outcome => {
  if (command.replyTo === undefined) return rejection
  const { reason, state, detail } = rejection
  let item: OutboxItem
  try {
    item = answerItem(command.replyTo, { ok: false, reason, isRejection: true, state, detail })
  } catch (cause) {
    if (!(cause instanceof NotJson)) throw cause
    item = answerItem(command.replyTo, { ok: false, reason, isRejection: true, state })
  }
  const { state: unchanged, version, pending } = base
  const entry = entryOf(command, [], [item], undefined)
  return { _tag: "Proposal", entry, state: unchanged, version, pending, actions: [] }
}

/** The stored form of a command's outcome. */
export const entryOf = (
  command: Pick<Command, "commandId" | "fingerprint" | "metadata">,
  events: ReadonlyArray<StoredEvent>,
  items: ReadonlyArray<OutboxItem>,
  reply: unknown,
): CommitEntry => {
  const { text, structure } = partsOfFingerprint(command.fingerprint)
  return {
    c: command.commandId,
    fp: text,
    ...(structure === undefined ? undefined : { fs: structure }),
    ...(command.metadata === undefined ? undefined : { m: command.metadata }),
    ev: events,
    ...(items.length === 0 ? undefined : { out: items }),
    ...(reply === undefined ? undefined : { re: reply }),
  }
}

/**
 * Runs the decided events through their schemas and the machine. Throws NotJson, NotSendable, NotStorable,
 * MachineFailed.
 */
const propose = (
  definition: ActorDefinition,
  id: string,
  base: Base,
  command: Command,
  asked: Asked,
  nowMs: number,
  failed: (reason: CommandFailed["reason"], detail: string) => CommandFailed,
  rejected: (reason: string, detail: unknown, state: MachineState) => CommandRejected,
): Outcome => {
  const reply = asked.reply === undefined ? undefined : frozen(plainJson(asked.reply))
  const isStored = asked.events.length > 0 || asked.outgoing.length > 0 || command.replyTo !== undefined
  if (!isStored) return { _tag: "Nothing", reply }
  let { state } = base
  const between: Array<MachineState> = []
  const stored: Array<StoredEvent> = []
  for (const event of asked.events) {
    const storable = toStored(definition, event)
    if ("refused" in storable) return failed(storable.refused, storable.detail)
    const next = isReserved(storable.t)
      ? undefined
      : definition.machine.transition(state, { type: storable.t, ...(storable.d as object) }, id)
    if (next === undefined) return rejected("NotAccepted", { event: storable.t, ...endOf(state) }, state)
    if (stored.length > 0) between.push(state)
    state = next
    stored.push(storable)
  }
  if (stored.length > 0) {
    const led = state
    state = followed(definition, id, state, stored)
    if (state !== led) between.push(led)
    requireStorable(base.state, state)
  }
  const intents = definition.machine.takeIntents()
  stored.push(...announcedBy(definition, intents))
  const version = base.version + stored.length
  const { pending } = base
  const step = { definition, before: pending, after: pending, state, version, nowMs }
  const effects = effectsOf(step, intents, asked.outgoing)
  const answer =
    command.replyTo === undefined || effects.answersLater
      ? []
      : [answerItem(command.replyTo, { ok: true, ...(reply === undefined ? undefined : { reply }) })]
  return {
    _tag: "Proposal",
    entry: entryOf(command, stored, [...effects.items, ...answer], reply),
    state,
    version,
    pending: effects.pending,
    actions: effects.actions,
    ...(between.length === 0 ? undefined : { between }),
  }
}

/** Detail of a rejection by a machine that has ended and accepts nothing any more. */
const endOf = ({ status, error }: MachineState): object | undefined =>
  status === "error" ? { status, error: thrownMessage(error) } : status === "done" ? { status } : undefined

/**
 * The state after the event that follows at once from `state`. The event is added to `stored`; see `follows`
 * of the definition. Throws NotSendable, NotJson and MachineFailed.
 */
export const followed = (
  definition: ActorDefinition,
  id: string,
  state: MachineState,
  stored: Array<StoredEvent>,
): MachineState => {
  const event = definition.follows?.(state)
  if (event === undefined) return state
  const storable = toStored(definition, event)
  if ("refused" in storable) throw new NotSendable(storable.detail)
  const next = definition.machine.transition(state, event, id)
  if (next === undefined) throw new NotSendable(`the machine does not accept ${event.type}, which follows`)
  stored.push(storable)
  return next
}

interface Asked {
  readonly _tag: "Events"
  readonly events: ReadonlyArray<AnyEvent>
  readonly reply: unknown
  readonly outgoing: ReadonlyArray<Outgoing>
}

/** `decide` threw, or returned something that is not a decision. */
interface NoDecision {
  readonly _tag: "NoDecision"
  readonly detail: string
}

/**
 * Runs the user's `decide` and brings its answer into one form. A machine-only actor stores the command
 * itself.
 */
const askDefinition = (
  definition: ActorDefinition,
  address: ActorAddress,
  base: Base,
  command: Command,
  nowMs: number,
): Asked | Rejection | NoDecision => {
  const decision = definition.commands?.[command.type]
  if (decision === undefined)
    return { _tag: "Events", events: [command.payload], reply: undefined, outgoing: [] }
  try {
    const asked = handedOut(frozen(command.payload))
    return decisionIn(
      decision.decide({
        command: asked,
        payload: Object.freeze(payloadOf(asked)),
        state: given(base.state),
        id: address.id,
        version: base.version,
        nowMs,
        metadata: frozen(command.metadata ?? NO_METADATA),
        replyTo: frozen(command.replyTo),
      }),
    )
  } catch (cause) {
    return noDecision(thrownMessage(cause))
  }
}

const noDecision = (detail: string): NoDecision => ({ _tag: "NoDecision", detail })

/** The types say what `decide` returns; plain JavaScript may return anything. */
const decisionIn = (decided: unknown): Asked | Rejection | NoDecision => {
  if (Array.isArray(decided)) return eventsOf(decided, undefined)
  const { _tag, reason, detail, events, reply, outgoing } = (decided ?? {}) as Partial<Rejection & Asked> & {
    _tag?: unknown
  }
  if (_tag === "Rejection") {
    return typeof reason === "string"
      ? { _tag, reason, detail: tellable(detail) }
      : noDecision("it rejected without a reason")
  }
  if (_tag === "Acceptance") return eventsOf(events, reply, outgoing)
  if (decided instanceof Promise) {
    // No code awaits this promise, and its rejection must not end the process.
    decided.catch(() => undefined)
    return noDecision("it returned a promise; decide must be synchronous")
  }
  return eventsOf([decided], undefined)
}

/**
 * The detail of a rejection in a form that travels to other nodes. A value that cannot travel becomes text.
 */
const tellable = (detail: unknown): unknown => {
  if (detail === undefined) return undefined
  try {
    return plainJson(detail)
  } catch (cause) {
    try {
      JSON.stringify(detail)
      return detail
    } catch {
      return `(no detail: ${thrownMessage(cause)})`
    }
  }
}

const eventsOf = (
  events: unknown,
  reply: unknown,
  outgoing: ReadonlyArray<Outgoing> = [],
): Asked | NoDecision =>
  Array.isArray(events) && events.every(isEvent)
    ? { _tag: "Events", events, reply, outgoing }
    : noDecision("it returned something that is no event")

const isEvent = (value: unknown): value is AnyEvent =>
  typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"

const NO_METADATA: Metadata = {}
