/**
 * The cluster as operators see it from any of its nodes: its members, their slots, and the operators' verbs.
 *
 * Owns the gathering and the verbs. Wishes that concern all (a pin, a paused type) are records that every member reads;
 * those that concern one member are asked of it (../cluster/MemberRequests.ts), and answered there (MemberAnswers.ts).
 */
import { Clock, Effect, Option, Schedule, type Stream } from "effect"
import { addressOf } from "../address/ActorAddress.ts"
import type { Cluster } from "../cluster/Cluster.ts"
import type { ClusterEvent } from "../cluster/ClusterEvent.ts"
import type { ClusterView } from "../cluster/ClusterView.ts"
import type { LeasesUnavailable } from "../cluster/Leases.ts"
import { cannotRun, type MemberRecord, type MemberState, slotKey } from "../cluster/Member.ts"
import { askMember, MEMBER_TIMEOUT_MS } from "../cluster/MemberRequests.ts"
import type { ShardMap } from "../cluster/ShardMap.ts"
import type { SlotFamily } from "../cluster/Slot.ts"
import type { AnyActor } from "../definition/Actor.ts"
import { actorOf, type DefinitionOf } from "../definition/DefinitionOf.ts"
import {
  SKIP_TIMEOUT_MS,
  type SkipOrder,
  type SkipReport,
  type StoppedRecord,
} from "../follower/RecordSkip.ts"
import type { MailboxService } from "../mailbox/Mailbox.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import type { TransportService } from "../transport/Transport.ts"
import { ClusterVerbFailed, unknownActorType } from "./ClusterVerbFailed.ts"
import { isLoad, type MemberLoad, type Question } from "./MemberAnswers.ts"

/** How long a verb waits for the record of a member that this node has not seen, in milliseconds, and how often it looks. */
const UNSEEN_WAIT_MS = 1_000
const UNSEEN_PAUSE_MS = 20

/** One member of the cluster. */
export interface MemberStatus {
  /** Of this life of the node. */
  readonly id: string
  readonly name: string
  readonly state: MemberState
  readonly version: string
  readonly labels: ReadonlyArray<string>
  readonly weight: number
  /** Unix milliseconds. */
  readonly startedAt: number
  readonly isSelf: boolean
  readonly slotCount: number
  /** Slots that it gave up because it cannot read or host what is in them. */
  readonly unfit: ReadonlyArray<string>
  /** Absent where it did not answer in time. */
  readonly load?: MemberLoad
}

/** One slot, its owner, and how its work goes. */
export interface SlotStatus {
  /** `shard.7`, `projection.<name>.v1.p0`, `reactor.<name>.p0`, `singleton.<name>`. */
  readonly slot: string
  readonly epoch: number
  /** Id of the member that has it; absent: nobody now. */
  readonly member?: string
  /** Of a shard: messages that wait in its mailbox. Absent where the mailbox did not say in time. */
  readonly lagCount?: number
  /** Of a projection or reactor: the record that it does not get past. `skip` steps past it. */
  readonly stopped?: StoppedRecord
}

/** How this node stands in the cluster, by what it knows itself. */
export interface MemberStanding {
  readonly id: string
  readonly name: string
  /** `out`: it is no member now. */
  readonly state: MemberState | "out"
  /** What it has it may use: it has renewed its lease in time. */
  readonly isLeaseValid: boolean
  /** Milliseconds since its last renewal; absent while it is no member. */
  readonly leaseAgeMs?: number
  /** Slots that it has, by kind: `shard`, `projection`, `reactor`, `singleton`. */
  readonly slotCounts: { readonly [kind: string]: number }
  /** Members that it knows of, by state. */
  readonly memberCounts: { readonly [state in MemberState]: number }
}

/** The cluster as this node sees it: members, slots, pins, and paused types. */
export interface ClusterStatus {
  readonly members: ReadonlyArray<MemberStatus>
  readonly slots: ReadonlyArray<SlotStatus>
  /** Slots that an operator has pinned, with the member. */
  readonly pins: { readonly [slot: string]: string }
  /** Actor types that an operator has paused. */
  readonly paused: ReadonlyArray<string>
}

/** All errors of the verbs of the cluster. */
export type ClusterError = ClusterVerbFailed | LeasesUnavailable

