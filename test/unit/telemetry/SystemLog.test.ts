/** What a logger of the user's gets, and that it can do the system no harm. */
import { Cause, Effect } from "effect"
import { expect, it } from "vitest"
import {
  layerLog,
  SYSTEM_LOG_LEVELS,
  type SystemLogLevel,
  type SystemLogLine,
} from "../../../infra/telemetry/SystemLog.ts"
import { about } from "../../../runtime/log/LogSubject.ts"
import { logSampled } from "../../../runtime/log/SampledLog.ts"

/** The lines that a logger gets while the Effect runs. */
const linesOf = async (
  logging: Effect.Effect<unknown>,
  logLevel?: SystemLogLevel,
): Promise<ReadonlyArray<SystemLogLine>> => {
  const lines: Array<SystemLogLine> = []
  await Effect.runPromise(logging.pipe(Effect.provide(layerLog((line) => void lines.push(line), logLevel))))
  return lines
}

const allLevels = Effect.all([
  Effect.logTrace("t"),
  Effect.logDebug("d"),
  Effect.logInfo("i"),
  Effect.logWarning("w"),
  Effect.logError("e"),
  Effect.logFatal("f"),
])

it("a line has its level, its time and its message", async () => {
  const before = Date.now()
  const [line, ...more] = await linesOf(Effect.logWarning("stream s is missing", "again"))
  expect(line).toEqual({
    level: "Warn",
    at: expect.any(Number),
    message: "stream s is missing again",
    fields: {},
  })
  expect(line?.at).toBeGreaterThanOrEqual(before)
  expect(line?.at).toBeLessThanOrEqual(Date.now())
  expect(more).toEqual([])
})

it("a line has the actor, command and correlation that it is about as fields", async () => {
  const actor = { type: "order", id: "o-1" }
  const metadata = { correlationId: "r-1" }
  const [line] = await linesOf(
    logSampled("k", "Dead letter").pipe(about({ actor, commandId: "c-1", metadata })),
  )
  expect(line?.fields).toEqual({
    actorType: "order",
    actorId: "o-1",
    commandId: "c-1",
    correlationId: "r-1",
  })
})

it("a line about a failure has the error, also in a cause, and takes its message where there is no other", async () => {
  const error = new Error("no room")
  expect(await linesOf(logSampled("k", "Not saved", { cause: error }))).toMatchObject([
    { message: "Not saved", error },
  ])
  expect(await linesOf(Effect.logError("Not saved", Cause.fail(error)))).toMatchObject([
    { level: "Error", message: "Not saved", error },
  ])
  expect(await linesOf(Effect.logError(Cause.die(error)))).toMatchObject([{ message: "no room", error }])
  expect((await linesOf(Effect.logError("Not saved")))[0]).not.toHaveProperty("error")
})

it.each(SYSTEM_LOG_LEVELS)("logLevel %s writes the lines from this level on", async (logLevel) => {
  const written = await linesOf(allLevels, logLevel)
  const levels = SYSTEM_LOG_LEVELS.filter((level) => level !== "None")
  expect(written.map(({ level }) => level)).toEqual(
    logLevel === "None" ? [] : levels.slice(levels.indexOf(logLevel)),
  )
})

it("without logLevel the lines are written from Info on", async () => {
  expect((await linesOf(allLevels)).map(({ level }) => level)).toEqual(["Info", "Warn", "Error", "Fatal"])
})

it("a logger that throws or rejects harms neither its system nor the process", async () => {
  const failures: Array<unknown> = []
  const onRejection = (reason: unknown) => void failures.push(reason)
  process.on("unhandledRejection", onRejection)
  const loggers = [
    () => {
      throw new Error("the log is closed")
    },
    async () => {
      throw new Error("the log is closed")
    },
  ]
  try {
    for (const logger of loggers) {
      const program = Effect.as(Effect.logError("lost"), "went on").pipe(
        Effect.provide(layerLog(logger, "Info")),
      )
      expect(await Effect.runPromise(program)).toBe("went on")
    }
    // Node tells of rejections after the microtasks.
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off("unhandledRejection", onRejection)
  }
  expect(failures).toEqual([])
})

it("a logger that changes a line's fields changes this line alone", async () => {
  const seen: Array<unknown> = []
  const logger = ({ fields }: SystemLogLine) => {
    seen.push({ ...fields })
    Object.assign(fields, { actorId: "changed" })
  }
  await Effect.all([Effect.logInfo("one"), Effect.logInfo("two")]).pipe(
    about({ actor: { type: "order", id: "o-1" } }),
    Effect.provide(layerLog(logger, "Info")),
    Effect.runPromise,
  )
  expect(seen).toEqual([
    { actorType: "order", actorId: "o-1" },
    { actorType: "order", actorId: "o-1" },
  ])
})
