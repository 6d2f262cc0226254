/**
 * The requests of a transition besides its state: timers, calls, messages, events and actions.
 *
 * Owns the values, and the meaning of each built-in action of XState here. Who captures them: Machine.ts.
 * What they become in a commit: ../cell/Intents.ts.
 */
import type { AnyMachineSnapshot } from "xstate"
import type { AnyEvent } from "../event/Event.ts"
import { ANNOUNCE, type AnnounceAction } from "../message/Announce.ts"
import { DISPATCH, type DispatchAction, type ToSend } from "../message/Outgoing.ts"

/** The actor itself, as its custom actions see it. */
export interface ActionSelf {
  readonly id: string
  /**
   * Sends an event to the actor, as a message. Best effort, as actions are. Throws if the event cannot be
   * stored.
   */
  readonly send: (event: AnyEvent) => void
  /** The state after the commit. */
  readonly state: AnyMachineSnapshot
}

/** A side effect of a transition. It runs once after the commit, best effort. */
export interface CapturedAction {
  readonly _tag: "Action"
  readonly type: string
  readonly run: (self: ActionSelf) => void
}

/**
 * One request of a transition, in its order. All except actions become part of the commit
 * (../cell/Intents.ts).
 */
export type Intent =
  | CapturedAction
  /** `after`, or `raise` with a delay. */
  | {
      readonly _tag: "Timer"
      /** Id of the timer; without an id nothing can cancel it. */
      readonly id: string | undefined
      readonly delayMs: number
      readonly event: AnyEvent
    }
  /** `member`: address of the actor of a family whose timer it is; absent: the machine itself. */
  | { readonly _tag: "Cancel"; readonly id: string; readonly member?: string }
  /** A child has ended, so its timers and the timers for it end. `member`: its address in the family. */
  | { readonly _tag: "DropTimers"; readonly member: string }
  /** A state with an `invoke` was entered. `src` of a child's call is a path (ChildLogic.ts). */
  | { readonly _tag: "Call"; readonly id: string; readonly src: string; readonly input: unknown }
  | { readonly _tag: "Emit"; readonly event: AnyEvent }
  /** `dispatch(...)`: runs when a command is decided (../cell/Intents.ts), and never on replay. */
  | { readonly _tag: "Send"; readonly make: () => ToSend }
  /** `announce(...)`: runs like `dispatch`. */
  | { readonly _tag: "Announce"; readonly type: string; readonly payload: () => object }

/**
 * The intent of an action that this library made, from what XState passes to actions; `undefined` for any
 * other action.
 */
export const intentOfOurs = (action: unknown, info: unknown): Intent | undefined => {
  const { [DISPATCH]: make, [ANNOUNCE]: announcement } = Object(action) as Partial<
    DispatchAction & AnnounceAction
  >
  if (make !== undefined) return { _tag: "Send", make: () => make(info as never) }
  if (announcement === undefined) return undefined
  const { type, payload } = announcement
  return { _tag: "Announce", type, payload: () => payload(info as never) }
}

/** Marks an action that sets and cancels timers. */
const TIMERS: unique symbol = Symbol("everstate/timers")

/** Timers that an action sets, and ids of those that it cancels first. */
export interface TimerChanges {
  readonly cancels: ReadonlyArray<string>
  readonly timers: ReadonlyArray<{ readonly id: string; readonly delayMs: number; readonly event: AnyEvent }>
}

type TimersOf = (info: { readonly context: unknown }) => TimerChanges

/**
 * An action that sets and cancels as many timers as the context says. XState's own actions need
 * `enqueueActions` for that.
 */
export const changeTimers = (changes: TimersOf): (() => void) =>
  Object.assign(() => undefined, { [TIMERS]: changes })

/** The intents of a {@link changeTimers}; `undefined` for any other action. */
export const timerIntentsOf = (action: unknown, info: unknown): ReadonlyArray<Intent> | undefined => {
  const { [TIMERS]: changes } = Object(action) as { readonly [TIMERS]?: TimersOf }
  if (changes === undefined) return undefined
  const { cancels, timers } = changes(info as { readonly context: unknown })
  return [
    ...cancels.map((id): Intent => ({ _tag: "Cancel", id })),
    ...timers.map((timer): Intent => ({ _tag: "Timer", ...timer })),
  ]
}

export interface BuiltInParams {
  readonly to?: unknown
  readonly event?: AnyEvent
  readonly delay?: number
  readonly id?: string
  readonly sendId?: string
  readonly src?: string
  readonly input?: unknown
}

/**
 * The meaning of XState's own actions here. "Child": only a family can do it. `undefined` for any other
 * action.
 */
export const intentOf = (
  type: string,
  { event, delay, id, sendId, src, input }: BuiltInParams,
  invokeIds: ReadonlySet<string>,
): Intent | "None" | "Child" | undefined => {
  switch (type) {
    case "xstate.raise":
      if (delay === undefined || event === undefined) return "None"
      return { _tag: "Timer", id, delayMs: delay, event }
    case "xstate.cancel":
      return { _tag: "Cancel", id: sendId ?? "" }
    case "xstate.emit":
      return { _tag: "Emit", event: event as AnyEvent }
    case "xstate.spawnChild":
      if (id === undefined || src === undefined || !invokeIds.has(id)) return "Child"
      return { _tag: "Call", id, src, input }
    // No intent, because a comparison of the calls before and after shows that the state was left.
    case "xstate.stopChild":
      return "None"
    case "xstate.sendTo":
      return "Child"
    default:
      return undefined
  }
}
