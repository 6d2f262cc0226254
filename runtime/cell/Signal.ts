/**
 * What comes to an actor besides commands: a timer that is due, the outcome of a call, the answer to a
 * request, an event that one of its actions sent to it.
 *
 * Owns when such a signal still counts, and the event that it becomes. Pure. Like commands, signals are
 * applied once: timers and calls by their generation, answers by their id. They come from ../inbox/Inbox.ts
 * and ../call/CallRunner.ts.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { CallOutcome } from "../call/Call.ts"
import type { Metadata } from "../commit/Commit.ts"
import type { ActorDefinition, CommitSize } from "../definition/Actor.ts"
import { eventOfCall } from "../event/CallEnd.ts"
import { type AnyEvent, isInternal, RAISED, readEvent, type StoredEvent } from "../event/Event.ts"
import { plainJsonOfStored } from "../json/Json.ts"
import type { StoredValue } from "../json/StoredValue.ts"
import { requireStorable } from "../machine/SealedState.ts"
import { ANSWERED, type Answer } from "../message/Outgoing.ts"
import { announcedBy } from "./Announced.ts"
import { CommandFailed } from "./AskError.ts"
import { type Base, entryOf, failureOf, followed, type Nothing, type Proposal } from "./Decide.ts"
import { effectsOf, NotSendable } from "./Intents.ts"
import { Draft, type Pending } from "./Pending.ts"
import { toStored } from "./StoredForm.ts"
import { detachIn, lostIdOf, ownerOf } from "./TimerName.ts"

interface Common {
  readonly _tag: "Signal"
  /** Id of the message that brought the signal. */
  readonly commandId: string
  readonly fingerprint: ""
  readonly metadata: Metadata | undefined
  /** Id of the timer or call, or the name that the actor gave its request. */
  readonly name: string
  /** Journal sequence of the commit that set the timer, asked for the call, or made the request. */
  readonly since: number
}

export type Signal =
  /** `at`: when the timer is due by its message, Unix milliseconds. */
  | (Common & { readonly kind: "timer"; readonly generation: string; readonly at: number })
  | (Common & { readonly kind: "call"; readonly generation: string; readonly outcome: CallOutcome })
  | (Common & { readonly kind: "answer"; readonly answer: Answer })
  /** A custom action of the actor has sent it to the actor itself. */
  | (Common & { readonly kind: "self"; readonly event: AnyEvent })

/** Outcome of stale signals, and of answers that the machine does not accept. */
const NOTHING: Nothing = { _tag: "Nothing", reply: undefined }

/**
 * Decides `signal`; `tooLarge`: size of its first outcome, which did not fit into a commit. Never throws: an
 * error of user code is an outcome.
 */
export const decideSignal = (
  definition: ActorDefinition,
  address: ActorAddress,
  base: Base,
  signal: Signal,
  nowMs: number,
  tooLarge?: CommitSize,
): Proposal | Nothing | CommandFailed => {
  const whole = useUp(base.pending, signal, nowMs)
  if (whole === undefined) return NOTHING
  const smaller = tooLarge && definition.tooLarge?.(whole.event, tooLarge)
  const used = smaller === undefined ? whole : { ...whole, event: smaller }
  const failed = (reason: CommandFailed["reason"], detail: string) => {
    const { type: actorType, id } = address
    return new CommandFailed({ actorType, id, commandType: used.event.type, reason, detail })
  }
  const halted = definition.audit?.halted(base.state)
  if (halted !== undefined) return failed("HistoryUnfit", halted)
  try {
    return propose(definition, address.id, base, signal, used, nowMs)
  } catch (cause) {
    return failed(...failureOf(cause, "MachineThrew"))
  } finally {
    definition.machine.takeIntents()
  }
}

interface Used {
  readonly event: AnyEvent
  /** Stored form of the event, or of the event inside, if it is not plain JSON. */
  readonly raw?: StoredValue
  /** What is pending, without what the signal ends. */
  readonly pending: Pending
}

const useUp = (pending: Pending, signal: Signal, nowMs: number): Used | undefined => {
  const draft = new Draft(pending)
  const { name } = signal
  switch (signal.kind) {
    case "timer": {
      const timer = pending.timers.get(name)
      // A message with an earlier time than the commit was not sent by a node.
      if (timer?.g !== signal.generation || signal.at < timer.at) return undefined
      draft.timers.delete(name)
      const lostId = lostIdOf(name)
      if (lostId !== undefined) detachIn(draft, lostId, ownerOf(timer.e))
      // Only events of the runtime get `firedAtMs`, because the schemas of the actor's own events may refuse
      // it.
      const event = isInternal(timer.e.type) ? { ...timer.e, firedAtMs: nowMs } : timer.e
      return { event, pending: draft.now, ...(timer.raw === undefined ? undefined : { raw: timer.raw }) }
    }
    case "call": {
      if (pending.calls.get(name)?.g !== signal.generation) return undefined
      draft.calls.delete(name)
      return { event: eventOfCall(name, signal.outcome), pending: draft.now }
    }
    case "answer":
      return { event: { type: ANSWERED, as: name, answer: signal.answer }, pending }
    case "self":
      return { event: signal.event, pending }
  }
}

/**
 * The event in its own schema if the actor declares one of that name, else unchanged. Throws NotJson and
 * NotSendable.
 */
const storedForm = (definition: ActorDefinition, { event, raw }: Used): StoredEvent => {
  const { type, ...payload } = event
  // Event and stored form were stored when the timer was set.
  if (raw !== undefined)
    return isInternal(type) ? { t: type, v: 1, d: { ...payload, raw } } : raisedRaw(event, raw)
  if (isInternal(type)) return { t: type, v: 1, d: plainJsonOfStored(payload) }
  if (definition.events !== undefined && !Object.hasOwn(definition.events, type)) {
    return { t: RAISED, v: 1, d: plainJsonOfStored({ event }) }
  }
  const stored = toStored(definition, event)
  if ("refused" in stored) throw new NotSendable(stored.detail)
  return stored
}

const raisedRaw = (event: AnyEvent, raw: StoredValue): StoredEvent => ({ t: RAISED, v: 1, d: { event, raw } })

const propose = (
  definition: ActorDefinition,
  id: string,
  base: Base,
  signal: Signal,
  used: Used,
  nowMs: number,
): Proposal | Nothing => {
  const { machine } = definition
  const stored = storedForm(definition, used)
  const next = machine.transition(base.state, readEvent(definition.type, definition.events, stored), id)
  // An answer or event that the machine ignores leaves no trace. A timer or call is over even then.
  if (next === undefined && (signal.kind === "answer" || signal.kind === "self")) return NOTHING
  const events = next === undefined ? [] : [stored]
  const state = next === undefined ? base.state : followed(definition, id, next, events)
  requireStorable(base.state, state)
  const intents = machine.takeIntents()
  events.push(...announcedBy(definition, intents))
  const isFollowed = next !== undefined && state !== next
  const version = base.version + events.length
  const step = { definition, before: base.pending, after: used.pending, state, version, nowMs }
  const effects = effectsOf(step, intents, [])
  return {
    _tag: "Proposal",
    entry: entryOf(signal, events, effects.items, undefined),
    state,
    version,
    pending: effects.pending,
    actions: effects.actions,
    ...(isFollowed ? { between: [next] } : undefined),
  }
}
