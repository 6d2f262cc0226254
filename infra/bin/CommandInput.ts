/** A command to an actor, as the command line gives it: its name, its payload, its id. */
import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { text } from "node:stream/consumers"
import { Effect, Option, Schema } from "effect"
import { Argument, Flag } from "effect/cli"
import { lineFlag, noteFlag, signatureHeaders } from "./Confirmation.ts"
import { remark } from "./Output.ts"
import type { Order } from "./Remote.ts"
import { type VerbFailed, wrongUse } from "./VerbFailed.ts"

const WAIT_S_MAX = 60

/** Status of a problem whose command may be stored. */
const GATEWAY_TIMEOUT = 504

export const commandInput = {
  command: Argument.String("command").pipe(Argument.withDescription("Command, as in Deposit")),
  payload: Argument.String("payload").pipe(
    Argument.withDescription("Payload as JSON; - for standard input, @FILE for a file (default: none)"),
    Argument.optional,
    Argument.map(Option.getOrUndefined),
  ),
}

const optionalInt = (name: string, maximum: number, description: string) =>
  Flag.Int(name).pipe(
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))),
    Flag.withDescription(description),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  )

export const commandIdFlag = lineFlag("command-id").pipe(
  Flag.withDescription("Id under which the command is applied once (default: a new one)"),
  Flag.optional,
  Flag.map(Option.getOrUndefined),
)

/** Flags of every command. */
export const commandFlags = {
  commandId: commandIdFlag,
  by: lineFlag("by").pipe(
    Flag.withDescription("Who does it; stored with the events (default: the user of this machine)"),
    Flag.withDefault(""),
  ),
}

/** The flag of commands that are stored with their reason. */
export const reasonFlag = {
  note: noteFlag.pipe(Flag.withDescription("Why; stored with the events of the command")),
}

/** The flag of commands that are decided at once. */
export const conditionFlag = {
  ifVersion: optionalInt("if-version", Number.MAX_SAFE_INTEGER, "Only if the actor is at this version"),
}

/** The flag of commands that are answered. */
export const waitFlag = {
  waitS: optionalInt(
    "wait",
    WAIT_S_MAX,
    `Seconds to wait for the answer, at most ${WAIT_S_MAX} (default: what the gateway waits)`,
  ),
}

interface CommandInput {
  readonly payload: string | undefined
  readonly commandId: string | undefined
  readonly ifVersion?: number | undefined
  readonly waitS?: number | undefined
  readonly by: string
  readonly note?: string
}

/** A command with its receiver. */
export interface SentCommand extends CommandInput {
  readonly type: string
  readonly id: string
  readonly command: string
}

/** Headers of a command, and its id. */
export const commandHeaders = ({
  commandId = randomUUID(),
  ifVersion,
  waitS,
  by,
  note = "",
}: CommandInput) => {
  const headers: NonNullable<Order["headers"]> = {
    "idempotency-key": commandId,
    "if-match": ifVersion === undefined ? undefined : `"${ifVersion}"`,
    prefer: waitS === undefined ? undefined : `wait=${waitS}`,
    ...signatureHeaders({ by, note }),
  }
  return { commandId, headers }
}

/** The payload as an object, or null. */
export const payloadOf = ({ payload }: Pick<CommandInput, "payload">): Effect.Effect<unknown, VerbFailed> =>
  payload === undefined ? Effect.succeed(null) : Effect.flatMap(textOf(payload), parsed("The payload"))

/** Parses JSON that the user wrote. */
export const parsed =
  (what: string) =>
  (given: string): Effect.Effect<unknown, VerbFailed> =>
    Effect.try({
      try: () => JSON.parse(given) as unknown,
      catch: (error) =>
        wrongUse(
          `${what} is no JSON: ${error instanceof Error ? error.message : error}`,
          `Quote it: '{"minor":100}'`,
        ),
    })

const textOf = (payload: string): Effect.Effect<string, VerbFailed> => {
  if (payload === "-") return Effect.promise(() => text(process.stdin))
  if (!payload.startsWith("@")) return Effect.succeed(payload)
  return Effect.try({
    try: () => readFileSync(payload.slice(1), "utf8"),
    catch: () => wrongUse(`The file ${payload.slice(1)} cannot be read.`),
  })
}

/** Whether the command may be stored though it failed: no answer came, or one that says so. */
const isOutcomeUnknown = ({ exit, facts, what }: VerbFailed): boolean =>
  exit === "unavailable" &&
  (facts === undefined
    ? !/ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(what) // the request went nowhere
    : Object(facts).status === GATEWAY_TIMEOUT)

/** Says how to send the command again where it is not known what became of it. */
export const sentOnce = <A>(order: Effect.Effect<A, VerbFailed>, commandId: string) =>
  Effect.tapError(order, (failure) =>
    isOutcomeUnknown(failure)
      ? remark(`The outcome is unknown. Send it again with --command-id ${commandId}`)
      : Effect.void,
  )
