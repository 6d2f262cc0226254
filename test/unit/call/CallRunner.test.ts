/** Calls that wait for their next attempt are no calls that are being made; each attempt has the same input. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { CALL_DEFAULTS } from "../../../runtime/call/Call.ts"
import { CALLS_MAX, makeCallRunner } from "../../../runtime/call/CallRunner.ts"
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
