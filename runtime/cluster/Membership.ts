/**
 * This node as a member of the cluster, and its judgement on the other members.
 *
 * Owns this node's record, the fence that follows from its renewal (Ownership.ts), and eviction. A member is evicted when
 * its record has not changed for `leaseMs` by this node's monotonic clock, and sooner when no process serves its subject
 * or when it does not answer for a while. `leaseMs` has to outlast a change of the store's leader, which takes up to nine
 * seconds, so it is the last resort. A member that is evicted by mistake loses its shards, never a commit. What members
 * own: Leasing.ts.
 */
import { type Clock, Effect, Random, Schedule } from "effect"
import { monotonicMs } from "../time/MonotonicTime.ts"
import type { RequestFailed, TransportService } from "../transport/Transport.ts"
import type { ClusterView } from "./ClusterView.ts"
import type { LeasesService, LeasesUnavailable } from "./Leases.ts"
import { type AboutMember, type MemberRecord, memberKey, memberSubject } from "./Member.ts"
import { UNREACHED_MS_MAX } from "./Ownership.ts"
import type { Records } from "./Records.ts"
import type { SeenRecords } from "./SeenRecords.ts"

/** Renewals in the time of a lease. */
export const RENEWALS_PER_LEASE = 10

/** Part of the lease's time after which a node that could not renew has nothing: clocks do not run alike. */
const FENCE_PART = 0.9

/** Looks that find nobody on a member's subject before it counts as gone, and the pause between them. */
const STRIKES_MAX = 3
const STRIKE_PAUSE_MS = 200

/** After a lost connection nobody is judged for this long: the others may have lost theirs with it. */
const RECONNECT_GRACE_MS = 1_500

/** Longest wait for one sign of life: a member that is busy is slow to give it. */
const PROBE_TIMEOUT_MS = 1_500

/** A member that gives no sign of life for so long counts as gone; by then it has nothing, by its own clock. */
const SILENCE_MS_MAX = UNREACHED_MS_MAX + PROBE_TIMEOUT_MS

/** Pause before a node joins again after it was evicted, doubling with each time that it happens soon after. */
const REJOIN_FIRST_MS = 100
const REJOIN_MAX_MS = 30_000

/** A node that was in for this long starts over. */
const CALM_MS = 60_000

/** How long a node that leaves tries to tell the others before it leaves anyway, and the pause between two tries. */
const GOODBYE_MS_MAX = 5_000
const GOODBYE_PAUSE_MS = 200

interface Written {
  readonly revision: number
  readonly value: MemberRecord
}

export interface MembershipOptions {
  readonly leases: LeasesService
  readonly transport: TransportService
  readonly records: Records
  readonly view: ClusterView
  readonly clock: Clock.Clock
  readonly leaseMs: number
  /** What the record says, but for what changes while the node runs. */
  readonly about: AboutMember
}

export class Membership {
  readonly #options: MembershipOptions
  readonly #strikes = new Map<string, { count: number; atMs: number }>()
  /** Since when members do not answer. */
  readonly #silent = new Map<string, number>()
  #revision = 0
  #renewedAtMs = Number.NEGATIVE_INFINITY
  #joinedAtMs = Number.NEGATIVE_INFINITY
  #evictedCount = 0
  #lookedAtMs = Number.NEGATIVE_INFINITY
  /** Since when the records have been read again and again. */
  #sightSinceMs = Number.NEGATIVE_INFINITY
  #state: MemberRecord["state"] = "up"
  /** Slots that the record says this node cannot run. */
  #cannotRunWritten: ReadonlyArray<string>
  /** The written record does not have this node's present state. */
  #isChanged = false

  constructor(options: MembershipOptions) {
    this.#options = options
    this.#cannotRunWritten = options.view.cannotRun
  }

  /** Of this life as a member; empty before the first one. */
  get id(): string {
    return this.#options.view.memberId
  }

  get state(): MemberRecord["state"] {
    return this.#state
  }

  get isMember(): boolean {
    return this.#revision > 0
  }

  enter(state: MemberRecord["state"]): void {
    this.#state = state
    this.#isChanged = true
  }