/** What operators see of the cluster, and the verbs by which they change it. */
export interface ClusterControl {
  /** Id of this node as a member; another one after it was evicted. */
  readonly memberId: () => string
  /** This node's own standing; asks nobody. */
  readonly standing: Effect.Effect<MemberStanding>
  /** The whole cluster: asks every member, and the mailbox, a second at most. */
  readonly status: Effect.Effect<ClusterStatus>
  /** What happens from now on, as this node sees it; a listener that lags far behind misses the oldest. */
  readonly events: Stream.Stream<ClusterEvent>
  /** The member hands everything over and gets nothing, but stays; resolves when it has begun. By id or name. */
  readonly drain: (member: string) => Effect.Effect<void, ClusterError>
  /** A drained member takes part again. */
  readonly undrain: (member: string) => Effect.Effect<void, ClusterError>
  /** The member gets the slot, if it can have it, and keeps it for as long as it lives. */
  readonly move: (slot: string, member: string) => Effect.Effect<void, ClusterError>
  /** The slot is placed like all others again. */
  readonly unpin: (slot: string) => Effect.Effect<void, ClusterError>
  /** Lets an idle actor leave memory, wherever it is. False: it was not there, or is busy. */
  readonly passivate: (definition: DefinitionOf<AnyActor>, id: string) => Effect.Effect<boolean, ClusterError>
  /** No actor of the type takes commands, anywhere, once all nodes have heard of it; messages wait. Reads go on. */
  readonly pause: (definition: DefinitionOf<AnyActor>) => Effect.Effect<void, ClusterError>
  /** Ends the pause of an actor type. */
  readonly resume: (definition: DefinitionOf<AnyActor>) => Effect.Effect<void, ClusterError>
  /**
   * Has a projection or reactor (`projection.<name>.v<version>.p<partition>`, `reactor.<name>.p<partition>`) step past
   * the one record at which it stands still. A projection puts aside the events that fail, and moves its offset in the
   * same transaction; a reactor leaves a dead letter for the record. Resolves once it is past the record; a repeat of the
   * order resolves with `isNews: false`. `by` and `note` are kept with the dead letters.
   */
  readonly skip: (slot: string, order: SkipOrder) => Effect.Effect<SkipReport, ClusterError>
}

interface ControlOptions {
  readonly cluster: Cluster
  readonly nodeName: string
  readonly view: ClusterView
  readonly mailbox: MailboxService
  readonly transport: TransportService
  readonly shardMap: ShardMap
  readonly knows: (actor: AnyActor) => boolean
}

