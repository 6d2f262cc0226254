/**
 * A node's part in the cluster: it joins, renews, looks at the others, takes and hands over slots, and leaves.
 *
 * Owns the loop. There is no leader: every member reads the same records (Leases.ts),
 * comes to the same placement (Placement.ts) and does its own share of it (Leasing.ts); who is a member at all is
 * Membership.ts, how records are read Records.ts. Nothing here makes commits right or wrong, the journal's check does
 * that. What the node's other rooms read of all this, and what they report: ClusterView.ts.
 */
import { Clock, Effect, FiberSet, Latch, Option, Schedule, type Scope, Stream } from "effect"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { Transport } from "../transport/Transport.ts"
import { eventsBetween } from "./ClusterEvent.ts"
import type { ClusterReports, ClusterView } from "./ClusterView.ts"
import { type LeaseHint, Leases, type LeasesUnavailable } from "./Leases.ts"
import { Leasing } from "./Leasing.ts"
import { loopOn } from "./Loop.ts"
import { type AboutMember, type MemberRecord, slotKey, subjectOfKey } from "./Member.ts"
import { serveMember } from "./MemberRequests.ts"
import { Membership, RENEWALS_PER_LEASE } from "./Membership.ts"
import { PROBE_PERIOD_MS } from "./Ownership.ts"
import { Records } from "./Records.ts"
import type { SeenRecords } from "./SeenRecords.ts"
import type { SlotFamily } from "./Slot.ts"
import type { Tenant } from "./Tenant.ts"
import { wantedPlacement } from "./WantedPlacement.ts"
import { Wishes } from "./Wishes.ts"

/** Members that each one looks after: the next ones in order of their ids. */
const PROBED_COUNT = 3

/** Nothing moves just for balance until the members have been the same for this long, in milliseconds. */
const SETTLE_MS = 500

/** Longest time that a start waits for its share of what is free, in milliseconds. */
const FIRST_SHARE_MS_MAX = 5_000

/** Pause after the lease store could not be used, in milliseconds. */
const UNAVAILABLE_PAUSE_MS = 200

/** Reports of silent owners within this many milliseconds cause one look at the records. */
const SUSPICION_PAUSE_MS = 100

export interface ClusterOptions {
  readonly about: AboutMember
  readonly families: ReadonlyArray<SlotFamily>
  readonly tenants: ReadonlyMap<string, Tenant>
  readonly view: ClusterView
  /** Time after which a member that has not renewed its record is evicted, in milliseconds. */
  readonly leaseMs: number
  /** Time that a slot's tenant gets to finish its work when it moves, in milliseconds. */
  readonly handoffMs: number
  /** Answers what other members ask this one, except for a sign of life and for {@link Cluster.enter}. */
  readonly asked: (request: unknown) => Effect.Effect<unknown>
  /** Told of slots that have a new owner, this node or another. */
  readonly ownerChanged: (slot: string, former: string | undefined) => void
}

export interface Cluster {
  readonly families: ReadonlyArray<SlotFamily>
  /** `drained`: the node stays a member and owns nothing. `up`: it takes part again. */
  readonly enter: (state: "up" | "drained") => Effect.Effect<void>
  /** Pins a slot to a member; without a member, the placement decides again. */
  readonly pin: (slot: string, memberId: string | undefined) => Effect.Effect<void, LeasesUnavailable>
  /** Pauses or resumes all actors of a type, on all nodes. */
  readonly pause: (type: string, isPaused: boolean) => Effect.Effect<void, LeasesUnavailable>
  /** All records are read soon, whatever the hints say: somebody speaks of one that this node has not seen. */
  readonly lookAgain: Effect.Effect<void>
  /** Hands all slots off and removes this node's record. Safe to call twice. */
  readonly leave: Effect.Effect<void>
}

/** Joins, and returns when this node has its share of what was free. The end of the scope is a crash to the others. */
export const makeCluster = Effect.fnUntraced(function* (
  options: ClusterOptions,
): Effect.fn.Return<Cluster, never, Leases | Transport | Scope.Scope> {
  const agent = new Agent(
    options,
    yield* Clock.Clock,
    yield* Leases,
    yield* Transport,
    yield* FiberSet.makeRuntime<never>(),
  )
  yield* Effect.addFinalizer(() => agent.halt)
  for (const loop of [agent.hints, agent.renewing, agent.probing, agent.reports, agent.forever]) {
    yield* Effect.forkScoped(loopOn(loop))
  }
  yield* Effect.timeoutOption(agent.hasFirstShare.await, FIRST_SHARE_MS_MAX)
  return agent
})

