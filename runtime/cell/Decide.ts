/**
 * The decision: one command on one state gives a proposed commit entry, a refusal, or nothing to store.
 *
 * Owns the walk decide → events → validate → `can` → transition, pure and synchronous. What happens to proposals:
 * Cell.ts. What a command may decide: ../definition/Decision.ts.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { Rejection } from "../definition/Decision.ts"
import type { AnyEvent, StoredEvent } from "../definition/Event.ts"
import { issuesText, validate } from "../definition/Schema.ts"
import type { CommitEntry, Metadata } from "../journal/Commit.ts"
import { frozen } from "../json/Frozen.ts"
import { NotJson, plainJson } from "../json/Json.ts"
import { type CapturedAction, MachineFailed, type MachineState, stateName } from "../machine/Machine.ts"
import { CommandFailed, CommandRejected } from "./AskError.ts"

/** A command that passed its schema. `payload` is flat, `{ type, ... }`, as `decide` sees it. */
export interface Command {
  readonly type: string
  readonly payload: AnyEvent
  readonly commandId: string
  readonly fingerprint: string
  readonly metadata: Metadata | undefined
}

/** What a command is decided on. */
interface Base {
  readonly state: MachineState
  readonly version: number
}

/** What a command would store, and the state after it. */
export interface Proposal {
  readonly _tag: "Proposal"
  readonly entry: CommitEntry
  readonly state: MachineState
  readonly version: number
  readonly actions: ReadonlyArray<CapturedAction>
}

/** Accepted, but there is nothing to store. */
export interface Nothing {
  readonly _tag: "Nothing"
  readonly reply: unknown
}

export type Outcome = Proposal | Nothing | CommandRejected | CommandFailed

/** Decides `command` on `state`, which has `version` events. Never throws: what user code throws is an outcome. */
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
  if (asked instanceof Error) return failed("DecideThrew", asked.message)
  if (asked._tag === "Rejection") return rejected(asked.reason, asked.detail, base.state)

  try {
    return propose(definition, base, command, asked, failed, rejected)
  } catch (cause) {
    if (cause instanceof NotJson) return failed("NotJson", cause.message)
    if (cause instanceof MachineFailed) {
      return failed(cause.reason === "Threw" ? "MachineThrew" : "NotDurable", cause.message)
    }
    // Nothing else is expected to throw; what does comes from what `decide` handed over.
    return failed("DecideThrew", String(cause))
  } finally {
    // What a refused command asked for is not run.
    definition.machine.takeActions()
  }
}

/** Runs the decided events through their schemas and the machine. Throws NotJson and MachineFailed. */
const propose = (
  definition: ActorDefinition,
  base: Base,
  command: Command,
  asked: Asked,
  failed: (reason: CommandFailed["reason"], detail: string) => CommandFailed,
  rejected: (reason: string, detail: unknown, state: MachineState) => CommandRejected,
): Outcome => {
  const reply = asked.reply === undefined ? undefined : frozen(plainJson(asked.reply))
  if (asked.events.length === 0) return { _tag: "Nothing", reply }
  let { state } = base
  const stored: Array<StoredEvent> = []
  for (const event of asked.events) {
    const storable = toStored(definition, event)
    if ("refused" in storable) return failed(storable.refused, storable.detail)
    const next = definition.machine.transition(state, { type: storable.t, ...(storable.d as object) })
    if (next === undefined) return rejected("NotAccepted", { event: storable.t }, state)
    state = next
    stored.push(storable)
  }
  const entry: CommitEntry = {
    c: command.commandId,
    fp: command.fingerprint,
    ...(command.metadata === undefined ? undefined : { m: command.metadata }),
    ev: stored,
    ...(reply === undefined ? undefined : { re: reply }),
  }
  return {
    _tag: "Proposal",
    entry,
    state,
    version: base.version + stored.length,
    actions: definition.machine.takeActions(),
  }
}

interface Asked {
  readonly _tag: "Events"
  readonly events: ReadonlyArray<AnyEvent>
  readonly reply: unknown
}

/** Runs the user's `decide` and brings its answer into one form. A machine-only actor stores the command itself. */
const askDefinition = (
  definition: ActorDefinition,
  address: ActorAddress,
  base: Base,
  command: Command,
  nowMs: number,
): Asked | Rejection | Error => {
  const decision = definition.commands?.[command.type]
  if (decision === undefined) return { _tag: "Events", events: [command.payload], reply: undefined }
  let decided: unknown
  try {
    decided = decision.decide({
      command: command.payload,
      state: base.state,
      id: address.id,
      version: base.version,
      nowMs,
      metadata: command.metadata ?? NO_METADATA,
      replyTo: undefined,
    })
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause))
  }
  if (Array.isArray(decided)) return eventsOf(decided, undefined)
  const { _tag, reason, events, reply } = (decided ?? {}) as Partial<Rejection & Asked> & { _tag?: unknown }
  if (_tag === "Rejection") {
    return typeof reason === "string" ? (decided as Rejection) : new Error("it rejected without a reason")
  }
  if (_tag === "Acceptance") return eventsOf(events, reply)
  if (decided instanceof Promise) {
    // Nobody awaits it: a rejection of it is not to end the process.
    decided.catch(() => undefined)
    return new Error("it returned a promise; decide must be synchronous")
  }
  return eventsOf([decided], undefined)
}

/** The types say what `decide` returns; plain JavaScript may return anything. */
const eventsOf = (events: unknown, reply: unknown): Asked | Error =>
  Array.isArray(events) && events.every(isEvent)
    ? { _tag: "Events", events, reply }
    : new Error("it returned something that is no event")

const isEvent = (value: unknown): value is AnyEvent =>
  typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"

const NO_METADATA: Metadata = {}

/** The event as it is stored, or what is wrong with it. */
const toStored = (
  definition: ActorDefinition,
  event: AnyEvent,
): StoredEvent | { readonly refused: "EventUnknown" | "EventInvalid"; readonly detail: string } => {
  const { type, ...payload } = event
  if (definition.events === undefined) return { t: type, v: 1, d: plainJson(payload) }
  const known = Object.hasOwn(definition.events, type) ? definition.events[type] : undefined
  if (known === undefined) return { refused: "EventUnknown", detail: `the definition has no event "${type}"` }
  const validated = validate(known.schema, payload)
  if ("issues" in validated)
    return { refused: "EventInvalid", detail: `${type}: ${issuesText(validated.issues)}` }
  return { t: type, v: known.version, d: plainJson(validated.value) }
}
