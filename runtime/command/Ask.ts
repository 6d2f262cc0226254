/**
 * From a caller's input to a command that a cell can decide: checks the options, the schema and the payload.
 *
 * Owns the boundary: a command that passes is plain JSON of the right shape, with an id and a fingerprint.
 * Who calls it: ../system/Asker.ts, ../router/AskServer.ts, ../inbox/ActorDelivery.ts. Next:
 * ../cell/Cells.ts.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import { InvalidCommand } from "../cell/AskError.ts"
import { type BirthInput, checkedInput, inputOfNothing } from "../cell/BirthInput.ts"
import type { Command, Spawn } from "../cell/Decide.ts"
import { COMMAND_ID_LENGTH_MAX, METADATA_BYTES_MAX, type Metadata } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { AnyEvent } from "../event/Event.ts"
import { isFields, NOT_FIELDS, SchemaIssue, validate } from "../event/Schema.ts"
import { fingerprint } from "../json/Fingerprint.ts"
import { NotJson, plainJson } from "../json/Json.ts"
import { isStorableText } from "../json/StorableText.ts"
import { isThrown, thrownText } from "../json/Thrown.ts"
import { RESERVED_ID_PREFIX } from "../message/OutboxItem.ts"

/** Options of one ask. */
export interface AskOptions {
  /**
   * Id of the command for ever. If it is sent to this actor again under the same id, it is applied once and
   * gets the same answer. Ids of different actors are independent: the same id sent to two actors applies to
   * both. Without this option an id is made, and a repeat is another command.
   */
  readonly commandId?: string
  /** How long to wait for the answer, in milliseconds; default: the system's `askDeadlineMs`. */
  readonly deadlineMs?: number
  /** Origin of the command; stored with its events. */
  readonly metadata?: Metadata
  /** Version that the actor must have, otherwise `VersionConflict`. 0: the actor has no event yet. */
  readonly ifVersion?: number
}

/** Options of an ask that may also give input. */
export interface AskOptionsWithInput extends AskOptions {
  /**
   * Input that the actor is born with if this is its first command, for actors whose definition has an
   * `input` schema. An actor that is born already keeps its own input.
   */
  readonly input?: unknown
}

const METADATA_KEYS: ReadonlySet<string> = new Set<keyof Metadata>([
  "correlationId",
  "causationId",
  "user",
  "trace",
  "note",
])

/** The checked command. Throws {@link InvalidCommand}. */
export const commandOf = (
  definition: ActorDefinition,
  address: ActorAddress,
  given: unknown,
  options: AskOptionsWithInput,
  nextId: () => string,
): Command => {
  let commandType: string | undefined
  const invalid = (issues: ReadonlyArray<SchemaIssue>) =>
    new InvalidCommand({
      actorType: address.type,
      id: address.id,
      commandType: commandType ?? "(none)",
      issues,
    })
  const issue = (path: string, message: string) => invalid([new SchemaIssue({ path, message })])
  let asGiven: AnyEvent
  try {
    commandType = typeOf(given)
    // A copy, because the command is decided later, when the caller may have changed the original. A getter
    // is read once.
    asGiven = (commandType === undefined ? undefined : plainJson(given)) as AnyEvent
  } catch (cause) {
    if (isThrown(cause, NotJson)) throw issue(cause.path, `not plain JSON: ${cause.reason}`)
    throw issue("", `reading it threw ${thrownText(cause)}`)
  }
  commandType = typeOf(asGiven)
  if (commandType === undefined) throw issue("type", "a command is an object with a `type`")
  const { commandId, metadata } = checkedOptions(options, nextId, issue)
  return {
    _tag: "Command",
    type: commandType,
    payload: decoded(definition, commandType, asGiven, invalid, issue),
    given: asGiven,
    commandId,
    fingerprint: fingerprint(asGiven),
    metadata,
    replyTo: undefined,
    input: options.input === undefined ? undefined : inputOf(definition, address, options.input, invalid),
  }
}

/** The checked request to have the actor born. Throws {@link InvalidCommand}. */
export const spawnOf = (
  definition: ActorDefinition,
  address: ActorAddress,
  options: AskOptionsWithInput,
  nextId: () => string,
): Spawn => {
  const { type: actorType, id } = address
  const invalid = (issues: ReadonlyArray<SchemaIssue>) =>
    new InvalidCommand({ actorType, id, commandType: "spawn", issues })
  const issue = (path: string, message: string) => invalid([new SchemaIssue({ path, message })])
  const { commandId, metadata } = checkedOptions(options, nextId, issue)
  const input =
    options.input === undefined
      ? inputOfNothing(definition, id)
      : inputOf(definition, address, options.input, invalid)
  if (input !== undefined && "issues" in input) throw invalid(input.issues)
  const wish = { spawn: input?.given ?? null }
  return { _tag: "Spawn", commandId, fingerprint: fingerprint(wish), metadata, replyTo: undefined, input }
}

const inputOf = (
  definition: ActorDefinition,
  { id }: ActorAddress,
  given: unknown,
  invalid: (issues: ReadonlyArray<SchemaIssue>) => InvalidCommand,
): BirthInput => {
  const checked = checkedInput(definition, id, given)
  if ("issues" in checked) throw invalid(checked.issues)
  return checked
}

