/**
 * Judges a cluster: the owners of slots in the lease store and in the view of every node, and what nodes do
 * without a lease.
 *
 * Owns the rules for leases that can be seen from outside. Two nodes may briefly believe that they own a
 * shard, and the journal's check handles that. But no node begins any work once its last renewed lease has
 * ended by its own clock. When faults have ended, every slot has one owner, all nodes agree on it, and shares
 * are even.
 */
import { Clock, Context, Effect } from "effect"
import type { ActorAddress } from "../../address/ActorAddress.ts"
import { type SlotRecord, subjectOfKey } from "../../cluster/Member.ts"
import type { ShardMap } from "../../cluster/ShardMap.ts"
import { singletonSlot } from "../../cluster/Slot.ts"
import { defineSingleton, type SingletonDefinition } from "../../singleton/Singleton.ts"
import type { MemberStanding } from "../../system/ClusterControl.ts"
import type { FaultKind } from "./FaultKind.ts"
import type { FaultRates } from "./Faults.ts"
import { readCommit } from "./Reference.ts"
import type { LeaseWritten } from "./SimulatedLeases.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"
import type { SimulatedServers } from "./SimulatedServers.ts"
import { PROMISES, Violation } from "./Violation.ts"
import type { World } from "./World.ts"

/**
 * Faults after which a node that still answers may briefly count as gone: it keeps its lease although others
 * cannot reach it, or hear from it too late. Lost leases do not name their former owners.
 */
const OVERLAPS: ReadonlyArray<FaultKind> = [
  "partition",
  "journal away",
  "request lost",
  "request slow",
  "request unrouted",
  "request answer lost",
  "reply slow",
  "leases lose their tail",
  "leases lost",
]

/** Whether a shard never has two owners at once under these faults. */
export const keepsOwnersApart = (rates: FaultRates): boolean =>
  OVERLAPS.every((kind) => rates[kind] === undefined)

/** Faults after which a record of a slot may be older than the one before it, or not written by a node. */
const RECORD_FAULTS: ReadonlyArray<FaultKind> = ["leases lost", "leases lose their tail", "rubbish lease"]

/** Whether under these faults the lease store keeps exactly what nodes write. */
export const keepsRecords = (rates: FaultRates): boolean =>
  RECORD_FAULTS.every((kind) => rates[kind] === undefined)

/** A singleton that every simulated cluster runs, to observe where it runs. */
const LIGHTHOUSE = "lighthouse"

/** Reasons of an eviction, in the words of the log. */
const EVICTIONS: ReadonlyArray<readonly [string, string]> = [
  ["nobody is on its subject", "evicted after no responders"],
  ["has not renewed", "evicted after its lease was over"],
  ["no sign of life", "evicted after a silence"],
  ["This node was evicted", "evicted, and joins again"],
]

export interface ClusterCheckerOptions {
  readonly isOneOwner: boolean
  /** Whether the lease store loses no record, and holds only records of nodes. */
  readonly areRecordsKept: boolean
  readonly leaseMs: number
  readonly shardMap: ShardMap
  /** Slots of projections and reactors. */
  readonly services: ReadonlyArray<string>
  readonly nodes: () => ReadonlyArray<SimulatedNode>
  readonly judge: (check: () => void) => void
}

export class ClusterChecker {
  readonly #world: World
  readonly #servers: SimulatedServers
  readonly #options: ClusterCheckerOptions
  /** End of each process's lease, in virtual milliseconds. */
  readonly #leasedUntilMs = new Map<SimulatedProcess, number>()
  /** Processes by member id. */
  readonly #memberHosts = new Map<string, SimulatedProcess>()
  readonly #slots = new Map<string, SlotRecord>()
  /** Processes that wrote a record and do not have its acknowledgement, by name of the record. */
  readonly #unheard = new Map<string, SimulatedProcess>()
  /** Highest epoch of an actor's commits. */
  readonly #epochs = new Map<string, number>()
  readonly #lighthouses = new Set<SimulatedProcess>()

