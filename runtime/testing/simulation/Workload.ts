/**
 * What the clients of a generated run ask: made once for a seed, before the run begins.
 *
 * Owns the shape of a workload, and the refusal of one that no run can use. Clients work on the requests in
 * SwarmRun.ts.
 */
import { EverstateError } from "../../error/EverstateError.ts"
import type { Request } from "./Client.ts"
import { Randomness } from "./Randomness.ts"

/** Requests after which a workload counts as endless. */
const REQUESTS_MAX = 100_000

/** Random source and helpers of a workload. */
export interface Draw {
  readonly random: Randomness
}

/** Makes the requests of a run, in order; clients share them. */
export type Workload = (draw: Draw) => Iterable<Request>

/** No run can use the workload: it is asynchronous or endless, or gives something else than requests. */
export class InvalidWorkload extends EverstateError {
  readonly _tag = "InvalidWorkload"
  readonly kind = "terminal"
  readonly retry = "never"
  readonly hint =
    "Write a generator that ends: function* ({ random }) { yield { actor, id, command } }. Load what it needs before `simulate`."
  override readonly name = "InvalidWorkload"
}

/** The requests of a workload for a seed. Throws {@link InvalidWorkload}. */
export const requestsOf = (workload: Workload, seed: number): ReadonlyArray<Request> => {
  const requests: Array<Request> = []
  for (const request of iterableOf(workload({ random: new Randomness(seed, "workload") }))) {
    if (!isRequest(request)) {
      throw new InvalidWorkload(
        `Request ${requests.length + 1} of the workload is not { actor: <definition>, id: <text>, ... }.`,
      )
    }
    requests.push(request)
    if (requests.length > REQUESTS_MAX) {
      throw new InvalidWorkload(`The workload makes more than ${REQUESTS_MAX} requests. It must end.`)
    }
  }
  return requests
}

/** `made`, if it is iterable. Plain JavaScript may return anything. */
const iterableOf = (made: unknown): Iterable<unknown> => {
  const given = Object(made)
  if (Symbol.iterator in given) return given
  if (typeof given.then === "function") {
    // Nobody waits for it, and Node ends the process at a rejection that nobody handles.
    given.then(undefined, () => undefined)
    throw new InvalidWorkload("The workload is an async function. A seed decides only what does not wait.")
  }
  if (Symbol.asyncIterator in given) {
    throw new InvalidWorkload("The workload is an async generator. A seed decides only what does not wait.")
  }
  throw new InvalidWorkload(`The workload returns ${made === null ? "null" : typeof made}, not requests.`)
}

const isRequest = (value: unknown): value is Request => {
  const { actor, id } = Object(value) as Partial<Request>
  return typeof actor === "object" && actor !== null && typeof id === "string"
}
