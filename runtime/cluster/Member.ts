/**
 * A member of the cluster, as its record in the lease store says: what it is, what it can run, and how it is.
 *
 * Owns the record's form. Members are lives of nodes: one that was evicted comes back as another member under the same
 * name. Who renews and judges records: Membership.ts.
 */

/** `up`: takes part. `drained`: has nothing and gets nothing, by an operator's wish. `leaving`: about to go. */
export type MemberState = "up" | "drained" | "leaving"

/** Versions of the events that a member can read, by actor type and event; `{}` where a machine's own are stored. */
export type HostedTypes = { readonly [type: string]: { readonly [event: string]: number } }

/** What a member says of itself. JSON. */
export interface MemberRecord {
  readonly v: 1
  /** Name of the node, the same in its next life. */
  readonly name: string
  readonly state: MemberState
  /** Version of the service that it runs, as its operators call it. */
  readonly version: string
  readonly labels: ReadonlyArray<string>
  readonly weight: number
  readonly types: HostedTypes
  /** Slots besides shards that it can run. */
  readonly runs: ReadonlyArray<string>
  /** Slots that it gave up because it cannot read or host what is in them. */
  readonly unfit: ReadonlyArray<string>
  /** Unix milliseconds. */
  readonly startedAt: number
}

/** How a node takes part in the cluster. */
export interface NodeOptions {
  /** Name of the node; unique, and best the same after a restart. Default: a random one. */
  readonly name?: string
  /** Version of the service, shown to operators. Default: empty. */
  readonly version?: string
  /** What the node offers to actor types that ask for it (`nodeLabel`). */
  readonly labels?: ReadonlyArray<string>
  /** Share of the shards, in proportion to the others' weights. Default 1. */
  readonly weight?: number
}

const MEMBER_PREFIX = "member."
const SLOT_PREFIX = "slot."
const PIN_PREFIX = "pin."
const PAUSE_PREFIX = "pause."

export const memberKey = (id: string): string => MEMBER_PREFIX + id
export const slotKey = (slot: string): string => SLOT_PREFIX + slot
export const pinKey = (slot: string): string => PIN_PREFIX + slot
export const pauseKey = (type: string): string => PAUSE_PREFIX + type

/** What a key of the lease store names. */
export const subjectOfKey = (
  key: string,
): { readonly kind: "member" | "slot" | "pin" | "pause"; readonly name: string } | undefined => {
  const dot = key.indexOf(".")
  const kind = key.slice(0, dot)
  if (kind !== "member" && kind !== "slot" && kind !== "pin" && kind !== "pause") return undefined
  return { kind, name: key.slice(dot + 1) }
}

/** A lease: who has the slot. JSON. */
export interface SlotRecord {
  /** Id of the member; absent: it is free. */
  readonly m?: string
  /** Fencing number, from 0 to {@link EPOCH_MAX}; every new owner raises it. */
  readonly e: number
  /** Moves between live members one soon after the other. */
  readonly n: number
}

/** Highest epoch of a slot: one move a millisecond takes 8,000 years to get there, so a higher one is forged. */
export const EPOCH_MAX = 2 ** 48

/** Epoch of the next owner. One that is at its bound was forged, and can only start over. */
export const nextEpoch = (epoch: number): number => (epoch >= EPOCH_MAX ? 1 : epoch + 1)

/** Subject on which a member is asked. */
export const memberSubject = (id: string): string => `node.${id}`
