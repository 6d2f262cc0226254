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

/**
 * Newest versions of the forms that a member reads, each with all lower ones: of the commit, of the request that brings a
 * message straight to its receiver's node, and of the request of a watcher (0 or absent: the member does not know that
 * request).
 */
export interface Reads {
  readonly commit: number
  readonly deliver: number
  readonly watch?: number
}

/** What members of the first releases read, whose records do not say it. */
export const FIRST_RELEASE_READS: Reads = { commit: 1, deliver: 0, watch: 0 }

/** What this release reads. */
export const THIS_RELEASE_READS: Reads = { commit: 3, deliver: 1, watch: 1 }

/** Forms that every one of these members reads. With no member at all: those of the first releases. */
export const readByEvery = (members: Iterable<Pick<MemberRecord, "reads">>): Reads => {
  let lowest: Reads | undefined
  for (const { reads = FIRST_RELEASE_READS } of members) {
    const { commit, deliver, watch = 0 } = lowest ?? reads
    lowest = {
      commit: Math.min(commit, reads.commit),
      deliver: Math.min(deliver, reads.deliver),
      watch: Math.min(watch, reads.watch ?? 0),
    }
  }
  return lowest ?? FIRST_RELEASE_READS
}

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
  /** Label that a node needs for the shards of a type, by type; types without one are left out. */
  readonly typeLabels?: { readonly [type: string]: string }
  /** Absent in records of releases that read `FIRST_RELEASE_READS`. */
  readonly reads?: Reads
  /** Slots besides shards that it can run. */
  readonly runs: ReadonlyArray<string>
  /** Slots that it cannot run, because it cannot read or does not host what is in them; see `cannotRun`. */
  readonly unfit: ReadonlyArray<string>
  /** Unix milliseconds. */
  readonly startedAt: number
}

/** What a member's record says for as long as its node runs. */
export type AboutMember = Omit<MemberRecord, "state" | "unfit">

/** Whether the member has said that it cannot run the slot. */
export const cannotRun = ({ unfit }: MemberRecord, slot: string): boolean => unfit.includes(slot)

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