export const makeClusterControl = (options: ControlOptions): ClusterControl => {
  const { cluster, view, transport, shardMap, knows, mailbox, nodeName } = options
  const { seen } = view
  const ask = (id: string, question: Question, timeoutMs = MEMBER_TIMEOUT_MS) =>
    askMember(transport, id, question, timeoutMs).pipe(
      Effect.mapError(
        ({ message }) =>
          new ClusterVerbFailed({
            reason: "NoAnswer",
            what: `Member ${id} does not answer: ${message}`,
            hint: "If it is gone, the others will notice; otherwise try again.",
          }),
      ),
    )

  const seenMember = (name: string): Effect.Effect<string, ClusterVerbFailed> =>
    Effect.suspend(() => {
      const members = seen.members()
      if (members.has(name)) return Effect.succeed(name)
      const found = Array.from(members).find(([, { value }]) => value.name === name)
      if (found !== undefined) return Effect.succeed(found[0])
      // This node is there, also when the store has just lost its record.
      if (name === view.memberId || name === nodeName) return Effect.succeed(view.memberId)
      const names = Array.from(members.values(), ({ value }) => value.name)
      return new ClusterVerbFailed({
        reason: "UnknownMember",
        what: `No member "${name}"`,
        hint: `Members are ${names.join(", ") || "(none)"}.`,
      })
    })

  /** A member that has just joined may be known to everybody but this node. */
  const memberNamed = (name: string): Effect.Effect<string, ClusterVerbFailed> => {
    const waiting = Effect.retry(seenMember(name), {
      schedule: Schedule.spaced(UNSEEN_PAUSE_MS),
      times: UNSEEN_WAIT_MS / UNSEEN_PAUSE_MS,
    })
    return Effect.catch(seenMember(name), () => Effect.andThen(cluster.lookAgain, waiting))
  }

  const slotNamed = (slot: string): Effect.Effect<string, ClusterVerbFailed> =>
    Effect.suspend(() =>
      cluster.families.some(({ slots }) => slots.includes(slot))
        ? Effect.succeed(slot)
        : new ClusterVerbFailed({
            reason: "UnknownSlot",
            what: `No slot "${slot}"`,
            hint: `Shards are "shard.0" to "shard.${shardMap.shardCount - 1}"; the cluster's status lists all.`,
          }),
    )

  /** The member, if it can have the slot now. */
  const runnerOf = (slot: string, id: string): Effect.Effect<string, ClusterVerbFailed> =>
    Effect.suspend(() => {
      const family = cluster.families.find(({ slots }) => slots.includes(slot))
      const member = seen.members().get(id)?.value
      const why =
        member === undefined || family === undefined ? "is gone" : whyCannotRun(slot, family, member)
      if (why === undefined) return Effect.succeed(id)
      return new ClusterVerbFailed({
        reason: "Unfit",
        what: `Member ${id} cannot have ${slot}: it ${why}`,
        hint: "Choose another member, or change that first.",
      })
    })

  const typeOf = (definition: DefinitionOf<AnyActor>): Effect.Effect<string, ClusterVerbFailed> =>
    Effect.suspend(() => {
      const actor = actorOf(definition)
      return knows(actor) ? Effect.succeed(actor.type) : unknownActorType(actor.type)
    })

  /** Asks the member that runs the slot. */
  const skip: ClusterControl["skip"] = Effect.fnUntraced(function* (slot, order) {
    const owner = seen.slot(slotKey(yield* slotNamed(slot)))?.m
    const failed = (reason: ClusterVerbFailed["reason"], what: string, hint: string) =>
      new ClusterVerbFailed({
        reason,
        what: `${slot} does not step past record ${order.sequence}: ${what}`,
        hint,
      })
    if (owner === undefined) return yield* failed("NoAnswer", "no member runs it now", "Try again soon.")
    const answer = yield* ask(owner, { k: "skip", slot, ...order }, SKIP_TIMEOUT_MS + MEMBER_TIMEOUT_MS)
    const { skipped, refused } = answer as { readonly skipped?: SkipReport; readonly refused?: string }
    if (skipped !== undefined) return skipped
    if (refused === undefined) {
      const hint = "Move the slot to a member of this release first."
      return yield* failed("NoAnswer", `member ${owner} does not know how`, hint)
    }
    const hint = "Only the record that the cluster's status names as `stopped` can be skipped."
    return yield* failed("NotStopped", refused, hint)
  })

  const enter = (member: string, state: "up" | "drained") =>
    Effect.flatMap(memberNamed(member), (id) =>
      id === view.memberId ? cluster.enter(state) : Effect.asVoid(ask(id, { k: "enter", state })),
    )

  const loadOf = (id: string): Effect.Effect<MemberLoad | undefined> =>
    ask(id, { k: "load" }).pipe(
      Effect.map((load) => (isLoad(load) ? load : undefined)),
      Effect.orElseSucceed(() => undefined),
    )

  /** Messages that wait, by slot; what waits for types that are not known here is not counted. */
  const lags = Effect.map(mailbox.backlog, (backlog) => {
    const counts = new Map(shardMap.all.map(({ slot }) => [slot, 0]))
    for (const { shard, type, count } of backlog) {
      const slot = shardMap.all[shardMap.indexOf(type, shard) ?? -1]?.slot
      if (slot !== undefined) counts.set(slot, (counts.get(slot) ?? 0) + count)
    }
    return counts
  }).pipe(
    Effect.timeoutOption(MEMBER_TIMEOUT_MS),
    Effect.map(Option.getOrUndefined),
    Effect.orElseSucceed(() => undefined),
  )

  return {
    memberId: () => view.memberId,
    standing: Effect.map(Clock.Clock, (clock) => standingOf(options, monotonicMs(clock))),
    status: Effect.gen(function* () {
      const members = Array.from(seen.members(), ([id, { value }]) => ({ id, value }))
      const asked = Effect.forEach(members, ({ id }) => loadOf(id), { concurrency: "unbounded" })
      const [loads, lagCounts] = yield* Effect.all([asked, lags], { concurrency: "unbounded" })
      const slots = cluster.families
        .flatMap((family) => family.slots)
        .map((slot): SlotStatus => {
          const record = seen.slot(slotKey(slot))
          const member = record?.m !== undefined && seen.members().has(record.m) ? record.m : undefined
          const lagCount = lagCounts?.get(slot)
          const stopped = loads.find((load) => load?.stopped?.[slot] !== undefined)?.stopped?.[slot]
          return {
            slot,
            epoch: record?.e ?? 0,
            ...(member === undefined ? undefined : { member }),
            ...(lagCount === undefined ? undefined : { lagCount }),
            ...(stopped === undefined ? undefined : { stopped }),
          }
        })
      return {
        members: members.map(({ id, value }, index) =>
          statusOf(id, value, id === view.memberId, slots, loads[index]),
        ),
        slots,
        pins: Object.fromEntries(seen.pins()),
        paused: [...seen.paused()].sort(),
      }
    }),
    events: view.events,
    drain: (member) => enter(member, "drained"),
    undrain: (member) => enter(member, "up"),
    move: (slot, member) =>
      Effect.flatMap(slotNamed(slot), (known) =>
        Effect.flatMap(
          Effect.flatMap(memberNamed(member), (id) => runnerOf(known, id)),
          (id) => cluster.pin(known, id),
        ),
      ),
    unpin: (slot) => Effect.flatMap(slotNamed(slot), (known) => cluster.pin(known, undefined)),
    passivate: (definition, id) =>
      Effect.flatMap(typeOf(definition), (actorType) => {
        const { key, shard } = addressOf(actorType, id, shardMap.shardCount)
        const shardIndex = shardMap.indexOf(actorType, shard)
        const owner =
          shardIndex === undefined ? undefined : seen.slot(slotKey(shardMap.all[shardIndex]?.slot ?? ""))?.m
        if (owner === undefined) return Effect.succeed(false)
        const asked = ask(owner, { k: "passivate", key })
        return Effect.map(asked, (answer) => (answer as { readonly ok?: boolean }).ok === true)
      }),
    pause: (definition) => Effect.flatMap(typeOf(definition), (type) => cluster.pause(type, true)),
    resume: (definition) => Effect.flatMap(typeOf(definition), (type) => cluster.pause(type, false)),
    skip,
  }
}

