/**
 * `schedule`: from what a caller hands in to the command that a schedule's actor takes.
 *
 * Owns the checks. What a schedule does: ../schedule/Schedule.ts. Who calls it: ActorRef.ts.
 */
import { Result } from "effect"
import { type ActorAddress, idFromToken } from "../address/ActorAddress.ts"
import { InvalidCommand } from "../cell/AskError.ts"
import { commandOf } from "../command/Ask.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { SchemaIssue } from "../event/Schema.ts"
import { thrownText } from "../json/Thrown.ts"
import { nextRunMs } from "../schedule/Schedule.ts"

/** Latest time that a schedule may name: the last that a date can hold. */
const AT_MS_MAX = 8.64e15

/** When; exactly one of `at`, `afterMs` and `cron`. */
export interface When {
  /** At this time (Unix milliseconds, or a date); at once if it has passed. */
  readonly at?: number | Date
  /** So many milliseconds from now. */
  readonly afterMs?: number
  /** Again and again: five fields, or six with seconds first. What falls into a downtime is not made up for. */
  readonly cron?: string
  /** Time zone of `cron`, an IANA name; default UTC. */
  readonly zone?: string
}

/** What the schedule's actor is asked. Throws {@link InvalidCommand}. */
export const schedulePlanOf = (
  definition: ActorDefinition,
  address: ActorAddress,
  given: { readonly type: string },
  when: When,
  nowMs: number,
) => {
  // What could not be asked now cannot be asked later.
  const { given: command } = commandOf(definition, address, given, {}, () => "schedule")
  const { type, ...rest } = command
  const issue = (path: string, message: string) =>
    new InvalidCommand({
      actorType: address.type,
      id: address.id,
      commandType: type,
      issues: [new SchemaIssue({ path, message })],
    })
  const { at, afterMs, cron, zone } = readWhen(when, issue)
  const atMs = firstRunMs({ at, afterMs, cron, zone }, nowMs, issue)
  return {
    type: "Set" as const,
    to: address.key,
    command: { type, rest },
    atMs,
    ...(cron === undefined ? undefined : { cron }),
    ...(zone === undefined ? undefined : { zone }),
  }
}

type Issue = (path: string, message: string) => InvalidCommand

/** What a caller gave, each part read once. */
const readWhen = (when: When, issue: Issue): WhenRead => {
  try {
    const { at, afterMs, cron, zone } = when
    return { at: at === undefined ? undefined : Number(at), afterMs, cron, zone }
  } catch (cause) {
    throw issue("when", `reading it threw ${thrownText(cause)}`)
  }
}

interface WhenRead {
  readonly at: number | undefined
  readonly afterMs: number | undefined
  readonly cron: string | undefined
  readonly zone: string | undefined
}

const firstRunMs = ({ at, afterMs, cron, zone }: WhenRead, nowMs: number, issue: Issue): number => {
  if ([at, afterMs, cron].filter((given) => given !== undefined).length !== 1) {
    throw issue("when", "give one of `at`, `afterMs` and `cron`")
  }
  if (zone !== undefined && cron === undefined) throw issue("zone", "a time zone goes with `cron`")
  if (cron !== undefined) {
    const next = nextRunMs(cron, zone, nowMs)
    if (Result.isFailure(next)) throw issue("cron", `${JSON.stringify(cron)}: ${next.failure}`)
    return next.success
  }
  const [path, ms] = at === undefined ? ["afterMs", nowMs + (afterMs as number)] : ["at", at]
  if (!(Math.abs(ms) <= AT_MS_MAX)) throw issue(path, "no time that a date can hold")
  return ms
}

/** The id of a schedule's actor. Ids may hold a slash, so names must not. Throws {@link InvalidCommand}. */
export const scheduleIdOf = (address: ActorAddress, name: string): string => {
  if (typeof name !== "string" || name === "") {
    throw new InvalidCommand({
      actorType: address.type,
      id: address.id,
      commandType: "(schedule)",
      issues: [new SchemaIssue({ path: "name", message: "a schedule's name is text, and not empty" })],
    })
  }
  const escaped = name.replace(/[%/]/g, encodeURIComponent)
  return `${address.type}/${idFromToken(address.token)}/${escaped}`
}
