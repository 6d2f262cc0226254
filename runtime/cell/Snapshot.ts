/**
 * What is inside a stored snapshot: the machine's state, the commands and messages that are remembered, and what is
 * pending, as JSON text.
 *
 * Owns the codec's name and when a row does not fit the code: then it is ignored and the actor replays from the start.
 * A state that was folded from events of other versions, or by another machine, is not the fold of the events as they are
 * read now. Rows of nodes that read newer events hide, besides, that those events are there.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { CommitStamp } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { plainJsonOfStored } from "../json/Json.ts"
import type { StoredSnapshot } from "../snapshot/SnapshotStore.ts"
import { isTime } from "../time/Time.ts"
import type { Confirmed } from "./Fold.ts"
import { Origins, type SourceRow } from "./Origins.ts"
import { type PendingRows, pendingFromRows, rowsOfPending } from "./Pending.ts"
import { type RecentCommandRow, RecentCommands } from "./RecentCommands.ts"

/** Version of the snapshot format; rows of other versions are ignored. */
const SNAPSHOT_FORMAT_VERSION = 1

interface SnapshotBody {
  readonly state: unknown
  readonly recent: ReadonlyArray<RecentCommandRow>
  /** Of each recent command the fingerprint of its structure; absent in rows of the first release. */
  readonly structures?: ReadonlyArray<string>
  /** Versions of the events that its writer read, where the actor's events have schemas. */
  readonly events?: Readonly<Record<string, number>>
  /** Fingerprint of its writer's machine; absent in rows of the first releases, which are used as they are. */
  readonly machine?: string
  /**
   * Era and time of the commit at its sequence. Absent for an actor without a commit, and in rows of earlier releases,
   * which are used as they are.
   */
  readonly commit?: readonly [era: number, atMs: number]
  /** Messages that it has handled; absent where there were none, and in rows of earlier releases. */
  readonly origins?: ReadonlyArray<SourceRow>
  /** Absent when nothing is pending. */
  readonly pending?: PendingRows
}

/** Format, actor type and the definition's own snapshot version: what must match for a row to be read. */
export const codecOf = (definition: ActorDefinition): string =>
  `${SNAPSHOT_FORMAT_VERSION}:${definition.type}:${definition.snapshotVersion}`

/** The row for a state. Throws `NotJson` for a state that would come back as another one. */
export const encodeSnapshot = (
  definition: ActorDefinition,
  address: ActorAddress,
  { state, version, sequence, stamp, recent, origins, pending }: Confirmed,
): StoredSnapshot => {
  const rows = rowsOfPending(pending)
  const events = eventVersionsOf(definition)
  const remembered = recent.rows()
  const body: SnapshotBody = {
    state: definition.machine.persist(state),
    ...(events === undefined ? undefined : { events }),
    machine: definition.machine.fingerprint,
    ...(stamp === undefined ? undefined : { commit: [stamp.era, stamp.atMs] as const }),
    recent: remembered.rows,
    structures: remembered.structures,
    ...(origins.size === 0 ? undefined : { origins: origins.rows() }),
    ...(rows === undefined ? undefined : { pending: rows }),
  }
  const text = JSON.stringify(plainJsonOfStored(body))
  return { key: address.key, version, sequence, codec: codecOf(definition), state: text }
}

/** The state in a row, or why it cannot be used. */
export const decodeSnapshot = (
  definition: ActorDefinition,
  row: StoredSnapshot,
): Confirmed | { readonly unusable: string } => {
  if (row.codec !== codecOf(definition))
    return { unusable: `codec ${row.codec}, expected ${codecOf(definition)}` }
  if (![row.version, row.sequence].every((place) => Number.isSafeInteger(place) && place >= 0)) {
    return { unusable: `version ${row.version} at sequence ${row.sequence}` }
  }
  try {
    const body = JSON.parse(row.state) as SnapshotBody
    const unfit = unfitOf(definition, body)
    if (unfit !== undefined) return { unusable: unfit }
    return {
      state: definition.machine.restore(body.state),
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

/** Why a state of another code is not the fold of the events as this code reads them; `undefined` where it is. */
const unfitOf = (definition: ActorDefinition, { events = {}, machine }: SnapshotBody): string | undefined => {
  const own = eventVersionsOf(definition) ?? {}
  for (const [type, version] of Object.entries(events)) {
    const ownVersion = own[type] ?? 0
    if (version > ownVersion) return `its writer reads ${type} version ${version}, which is not known here`
    // An upcaster may give the events that are in the state another meaning.
    if (version < ownVersion) return `its writer reads ${type} version ${version}, this code ${ownVersion}`
  }
  const expected = definition.machine.fingerprint
  if (machine === undefined || machine === expected) return undefined
  return `it was written by another machine, ${machine}; this code has ${expected}`
}
