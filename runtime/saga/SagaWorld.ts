/**
 * A saga and its surroundings, as `checkSaga` plays them: its machine, the requests that are out, its timers,
 * and a list of completed items that is kept apart from the saga's own ledger.
 *
 * Owns the step by one event and the laws that hold at each step. Which events are played: SagaMoves.ts.
 */
import type { AnyEvent } from "../event/Event.ts"
import type { MachineState } from "../machine/Machine.ts"
import { stateName } from "../machine/StateName.ts"
import { ANSWERED, type Answer, outgoingOf } from "../message/Outgoing.ts"
import type { AnySaga } from "./AnySaga.ts"
import { argsOf, itemOf, type SagaLedger, workOf } from "./SagaLedger.ts"
import { type RequestName, readRequestName, SAGA_RULES } from "./SagaPlan.ts"
import { type SagaTwin, twinAfter } from "./SagaTwin.ts"

/** One world. Immutable, like the state that it holds. */
export interface SagaWorld {
  readonly saga: AnySaga
  readonly sagaId: string
  /** The same saga under the next definition, if a change is checked. */
  readonly twin: SagaTwin | undefined
  /** Replies of participants, by the path of the step. */
  readonly replies: { readonly [path: string]: unknown }
  readonly state: MachineState
  /** Names of the requests whose answers are out, in the order of asking. */
  readonly out: ReadonlyArray<string>
  readonly timers: ReadonlyMap<string, AnyEvent>
  /** Items that were completed and are not undone, in the order of completion. */
  readonly done: ReadonlyArray<string>
  /** Direction of the saga: `losing` while a step is being lost; from then on it makes no new requests. */
  readonly way: "forward" | "losing" | "back"
  /** The step that is being lost. It may be requested again. */
  readonly losing: string | null
  readonly hasUndoFailed: boolean
  /** Whether an answer was out for too long. */
  readonly hasBeenSilent: boolean
}

/** The saga broke a law. */
export class LawBroken extends Error {
  override readonly name = "LawBroken"
}

export const bookOf = ({ state }: SagaWorld): SagaLedger => state.context as SagaLedger

/** The world of a saga that has just started. */
export const started = (
  saga: AnySaga,
  sagaId: string,
  input: unknown,
  replies: SagaWorld["replies"],
  successor?: AnySaga,
): SagaWorld => {
  const state = saga.actor.machine.initial(sagaId)
  const twin = successor && { saga: successor, state: successor.actor.machine.initial(sagaId) }
  const fresh = {
    out: [],
    timers: new Map(),
    done: [],
    way: "forward",
    losing: null,
    hasUndoFailed: false,
    hasBeenSilent: false,
  } as const
  const rules = { type: "SagaRulesSet", rules: SAGA_RULES }
  const ruled = take({ saga, sagaId, twin, replies, state, ...fresh }, rules)
  return take(ruled, { type: "SagaStarted", input, parent: null, plan: saga.plan.ref })
}

/** Key of a world: worlds that go on in the same way have the same key. */
export const keyOf = (world: SagaWorld): string => {
  const { outbox: _, timers: __, cancels: ___, ...book } = bookOf(world)
  const { out, timers, done, way, hasUndoFailed, hasBeenSilent } = world
  return JSON.stringify([book, out, [...timers.keys()], done, way, hasUndoFailed, hasBeenSilent])
}

/**
 * The world after the machine took an event. Throws {@link LawBroken} if the saga then asks for something
 * that it may not.
 */
export const take = (world: SagaWorld, event: AnyEvent): SagaWorld => {
  const { machine } = world.saga.actor
  const state = machine.transition(world.state, event, world.sagaId)
  if (state === undefined) {
    throw new LawBroken(`${event.type} is not accepted in state "${stateName(world.state.value)}"`)
  }
  const intents = machine.takeIntents()
  requireReasons(world, state.context as SagaLedger)
  const timers = new Map(world.timers)
  let next: SagaWorld = { ...world, state, timers, twin: twinOf(world, state, event) }
  for (const intent of intents) {
    if (intent._tag === "Cancel") timers.delete(intent.id)
    if (intent._tag === "Timer") timers.set(intent.id ?? intent.event.type, intent.event)
    if (intent._tag !== "Send") continue
    for (const outgoing of outgoingOf(intent.make())) {
      if (outgoing._tag === "Request") next = asked(next, outgoing.as)
    }
  }
  const due = world.saga.actor.follows?.(state)
  return due === undefined ? next : take(next, due)
}

