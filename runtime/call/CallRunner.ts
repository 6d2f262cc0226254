/**
 * Makes the durable calls of a node: attempt after attempt, until there is an outcome or the actor does not
 * need the call any more.
 * Owns time-outs, retries and aborting. The actor says whether it still needs the call: it is asked before
 * the first attempt, and it takes the outcome as a signal that counts once. The message with the call stays
 * unacknowledged meanwhile, so the next owner of the shard makes the call if this node goes down.
 * unacknowledged meanwhile, so the next owner of the shard makes the call if this one goes down.
 */
import { Clock, Effect, type Fiber, FiberSet, Random, Result, type Scope, Semaphore } from "effect"
import { copyJson, plainJson } from "../json/Json.ts"
import { plainOrStored } from "../json/PlainOrStored.ts"
import { storableText } from "../json/StorableText.ts"
import { decodeValue, NotStorable, type StoredValue } from "../json/StoredValue.ts"
import { isThrown, thrownMessage } from "../json/Thrown.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { type CallError, type CallLogic, type CallOutcome, CallRefused } from "./Call.ts"
import { CallExecutor } from "./CallExecutor.ts"
import { thrownValue } from "./ThrownValue.ts"

/** Largest number of attempts at once on a node; further attempts wait. A call in a pause does not count. */
export const CALLS_MAX = 1_000

/** A call that is to be made. */
export interface CallRequest {
  readonly actorType: string
  /** Key of the actor. */
  readonly key: string
  /** Id of the invocation in the machine. */
  readonly name: string
  readonly generation: string
  readonly src: string
  readonly input: unknown
  /** Stored form of the input, if it is not plain JSON. */
  readonly raw?: StoredValue | undefined
  readonly logic: CallLogic
  /** W3C traceparent of the trace that the call belongs to. */
  readonly trace?: string | undefined
  /** Number of attempts that are known from before a restart. */
  readonly attemptedCount: number
}

export interface CallRunner {
  /**
   * Makes the call and passes its outcome to `ended`, or `undefined` if it was aborted; `ended` is not called
   * when the node stops. False: the same call is running already.
   */
  readonly start: (request: CallRequest, ended: (outcome: CallOutcome | undefined) => void) => boolean
  /** Aborts the call, because the actor has left the state that invoked it. */
  readonly abort: (key: string, name: string) => void
  /** Ends calls without calling `ended`, because the shard's new owner makes them. */
  readonly release: (isGone: (key: string) => boolean) => void
  readonly runningCount: () => number
  readonly counts: { startedCount: number; attemptCount: number; failedCount: number; abortedCount: number }
}