  /** Milliseconds until the record should be renewed. */
  get dueInMs(): number {
    const { view } = this.#options
    const isOld = this.#isChanged || this.#cannotRunWritten !== view.cannotRun
    if (isOld || !this.isMember) return 0
    if (!this.#options.leases.isShared) return Number.POSITIVE_INFINITY
    const everyMs = this.#options.leaseMs / RENEWALS_PER_LEASE
    return Math.max(0, this.#renewedAtMs + everyMs - this.#nowMs)
  }

  /** An id for the next life. */
  readonly newId: Effect.Effect<string> = Effect.gen({ self: this }, function* () {
    const life = yield* Random.nextIntBetween(0, 36 ** 6)
    const id = `${this.#options.about.name}-${life.toString(36).padStart(6, "0")}`
    this.#options.view.joinsAs(id)
    this.#revision = 0
    return id
  })

  /** Writes the record: joins, or renews. False: it was removed or never got in; this life is over. */
  readonly renew: Effect.Effect<boolean, LeasesUnavailable> = Effect.gen({ self: this }, function* () {
    const { leases, records, view, leaseMs } = this.#options
    const { ownership } = view
    const sentAtMs = this.#nowMs
    const { id, isMember } = this
    this.#isChanged = false
    const written = yield* this.#write(this.#revision).pipe(
      Effect.tapError(({ message }) => Effect.sync(() => ownership.notRenewed(message))),
      Effect.onError(() =>
        Effect.sync(() => {
          this.#isChanged = true
        }),
      ),
    )
    if (written === undefined) return false
    const { revision, value } = written
    // Another renewal has found meanwhile that this life is over. Its record expires, as that of a node that crashed.
    if (this.id !== id) return true
    if (isMember && !this.isMember) return false
    if (this.#revision === 0) this.#joinedAtMs = sentAtMs
    this.#revision = revision
    this.#renewedAtMs = sentAtMs
    records.seen.apply({ key: memberKey(this.id), revision, value }, sentAtMs)
    if (leases.isShared) ownership.renewed(sentAtMs, sentAtMs + leaseMs * FENCE_PART)
    else ownership.renewed(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
    return true
  })

  /**
   * Writes over an earlier renewal that was stored after all: the other members count the lease from when they saw that
   * one.
   */
  #write(at: number): Effect.Effect<Written | undefined, LeasesUnavailable> {
    return Effect.suspend(() => {
      // As it is now: this node may have said meanwhile that it goes.
      const { cannotRun } = this.#options.view
      this.#cannotRunWritten = cannotRun
      const value: MemberRecord = { ...this.#options.about, state: this.#state, unfit: cannotRun }
      const again = Effect.flatMap(this.#ownRevision, (own) =>
        own === undefined ? Effect.undefined : this.#write(own),
      )
      return this.#options.leases.write(memberKey(this.id), value, at).pipe(
        Effect.map((revision): Written => ({ revision, value })),
        Effect.catchTag("LeaseConflict", () => again),
      )
    })
  }

  /** After a conflict: somebody removed the record, or an earlier renewal came through after all. */
  get #ownRevision(): Effect.Effect<number | undefined, LeasesUnavailable> {
    return Effect.gen({ self: this }, function* () {
      const { leases, records } = this.#options
      const found = yield* leases.get(memberKey(this.id))
      // The store has lost a write that it had acknowledged, and may have lost others.
      if ((found?.revision ?? 0) < this.#revision) records.seen.clear()
      return found?.value === undefined ? undefined : found.revision
    })
  }

  /** The record was removed, so this node owns nothing. */
  expel(): void {
    this.#revision = 0
    this.#options.view.ownership.end()
  }

  /** This life is over. Returns after the pause before the next one. */
  readonly evicted: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    this.expel()
    if (this.#nowMs - this.#joinedAtMs > CALM_MS) this.#evictedCount = 0
    const longestMs = Math.min(REJOIN_FIRST_MS * 2 ** this.#evictedCount++, REJOIN_MAX_MS)
    yield* Effect.logWarning(
      `This node was evicted from the cluster as ${this.id}; it joins again in ${longestMs} ms.`,
    )
    yield* Effect.sleep(longestMs)
  })

  /** Tells the others that this node leaves; otherwise they would leave the slots that it frees to it. */
  readonly goodbye: Effect.Effect<void> = Effect.suspend(() => {
    this.enter("leaving")
    const said = Effect.retry(this.renew, Schedule.spaced(GOODBYE_PAUSE_MS))
    return Effect.ignore(Effect.timeoutOption(said, GOODBYE_MS_MAX))
  })

  /** Removes this node's record, after its slots were handed off. */
  readonly leave: Effect.Effect<void, LeasesUnavailable> = Effect.gen({ self: this }, function* () {
    if (!this.isMember) return
    const { leases } = this.#options
    const key = memberKey(this.id)
    const revision = this.#revision
    this.#revision = 0
    const remove = (known: number) => Effect.catchTag(leases.remove(key, known), "LeaseConflict", () => again)
    // A renewal was on its way; there are no more of them now.
    const again = Effect.flatMap(leases.get(key), (found) =>
      found?.value === undefined ? Effect.void : Effect.ignore(leases.remove(key, found.revision)),
    )
    yield* remove(revision)
  })

  /** All records were read then. */
  looked(atMs: number): void {
    if (atMs - this.#lookedAtMs > this.#options.leaseMs / 2) this.#sightSinceMs = atMs
    this.#lookedAtMs = atMs
  }

  /** Removes the records of members that have not renewed in time. */
  readonly evictExpired: Effect.Effect<void, LeasesUnavailable> = Effect.suspend(() => {
    const beforeMs = this.#nowMs - this.#options.leaseMs
    // A store that was away has kept everybody from renewing: they get the time again.
    if (this.#sightSinceMs > beforeMs) return Effect.void
    const expired = Array.from(this.#seen.members()).filter(
      ([id, { sinceMs }]) => id !== this.id && sinceMs <= beforeMs,
    )
    return Effect.forEach(expired, ([id]) => this.#evict(id, "it has not renewed its lease"), {
      discard: true,
    })
  })

  /** Asks a member for a sign of life. True: it is gone, and its record was removed. */
  readonly probe = (id: string): Effect.Effect<boolean, LeasesUnavailable> =>
    Effect.gen({ self: this }, function* () {
      const sentAtMs = this.#nowMs
      const failure = yield* this.#ping(id)
      if (failure === undefined) {
        this.#strikes.delete(id)
        this.#silent.delete(id)
        return false
      }
      if (failure.reason === "Timeout") return yield* this.#silentSince(id, sentAtMs)
      if (failure.reason !== "NoResponders") return false
      const { transport } = this.#options
      const nowMs = this.#nowMs
      const strikes = this.#strikes.get(id) ?? { count: 0, atMs: Number.NEGATIVE_INFINITY }
      if (nowMs - transport.disconnectedAtMs() < RECONNECT_GRACE_MS) return false
      if (nowMs - strikes.atMs < STRIKE_PAUSE_MS / 2) return false
      this.#strikes.set(id, { count: strikes.count + 1, atMs: nowMs })
      if (strikes.count + 1 < STRIKES_MAX) {
        yield* Effect.sleep(STRIKE_PAUSE_MS)
        return yield* this.probe(id)
      }
      this.#strikes.delete(id)
      yield* this.#evict(id, "nobody is on its subject")
      return true
    })

  /** Asks itself for a sign of life: if it gets one, the others reach it, too. After a gap its own record decides. */
  readonly probeSelf: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    const sentAtMs = this.#nowMs
    const failure = yield* this.#ping(this.id)
    if (failure !== undefined || this.#options.view.ownership.reached(sentAtMs)) return
    if (this.isMember) yield* Effect.ignore(this.renew)
  })

  /** A member does not answer. True: it has been silent for so long that it was evicted. */
  #silentSince(id: string, sentAtMs: number): Effect.Effect<boolean, LeasesUnavailable> {
    const sinceMs = this.#silent.get(id) ?? sentAtMs
    this.#silent.set(id, sinceMs)
    // A node that is cut off hears no other member.
    const isSelfReached = this.#options.view.ownership.isReached(this.#nowMs - PROBE_TIMEOUT_MS)
    if (!isSelfReached) this.#silent.delete(id)
    if (!isSelfReached || this.#nowMs - sinceMs < SILENCE_MS_MAX) return Effect.succeed(false)
    this.#silent.delete(id)
    return Effect.as(this.#evict(id, `it has given no sign of life for ${SILENCE_MS_MAX} ms`), true)
  }

  #ping(id: string): Effect.Effect<RequestFailed | undefined> {
    return Effect.callback<RequestFailed | undefined>((resume) => {
      const forget = this.#options.transport.send(memberSubject(id), PING, PROBE_TIMEOUT_MS, {
        onReply: () => resume(Effect.succeed(undefined)),
        onFailure: (failure) => resume(Effect.succeed(failure)),
      })
      return Effect.sync(forget)
    })
  }

  /** Evicts a member once, also where several probes found it gone. */
  #evict(id: string, why: string): Effect.Effect<void, LeasesUnavailable> {
    if (!this.#seen.members().has(id)) return Effect.void
    return Effect.flatMap(this.#options.records.remove(memberKey(id)), (isRemoved) =>
      // Otherwise the member has renewed meanwhile, or another member has evicted it.
      isRemoved ? Effect.logWarning(`Member ${id} is evicted: ${why}.`) : Effect.void,
    )
  }

  get #seen(): SeenRecords {
    return this.#options.records.seen
  }

  get #nowMs(): number {
    return monotonicMs(this.#options.clock)
  }
}

/** A request that asks for nothing but a sign of life. */
export const PING = new TextEncoder().encode(JSON.stringify({ k: "ping" }))
