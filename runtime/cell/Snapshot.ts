/**
 * The content of a stored snapshot: the machine's state, the remembered commands and messages, and what is
 * pending, as JSON text.
 *
 * Owns the codec's name and the decision whether a row fits the code. If it does not fit, the row is ignored
 * and the actor replays from the start. A state that was folded from events of other versions, or by another
 * machine, differs from the fold of the events as this code reads them. Rows of nodes that read newer events
 * would also hide that those events exist.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { CommitStamp } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { plainJsonOfStored } from "../json/Json.ts"
import { decodeValue, encodeValue, hasTags } from "../json/StoredValue.ts"
import type { StoredSnapshot } from "../snapshot/SnapshotStore.ts"
import { isTime } from "../time/Time.ts"
import { BORN, beforeBirth, type IsBorn, needsInput } from "./Birth.ts"
import type { Confirmed } from "./Fold.ts"
import { Origins, type SourceRow } from "./Origins.ts"
import { hasRaw, type PendingRows, pendingFromRows, rowsOfPending } from "./Pending.ts"
import { type RecentCommandRow, RecentCommands } from "./RecentCommands.ts"

/**
 * Versions of the snapshot format. In rows of the second version the machine's state has the form of
 * ../json/StoredValue.ts, and pending events may have it too. A row that is plain JSON is written in the
 * first version, because nodes of earlier releases read it.
 */
const PLAIN_FORMAT_VERSION = 1
const TAGGED_FORMAT_VERSION = 2

interface SnapshotBody {
  readonly state: unknown
  readonly recent: ReadonlyArray<RecentCommandRow>
  /** Fingerprint of the structure of each recent command; absent in rows of the first release. */
  readonly structures?: ReadonlyArray<string>
  /** Event versions that the writer read, if the actor's events have schemas. */
  readonly events?: Readonly<Record<string, number>>
  /** Fingerprint of the writer's machine; absent in rows of the first releases, which are used unchecked. */
  readonly machine?: string
  /**
   * Era and time of the commit at its sequence. Absent for an actor without a commit, and in rows of earlier
   * releases, which are used unchecked.
   */
  readonly commit?: readonly [era: number, atMs: number]
  /** Messages that the actor has handled; absent if there are none, and in rows of earlier releases. */
  readonly origins?: ReadonlyArray<SourceRow>
  /** Absent when nothing is pending. */
  readonly pending?: PendingRows
  /** Fingerprint of the input that the actor was born with. */
  readonly input?: string
  /**
   * The actor was spawned and has no event. A row without events and without this field is of an unborn
   * actor.
   */
  readonly spawned?: true
}

/** Format, actor type and the definition's own snapshot version, which must match for a row to be read. */
const codecOf = ({ type, snapshotVersion }: ActorDefinition, formatVersion: number): string =>
  `${formatVersion}:${type}:${snapshotVersion}`

/** The row for a state. Throws `NotStorable` for a state that could not be restored unchanged. */
export const encodeSnapshot = (
  definition: ActorDefinition,
  address: ActorAddress,
  { state, version, sequence, stamp, recent, origins, pending, standing }: Confirmed,
): StoredSnapshot => {
  const rows = rowsOfPending(pending)
  const events = eventVersionsOf(definition)
  const remembered = recent.rows()
  // An actor that needs input and is not born has no state.
  const stored = needsInput(standing) ? null : encodeValue(definition.machine.persist(state))
  const body: SnapshotBody = {
    state: null,
    ...(events === undefined ? undefined : { events }),
    machine: definition.machine.fingerprint,
    ...(stamp === undefined ? undefined : { commit: [stamp.era, stamp.atMs] as const }),
    recent: remembered.rows,
    structures: remembered.structures,
    ...(origins.size === 0 ? undefined : { origins: origins.rows() }),
    ...(standing._tag === "Born" && standing.input !== undefined ? { input: standing.input } : undefined),
    ...(standing._tag === "Born" && version === 0 ? { spawned: true } : undefined),
  }
  // Remembered and pending values are plain already, because they were or will be in the journal.
  const { recent: rowsOfRecent, structures, ...rest } = body
  const plain = plainJsonOfStored(rest) as SnapshotBody
  const pendingRows = rows === undefined ? undefined : { pending: rows }
  const text = JSON.stringify({ ...plain, recent: rowsOfRecent, structures, ...pendingRows, state: stored })
  const isTagged = hasTags(stored) || (rows !== undefined && hasRaw(rows))
  const codec = codecOf(definition, isTagged ? TAGGED_FORMAT_VERSION : PLAIN_FORMAT_VERSION)
  return { key: address.key, version, sequence, codec, state: text }
}