const whyCannotRun = (
  slot: string,
  { label, isShards }: SlotFamily,
  member: MemberRecord,
): string | undefined => {
  if (member.state !== "up") return `is ${member.state}`
  if (label !== undefined && !member.labels.includes(label)) return `has no label "${label}"`
  if (!isShards && !member.runs.includes(slot)) return "was not given that to run"
  return cannotRun(member, slot) ? "gave it up: it cannot read or host what is there" : undefined
}

const standingOf = ({ view, nodeName }: ControlOptions, nowMs: number): MemberStanding => {
  const { seen, ownership, memberId: id } = view
  const members = seen.members()
  const own = members.get(id)
  const slotCounts: Record<string, number> = {}
  for (const [slot, { value }] of own === undefined ? [] : seen.slots()) {
    if (value.m !== id) continue
    const kind = slot.slice(0, slot.indexOf("."))
    slotCounts[kind] = (slotCounts[kind] ?? 0) + 1
  }
  const memberCounts = { up: 0, drained: 0, leaving: 0 }
  for (const { value } of members.values()) memberCounts[value.state]++
  return {
    id,
    name: nodeName,
    state: own?.value.state ?? "out",
    isLeaseValid: ownership.isValid(nowMs),
    ...(own === undefined ? undefined : { leaseAgeMs: nowMs - own.sinceMs }),
    slotCounts,
    memberCounts,
  }
}

const statusOf = (
  id: string,
  { name, state, version, labels, weight, startedAt, unfit }: MemberRecord,
  isSelf: boolean,
  slots: ReadonlyArray<SlotStatus>,
  load: MemberLoad | undefined,
): MemberStatus => ({
  id,
  name,
  state,
  version,
  labels,
  weight,
  startedAt,
  isSelf,
  slotCount: slots.filter(({ member }) => member === id).length,
  unfit,
  ...(load === undefined ? undefined : { load }),
})
