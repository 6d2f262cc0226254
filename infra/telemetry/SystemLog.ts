/**
 * Where a system writes its log, and from which level on.
 *
 * Owns the form of a line as an application gets it. Without `logger` the lines go to the console, as Effect
 * writes them. What is logged, and how often a repeated line is: runtime/log/SampledLog.ts.
 */
import { Cause, Layer, Logger, References } from "effect"
import { thrownMessage } from "../../runtime/json/Thrown.ts"

/** Lowest level that is written. `None`: nothing is. */
export type SystemLogLevel = "Trace" | "Debug" | "Info" | "Warn" | "Error" | "Fatal" | "None"

/** Names of the levels, lowest first. */
export const SYSTEM_LOG_LEVELS: ReadonlyArray<SystemLogLevel> = [
  "Trace",
  "Debug",
  "Info",
  "Warn",
  "Error",
  "Fatal",
  "None",
]

/** One line of the log. */
export interface SystemLogLine {
  readonly level: Exclude<SystemLogLevel, "None">
  /** Unix milliseconds. */
  readonly at: number
  readonly message: string
  /** What failed, if the line is about a failure. */
  readonly error?: unknown
  /** Fields of the line, such as the actor type, id and command id. */
  readonly fields: Readonly<Record<string, unknown>>
}

export interface LogOptions {
  /** Takes each line in place of the console. Errors that it throws or rejects with are dropped. */
  readonly logger?: (line: SystemLogLine) => void
  /** Lowest level that is written, default `Info`. */
  readonly logLevel?: SystemLogLevel
}

/** The log of a system. */
export const layerLog = (
  logger: LogOptions["logger"],
  logLevel: LogOptions["logLevel"],
): Layer.Layer<never> =>
  Layer.merge(
    logger === undefined ? Layer.empty : Logger.layer([loggerTo(logger)]),
    logLevel === undefined ? Layer.empty : Layer.succeed(References.MinimumLogLevel, logLevel),
  )

/** The layer with its log in its context: also what runs on promises, and a gateway of a system, logs there then. */
export const loggingAs = <A, E>(
  options: LogOptions | undefined,
  layer: Layer.Layer<A, E>,
): Layer.Layer<A, E> => Layer.provideMerge(layer, layerLog(options?.logger, options?.logLevel))

const loggerTo = (write: (line: SystemLogLine) => void): Logger.Logger<unknown, void> =>
  Logger.make(({ message, logLevel, cause, date, fiber }) => {
    const parts = Array.isArray(message) ? message : [message]
    const texts = parts.filter((part) => typeof part === "string")
    const failures = parts.filter((part) => typeof part !== "string")
    const error = cause.reasons.length > 0 ? Cause.squash(cause) : failures[0]
    try {
      const written: unknown = write({
        level: logLevel as SystemLogLine["level"],
        at: date.getTime(),
        message: texts.length > 0 ? texts.join(" ") : thrownMessage(error),
        ...(error === undefined ? undefined : { error }),
        fields: { ...fiber.getRef(References.CurrentLogAnnotations) },
      })
      // An async function is a logger, too. Its rejection would end the process.
      if (written instanceof Promise) written.catch(() => undefined)
    } catch {
      // A log that fails must not stop the system.
    }
  })
