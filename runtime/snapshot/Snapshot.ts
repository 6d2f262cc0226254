/**
 * What is inside a stored snapshot: the machine's state, the recent commands and what is pending, as JSON text.
 *
 * Owns the codec's name and when a row is foreign: then it is ignored and the actor replays from the start. A row of a
 * node that reads newer events is foreign to an older one: the state may hold what those events say, and hides that they
 * are there.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { Confirmed } from "../cell/Fold.ts"
import { type PendingRows, pendingFromRows, rowsOfPending } from "../cell/Pending.ts"
import { type RecentCommandRow, RecentCommands } from "../cell/RecentCommands.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { plainJsonOfStored } from "../json/Json.ts"
import type { StoredSnapshot } from "./SnapshotStore.ts"

/** Version of the snapshot format; rows of other versions are ignored. */
const SNAPSHOT_FORMAT_VERSION = 1

interface SnapshotBody {
  readonly state: unknown
  readonly recent: ReadonlyArray<RecentCommandRow>
  /** Versions of the events that its writer read, where the actor's events have schemas. */
  readonly events?: Readonly<Record<string, number>>
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
  { state, version, sequence, recent, pending }: Confirmed,
): StoredSnapshot => {
  const rows = rowsOfPending(pending)
  const events = eventVersionsOf(definition)
  const body: SnapshotBody = {
    state: definition.machine.persist(state),
    ...(events === undefined ? undefined : { events }),
    recent: recent.rows(),
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
  if (!Number.isSafeInteger(row.version) || !Number.isSafeInteger(row.sequence)) {
    return { unusable: `version ${row.version} at sequence ${row.sequence}` }
  }
  try {
    const body = JSON.parse(row.state) as SnapshotBody
    const newer = newerThan(definition, body.events ?? {})
    if (newer !== undefined) return { unusable: `its writer reads ${newer}, which is not known here` }
    return {
      state: definition.machine.restore(body.state),
      version: row.version,
      sequence: row.sequence,
      recent: RecentCommands.fromRows(definition.commandsRememberedCount, body.recent),
      pending: pendingFromRows(body.pending),
    }
  } catch (cause) {
    return { unusable: String(cause) }
  }
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

/** The first event that the writer read and this definition cannot. */
const newerThan = (
  definition: ActorDefinition,
  written: Readonly<Record<string, number>>,
): string | undefined => {
  const own = eventVersionsOf(definition) ?? {}
  const found = Object.entries(written).find(([type, version]) => version > (own[type] ?? 0))
  return found === undefined ? undefined : `${found[0]} version ${found[1]}`
}
