/**
 * Answers to watchers as they travel between nodes, and to clients: JSON.
 *
 * Owns the form of a change on the wire (docs/ARCHITECTURE.md, "Data on the wire"). The request is one of those in
 * AskWire.ts. Events travel as the journal has them, because each side reads them by its own definition. Who asks:
 * WatchRoute.ts. Who answers: AskServer.ts.
 */
import { Exit } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { type AskError, PayloadTooLarge } from "../cell/AskError.ts"
import { isMetadata } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { StoredEvent } from "../event/Event.ts"
import { decodeValue, encodeValue, hasTags } from "../json/StoredValue.ts"
import { thrownMessage } from "../json/Thrown.ts"
import type { MachineState } from "../machine/Machine.ts"
import type { ChangeAnswer, ChangeEntry, Position, StoredChange } from "../watch/Change.ts"
import type { WatchError } from "../watch/WatchError.ts"
import { decodeError, encodeError, untellable } from "./AskWire.ts"

/** Largest part of an answer that the fields around its changes take, in bytes. */
const ENVELOPE_BYTES = 64

/** A change on the wire. */
interface ChangeFields {
  /** Position before the commit, and after it. */
  readonly f: number
  readonly p: number
  /** Journal sequence. */
  readonly q: number
  /** Time, Unix milliseconds. */
  readonly t: number
  readonly e: ReadonlyArray<ChangeEntry>
}

type StateFields = { readonly state: unknown } | { readonly tagged: unknown } | Record<never, never>

type WatchReply =
  | { readonly moved: true; readonly why?: string }
  | { readonly error: unknown }
  | { readonly changes: ReadonlyArray<ChangeFields & StateFields> }
  | { readonly newest: { readonly p: number; readonly q: number } & StateFields; readonly skipped: number }

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const encode = (reply: WatchReply): Uint8Array => encoder.encode(JSON.stringify(reply))

/** A state in the form in which `restore` takes it. Throws NotStorable. */
const stateFields = (definition: ActorDefinition, state: MachineState): StateFields => {
  const stored = encodeValue(definition.machine.persist(state))
  return hasTags(stored) ? { tagged: stored } : { state: stored }
}

/** Changes as JSON: all watchers of an actor get the same ones. */
const encoded = new WeakMap<StoredChange, Uint8Array>()

const changeBytes = (definition: ActorDefinition, change: StoredChange): Uint8Array => {
  const known = encoded.get(change)
  if (known !== undefined) return known
  const { from: f, to: p, sequence: q, atMs: t, entries: e, state } = change
  const fields: ChangeFields = { f, p, q, t, e }
  const rest = state === undefined ? undefined : stateFields(definition, state)
  const bytes = encoder.encode(JSON.stringify({ ...fields, ...rest }))
  encoded.set(change, bytes)
  return bytes
}

/** Answers as they travel: many watchers that are at the same position share one. */
const pages = new WeakMap<ReadonlyArray<StoredChange>, Uint8Array>()

const OPENING = encoder.encode(`{"changes":[`)
const CLOSING = encoder.encode("]}")
const COMMA = encoder.encode(",")

/** As many of the changes as fit into an answer; `undefined` if the first does not. */
const pageBytes = (
  definition: ActorDefinition,
  changes: ReadonlyArray<StoredChange>,
  bytesMax: number,
): Uint8Array | undefined => {
  const known = pages.get(changes)
  if (known !== undefined) return known
  const parts: Array<Uint8Array> = []
  let size = ENVELOPE_BYTES
  for (const change of changes) {
    const bytes = changeBytes(definition, change)
    size += bytes.length + 1
    if (size > bytesMax) break
    if (parts.length > 0) parts.push(COMMA)
    parts.push(bytes)
  }
  if (parts.length === 0 && changes.length > 0) return undefined
  const page = joined([OPENING, ...parts, CLOSING])
  pages.set(changes, page)
  return page
}

