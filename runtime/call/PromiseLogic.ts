// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters; what users write is inferred and checked
/**
 * Plain `fromPromise` logic of XState as a durable call: made once, with its outcome stored as an event.
 *
 * Owns its options. The function's `self`, `system` and `emit`: PromiseSelf.ts. What `defineCall(...)` adds:
 * Call.ts.
 */
import { CALL_DEFAULTS, type CallArgs, type CallLogic, type CallOptions, type CallPlace } from "./Call.ts"
import { promiseSelf, promiseSystem } from "./PromiseSelf.ts"

/**
 * Longest time for the promise to settle, in milliseconds. XState has no such limit, but a node can run only
 * 1,000 calls.
 */
export const PROMISE_TIMEOUT_MS = 10 * 60_000

/** One attempt, as in XState. After a crash the call is made again, with the same idempotency key. */
const PROMISE_OPTIONS: Required<CallOptions> = {
  ...CALL_DEFAULTS,
  timeoutMs: PROMISE_TIMEOUT_MS,
  attemptsMax: 1,
}

type PromiseCreator = (args: any) => unknown

/** The call of plain promise logic that has this function. */
export const promiseCall = (create: PromiseCreator): CallLogic => ({
  run: (args, place = { name: "", src: "" }) => create(withActor(args, place)),
  options: PROMISE_OPTIONS,
  isPlain: true,
})

/**
 * The arguments with those that XState adds. A promise has no listeners, so its emitted events are dropped.
 */
const withActor = (args: CallArgs<any>, place: CallPlace): object => ({
  ...args,
  self: promiseSelf(args, place),
  system: promiseSystem(),
  emit: (): void => undefined,
})
