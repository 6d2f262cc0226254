/**
 * Turns what transitions asked for into what the commit carries: outbox items, and what is pending after
 * them.
 *
 * Owns that translation. Timers and calls are compared as a whole: an entry that was pending before and is
 * not any more is cancelled or aborted, and a new entry is set. Pure. Round.ts stores the items; ../outbox/
 * acts on them.
 */
import type { ActorDefinition } from "../definition/Actor.ts"
import { type AnyEvent, INSIDE } from "../event/Event.ts"
import { publishItemOf } from "../integration/PublishItem.ts"
import { plainJson } from "../json/Json.ts"
import { type PlainOrStored, plainOrStored } from "../json/PlainOrStored.ts"
import { NotStorable } from "../json/StoredValue.ts"
import { isThrown } from "../json/Thrown.ts"
import type { CapturedAction, Intent } from "../machine/Intent.ts"
import type { MachineState } from "../machine/Machine.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import { type Outgoing, outgoingOf, type RequestRef } from "../message/Outgoing.ts"
import { Draft, NOTHING_PENDING, type Pending, type PendingTimer } from "./Pending.ts"
import { cancelIn, detachIn, lostIdOf, ownerOf, timerNameIn } from "./TimerName.ts"

/** Longest delay of a timer or message; longer delays are shortened to it. */
export const DELAY_MS_MAX = 100 * 365.25 * 24 * 3_600_000

/** An actor asked for something that cannot be stored or sent. Its command fails. */
export class NotSendable extends Error {
  override readonly name = "NotSendable"
}

/** What a commit entry carries besides its events. */
export interface Effects {
  readonly items: ReadonlyArray<OutboxItem>
  readonly pending: Pending
  readonly actions: ReadonlyArray<CapturedAction>
  /** The command's answer is deferred. */
  readonly answersLater: boolean
}

/** The input and result of one step. */
interface Step {
  readonly definition: ActorDefinition
  /** What was pending before the step, without the timer or call that the step ends. */
  readonly before: Pending
  readonly after: Pending
  readonly state: MachineState
  /** Version after the step, from which generations are made. */
  readonly version: number
  readonly nowMs: number
}

/** Time of a timer that is due when it is set, Unix milliseconds: in the past for every clock. */
const AT_ONCE = 0

/** Throws {@link NotSendable}, `NotJson`, and whatever a `dispatch` throws. */
export const effectsOf = (
  step: Step,
  intents: ReadonlyArray<Intent>,
  decided: ReadonlyArray<Outgoing>,
): Effects => {
  const { definition, before, state, version, nowMs } = step
  // The usual command asks for nothing, and its actor has nothing pending.
  if (intents.length === 0 && decided.length === 0 && before === NOTHING_PENDING) {
    return { items: [], pending: NOTHING_PENDING, actions: [], answersLater: false }
  }
  const draft = new Draft(step.after)
  const items: Array<OutboxItem> = []
  const actions: Array<CapturedAction> = []
  let answersLater = false
  let madeCount = 0
  const generation = (): string => `${version}.${madeCount++}`
  const send = (outgoing: Outgoing): void => {
    if (outgoing._tag === "AnswerLater") answersLater = true
    else items.push(sentItemOf(definition, outgoing, nowMs))
  }

  for (const outgoing of decided) send(outgoing)
  for (const intent of intents) {
    switch (intent._tag) {
      case "Action":
        actions.push(intent)
        break
      case "Timer": {
        const g = generation()
        const owner = ownerOf(intent.event)
        if (intent.id !== undefined) detachIn(draft, intent.id, owner)
        const n = timerNameIn(draft, intent.id ?? `${intent.event.type}#${g}`, owner)
        const delayMs = delayOf(`timer "${n}"`, intent.delayMs)
        // A timer that is due at once must not depend on a clock, because a clock may be set back before it
        // fires.
        const at = delayMs === 0 ? AT_ONCE : nowMs + delayMs
        // A replay appends it, too, because the commit's items cancel the earlier one first.
        draft.timers.delete(n)
        draft.timers.set(n, { g, at, ...timerEvent(definition, n, intent.event) })
        break
      }
      case "Cancel":
        cancelIn(draft, intent.id, intent.member)
        break
      case "DropTimers":
        dropTimersOf(draft, intent.member)
        break
      case "Call": {
        draft.calls.delete(intent.id)
        draft.calls.set(intent.id, { g: generation(), src: intent.src, ...callInput(intent) })
        break
      }
      case "Emit": {
        const { type, ...data } = intent.event
        send({ _tag: "Publish", type, data })
        break
      }
      // An announced event is an event of the commit, not an item: Announced.ts.
      case "Announce":
        break
      case "Send":
        for (const outgoing of outgoingOf(intent.make())) send(outgoing)
    }
  }
  dropWhatIsOver(draft, definition, state)
  const pending = draft.now
  if (pending !== before) items.push(...changesBetween(before, pending))
  return { items, pending, actions, answersLater }
}

/**
 * Drops the timers for a child that has ended, and its own timers. Timers whose id XState has lost stay,
 * because they belong to other actors.
 */
const dropTimersOf = (draft: Draft, member: string): void => {
  for (const [n, { e }] of draft.now.timers) {
    if (e.type !== INSIDE) continue
    const isOwn = e["from"] === member && lostIdOf(n) === undefined
    if (isOwn || e["to"] === member) draft.timers.delete(n)
  }
}