const joined = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** The answer to a watcher as bytes. `bytesMax`: the largest answer that travels. */
export const watchReplyOf = (
  definition: ActorDefinition,
  address: ActorAddress,
  exit: Exit.Exit<ChangeAnswer, WatchError>,
  bytesMax: number,
): Uint8Array => {
  if (Exit.isFailure(exit)) {
    const [reason] = exit.cause.reasons
    return encode(reason?._tag === "Fail" ? { error: encodeError(reason.error) } : { moved: true })
  }
  const answer = exit.value
  try {
    if (answer._tag === "Moved") return encode({ moved: true })
    if (answer._tag === "Changes") {
      return (
        pageBytes(definition, answer.changes, bytesMax) ??
        tooLarge(address, answer.changes[0], definition, bytesMax)
      )
    }
    const { position: p, sequence: q, state } = answer.newest
    const bytes = encode({ newest: { p, q, ...stateFields(definition, state) }, skipped: answer.skipped })
    return bytes.length <= bytesMax ? bytes : refuseSize(address, bytes.length, bytesMax)
  } catch (cause) {
    return encode({ error: encodeError(untellable(address.type, thrownMessage(cause))) })
  }
}

const tooLarge = (
  address: ActorAddress,
  change: StoredChange | undefined,
  definition: ActorDefinition,
  bytesMax: number,
): Uint8Array =>
  refuseSize(address, change === undefined ? 0 : changeBytes(definition, change).length, bytesMax)

const refuseSize = (
  { type: actorType, id }: ActorAddress,
  sizeBytes: number,
  limitBytes: number,
): Uint8Array => {
  const hint =
    "Its state and events do not fit into one answer: watch it on a node, or make the state smaller."
  return encode({ error: encodeError(new PayloadTooLarge({ actorType, id, sizeBytes, limitBytes, hint })) })
}

/**
 * The answer, as the watcher's definition reads it; `undefined`: ask again. Throws for something that is no answer.
 */
export const decodeWatchReply = (
  definition: ActorDefinition,
  id: string,
  data: Uint8Array,
): Exit.Exit<Exclude<ChangeAnswer, { readonly _tag: "Moved" }>, AskError> | undefined => {
  const reply = JSON.parse(decoder.decode(data)) as WatchReply
  if ("moved" in reply) return undefined
  if ("error" in reply) return Exit.fail(decodeError(reply.error))
  if ("changes" in reply) {
    return Exit.succeed({
      _tag: "Changes",
      changes: reply.changes.map((change) => changeIn(definition, id, change)),
    })
  }
  const { newest, skipped } = reply
  const state = stateIn(definition, id, newest)
  if (!(isPosition(newest.p) && isPosition(skipped) && state !== undefined))
    throw new Error("it is no answer")
  return Exit.succeed({ _tag: "Newest", newest: { position: newest.p, sequence: newest.q, state }, skipped })
}

const changeIn = (
  definition: ActorDefinition,
  id: string,
  change: ChangeFields & StateFields,
): StoredChange => {
  const { f: from, p: to, q: sequence, t: atMs, e: entries } = change
  if (!(isPosition(from) && isPosition(to) && Array.isArray(entries) && entries.every(isEntry)))
    throw new Error("it is no change")
  return { from, to, sequence, atMs, entries, state: stateIn(definition, id, change) }
}

const stateIn = (definition: ActorDefinition, id: string, fields: StateFields): MachineState | undefined => {
  if ("tagged" in fields) return definition.machine.restore(decodeValue(fields.tagged), id)
  return "state" in fields ? definition.machine.restore(fields.state, id) : undefined
}

const isPosition = (value: unknown): value is Position =>
  Number.isSafeInteger(value) && (value as number) >= 0

const isEntry = (value: unknown): value is ChangeEntry => {
  const { c, m, ev } = value as { readonly [field in keyof ChangeEntry]?: unknown }
  return (
    typeof c === "string" && (m === undefined || isMetadata(m)) && Array.isArray(ev) && ev.every(isStored)
  )
}

const isStored = (value: unknown): value is StoredEvent =>
  typeof (value as StoredEvent | null)?.t === "string"
