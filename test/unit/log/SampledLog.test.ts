/** How many lines are written of what happens too often to write a line for each. */
import { Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { makeSampledLog, SAMPLED_LOG_PAUSE_MS } from "../../../runtime/log/SampledLog.ts"

it("writes the first line at once, then one in each pause, with the number of those between", async () => {
  const lines: Array<unknown> = []
  const logger = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
  const program = Effect.gen(function* () {
    const say = yield* makeSampledLog
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
  await Effect.runPromise(Effect.provide(program, [logger, TestClock.layer()]))
})