/**
 * The present values of the options, each read once. Throws {@link InvalidCommand} if reading throws. {@link
 * commandOf} checks the values.
 */
export const optionsOf = (address: ActorAddress, options: AskOptionsWithInput): AskOptionsWithInput => {
  try {
    const { commandId, deadlineMs, metadata, ifVersion, input } = options
    return {
      ...(commandId === undefined ? undefined : { commandId }),
      ...(deadlineMs === undefined ? undefined : { deadlineMs }),
      ...(metadata === undefined
        ? undefined
        : { metadata: typeof metadata === "object" && metadata !== null ? { ...metadata } : metadata }),
      ...(ifVersion === undefined ? undefined : { ifVersion }),
      ...(input === undefined ? undefined : { input }),
    }
  } catch (cause) {
    throw new InvalidCommand({
      actorType: address.type,
      id: address.id,
      commandType: "(none)",
      issues: [new SchemaIssue({ path: "options", message: `reading them threw ${thrownText(cause)}` })],
    })
  }
}

const checkedOptions = (options: AskOptionsWithInput, nextId: () => string, issue: Issue) => {
  const { deadlineMs, ifVersion } = options
  const metadata = metadataOf(options.metadata, issue)
  if (deadlineMs !== undefined && !(Number.isFinite(deadlineMs) && deadlineMs >= 0)) {
    throw issue("deadlineMs", "a deadline is a number of milliseconds from 0")
  }
  if (ifVersion !== undefined && (!Number.isInteger(ifVersion) || ifVersion < 0)) {
    throw issue("ifVersion", "a version is a whole number from 0")
  }
  return { commandId: commandIdOf(options.commandId, nextId, issue), metadata }
}

type Issue = (path: string, message: string) => InvalidCommand

const typeOf = (given: unknown): string | undefined => {
  if (typeof given !== "object" || given === null) return undefined
  const { type } = given as { type?: unknown }
  return typeof type === "string" ? type : undefined
}

const decoded = (
  definition: ActorDefinition,
  commandType: string,
  command: AnyEvent,
  invalid: (issues: ReadonlyArray<SchemaIssue>) => InvalidCommand,
  issue: Issue,
): AnyEvent => {
  // A machine-only actor takes the events of its machine unchecked.
  if (definition.commands === undefined) return command
  const known = Object.hasOwn(definition.commands, commandType) ? definition.commands[commandType] : undefined
  if (known === undefined) {
    throw issue(
      "type",
      `unknown command; "${definition.type}" knows ${Object.keys(definition.commands).join(", ")}`,
    )
  }
  const { type, ...payload } = command
  const validated = validate(known.schema, payload)
  if ("issues" in validated) throw invalid(validated.issues)
  if (!isFields(validated.value)) throw issue("", NOT_FIELDS)
  return { type, ...(validated.value as object) }
}

const commandIdOf = (commandId: string | undefined, nextId: () => string, issue: Issue): string => {
  if (commandId === undefined) return nextId()
  if (typeof commandId !== "string" || commandId === "" || commandId.length > COMMAND_ID_LENGTH_MAX) {
    throw issue("commandId", `a commandId is text of 1 to ${COMMAND_ID_LENGTH_MAX} characters`)
  }
  if (commandId.startsWith(RESERVED_ID_PREFIX)) {
    throw issue("commandId", `ids that start with "${RESERVED_ID_PREFIX}" are the runtime's own`)
  }
  if (!isStorableText(commandId))
    throw issue("commandId", "a commandId is well-formed Unicode without U+0000")
  return commandId
}

const metadataOf = (metadata: Metadata | undefined, issue: Issue): Metadata | undefined => {
  if (metadata === undefined) return undefined
  if (typeof metadata !== "object" || metadata === null) throw issue("metadata", "metadata is an object")
  let length = 0
  for (const key of Object.keys(metadata) as Array<keyof Metadata>) {
    if (!METADATA_KEYS.has(key)) throw issue(`metadata.${key}`, `known are ${[...METADATA_KEYS].join(", ")}`)
    const value = metadata[key]
    if (value === undefined) continue
    if (typeof value !== "string" || !isStorableText(value)) {
      throw issue(`metadata.${key}`, "metadata is well-formed text without U+0000")
    }
    length += value.length
  }
  // No code unit takes more than three bytes, so most metadata need not be counted.
  if (length * 3 > METADATA_BYTES_MAX && bytesOf(metadata) > METADATA_BYTES_MAX) {
    throw issue("metadata", `over ${METADATA_BYTES_MAX} bytes`)
  }
  return { ...metadata }
}

const bytesOf = (metadata: Metadata): number =>
  Object.values(metadata).reduce((sum, value) => sum + utf8Bytes(value ?? ""), 0)

/** Number of bytes of well-formed text in UTF-8. */
const utf8Bytes = (text: string): number => {
  let bytes = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    // A surrogate pair takes four bytes, two for each half.
    bytes += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3
  }
  return bytes
}
