/**
 * The events that a scenario is given, as the commits that have stored them.
 *
 * Owns the timers and calls in those commits, because the actor waits for them when the command comes. Past
 * messages are left out, because they change nothing.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import { InvalidCommand } from "../cell/AskError.ts"
import { type Birth, bear, beforeBirth } from "../cell/Birth.ts"
import { type BirthInput, checkedInput } from "../cell/BirthInput.ts"
import { effectsOf } from "../cell/Intents.ts"
import { Draft, NOTHING_PENDING, type Pending } from "../cell/Pending.ts"
import { encodeCommit } from "../commit/Commit.ts"
import type { AnyActor } from "../definition/Actor.ts"
import { type AnyEvent, INSIDE, readEvent, type StoredEvent } from "../event/Event.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import type { Intent } from "../machine/Intent.ts"
import type { MachineState } from "../machine/Machine.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"

/** Each given event in its own commit, at journal sequences 1, 2, 3, ... Runs the actor's machine. */
export const recordsOf = (
  actor: AnyActor,
  address: ActorAddress,
  given: ReadonlyArray<StoredEvent>,
  input: BirthInput | undefined,
  atMs: number,
): ReadonlyArray<JournalRecord> => {
  const past = new Past(actor, address, input, atMs)
  return given.map((stored, index) => {
    const out = past.itemsOf(stored)
    const entry = { c: `given-${index}`, fp: "", ev: [stored], ...(out.length === 0 ? undefined : { out }) }
    const b = index === 0 ? past.birth?.json : undefined
    const header = { format: 3 as const, first: index + 1, at: atMs, epoch: 1, b }
    return { key: address.key, sequence: index + 1, data: encodeCommit(header, [JSON.stringify(entry)]) }
  })
}

/** The input of a scenario, checked. Throws InvalidCommand. */
export const givenInput = (
  actor: AnyActor,
  { type: actorType, id }: ActorAddress,
  input: unknown,
): BirthInput | undefined => {
  if (input === undefined) return undefined
  const checked = checkedInput(actor, id, input)
  if (!("issues" in checked)) return checked
  throw new InvalidCommand({ actorType, id, commandType: "testActor", issues: checked.issues })
}

const GIVEN = { commandType: "given", isSpawn: false }

class Past {
  readonly #actor: AnyActor
  readonly #id: string
  readonly #atMs: number
  #state: MachineState | undefined
  #version = 0
  #pending: Pending = NOTHING_PENDING
  /** The birth; `undefined` if it threw. The replay throws the same error. */
  readonly birth: Birth | undefined

  constructor(actor: AnyActor, address: ActorAddress, input: BirthInput | undefined, atMs: number) {
    this.#actor = actor
    this.#id = address.id
    this.#atMs = atMs
    const unborn = attempt(() => beforeBirth(actor, address.id))
    const birth = unborn && bear(actor, address, unborn.standing, { ...GIVEN, input }, atMs)
    if (birth?._tag !== "Birth") return
    this.birth = birth
    this.#state = birth.state
    this.#pending = birth.pending
  }

  /**
   * Items of the event's commit. None from the first event that cannot be applied; the replay reports why.
   */
  itemsOf(stored: StoredEvent): ReadonlyArray<OutboxItem> {
    const { machine, type, events } = this.#actor
    const before = this.#state
    if (before === undefined) return []
    this.#state = attempt(() => machine.transition(before, readEvent(type, events, stored), this.#id))
    const intents = machine.takeIntents().filter(isWaitedFor)
    this.#version++
    if (this.#state === undefined) return []
    const step = {
      definition: this.#actor,
      before: this.#pending,
      after: withoutEnded(this.#pending, stored),
      state: this.#state,
      version: this.#version,
      nowMs: this.#atMs,
    }
    const { items, pending } = effectsOf(step, intents, [])
    this.#pending = pending
    return items
  }
}

const attempt = <A>(run: () => A): A | undefined => {
  try {
    return run()
  } catch {
    // The replay of the same event throws the same error and reports it to the test.
    return undefined
  }
}

const isWaitedFor = ({ _tag }: Intent): boolean => _tag === "Timer" || _tag === "Cancel" || _tag === "Call"

/** What is pending after this event, without the timer that has fired or the call that has ended. */
const withoutEnded = (pending: Pending, { t: eventType, d }: StoredEvent): Pending => {
  const draft = new Draft(pending)
  for (const [id, { e }] of pending.timers) {
    const isOwn = e.type === eventType && eventType.startsWith("xstate.")
    if (isOwn || (eventType === INSIDE && isInside(e, d))) draft.timers.delete(id)
  }
  for (const id of pending.calls.keys()) {
    const isEnd = eventType === `xstate.done.actor.${id}` || eventType === `xstate.error.actor.${id}`
    if (isEnd) draft.calls.delete(id)
  }
  return draft.now
}

/** Whether the event comes from a timer of a child, so that it is for the same child. */
const isInside = (timer: AnyEvent, stored: unknown): boolean => {
  const { to, event } = (stored ?? {}) as {
    readonly to?: unknown
    readonly event?: { readonly type?: unknown }
  }
  const inner = timer["event"] as { readonly type?: unknown } | undefined
  return timer.type === INSIDE && timer["to"] === to && inner?.type === event?.type
}