/** The twin after `event`. Throws {@link LawBroken} if the saga would be stuck under the next definition. */
const twinOf = (
  { twin, saga, sagaId }: SagaWorld,
  state: MachineState,
  event: AnyEvent,
): SagaTwin | undefined => {
  const next = twin && twinAfter(twin, sagaId, saga, state, event)
  if (typeof next === "string") throw new LawBroken(`under the present definition, ${next}`)
  return next
}

/** Checks that a saga fails and gets stuck only because of something that was played. */
const requireReasons = (world: SagaWorld, { cause, stuck }: SagaLedger): void => {
  if (cause?.kind === "DefinitionThrew") {
    throw new LawBroken(
      `a function of "${cause.item ?? "completed"}" threw: ${cause.reason} (do the replies fit?)`,
    )
  }
  if (stuck !== null && !(stuck.isSilent ? world.hasBeenSilent : world.hasUndoFailed)) {
    const trouble = stuck.isSilent ? "no answer is late" : "no compensation failed"
    throw new LawBroken(`stuck at "${stuck.item}" although ${trouble}: ${stuck.reason}`)
  }
}

/** The world after the participant answered request `as`. */
export const answer = (world: SagaWorld, as: string, given: Answer): SagaWorld => {
  const { verb, itemKey } = nameOf(as)
  const out = world.out.filter((other) => other !== as)
  const done =
    verb === "undo"
      ? world.done.filter((other) => !given.ok || other !== itemKey)
      : given.ok && !world.done.includes(itemKey)
        ? [...world.done, itemKey]
        : world.done
  const reply = world.replies[workOf(world.saga.plan, itemKey).path]
  const full = given.ok && verb === "do" && reply !== undefined ? { ...given, reply } : given
  return take({ ...world, out, done }, { type: ANSWERED, as, answer: full })
}

/** The world after the timer brought its event. */
export const fire = (world: SagaWorld, timerId: string): SagaWorld => {
  const timers = new Map(world.timers)
  timers.delete(timerId)
  return take({ ...world, timers }, world.timers.get(timerId) as AnyEvent)
}

export const nameOf = (as: string): RequestName => {
  const name = readRequestName(as)
  if (name === undefined) throw new LawBroken(`a request is called "${as}"`)
  return name
}

/** Names of the requests for the item that are out, the oldest first. */
export const attemptsOut = ({ out }: SagaWorld, itemKey: string): ReadonlyArray<string> =>
  out.filter((as) => nameOf(as).verb === "do" && nameOf(as).itemKey === itemKey)

/**
 * Takes a request of the saga: for a step on the way forward, for a compensation on the way back and in its
 * order.
 */
const asked = (world: SagaWorld, as: string): SagaWorld => {
  const { verb, attempt, itemKey } = nameOf(as)
  // The stop needs no answer here: the request that it is to stop is answered.
  if (verb === "stop") return world
  if (world.out.includes(as)) throw new LawBroken(`"${as}" is asked for twice`)
  if (verb === "do" && world.way !== "forward" && world.losing !== itemKey) {
    throw new LawBroken(`"${itemKey}" is asked for after the saga had failed`)
  }
  if (verb === "undo") {
    const turn = lastToUndo(world)
    if (world.way === "forward") throw new LawBroken(`"${itemKey}" is undone although nothing failed`)
    const later = world.out.map(nameOf).find((name) => mayBeLater(world, name))
    if (later !== undefined) {
      throw new LawBroken(`"${itemKey}" is undone although "${later.itemKey}" may be done yet`)
    }
    if (attempt === 1 && attemptsOut(world, itemKey).length > 0) {
      throw new LawBroken(`"${itemKey}" is undone although an attempt of it is out`)
    }
    if (turn !== itemKey) {
      throw new LawBroken(
        `"${itemKey}" is undone, and it is the turn of ${turn === undefined ? "none" : `"${turn}"`}`,
      )
    }
  }
  return { ...world, out: [...world.out, as] }
}

/** Whether the request may still complete a step, which would then be the last completed one. */
const mayBeLater = ({ done }: SagaWorld, { verb, itemKey }: RequestName): boolean =>
  verb === "do" && !done.includes(itemKey)

/** The item that was completed last, among the items that have something to undo. */
export const lastToUndo = (world: SagaWorld): string | undefined => {
  const { saga, done } = world
  const book = bookOf(world)
  return done.findLast((itemKey) => {
    const target = workOf(saga.plan, itemKey).compensate
    return target?.(argsOf(saga.plan, book, itemOf(book, itemKey))) !== undefined
  })
}
