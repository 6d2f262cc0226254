/** Calls that wait for their next attempt are no calls that are being made; each attempt has the same input. */
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { CALL_DEFAULTS, type CallArgs, type CallOptions, CallRefused } from "../../../runtime/call/Call.ts"
import { CALLS_MAX, type CallRunner, makeCallRunner } from "../../../runtime/call/CallRunner.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"

it("FAULT 72: an error whose text cannot be stored is told in text that can", () =>
  Effect.gen(function* () {
    const runner = yield* makeCallRunner
    const outcomes: Array<unknown> = []
    const logic = {
      run: () => {
        throw new Error("a\0b\ud800")
      },
      options: { ...CALL_DEFAULTS, attemptsMax: 1 },
    }
    const call = {
      actorType: "desk",
      key: "desk/d",
      name: "n",
      generation: "1.0",
      src: "file",
      input: undefined,
    }
    runner.start({ ...call, logic, attemptedCount: 0 }, (outcome) => outcomes.push(outcome))
    yield* TestClock.adjust("100 millis")
    expect(outcomes).toMatchObject([{ ok: false, error: { message: "a\ufffdb\ufffd" } }])
  }).pipe(Effect.scoped, Effect.provide(realDate), Effect.runPromise))

it("a thousand calls that pause between attempts keep no other call from being made", () =>
  Effect.gen(function* () {
    const runner = yield* makeCallRunner
    const outcomes: Array<unknown> = []
    const start = (name: string, run: () => unknown) =>
      runner.start(
        {
          actorType: "desk",
          key: "desk/d",
          name,
          generation: "1.0",
          src: "file",
          input: undefined,
          logic: { run, options: { ...CALL_DEFAULTS, pauseFirstMs: 10_000 } },
          attemptedCount: 0,
        },
        (outcome) => outcomes.push(outcome),
      )
    for (let index = 0; index < CALLS_MAX; index++) {
      start(`down-${index}`, () => {
        throw new Error("the other side is down")
      })
    }
    yield* TestClock.adjust("100 millis")
    start("up", () => "done")
    yield* TestClock.adjust("100 millis")
    expect(outcomes).toEqual([{ ok: true, output: "done" }])
  }).pipe(Effect.scoped, Effect.provide(realDate), Effect.runPromise))

it("FAULT 73: a call that changes its input gets it unchanged the next time", () =>
  Effect.gen(function* () {
    const runner = yield* makeCallRunner
    const input = { list: [1] }
    const seen: Array<unknown> = []
    const run = (args: { input: unknown }) => {
      const { list } = args.input as typeof input
      seen.push([...list])
      list.push(2)
      throw new Error("again")
    }
    runner.start(
      {
        actorType: "desk",
        key: "desk/d",
        name: "file",
        generation: "1.0",
        src: "file",
        input,
        logic: { run, options: { ...CALL_DEFAULTS, attemptsMax: 2, pauseFirstMs: 10 } },
        attemptedCount: 0,
      },
      () => undefined,
    )
    yield* TestClock.adjust("1 second")
    expect(seen).toEqual([[1], [1]])
    expect(input).toEqual({ list: [1] })
  }).pipe(Effect.scoped, Effect.provide(realDate), Effect.runPromise))

/** Starts the call of one actor, and keeps what is told of it. */
const calling = (
  program: (given: {
    readonly runner: CallRunner
    readonly start: (
      run: (args: CallArgs<unknown>) => unknown,
      options?: Partial<CallOptions>,
      request?: { readonly generation?: string; readonly attemptedCount?: number },
    ) => boolean
    readonly outcomes: ReadonlyArray<unknown>
  }) => Effect.Effect<void, unknown, Scope.Scope>,
): Promise<void> =>
  Effect.gen(function* () {
    const runner = yield* makeCallRunner
    const outcomes: Array<unknown> = []
    yield* program({
      runner,
      outcomes,
      start: (run, options, { generation = "1.0", attemptedCount = 0 } = {}) =>
        runner.start(
          {
            actorType: "desk",
            key: "desk/d",
            name: "file",
            generation,
            src: "file",
            input: undefined,
            logic: { run, options: { ...CALL_DEFAULTS, ...options } },
            attemptedCount,
          },
          (outcome) => outcomes.push(outcome),
        ),
    })
  }).pipe(Effect.scoped, Effect.provide(realDate), Effect.runPromise)

const never = () => new Promise<never>(() => undefined)

it("a call is made once, and a call of another generation takes its place", () =>
  calling(({ runner, start, outcomes }) =>
    Effect.gen(function* () {
      const made: Array<string> = []
      const run = ({ idempotencyKey }: CallArgs<unknown>) => {
        made.push(idempotencyKey)
        return never()
      }
      expect(start(run)).toBe(true)
      expect(start(run)).toBe(false)
      yield* TestClock.adjust(1)
      expect({ made, outcomes, count: runner.runningCount() }).toEqual({
        made: ["desk/d/file/1.0"],
        outcomes: [],
        count: 1,
      })
      expect(start(run, {}, { generation: "2.0" })).toBe(true)
      yield* TestClock.adjust(1)
      expect({ made, outcomes, count: runner.runningCount() }).toEqual({
        made: ["desk/d/file/1.0", "desk/d/file/2.0"],
        outcomes: [undefined],
        count: 1,
      })
      runner.abort("desk/d", "file")
      expect({ outcomes, count: runner.runningCount() }).toEqual({
        outcomes: [undefined, undefined],
        count: 0,
      })
    }),
  ))

it("a call without a sign of life is over after its time-out, counted from the last one", () =>
  calling(({ start, outcomes }) =>
    Effect.gen(function* () {
      let heartbeat: () => void = () => undefined
      start(
        (args) => {
          heartbeat = args.heartbeat
          return never()
        },
        { timeoutMs: 1_000, attemptsMax: 1 },
      )
      for (let beat = 0; beat < 3; beat++) {
        yield* TestClock.adjust(999)
        expect(outcomes).toEqual([])
        heartbeat()
      }
      yield* TestClock.adjust(999)
      expect(outcomes).toEqual([])
      yield* TestClock.adjust(1)
      expect(outcomes).toMatchObject([{ ok: false, error: { reason: "TimedOut" } }])
    }),
  ))

it.each([
  [0, 3],
  [1, 2],
  [2, 1],
  // The actor that waits for its outcome gets one.
  [9, 1],
])("of three attempts, after %i by another life of the node, %i are made", (attemptedCount, count) =>
  calling(({ start, outcomes }) =>
    Effect.gen(function* () {
      const attempts: Array<number> = []
      const run = ({ attempt }: CallArgs<unknown>) => {
        attempts.push(attempt)
        throw new Error("down")
      }
      start(run, { attemptsMax: 3, pauseFirstMs: 1, pauseMaxMs: 1 }, { attemptedCount })
      yield* TestClock.adjust("1 second")
      expect(attempts).toEqual([1, 2, 3].slice(3 - count))
      expect(outcomes).toMatchObject([{ ok: false, error: { reason: "Failed", attemptCount: 3 } }])
    }),
  ),
)

it("a refused call is made once", () =>
  calling(({ start, outcomes }) =>
    Effect.gen(function* () {
      let count = 0
      start(() => {
        count++
        throw new CallRefused("Declined")
      })
      yield* TestClock.adjust("1 hour")
      expect(count).toBe(1)
      expect(outcomes).toMatchObject([{ ok: false, error: { reason: "Declined", attemptCount: 1 } }])
    }),
  ))
