/**
 * The cluster as `npm run cluster` sees it: the newest status that any node reports, and the changes between
 * two of them.
 *
 * Owns reading the status, over HTTP like any other client. ClusterTable.ts shows it.
 */
import { Effect, Schema } from "effect"

/** Longest wait for one look, in milliseconds. */
const LOOK_TIMEOUT_MS = 2_500

const Member = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  state: Schema.String,
  version: Schema.String,
  slots: Schema.Int,
  load: Schema.optionalKey(
    Schema.Struct({
      residentByType: Schema.Record(Schema.String, Schema.Int),
      inFlight: Schema.Int,
      openMessages: Schema.Int,
    }),
  ),
})

const Seen = Schema.Struct({
  members: Schema.Array(Member),
  slots: Schema.Array(
    Schema.Struct({
      slot: Schema.String,
      epoch: Schema.Int,
      member: Schema.optionalKey(Schema.String),
      lag: Schema.optionalKey(Schema.Int),
    }),
  ),
  paused: Schema.Array(Schema.String),
})
export type SeenCluster = typeof Seen.Type

/** Status that the node at `url` reports; `undefined` if it does not answer. */
export const lookAt = (url: string): Effect.Effect<SeenCluster | undefined> =>
  Effect.promise(async () => {
    try {
      const response = await fetch(`${url}/cluster`, { signal: AbortSignal.timeout(LOOK_TIMEOUT_MS) })
      return response.ok ? Schema.decodeUnknownSync(Seen)(await response.json()) : undefined
    } catch {
      return undefined
    }
  })

/** Name of each slot's owner. */
const ownersOf = ({ members, slots }: SeenCluster): ReadonlyMap<string, string | undefined> => {
  const names = new Map(members.map(({ id, name }) => [id, name]))
  return new Map(
    slots.map(({ slot, member }) => [slot, member === undefined ? undefined : names.get(member)]),
  )
}

/** Owners of the shards of the default group, in order. */
export const shardOwners = (seen: SeenCluster): ReadonlyArray<string | undefined> =>
  [...ownersOf(seen)].filter(([slot]) => /^shard\.\d+$/.test(slot)).map(([, owner]) => owner)

/** Projections, reactors and singletons, with their owners. */
export const serviceOwners = (seen: SeenCluster): ReadonlyArray<readonly [string, string | undefined]> =>
  [...ownersOf(seen)].filter(([slot]) => !slot.startsWith("shard."))

export const epochSum = ({ slots }: SeenCluster): number => slots.reduce((sum, { epoch }) => sum + epoch, 0)

export const lagSum = ({ slots }: SeenCluster): number => slots.reduce((sum, { lag = 0 }) => sum + lag, 0)

/** True if every slot has an owner that is up, and every member that is up has a share of the shards. */
export const isSettled = (seen: SeenCluster, names: ReadonlyArray<string>): boolean => {
  const owners = shardOwners(seen)
  const up = seen.members.filter(({ state }) => state === "up").map(({ name }) => name)
  const isKnown =
    seen.members.every(({ name }) => names.includes(name)) && seen.members.length === names.length
  const least = Math.floor(owners.length / Math.max(up.length, 1))
  return (
    isKnown &&
    [...ownersOf(seen).values()].every((owner) => owner !== undefined && up.includes(owner)) &&
    up.every((name) => owners.filter((owner) => owner === name).length >= least)
  )
}

/** The changes between two looks, as texts. */
export const changesBetween = (before: SeenCluster, after: SeenCluster): ReadonlyArray<string> => {
  const known = new Map(before.members.map((member) => [member.id, member]))
  const here = new Set(after.members.map(({ id }) => id))
  const changes: Array<string> = []
  for (const { id, name } of before.members) if (!here.has(id)) changes.push(`${name} is no member any more`)
  for (const { id, name, state } of after.members) {
    const was = known.get(id)
    if (was === undefined) changes.push(`${name} joined as ${id}`)
    else if (was.state !== state) changes.push(`${name} is ${state}`)
  }
  const moves = new Map<string, number>()
  const previously = ownersOf(before)
  for (const [slot, owner] of ownersOf(after)) {
    const from = previously.get(slot)
    if (from === owner) continue
    const move = `${from ?? "none"} → ${owner ?? "none"}`
    moves.set(move, (moves.get(move) ?? 0) + 1)
  }
  for (const [move, count] of moves) changes.push(`${count} ${count === 1 ? "slot" : "slots"} ${move}`)
  return changes
}
