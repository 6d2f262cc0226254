/**
 * `announce(...)`: an action of a machine that stores an event for projections, reactors and sagas.
 *
 * Owns the action. When a timer fires or a call ends, the stored event is one of XState's, which projections,
 * reactors and sagas do not see. An announced event is one of the definition's own. It is stored in the same
 * commit and has its own version. It changes nothing in the machine, neither now nor on replay. Who stores
 * it: ../cell/Announced.ts.
 */

/** Marks an action of a machine that announces an event. */
export const ANNOUNCE: unique symbol = Symbol.for("everstate/announce")

type Payload<Context, Event> = (args: { readonly context: Context; readonly event: Event }) => object

/** Content of the action that `announce` makes. */
export interface Announcement {
  readonly type: string
  readonly payload: Payload<unknown, unknown>
}

export interface AnnounceAction {
  readonly [ANNOUNCE]: Announcement
}

/**
 * An action of a machine that stores an event of the definition for projections, reactors and sagas: `after:
 * { holdTime: { target: "free", actions: announce("HoldExpired", ({ context }) => ({ seat: context.seat })) }
 * }`. The event must be in `events` of the definition, and its payload must fit the schema. `payload` is
 * pure. It runs once for each time the transition is decided, and never on replay.
 */
export const announce = <Context, Event>(
  type: string,
  payload: Payload<Context, Event> = () => ({}),
): ((args: { readonly context: Context; readonly event: Event }) => void) =>
  Object.assign(() => undefined, { [ANNOUNCE]: { type, payload: payload as Payload<unknown, unknown> } })
