/** How many lines are written of what happens too often to write a line for each. */
import { Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import {
  CurrentSampledLogs,
  logSampled,
  makeSampledLog,
  SAMPLED_LOG_KINDS_MAX,
  SAMPLED_LOG_PAUSE_MS,
  SampledLogs,
} from "../../../runtime/log/SampledLog.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"

it("writes the first line at once, then one in each pause, with the number of those between", async () => {
  const lines: Array<unknown> = []
  const logger = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
  const program = Effect.gen(function* () {
    const say = yield* makeSampledLog("rubbish")
    for (let count = 0; count < 1_000; count++) yield* say("rubbish came")
    expect(lines).toEqual(["rubbish came"])
    yield* TestClock.adjust(SAMPLED_LOG_PAUSE_MS)
    yield* say("rubbish came again")
    yield* TestClock.adjust(SAMPLED_LOG_PAUSE_MS)
    yield* say("a last time")
    expect(lines.slice(1)).toEqual([
      "rubbish came again (999 more like this since the last line)",
      "a last time",
    ])
  })
  await Effect.runPromise(Effect.provide(program, [logger, realDate]))
})

it("gives each kind of line its own pace, and those beyond the bound one together", async () => {
  const lines: Array<string> = []
  const logger = Logger.layer([
    Logger.make(({ message, logLevel }) => void lines.push(`${logLevel} ${String(message)}`)),
  ])
  const program = Effect.gen(function* () {
    for (let count = 0; count < 3; count++) {
      yield* logSampled("broken", "it broke", { level: "Error" })
      yield* logSampled("odd", "it is odd")
    }
    expect(lines.splice(0)).toEqual(["Error it broke", "Warn it is odd"])
    for (let kind = 0; kind < SAMPLED_LOG_KINDS_MAX + 10; kind++) yield* logSampled(`kind ${kind}`, `${kind}`)
    expect(lines.splice(0)).toHaveLength(SAMPLED_LOG_KINDS_MAX - 1)
    yield* TestClock.adjust(SAMPLED_LOG_PAUSE_MS)
    yield* logSampled("broken", "it broke again", { level: "Error" })
    expect(lines).toEqual(["Error it broke again (2 more like this since the last line)"])
  })
  const sampled = Effect.provideService(program, CurrentSampledLogs, new SampledLogs())
  await Effect.runPromise(Effect.provide(sampled, [logger, realDate]))
})

it("writes every line outside of a system", async () => {
  const lines: Array<unknown> = []
  const logger = Logger.layer([Logger.make(({ message }) => void lines.push(message))])
  const twice = Effect.andThen(logSampled("odd", "one"), logSampled("odd", "two"))
  await Effect.runPromise(Effect.provide(twice, logger))
  expect(lines).toHaveLength(2)
})