class Agent implements Cluster {
  readonly hasFirstShare = Latch.makeUnsafe(false)
  readonly #options: ClusterOptions
  readonly #clock: Clock.Clock
  readonly #leases: Leases["Service"]
  readonly #transport: Transport["Service"]
  readonly #fork: (work: Effect.Effect<void>) => void
  readonly #view: ClusterView
  readonly #records: Records
  readonly #wishes: Wishes
  readonly #membership: Membership
  readonly #leasing: Leasing
  /** Open: there is something to look at; the record should be renewed now. */
  readonly #something = Latch.makeUnsafe(true)
  readonly #renewal = Latch.makeUnsafe(false)
  readonly #isIn = Latch.makeUnsafe(false)
  readonly #hasLeft = Latch.makeUnsafe(false)
  /** Members that are being asked for a sign of life. */
  readonly #probed = new Set<string>()
  #lastMembers: ReadonlyMap<string, MemberRecord> = new Map()
  #lastOwners: ReadonlyMap<string, string | undefined> = new Map()
  #membersSinceMs = 0
  #suspectedAtMs = Number.NEGATIVE_INFINITY
  #isLeaving = false

  constructor(
    options: ClusterOptions,
    clock: Clock.Clock,
    leases: Leases["Service"],
    transport: Transport["Service"],
    fork: (work: Effect.Effect<void>) => void,
  ) {
    this.#options = options
    this.#view = options.view
    this.#clock = clock
    this.#leases = leases
    this.#transport = transport
    this.#fork = fork
    const records = new Records(leases, clock, options.leaseMs / RENEWALS_PER_LEASE, options.view.seen)
    this.#records = records
    this.#wishes = new Wishes(records)
    this.#membership = new Membership({ leases, transport, records, clock, ...options })
    const moved = (slot: string, epoch: number, what: "taken" | "handedOver" | "lost") =>
      this.#view.announce({ type: "SlotMoved", slot, epoch, what, member: this.#memberId })
    this.#leasing = new Leasing({ records, clock, moved, ...options }, fork)
  }

