/**
 * What this node knows of its cluster: one object that is made before everything that runs on the node.
 *
 * The cluster (Cluster.ts and its parts) writes it: the records that it has read, this node's id as a member, paused types.
 * The node's leases are in {@link Ownership}, which the cluster renews and the shards' tenants open and close. All other
 * rooms read. What they find out themselves they report: an owner that does not answer (`suspect`), a newer epoch of a shard
 * (`overtaken`), a slot that this node cannot run (`surrender`), an event for operators (`announce`). The cluster takes the
 * reports when it has joined, and acts on them.
 */
import { Effect, Latch, PubSub, Stream } from "effect"
import type { ClusterEvent } from "./ClusterEvent.ts"
import { cannotRun, type MemberRecord } from "./Member.ts"
import type { Ownership } from "./Ownership.ts"
import { SeenRecords } from "./SeenRecords.ts"

/** Events that wait for one slow listener; the oldest go first. */
const EVENTS_MAX = 1_024

/** Slots that other rooms have reported since the reports were taken last. */
export interface ClusterReports {
  /** No member answers for these slots. */
  readonly suspected: ReadonlySet<string>
  /** A newer epoch of these slots exists. */
  readonly overtaken: ReadonlySet<string>
  /** This node has surrendered a slot. */
  readonly hasSurrendered: boolean
}

export class ClusterView {
  /** Records of members, slots and wishes, as this node has read them. */
  readonly seen = new SeenRecords()
  /** Shards that this node owns. */
  readonly ownership: Ownership
  /** Open: there are reports that the cluster has not taken. */
  readonly reported = Latch.makeUnsafe(false)
  readonly #pubsub: PubSub.PubSub<ClusterEvent>
  #memberId = ""
  #paused: ReadonlySet<string> = new Set()
  #suspected = new Set<string>()
  #overtaken = new Set<string>()
  #cannotRun: ReadonlyArray<string> = []
  #hasSurrendered = false

  private constructor(ownership: Ownership, pubsub: PubSub.PubSub<ClusterEvent>) {
    this.ownership = ownership
    this.#pubsub = pubsub
  }

  static readonly make = (ownership: Ownership): Effect.Effect<ClusterView> =>
    Effect.map(PubSub.sliding<ClusterEvent>(EVENTS_MAX), (pubsub) => new ClusterView(ownership, pubsub))

  /** Id of this node in its present life as a member; empty before the first one. */
  get memberId(): string {
    return this.#memberId
  }

  /** Slots that this node cannot run: it cannot read what is in them, or does not host it. */
  get cannotRun(): ReadonlyArray<string> {
    return this.#cannotRun
  }

  /** What happens in the cluster from now on, as this node sees it. */
  get events(): Stream.Stream<ClusterEvent> {
    return Stream.fromPubSub(this.#pubsub)
  }

  /** Whether an operator has paused all actors of the type. */
  readonly isPaused = (type: string): boolean => this.#paused.has(type)

  /** What the members say of themselves; `undefined` before all records were read. */
  readonly members = (): ReadonlyArray<MemberRecord> | undefined =>
    this.seen.isListed ? Array.from(this.seen.members().values(), ({ value }) => value) : undefined

  /** Report: no member answers for the slot. */
  readonly suspect = (slot: string): void => {
    this.#suspected.add(slot)
    this.reported.openUnsafe()
  }

  /** Report: a member has written under a newer epoch of this slot. */
  readonly overtaken = (slot: string): void => {
    this.#overtaken.add(slot)
    this.reported.openUnsafe()
  }

  /**
   * Report: this node gives the slot back because it cannot run it. False where no other member is up that can, by
   * `canRun`: then the slot stays.
   */
  readonly surrender = (slot: string, canRun: (member: MemberRecord) => boolean): boolean => {
    const isRunElsewhere = Array.from(this.seen.members()).some(
      ([id, { value }]) =>
        id !== this.#memberId && value.state === "up" && !cannotRun(value, slot) && canRun(value),
    )
    if (!isRunElsewhere) return false
    if (!this.#cannotRun.includes(slot)) this.#cannotRun = [...this.#cannotRun, slot]
    this.#hasSurrendered = true
    this.reported.openUnsafe()
    return true
  }

  /** Tells operators what has happened. */
  readonly announce = (event: ClusterEvent): void => {
    PubSub.publishUnsafe(this.#pubsub, event)
  }

  /** For the cluster: this node's id in its next life as a member. */
  joinsAs(memberId: string): void {
    this.#memberId = memberId
  }

  /** For the cluster: the records have been read. */
  looked(): void {
    this.#paused = this.seen.paused()
  }

  /** For the cluster: what was reported since the last call. */
  takeReports(): ClusterReports {
    const reports = {
      suspected: this.#suspected,
      overtaken: this.#overtaken,
      hasSurrendered: this.#hasSurrendered,
    }
    this.#suspected = new Set()
    this.#overtaken = new Set()
    this.#hasSurrendered = false
    this.reported.closeUnsafe()
    return reports
  }
}