  constructor(world: World, servers: SimulatedServers, options: ClusterCheckerOptions) {
    this.#world = world
    this.#servers = servers
    this.#options = options
    servers.leases.stored.push((written) => this.#written(written))
    servers.leases.observers.push((written) => this.#heard(written))
    servers.journal.begun.push(({ host, address }) => options.judge(() => this.#begun(host, address)))
    servers.journal.refused.push(({ address, data }) => {
      const last = this.#epochs.get(address.key) ?? 0
      if (readCommit(data).epoch < last) world.mark("a former owner's append was refused")
    })
  }

  /** A process starts. Returns the singletons that it runs. */
  born(host: SimulatedProcess): ReadonlyArray<SingletonDefinition> {
    host.logged.push((text) => {
      for (const [part, mark] of EVICTIONS) if (text.includes(part)) this.#world.mark(mark)
    })
    const shine = Effect.sync(() => this.#lighthouses.add(host))
    const end = Effect.sync(() => this.#lighthouses.delete(host))
    const run = () => Effect.ensuring(Effect.andThen(shine, forEver), end)
    return [defineSingleton({ name: LIGHTHOUSE, run })]
  }

  crashed(host: SimulatedProcess): void {
    this.#lighthouses.delete(host)
  }

  /** Whether the lease that the process last renewed has ended. */
  isOver(host: SimulatedProcess): boolean {
    const untilMs = this.#leasedUntilMs.get(host)
    return untilMs !== undefined && this.#world.nowMs > untilMs
  }

  /** Checks a stored commit. Throws {@link Violation}. */
  stored({ key }: ActorAddress, epoch: number): void {
    const before = this.#epochs.get(key) ?? 0
    if (epoch < before) {
      this.#world.mark("an epoch went back")
      if (this.#options.isOneOwner)
        throw new Violation(PROMISES.epochs, `${key} has a commit of epoch ${epoch} after one of ${before}`)
    }
    this.#epochs.set(key, Math.max(before, epoch))
  }

  /** What is still wrong after all faults have ended, in words. */
  get unsettled(): string | undefined {
    const nodes = this.#options.nodes()
    const standings = nodes.map((node) => ({ node, standing: standingOf(node) }))
    const ids = new Set(standings.map(({ standing }) => standing?.id))
    for (const { node, standing } of standings) {
      if (standing?.state !== "up") return `${node.name} is ${standing?.state ?? "not there"} in the cluster`
      if (!standing.isLeaseValid) return `${node.name} has no valid lease`
      const { up, drained, leaving } = standing.memberCounts
      if (up !== nodes.length || drained + leaving > 0)
        return `${node.name} sees ${up} members, ${drained} drained and ${leaving} leaving ones`
    }
    const owners = this.#owners()
    const { shardMap, services } = this.#options
    const families = [
      ...shardMap.families().map(({ slots }) => slots),
      [...services, singletonSlot(LIGHTHOUSE)],
    ]
    for (const slots of families) {
      const unowned = slots.find((slot) => !ids.has(owners.get(slot)))
      if (unowned !== undefined) return `slot ${unowned} belongs to ${owners.get(unowned) ?? "nobody"}`
      const uneven = unevenIn(slots, owners, nodes.length)
      if (uneven !== undefined) return uneven
    }
    for (const { node, standing } of standings) {
      const own = Array.from(owners.values()).filter((id) => id === standing?.id).length
      const held = Object.values(standing?.slotCounts ?? {}).reduce((sum, count) => sum + count, 0)
      if (own !== held) return `${node.name} has ${held} slots, the leases give it ${own}`
    }
    return this.#notOnce()
  }

  /** Checks that projections, reactors and the singleton run on one node each. */
  #notOnce(): string | undefined {
    if (this.#lighthouses.size !== 1) return `the singleton runs on ${this.#lighthouses.size} nodes`
    const runs = new Map<string, number>()
    for (const { system } of this.#options.nodes()) {
      if (system === undefined) continue
      const { projections, reactors } = Effect.runSync(system.status)
      for (const { name, state } of [...projections, ...reactors])
        runs.set(name, (runs.get(name) ?? 0) + (state === "elsewhere" ? 0 : 1))
    }
    for (const [name, count] of runs) if (count !== 1) return `${name} runs on ${count} nodes`
    return undefined
  }

  /** Owners in the lease store. */
  #owners(): ReadonlyMap<string, string | undefined> {
    const owners = new Map<string, string | undefined>()
    for (const { key, value } of this.#servers.leases.records) {
      const subject = subjectOfKey(key)
      if (subject?.kind === "slot") owners.set(subject.name, (value as SlotRecord | undefined)?.m)
    }
    return owners
  }

  /** Checks an append that a process begins. Throws {@link Violation}. */
  #begun(host: SimulatedProcess, { type, shard }: ActorAddress): void {
    const { shardMap } = this.#options
    const { slot = "" } = shardMap.all[shardMap.indexOf(type, shard) ?? -1] ?? {}
    if (this.#unheard.get(slot) === host) {
      this.#unheard.delete(slot)
      this.#world.mark("a slot was adopted whose acknowledgement was lost")
    }
    const untilMs = this.#leasedUntilMs.get(host) ?? Number.NEGATIVE_INFINITY
    if (this.#world.nowMs <= untilMs) return
    const lateMs = Math.round(this.#world.nowMs - untilMs)
    throw new Violation(
      PROMISES.fenced,
      `${host.name} begins an append ${lateMs} ms after its lease was over`,
    )
  }

  #written({ host, key, value }: Omit<LeaseWritten, "sentAtMs">): void {
    const subject = subjectOfKey(key)
    if (subject?.kind === "member" && value !== undefined) this.#memberHosts.set(subject.name, host)
    if (subject?.kind !== "slot" || value === undefined) return
    const { name } = subject
    const record = value as SlotRecord
    const before = this.#slots.get(name)
    this.#slots.set(name, record)
    this.#options.judge(() => this.#ascends(name, before, record))
    const isOwn = record.m !== undefined && this.#memberHosts.get(record.m) === host
    if (!isOwn) return this.#world.mark("a slot was handed over in order")
    this.#unheard.set(name, host)
    if (before?.m === undefined) return
    const isGone = this.#memberHosts.get(before.m)?.life === "dead"
    this.#world.mark(isGone ? "a slot was taken after a crash" : "a slot was taken from a live node")
  }

  /** Checks that a member's epoch of a slot is higher than the one before. Throws {@link Violation}. */
  #ascends(name: string, before: SlotRecord | undefined, { m, e }: SlotRecord): void {
    if (!this.#options.areRecordsKept || before === undefined || m === undefined || m === before.m) return
    if (e > before.e) return
    const detail = `${m} has slot ${name} under epoch ${e}, and ${before.m ?? "nobody"} had it under ${before.e}`
    throw new Violation(PROMISES.epochs, detail)
  }

  #heard({ host, key, value, sentAtMs }: LeaseWritten): void {
    const subject = subjectOfKey(key)
    if (subject?.kind === "slot") this.#unheard.delete(subject.name)
    if (subject?.kind !== "member" || value === undefined) return
    if (this.#memberHosts.get(subject.name) !== host) return
    const untilMs = this.#leasedUntilMs.get(host) ?? Number.NEGATIVE_INFINITY
    this.#leasedUntilMs.set(host, Math.max(untilMs, sentAtMs + this.#options.leaseMs))
  }
}

/** Never ends by itself and sets no timer. */
const forEver = Effect.callback<never>(() => Effect.void)

const standingOf = (node: SimulatedNode): MemberStanding | undefined => {
  const { system } = node
  const clock = Context.get(node.process.context as Context.Context<Clock.Clock>, Clock.Clock)
  return system === undefined
    ? undefined
    : Effect.runSync(Effect.provideService(system.cluster.standing, Clock.Clock, clock))
}

/** Shares of equal nodes that differ by more than one, in words. */
const unevenIn = (
  slots: ReadonlyArray<string>,
  owners: ReadonlyMap<string, string | undefined>,
  nodeCount: number,
): string | undefined => {
  const shares = new Map<string | undefined, number>()
  for (const slot of slots) shares.set(owners.get(slot), (shares.get(owners.get(slot)) ?? 0) + 1)
  const counts = [...shares.values()]
  const least = shares.size < nodeCount ? 0 : Math.min(...counts)
  const most = Math.max(...counts)
  return most - least > 1 ? `shares are uneven: ${least} to ${most} of ${slots.length}` : undefined
}
