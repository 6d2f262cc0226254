// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters; what users write is inferred and checked
/**
 * Plain `fromPromise` logic of XState as a durable call: made once, its outcome stored as an event.
 *
 * Owns what its function is given. `self`, `system` and `emit` belong to an actor in memory, which a durable call is not:
 * using one of them throws an error that says what to use instead. What `defineCall(...)` adds: Call.ts.
 */
import { CALL_DEFAULTS, type CallArgs, type CallLogic, type CallOptions, CallRefused } from "./Call.ts"

/** Time for the promise to settle, in milliseconds. XState waits without end; a node has places for 1,000 calls. */
export const PROMISE_TIMEOUT_MS = 10 * 60_000

/** Made once, as in XState. A crash meanwhile has it made again, with the same idempotency key. */
const PROMISE_OPTIONS: Required<CallOptions> = {
  ...CALL_DEFAULTS,
  timeoutMs: PROMISE_TIMEOUT_MS,
  attemptsMax: 1,
}

type PromiseCreator = (args: any) => unknown

/** The call of plain promise logic with this function. */
export const promiseCall = (create: PromiseCreator): CallLogic => ({
  run: (args) => create(withoutActor(args)),
  options: PROMISE_OPTIONS,
  isPlain: true,
})

/** Reason of the refusal of a function that uses what a durable call has not. */
export const NOT_IN_A_CALL = "NotInACall"

const INSTEAD = {
  self: "It runs outside of any actor. Return a value: the machine gets it in `onDone`.",
  system:
    "No actor of the system is in memory here. Have the machine send: dispatch(() => tell(Actor, id, command)).",
  emit: "A call has no listeners. Emit in the machine, in `onDone` or `onError`.",
} as const

/** The arguments, with a getter that refuses for each that only an actor in memory has. Not enumerable: a copy has none. */
const withoutActor = (args: CallArgs<any>): CallArgs<any> => {
  const given = { ...args }
  for (const name of ["self", "system", "emit"] as const) {
    Object.defineProperty(given, name, {
      get: () => {
        const message = `A promise of a durable actor has no "${name}". ${INSTEAD[name]}`
        throw Object.assign(new CallRefused(NOT_IN_A_CALL, { name }), { message })
      },
    })
  }
  return given
}