  get #memberId(): string {
    return this.#view.memberId
  }

  get #seen(): SeenRecords {
    return this.#view.seen
  }

  get families(): ReadonlyArray<SlotFamily> {
    return this.#options.families
  }

  /** One life after the other, each joined under an id of its own. */
  readonly forever: Effect.Effect<void> = Effect.suspend(() => Effect.scoped(this.#life)).pipe(
    Effect.repeat({ while: () => !this.#isLeaving }),
    Effect.asVoid,
  )

  get #life(): Effect.Effect<void, never, Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      const id = yield* this.#membership.newId
      yield* serveMember(this.#transport, id, this.#asked)
      const joined = yield* this.#stubborn(this.#membership.renew)
      if (joined) {
        yield* this.#isIn.open
        yield* Effect.ignore(this.#look)
        yield* this.#probeAll
        while (this.#membership.isMember && !this.#isLeaving) yield* this.#turn
        // A node that leaves goes on giving signs of life and renewing until it has handed everything off.
        if (this.#isLeaving) yield* this.#hasLeft.await
        yield* this.#isIn.close
        if (this.#isLeaving) yield* Effect.ignore(this.#membership.leave) // told to go before it was in
      }
      if (this.#isLeaving) return
      yield* this.#leasing.dropAll
      yield* this.#membership.evicted
    })
  }

  /** Looks, takes and hands over, waits for news. */
  get #turn(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      yield* this.#something.close
      yield* this.#look
      yield* this.#membership.evictExpired
      const isSettled = this.#nowMs - this.#membersSinceMs >= SETTLE_MS
      const placement = this.#placement(isSettled)
      yield* this.#leasing.follow(this.#memberId, placement, (slot) => this.#isOwnWish(slot, placement))
      yield* this.hasFirstShare.open
      const waitMs = isSettled ? this.#options.leaseMs / RENEWALS_PER_LEASE : SETTLE_MS
      if (!this.#leases.isShared) return yield* this.#something.await
      const reason = yield* Effect.timeoutOption(this.#something.await, waitMs)
      // No hint came for a while. Hints may be lost, so all records are read.
      if (Option.isNone(reason)) this.#records.doubt()
    }).pipe(
      // If the loop ended here, the node would stay a member and never take or hand off a slot again.
      Effect.tapDefect((defect) => Effect.logError("This node tries again to see to the cluster.", defect)),
      Effect.catchDefect(Effect.fail),
      Effect.catch(() => Effect.sleep(UNAVAILABLE_PAUSE_MS)),
    )
  }

  /** The slot moves for balance alone: this node is up and could keep it. */
  #isOwnWish(slot: string, placement: ReadonlyMap<string, string>): boolean {
    const isWell = this.#membership.state === "up" && !this.#view.cannotRun.includes(slot)
    return isWell && this.#seen.pins().get(slot) !== placement.get(slot)
  }

  #placement(isSettled: boolean): ReadonlyMap<string, string> {
    return wantedPlacement(this.#seen, this.#options.families, isSettled)
  }

  get #look(): Effect.Effect<void, LeasesUnavailable> {
    return Effect.map(this.#records.refresh, () => this.#looked())
  }

  /** Tells what is new. */
  #looked(): void {
    this.#membership.looked(this.#records.listedAtMs)
    this.#view.looked()
    const members = new Map(Array.from(this.#seen.members(), ([id, { value }]) => [id, value]))
    const news = eventsBetween(this.#lastMembers, members)
    if (news.some(({ type }) => type !== "MemberChanged")) this.#membersSinceMs = this.#nowMs
    this.#lastMembers = members
    // Another member has removed this node's record. The renewal finds that out.
    if (this.#membership.isMember && !members.has(this.#memberId)) this.#renewal.openUnsafe()
    for (const event of news) this.#view.announce(event)
    const owners = new Map(Array.from(this.#seen.slots(), ([slot, { value }]) => [slot, value.m]))
    for (const [slot, owner] of owners) {
      const former = this.#lastOwners.get(slot)
      if (owner !== undefined && owner !== former) this.#options.ownerChanged(slot, former)
    }
    this.#lastOwners = owners
  }

  /** Renews in time, whatever else takes long. */
  readonly renewing: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    while (true) {
      yield* this.#isIn.await
      yield* this.#renewal.close
      const { dueInMs } = this.#membership
      yield* Number.isFinite(dueInMs)
        ? Effect.timeoutOption(this.#renewal.await, dueInMs)
        : this.#renewal.await
      const { isMember, renew } = this.#membership
      const isIn = isMember ? yield* Effect.orElseSucceed(renew, () => undefined) : undefined
      if (isIn === undefined) yield* Effect.sleep(UNAVAILABLE_PAUSE_MS)
      if (isIn === false) {
        this.#membership.expel()
        yield* this.#isIn.close
        yield* this.#something.open
      }
    }
  })

  /** Looks after the next members in order. */
  readonly probing: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    while (this.#leases.isShared) {
      yield* this.#isIn.await
      yield* Effect.sleep(PROBE_PERIOD_MS)
      const ids = Array.from(this.#seen.members().keys()).sort()
      const own = ids.indexOf(this.#memberId)
      const next = [...ids.slice(own + 1), ...ids.slice(0, Math.max(own, 0))].slice(0, PROBED_COUNT)
      // Each member is asked by itself, so that one that does not answer does not delay the others.
      for (const id of next) this.#probeOnce(id)
      yield* this.#membership.probeSelf
    }
  })

  /** At the start: if the whole cluster was killed, this node does not wait until the others' leases are over. */
  get #probeAll(): Effect.Effect<void> {
    const others = Array.from(this.#seen.members().keys()).filter((id) => id !== this.#memberId)
    return Effect.forEach(others, (id) => this.#probe(id), { concurrency: "unbounded", discard: true })
  }

  #probeOnce(id: string): void {
    if (this.#probed.has(id)) return
    this.#probed.add(id)
    this.#fork(
      Effect.ensuring(
        this.#probe(id),
        Effect.sync(() => this.#probed.delete(id)),
      ),
    )
  }

  #probe(id: string): Effect.Effect<void> {
    return this.#membership.probe(id).pipe(
      Effect.flatMap((isGone) => (isGone ? this.#something.open : Effect.void)),
      Effect.ignore,
    )
  }

  /** Others write: look at it. */
  readonly hints: Effect.Effect<void> = Effect.suspend(() =>
    Stream.runForEach(this.#leases.changes, (hint) => {
      if (subjectOfKey(hint.key) === undefined || this.#isRenewal(hint)) return Effect.void
      this.#records.hinted(hint)
      return this.#something.open
    }),
  )

  /** Skips members whose record has not changed. */
  #isRenewal({ key, value }: LeaseHint): boolean {
    return subjectOfKey(key)?.kind === "member" && value !== undefined && this.#seen.says(key, value)
  }

  /** Acts on what the node's other rooms report. */
  readonly reports: Effect.Effect<void> = Effect.forever(
    Effect.andThen(
      Effect.suspend(() => this.#view.reported.await),
      Effect.sync(() => this.#act(this.#view.takeReports())),
    ),
  )

  #act({ suspected, overtaken, hasSurrendered }: ClusterReports): void {
    for (const slot of suspected) this.#suspect(slot)
    for (const slot of overtaken) {
      this.#fork(Effect.andThen(Effect.ignore(this.#records.look(slotKey(slot))), this.#something.open))
    }
    if (!hasSurrendered) return
    // The other members read in this node's record which slots it cannot run.
    this.#renewal.openUnsafe()
    this.#something.openUnsafe()
  }

  #suspect(slot: string): void {
    const owner = this.#seen.slot(slotKey(slot))?.m
    if (owner !== undefined && owner !== this.#memberId) this.#probeOnce(owner)
    const nowMs = this.#nowMs
    if (nowMs - this.#suspectedAtMs < SUSPICION_PAUSE_MS) return
    this.#suspectedAtMs = nowMs
    this.#lookAgain()
  }

  #lookAgain(): void {
    this.#records.doubt()
    this.#something.openUnsafe()
  }

  readonly #asked = (request: unknown): Effect.Effect<unknown> => {
    const { k, state } = (request ?? {}) as { readonly k?: unknown; readonly state?: unknown }
    if (k !== "enter") return this.#options.asked(request)
    return Effect.as(this.enter(state === "drained" ? "drained" : "up"), { ok: true })
  }

  readonly enter = (state: "up" | "drained"): Effect.Effect<void> =>
    Effect.sync(() => {
      if (this.#isLeaving) return
      this.#membership.enter(state)
      this.#renewal.openUnsafe()
      this.#something.openUnsafe()
    })

  /** There is something to look at. */
  get #wake(): Effect.Effect<void> {
    return Effect.asVoid(this.#something.open)
  }

  readonly pin = (slot: string, memberId: string | undefined) =>
    Effect.andThen(this.#wishes.pin(slot, memberId), this.#wake)

  readonly pause = (type: string, isPaused: boolean) =>
    Effect.andThen(this.#wishes.pause(type, isPaused), this.#wake)

  readonly lookAgain: Effect.Effect<void> = Effect.sync(() => this.#lookAgain())

  readonly leave: Effect.Effect<void> = Effect.suspend(() => {
    if (this.#isLeaving) return this.#hasLeft.await
    this.#isLeaving = true
    if (!this.#membership.isMember) return Effect.ensuring(this.halt, this.#hasLeft.open)
    const handOver = Effect.suspend(() => this.#leasing.releaseAll(this.#memberId, this.#placement(true)))
    const going = Effect.andThen(handOver, this.#membership.leave)
    return Effect.ensuring(Effect.andThen(this.#membership.goodbye, Effect.ignore(going)), this.#hasLeft.open)
  })

  /** This node owns nothing from now on, whatever the records say. */
  readonly halt: Effect.Effect<void> = Effect.suspend(() => {
    this.#isLeaving = true
    this.#view.ownership.end()
    return this.#leasing.dropAll
  })

  /** Until it works. */
  #stubborn<A, E>(work: Effect.Effect<A, E>): Effect.Effect<A> {
    return Effect.orDie(Effect.retry(work, Schedule.spaced(UNAVAILABLE_PAUSE_MS)))
  }

  get #nowMs(): number {
    return monotonicMs(this.#clock)
  }
}
