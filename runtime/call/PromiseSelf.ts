/**
 * `self` and `system` as the function of a plain `fromPromise` sees them.
 *
 * Owns what both can do. In XState `self` is the promise's own actor: it has an id and a snapshot, and
 * ignores events that it is sent. Here it is the same. Members that would reach other actors, or that need
 * listeners in memory, throw a {@link CallRefused} that says what to use instead, because another process
 * than the machine's may make the call.
 */
import { type CallArgs, type CallPlace, CallRefused } from "./Call.ts"

/** Reason of the refusal when a function uses something that a durable call does not have. */
export const NOT_IN_A_CALL = "NotInACall"

const TELL =
  "Have the machine send, in `onDone`: sendTo(id, event), or dispatch(() => send.tell({ actor: Actor, id, command }))."
const RETURN = "Return a value: the machine gets it in `onDone`."
const LISTEN = "The machine hears of the call's end in `onDone` and `onError`."

const refuse = (name: string, instead: string): never => {
  const message = `A promise of a durable actor has no "${name}". ${instead}`
  throw Object.assign(new CallRefused(NOT_IN_A_CALL, { name }), { message })
}

/**
 * Defines fields that throw when they are read. They are not enumerable, so a copy or a log does not read
 * them.
 */
const refusing = <A extends object>(target: A, owner: string, hints: Readonly<Record<string, string>>): A => {
  for (const [field, instead] of Object.entries(hints)) {
    Object.defineProperty(target, field, { get: () => refuse(`${owner}.${field}`, instead) })
  }
  return target
}

/**
 * The `system` of the function. Actors are found by their `systemId` where their machine runs, not where a
 * call runs.
 */
export const promiseSystem = (): object =>
  refusing({}, "system", { get: TELL, getAll: TELL, inspect: LISTEN, getSnapshot: RETURN, scheduler: TELL })

/** The `self` of the function: the promise as an actor. */
export const promiseSelf = (
  { input, signal }: Pick<CallArgs<unknown>, "input" | "signal">,
  { name, src }: CallPlace,
): object => {
  // The name of a child's call is a path of ids.
  const id = src.includes("/") ? name.slice(name.lastIndexOf("/") + 1) : name
  const snapshot = () => ({
    status: signal.aborted ? "stopped" : "active",
    output: undefined,
    error: undefined,
    input,
  })
  const self = {
    id,
    sessionId: `x:${name}`,
    src,
    systemId: undefined,
    send: (): void => undefined,
    start: (): object => self,
    stop: (): never => {
      throw new Error("A non-root actor cannot be stopped directly.")
    },
    getSnapshot: snapshot,
    getPersistedSnapshot: snapshot,
    toJSON: () => ({ xstate$$type: 1, id }),
    system: promiseSystem(),
  }
  return refusing(self, "self", { _parent: RETURN, on: LISTEN, subscribe: LISTEN })
}