/** Drops the calls whose state was left in the same step. A machine that is done has nothing pending. */
const dropWhatIsOver = (draft: Draft, { machine }: ActorDefinition, state: MachineState): void => {
  if (draft.now.calls.size > 0) {
    const invoked = new Set(machine.invocationsOf(state))
    for (const id of draft.now.calls.keys()) if (!invoked.has(id)) draft.calls.delete(id)
  }
  if (state.status !== "active") for (const id of draft.now.timers.keys()) draft.timers.delete(id)
}

const changesBetween = (before: Pending, after: Pending): ReadonlyArray<OutboxItem> => {
  const items: Array<OutboxItem> = []
  for (const [n, { g }] of before.calls) {
    if (after.calls.get(n)?.g !== g) items.push({ k: "abort", n })
  }
  for (const [n, { at, g }] of before.timers) {
    if (after.timers.get(n)?.g !== g) items.push({ k: "cancel", n, g, at })
  }
  for (const [n, { g, at, e, raw }] of after.timers) {
    if (before.timers.get(n)?.g === g) continue
    items.push({ k: "timer", n, g, at, e, ...(raw === undefined ? undefined : { raw }) })
  }
  for (const [n, { g, src, in: input, raw }] of after.calls) {
    if (before.calls.get(n)?.g === g) continue
    const given = raw !== undefined ? { raw } : input === undefined ? undefined : { in: input }
    items.push({ k: "call", n, g, src, ...given })
  }
  return items
}

/** The item of the commit for a sent event. Throws {@link NotSendable} and `NotJson`. */
export const sentItemOf = (
  definition: ActorDefinition,
  outgoing: Exclude<Outgoing, { _tag: "AnswerLater" }>,
  nowMs: number,
): OutboxItem => {
  switch (outgoing._tag) {
    case "Tell": {
      const c = plainJson(outgoing.command) as AnyEvent
      const item = { k: "tell", to: outgoing.key, c, ...inputIn(outgoing) } as const
      if (outgoing.afterMs === undefined) return item
      return { ...item, at: nowMs + delayOf(`message to ${outgoing.key}`, outgoing.afterMs) }
    }
    case "Request": {
      const c = plainJson(outgoing.command) as AnyEvent
      return { k: "tell", to: outgoing.key, c, n: outgoing.as, ...inputIn(outgoing) }
    }
    case "Answer": {
      const { correlationId: co, trace: tr } = outgoing.to
      return {
        ...answerItem(outgoing.to, outgoing.answer),
        ...(co === undefined ? undefined : { co }),
        ...(tr === undefined ? undefined : { tr }),
      }
    }
    case "Publish": {
      const item = publishItemOf(definition, outgoing.type, outgoing.data)
      if ("problem" in item) throw new NotSendable(item.problem)
      return item
    }
  }
}

/**
 * The input of a call. Throws {@link NotSendable}, which names the call, for a value without a stored form.
 */
const callInput = ({ src, input }: { readonly src: string; readonly input: unknown }) => {
  if (input === undefined) return undefined
  const made = named(`the input of the call "${src}"`, () => plainOrStored(input, "input"))
  return "raw" in made ? made : { in: made.plain }
}

/**
 * The event of a timer. An event with a schema is plain JSON, as all such events are. Throws {@link
 * NotSendable}, which names the timer, for a value without a stored form.
 */
const timerEvent = (
  { events }: ActorDefinition,
  n: string,
  event: AnyEvent,
): Pick<PendingTimer, "e" | "raw"> => {
  const { type } = event
  if (events !== undefined && Object.hasOwn(events, type)) return { e: plainJson(event) as AnyEvent }
  const isInside = type === INSIDE
  const sent = isInside ? (event["event"] as AnyEvent) : event
  const made = named(`the event of the timer "${n}"`, () => plainOrStored(sent, "event"))
  if ("raw" in made) {
    const bare = { type: sent.type }
    return { e: isInside ? { ...event, event: bare } : bare, raw: made.raw }
  }
  const plain = made.plain as AnyEvent
  return { e: isInside ? { ...event, event: plain } : plain }
}

const named = (what: string, make: () => PlainOrStored): PlainOrStored => {
  try {
    return make()
  } catch (cause) {
    if (!isThrown(cause, NotStorable)) throw cause
    throw new NotSendable(`${what} cannot be stored at ${cause.path}: ${cause.reason}`)
  }
}

/** The input for the receiver's birth, as a field of the item. Throws `NotJson`. */
export const inputIn = ({ input }: { readonly input?: unknown }) =>
  input === undefined ? undefined : { in: plainJson(input) }

/** The answer to a request, as an item. Throws `NotJson`. */
export const answerItem = ({ to, as, re }: RequestRef, answer: unknown): OutboxItem => ({
  k: "answer",
  to,
  n: as,
  re,
  a: plainJson(answer) as never,
})

const delayOf = (what: string, delayMs: number): number => {
  if (Number.isNaN(delayMs)) throw new NotSendable(`the delay of ${what} is not a number`)
  return Math.min(Math.max(0, Math.ceil(delayMs)), DELAY_MS_MAX)
}