/** The state in a row, or the reason why it cannot be used. */
export const decodeSnapshot = (
  definition: ActorDefinition,
  { id }: ActorAddress,
  row: StoredSnapshot,
): Confirmed | { readonly unusable: string } => {
  const isTagged = row.codec === codecOf(definition, TAGGED_FORMAT_VERSION)
  if (!isTagged && row.codec !== codecOf(definition, PLAIN_FORMAT_VERSION)) {
    return { unusable: `codec ${row.codec}, expected ${codecOf(definition, TAGGED_FORMAT_VERSION)}` }
  }
  if (![row.version, row.sequence].every((count) => Number.isSafeInteger(count) && count >= 0)) {
    return { unusable: `version ${row.version} at sequence ${row.sequence}` }
  }
  try {
    const body = JSON.parse(row.state) as SnapshotBody
    const unfit = unfitOf(definition, body)
    if (unfit !== undefined) return { unusable: unfit }
    const isUnborn = row.version === 0 && body.spawned !== true
    return {
      ...(isUnborn
        ? beforeBirth(definition, id)
        : {
            state: definition.machine.restore(isTagged ? decodeValue(body.state) : body.state, id),
            standing: standingOf(body),
          }),
      version: row.version,
      sequence: row.sequence,
      stamp: stampIn(body),
      recent: RecentCommands.fromRows(definition.commandsRememberedCount, body.recent, body.structures),
      origins: Origins.fromRows(body.origins ?? []),
      pending: pendingFromRows(body.pending),
    }
  } catch (cause) {
    return { unusable: String(cause) }
  }
}

const standingOf = ({ input }: SnapshotBody): IsBorn =>
  typeof input === "string" ? { _tag: "Born", input } : BORN

const stampIn = ({ commit }: SnapshotBody): CommitStamp | undefined => {
  if (commit === undefined) return undefined
  const [era, atMs] = commit
  if (!(Number.isSafeInteger(era) && isTime(atMs)))
    throw new Error("the commit of the snapshot cannot be read")
  return { era, atMs }
}

const eventVersions = new WeakMap<object, Readonly<Record<string, number>>>()

const eventVersionsOf = ({ events }: ActorDefinition): Readonly<Record<string, number>> | undefined => {
  if (events === undefined) return undefined
  const known = eventVersions.get(events)
  if (known !== undefined) return known
  const versions = Object.fromEntries(Object.entries(events).map(([type, { version }]) => [type, version]))
  eventVersions.set(events, versions)
  return versions
}

/** Why a state of other code is not the fold of the events as this code reads them; `undefined` if it is. */
const unfitOf = (definition: ActorDefinition, { events = {}, machine }: SnapshotBody): string | undefined => {
  const own = eventVersionsOf(definition) ?? {}
  for (const [type, version] of Object.entries(events)) {
    const ownVersion = own[type] ?? 0
    if (version > ownVersion) return `its writer reads ${type} version ${version}, which is not known here`
    // An upcaster may give the events in the state another meaning.
    if (version < ownVersion) return `its writer reads ${type} version ${version}, this code ${ownVersion}`
  }
  const expected = definition.machine.fingerprint
  if (machine === undefined || machine === expected) return undefined
  return `it was written by another machine, ${machine}; this code has ${expected}`
}
