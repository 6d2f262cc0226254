/**
 * Checks the settings of a start or connect that are neither addresses nor definitions: numbers, names and their groups.
 *
 * Owns which of them are wrong by their kind alone. Who asks: InvalidStartOption.ts.
 */
import { NAMESPACE_PATTERN } from "../nats/journal/JournalSettings.ts"
import { SYSTEM_LOG_LEVELS } from "../telemetry/SystemLog.ts"

type Fields = { readonly [option: string]: unknown }

/** Makes the refusal of an option. */
type Refuse<Refusal> = (option: string, detail: string, hint: string) => Refusal

/** What a value is, in the words of a refusal. */
export const kindOf = (value: unknown): string => {
  if (value === null) return "null"
  if (value === "") return "empty"
  if (Array.isArray(value)) return "a list"
  if (value instanceof URL) return "an object of URL, whose text is `href`"
  return typeof value
}

/** Longest part of a text that a refusal shows, in characters. */
const SHOWN_LENGTH_MAX = 40

const shownAs = (value: unknown): string => {
  if (typeof value === "number") return `${value}`
  return typeof value === "string" && value !== ""
    ? JSON.stringify(value.slice(0, SHOWN_LENGTH_MAX))
    : kindOf(value)
}

const AT_LEAST_ONE = "give a whole number from 1."
const SPAN = "give a number of milliseconds, 0 or more."
const TEXT = "give text."

type Check = readonly [isRight: (value: unknown) => boolean, hint: string]

const count: Check = [(value) => Number.isSafeInteger(value) && Number(value) >= 1, AT_LEAST_ONE]
const span: Check = [(value) => typeof value === "number" && value >= 0, SPAN]
const text: Check = [(value) => typeof value === "string", TEXT]
const group: Check = [
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "give an object.",
]

const CHECKS: { readonly [path: string]: Check } = {
  namespace: [
    (value) => typeof value === "string" && NAMESPACE_PATTERN.test(value),
    "give text of 1 to 32 lower-case letters, digits, `_` and `-`, a letter first.",
  ],
  shardCount: count,
  residentMax: count,
  askDeadlineMs: span,
  idleMs: span,
  leaseMs: span,
  handoffMs: span,
  drainMs: span,
  directory: [
    (value) => typeof value === "boolean" || group[0](value),
    "give true, false, or { correlationsKeptMs }.",
  ],
  "directory.correlationsKeptMs": span,
  logger: [(value) => typeof value === "function", "give a function that takes a line of the log."],
  logLevel: [
    (value) => SYSTEM_LOG_LEVELS.some((level) => level === value),
    `give one of ${SYSTEM_LOG_LEVELS.join(", ")}.`,
  ],
  telemetry: [
    (value) => typeof value === "object" && value !== null && "tracer" in value,
    "give what openTelemetry() of everstate/telemetry returned.",
  ],
  journal: group,
  "journal.streams": count,
  "journal.replicas": count,
  "journal.appendTimeoutMs": span,
  node: group,
  "node.name": text,
  "node.version": text,
  "node.labels": [(value) => Array.isArray(value) && value.every(text[0]), "give a list of texts."],
  "node.weight": [(value) => typeof value === "number" && value > 0, "give a number above 0."],
}

/** The refusal of the first setting that is wrong; a setting that is `undefined` has its default. */
export const invalidSetting = <Refusal>(fields: Fields, refuse: Refuse<Refusal>): Refusal | undefined => {
  for (const [path, [isRight, hint]] of Object.entries(CHECKS)) {
    const value = path
      .split(".")
      .reduce<unknown>((found, name) => (found as Fields | undefined)?.[name], fields)
    if (value === undefined || isRight(value)) continue
    return refuse(path, shownAs(value), hint)
  }
  return undefined
}