/** Makes the runner. The end of the scope aborts all calls. */
export const makeCallRunner: Effect.Effect<CallRunner, never, Scope.Scope> = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const execute = yield* CallExecutor
  const places = yield* Semaphore.make(CALLS_MAX)
  const fork = yield* FiberSet.makeRuntime<never>()
  const running = new Map<string, Running>()
  const counts = { startedCount: 0, attemptCount: 0, failedCount: 0, abortedCount: 0 }

  /** Makes one attempt. Fails with the thrown error, or with {@link TimedOut}. */
  const attempt = (request: CallRequest, number: number): Effect.Effect<unknown, unknown> => {
    const { actorType, key, name, generation, src, input, raw, logic, trace } = request
    let beatAtMs = monotonicMs(clock)
    const args = {
      // A copy, because the actor's record holds the input, and the next attempt needs it unchanged.
      input: raw === undefined ? copyJson(input) : decodeValue(raw),
      idempotencyKey: `${key}/${name}/${generation}`,
      heartbeat: () => {
        beatAtMs = monotonicMs(clock)
      },
      attempt: number,
    }
    const { timeoutMs } = logic.options
    const watch = Effect.gen(function* () {
      while (true) {
        const leftMs = beatAtMs + timeoutMs - monotonicMs(clock)
        if (leftMs <= 0) return yield* Effect.fail(new TimedOut(`no sign of life for ${timeoutMs} ms`))
        yield* Effect.sleep(Math.ceil(leftMs))
      }
    })
    counts.attemptCount++
    return Effect.raceFirst(execute({ actorType, name, src, logic, args, trace }), watch)
  }

  const outcomeOf = (request: CallRequest): Effect.Effect<CallOutcome> =>
    Effect.gen(function* () {
      const { attemptsMax, pauseFirstMs, pauseMaxMs } = request.logic.options
      let number = Math.min(request.attemptedCount, attemptsMax - 1)
      while (true) {
        number++
        const result = yield* Effect.result(
          places.withPermits(1)(Effect.suspend(() => Effect.map(attempt(request, number), outputOf))),
        )
        if (Result.isSuccess(result)) return result.success
        const isFinal =
          number >= attemptsMax ||
          isThrown(result.failure, CallRefused) ||
          isThrown(result.failure, NotStorable)
        if (isFinal) {
          counts.failedCount++
          return failureOf(request.logic, result.failure, number)
        }
        const longestMs = Math.min(pauseFirstMs * 2 ** (number - 1), pauseMaxMs)
        const random = yield* Random.next
        yield* Effect.sleep(longestMs * (0.5 + random / 2))
      }
    }).pipe(Effect.catchDefect((defect) => Effect.succeed(failureOf(request.logic, defect, 1))))

  const start: CallRunner["start"] = (request, ended) => {
    const id = idOf(request.key, request.name)
    if (running.get(id)?.generation === request.generation) return false
    abort(request.key, request.name)
    counts.startedCount++
    const { key, generation } = request
    const call: Running = { key, generation, ended, fiber: undefined }
    running.set(id, call)
    call.fiber = fork(
      Effect.flatMap(outcomeOf(request), (outcome) =>
        Effect.sync(() => {
          if (running.get(id) === call) running.delete(id)
          ended(outcome)
        }),
      ),
    )
    return true
  }

  const abort: CallRunner["abort"] = (key, name) => {
    const id = idOf(key, name)
    const call = running.get(id)
    if (call === undefined) return
    running.delete(id)
    counts.abortedCount++
    call.fiber?.interruptUnsafe()
    call.ended(undefined)
  }

  const release: CallRunner["release"] = (isGone) => {
    for (const [id, call] of running) {
      if (!isGone(call.key)) continue
      running.delete(id)
      call.fiber?.interruptUnsafe()
    }
  }

  return { start, abort, release, runningCount: () => running.size, counts }
})

interface Running {
  readonly key: string
  readonly generation: string
  readonly ended: (outcome: CallOutcome | undefined) => void
  fiber: Fiber.Fiber<unknown, unknown> | undefined
}

class TimedOut extends Error {
  override readonly name = "TimeoutError"
}

const idOf = (key: string, name: string): string => `${key}/${name}`

/**
 * The outcome of a call that returned `output`. Throws {@link NotStorable} for an output without a stored
 * form.
 */
export const outputOf = (output: unknown): CallOutcome => {
  if (output === undefined) return { ok: true, output }
  const made = plainOrStored(output, "the output")
  return "raw" in made ? { ok: true, output: undefined, raw: made.raw } : { ok: true, output: made.plain }
}

/** The outcome of a call of `logic` that threw `cause` at its last attempt. */
export const failureOf = (
  logic: CallLogic | undefined,
  cause: unknown,
  attemptCount: number,
): Extract<CallOutcome, { readonly ok: false }> => {
  const error = errorOf(cause, attemptCount)
  if (logic?.isPlain === true) return { ok: false, error, raw: thrownValue(cause) }
  return error.reason === "Failed" ? { ok: false, error, thrown: thrownValue(cause) } : { ok: false, error }
}

const errorOf = (cause: unknown, attemptCount: number): CallError => {
  const message = storableText(thrownMessage(cause))
  if (isThrown(cause, TimedOut)) return { reason: "TimedOut", message, attemptCount }
  if (!isThrown(cause, CallRefused)) return { reason: "Failed", message, attemptCount }
  const reason = storableText(cause.reason)
  try {
    const detail = cause.detail === undefined ? undefined : plainJson(cause.detail)
    return { reason, message, ...(detail === undefined ? undefined : { detail }), attemptCount }
  } catch {
    // A detail that is not JSON appears in the message only.
    return { reason, message, attemptCount }
  }
}
