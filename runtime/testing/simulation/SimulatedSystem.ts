/**
 * A whole system in one world: nodes on shared servers, clients, faults, and the checkers that watch it.
 *
 * Owns the assembly and the first violation that is found; a run ends with it. SwarmRun.ts drives it with
 * a generated workload, Story.ts with a script.
 */
import { Effect } from "effect"
import { type ActorAddress, addressFromKey, tokenFromId } from "../../address/ActorAddress.ts"
import { UnknownActorType } from "../../cell/AskError.ts"
import { ShardMap } from "../../cluster/ShardMap.ts"
import { projectionSlot, reactorSlot } from "../../cluster/Slot.ts"
import type { DeadLetter } from "../../deadletter/DeadLetters.ts"
import type { AnyActor } from "../../definition/Actor.ts"
import { ActorsTable } from "../../directory/ActorsTable.ts"
import type { ProjectedEvent, ProjectionDefinition } from "../../projection/Projection.ts"
import type { ReactorDefinition } from "../../reactor/Reactor.ts"
import { starterOf } from "../../saga/SagaStarter.ts"
import { SYSTEM_DEFAULTS } from "../../system/SystemSettings.ts"
import { AnswerChecker } from "./AnswerChecker.ts"
import { watchBystanders } from "./Bystanders.ts"
import { Chaos } from "./Chaos.ts"
import { Clients } from "./Client.ts"
import { ClusterChecker, keepsOwnersApart, keepsRecords } from "./ClusterChecker.ts"
import { Coverage } from "./Coverage.ts"
import { DeliveryChecker } from "./DeliveryChecker.ts"
import { Deployment } from "./Deployment.ts"
import { EscapeTrap } from "./EscapeTrap.ts"
import { endsLivesOutOfOrder, type FaultRates, Faults, keepsReadModels } from "./Faults.ts"
import { Network } from "./Network.ts"
import { OpenWork } from "./OpenWork.ts"
import { PendingChecker } from "./PendingChecker.ts"
import { Probes } from "./Probes.ts"
import { Reference, readCommit, type TrueActor } from "./Reference.ts"
import { Rubbish } from "./Rubbish.ts"
import { SagaChecker } from "./SagaChecker.ts"
import { SimulatedCalls } from "./SimulatedCalls.ts"
import type { SimulatedJournal } from "./SimulatedJournal.ts"
import { SimulatedNode } from "./SimulatedNode.ts"
import type { SimulatedPostgres } from "./SimulatedPostgres.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"
import { SimulatedServers } from "./SimulatedServers.ts"
import { duringRun } from "./Sometimes.ts"
import { StoreChecker } from "./StoreChecker.ts"
import { type SystemUnderTest, seenOf } from "./SystemUnderTest.ts"
import { checkTellOrder } from "./TellOrderChecker.ts"
import { PROMISES, Violation } from "./Violation.ts"
import { type Interleaving, type RunEnd, WORLD_EPOCH_MS, World } from "./World.ts"

export interface RunSettings {
  readonly seed: number
  readonly nodeCount: number
  readonly rates: FaultRates
  /** Ids of the faults that may strike; all if absent. */
  readonly allowed?: ReadonlySet<string>
  readonly interleaving: Interleaving
  /** Probability that a client sends a command to two nodes at once. */
  readonly doubleSendChance: number
}

/** Steps after which a run counts as endless. */
export const STEPS_MAX = 5_000_000

/** Default number of shards: few, because every node serves all of them. */
const SHARD_COUNT_DEFAULT = 4

export class SimulatedSystem {
  readonly world: World
  readonly faults: Faults
  readonly network: Network
  readonly servers: SimulatedServers
  readonly nodes: ReadonlyArray<SimulatedNode>
  readonly clients: Clients
  readonly chaos: Chaos
  readonly probes: Probes
  readonly rubbish: Rubbish
  readonly coverage: Coverage
  readonly reference: Reference
  readonly #sut: SystemUnderTest
  readonly #shardCount: number
  readonly #answers: AnswerChecker
  readonly #stores: StoreChecker
  readonly #deliveries: DeliveryChecker
  readonly #pending: PendingChecker
  readonly #sagas: SagaChecker
  readonly #calls: SimulatedCalls
  readonly #trap: EscapeTrap
  readonly #openWork: OpenWork
  /** Checker for leases; `undefined` if shards are not placed by leases. */
  readonly #cluster: ClusterChecker | undefined
  readonly #deployment: Deployment<NonNullable<SystemUnderTest["former"]>> | undefined
  #violation: Error | undefined

  constructor(sut: SystemUnderTest, settings: RunSettings) {
    const { rates, allowed } = settings
    const world = new World(settings.seed, settings.interleaving)
    this.#sut = sut
    this.world = world
    this.faults = new Faults(world, rates, allowed)
    this.network = new Network(world, this.faults)
    this.servers = new SimulatedServers(this.network, sut.mailbox ?? {}, sut.groupCommit ?? false)
    this.reference = new Reference(this.#actors, (...given) => this.#deliveries.mayComeAgain(...given))
    this.coverage = new Coverage(this.reference)
    this.#stores = new StoreChecker(this.reference, this.postgres)
    const isFresh = rates["last stale"] === undefined
    const isPlaced = sut.placement === "leases"
    const isOneOwner = settings.nodeCount === 1 || (isPlaced && keepsOwnersApart(rates))
    const isTrueTime = rates["clock jumps"] === undefined && rates["clock lags"] === undefined
    this.#deliveries = new DeliveryChecker(world, this.reference, {
      isStrict: isOneOwner && isFresh,
      isOrdered: isOneOwner,
      isOrderly: !endsLivesOutOfOrder(rates),
      tellCount: (commandId) => this.clients.tellCount(commandId),
    })
    this.#sagas = new SagaChecker(sut.sagas ?? [])
    const { nodeCount } = settings
    this.#pending = new PendingChecker(world, { isTimely: rates["clock jumps"] === undefined, nodeCount })
    this.#answers = new AnswerChecker(world, this.reference, this.coverage, {
      isStrict: isOneOwner && isFresh && isTrueTime,
      isMonotone: isFresh && (isOneOwner || !isPlaced),
      isDirect: !isPlaced,
      isAskedOnce: !isPlaced || rates["request twice"] === undefined,
      wasTold: ({ key }, commandId) => this.#deliveries.wasAccepted(key, commandId),
    })
    this.#calls = new SimulatedCalls(this.network, sut.calls ?? {}, (escaped) =>
      this.judge(() => {
        throw escaped
      }),
    )
    this.#shardCount = sut.settings?.shardCount ?? SHARD_COUNT_DEFAULT
    if (isPlaced) {
      this.#cluster = new ClusterChecker(world, this.servers, {
        isOneOwner,
        areRecordsKept: keepsRecords(rates),
        leaseMs: sut.settings?.leaseMs ?? SYSTEM_DEFAULTS.leaseMs,
        shardMap: new ShardMap(this.#actors, this.#shardCount),
        services: [
          ...this.projections.map(({ name, version }) => projectionSlot(name, version, 0)),
          ...this.#reactors.map(({ name }) => reactorSlot(name, 0)),
        ],
        nodes: () => this.nodes,
        judge: (check) => this.judge(check),
      })
    }
    this.#deployment = sut.former && new Deployment(world, sut.former, () => this.nodes)
    const areRivals = settings.nodeCount > 1 && !isPlaced
    this.nodes = Array.from({ length: settings.nodeCount }, (_, at) =>
      this.#node(`node ${at + 1}`, areRivals),
    )
    this.clients = new Clients({
      world,
      nodes: this.nodes,
      shardCount: this.#shardCount,
      doubleSendChance: settings.doubleSendChance,
      seenVersion: (host, address) => {
        if (this.#cluster?.isOver(host)) world.mark("a node without a lease was asked")
        return this.#answers.seenVersion(host, address)
      },
      answered: (...answer) => this.judge(() => this.#answers.answered(...answer)),
    })
    this.probes = new Probes({
      world,
      projections: this.projections,
      actor: ({ address }) => this.reference.actor(address),
      offset: (projection) => this.#stores.offset(projection),
      isFresh: isFresh && keepsReadModels(rates),
      judge: (check) => this.judge(check),
    })
    this.rubbish = new Rubbish({
      world,
      servers: this.servers,
      reference: this.reference,
      actors: this.#actors,
      projections: this.projections,
      shardCount: this.#shardCount,
      judge: (check) => this.judge(check),
    })
    this.chaos = new Chaos({
      world,
      faults: this.faults,
      network: this.network,
      nodes: this.nodes,
      servers: this.servers,
      types: this.#sut.actors.map(({ type }) => type),
      projections: this.projections,
      publications: this.#actors.flatMap(({ publishes }) => Object.keys(publishes ?? {})),
      addresses: () => Array.from(this.reference.actors.values(), ({ address }) => address),
      rubbish: this.rubbish,
    })
    this.chaos.lastAtMs = Math.max(this.chaos.lastAtMs, this.#deployment?.atMs ?? 0)
    this.#openWork = new OpenWork({
      network: this.network,
      nodes: this.nodes,
      clients: this.clients,
      reference: this.reference,
      deliveries: this.#deliveries,
      pending: this.#pending,
      stores: this.#stores,
      mailbox: this.servers.mailbox,
      projections: this.projections,
      reactors: this.#reactors,
      isOpen: (actor) => {
        const seen = seenOf(actor)
        return seen === undefined ? undefined : this.#sut.isOpen?.(seen)
      },
    })
    this.#trap = new EscapeTrap({ nowMs: () => WORLD_EPOCH_MS + world.nowMs, random: () => 0.5 })
    this.journal.observers.push((stored) =>
      this.judge(() => {
        const before = this.reference.actors.get(stored.address.key)?.version ?? 0
        const commit = readCommit(stored.data)
        const actor = this.reference.stored(stored, commit)
        this.#pending.stored(actor, commit, stored.sequence)
        this.#deliveries.stored(actor, commit, stored.sequence)
        this.coverage.stored(actor, before)
        this.#sagas.stored(actor)
        this.#cluster?.stored(stored.address, commit.epoch)
        this.#stored(actor)
      }),
    )
    this.servers.mailbox.observers.push((message, isNew) => {
      this.judge(() => this.#deliveries.accepted(message, isNew))
      this.judge(() => this.#pending.placed(message))
    })
    watchBystanders(world, this.servers, (check) => this.judge(check))
    this.servers.mailbox.losses.push((message) => this.#deliveries.gone(message))
    this.servers.publisher.observers.push(({ id }) => this.#deliveries.published(id))
    this.servers.deadLetters.observers.push((letter) => this.judge(() => this.#gaveUp(letter)))
    this.postgres.observers.push((projection) => this.judge(() => this.#stores.readModel(projection)))
    world.afterStep = () => {
      this.#trap.check()
      if (this.#violation !== undefined) throw this.#violation
    }
  }

  get journal(): SimulatedJournal {
    return this.servers.journal
  }

  get postgres(): SimulatedPostgres {
    return this.servers.postgres
  }

  /** The given actors, and those of sagas. */
  get #actors(): ReadonlyArray<AnyActor> {
    return [...this.#sut.actors, ...(this.#sut.sagas ?? []).map(({ actor }) => actor)]
  }

  get #reactors(): ReadonlyArray<ReactorDefinition> {
    const starters = (this.#sut.sagas ?? []).map(starterOf).filter((starter) => starter !== undefined)
    return [...starters, ...(this.#sut.reactors ?? [])]
  }

  get projections(): ReadonlyArray<ProjectionDefinition> {
    return [...(this.#sut.projections ?? []), ...(this.#sut.directory === true ? [ActorsTable] : [])]
  }

  /** Runs the world with the escape trap set, up to `untilMs` of virtual time. */
  run(untilMs: number, isDone: () => boolean): RunEnd {
    const end = this.#trap.during(() =>
      duringRun(this.world, () => this.world.run({ untilMs, stepsMax: STEPS_MAX }, isDone)),
    )
    if (end === "stepsUp") {
      throw new Violation(PROMISES.converges, `the run took ${STEPS_MAX} steps without an end`)
    }
    return end
  }

  /** Runs a check; the first violation ends the run after this step. */
  readonly judge = (check: () => void): void => {
    try {
      check()
    } catch (cause) {
      // Not thrown here, because the runtime would treat a checker's error as its own.
      this.#violation ??= cause instanceof Error ? cause : new Error(String(cause))
    }
  }

  /** The work that is left: callers without an answer, projections that lag; in words. */
  whatIsOpen(): string | undefined {
    return this.#openWork.found ?? this.rubbish.open ?? this.#cluster?.unsettled
  }

  /** Checks that hold when no work is left. Throws {@link Violation}. */
  checkAtRest(): void {
    for (const { name, system } of this.nodes) {
      if (system === undefined) continue
      const { quarantined } = Effect.runSync(system.status)
      const first = quarantined.find(({ actorType, id }) => !this.rubbish.isOf(actorType, id))
      if (first !== undefined) throw new Violation(PROMISES.healthy, `on ${name}: ${first.message}`)
    }
    for (const projection of this.projections) this.#stores.readModel(projection)
    this.#stores.snapshots()
    this.#deliveries.atRest()
    this.rubbish.atRest()
    this.#answers.finish(this.clients.operations)
    checkTellOrder(this.world, this.reference, this.clients, this.#deliveries)
  }

  /** A power failure: nodes are dead, and unsynced records of the journal are gone. */
  losePower(recordCount: number): void {
    for (const node of this.nodes) node.crash()
    this.journal.loseTail(Math.max(0, this.journal.lastSequence - recordCount))
    this.reference.reset()
    this.#stores.reset()
    this.#deliveries.reset()
    this.#pending.reset()
    let after = 0
    const types = new Set(this.#actors.map(({ type }) => type))
    while (after < this.journal.lastSequence) {
      for (const record of this.journal.memory.page(types, after)) {
        after = record.sequence
        const address = this.#addressOf(record.key)
        if (this.rubbish.isOf(address.type, address.id)) continue
        const commit = readCommit(record.data)
        const actor = this.reference.stored({ address, sequence: after, atMs: 0 }, commit)
        this.#pending.stored(actor, commit, after)
        this.#deliveries.stored(actor, commit, after)
      }
    }
  }

  /** Throws {@link UnknownActorType} for an actor that was not given to the simulation. */
  requireKnown(actor: AnyActor, id: string): void {
    if (this.#actors.includes(actor)) return
    const hint = "Give its definition to the simulation (`actors: [...]`, or `sagas`)."
    throw new UnknownActorType({ actorType: actor.type, id, hint })
  }

  /** An actor's events, from the journal. */
  historyOf(actor: AnyActor, id: string): ReadonlyArray<ProjectedEvent> {
    this.requireKnown(actor, id)
    return this.reference.actor(this.#addressOf(`${actor.type}/${tokenFromId(id)}`)).events
  }

  #addressOf(key: string): ActorAddress {
    return addressFromKey(key, this.#shardCount)
  }

  #node(name: string, isRival: boolean): SimulatedNode {
    return new SimulatedNode({
      name,
      world: this.world,
      servers: this.servers,
      calls: this.#calls,
      system: () => {
        const { actors, sagas = [] } =
          this.#deployment?.isOver === false ? this.#deployment.former : this.#sut
        const { reactors = [], projections = [], settings } = this.#sut
        const directory = this.#sut.directory === true ? { correlationsKeptMs: 0 } : false
        const shardCount = this.#shardCount
        return { actors, sagas, reactors, projections, directory, ...settings, shardCount }
      },
      placement: this.#sut.placement ?? "everywhere",
      isRival,
      doubles: this.#sut.doubles ?? {},
      born: (host) => {
        this.faults.lagClock(host)
        return this.#cluster?.born(host) ?? []
      },
      crashed: (host) => this.#crashed(host),
      failed: (violation) => {
        this.#violation ??= violation
      },
    })
  }

  #gaveUp(letter: DeadLetter): void {
    this.rubbish.gaveUp(letter)
    this.#deliveries.gaveUp(letter)
  }

  #crashed(host: SimulatedProcess): void {
    this.#cluster?.crashed(host)
    this.servers.mailbox.crashed(host)
    for (const append of this.journal.pending) {
      if (append.host !== host) continue
      this.journal.pending.delete(append)
      this.coverage.crashed(append.address, append.data, append.isStored ? "after append" : "before append")
    }
    for (const { address, version } of this.clients.answersUnderWayFrom(host)) {
      this.coverage.crashedBeforeReply(this.reference.actor(address), version)
    }
  }

  #stored(actor: TrueActor): void {
    const { address, version } = actor
    const seen = seenOf(actor)
    if (seen === undefined) return
    for (const [name, invariant] of Object.entries(this.#sut.invariants ?? {})) {
      const broken = (why: string) => new Violation(name, `${address.key} at version ${version}${why}`)
      let holds: boolean | undefined
      try {
        holds = invariant(seen)
      } catch (cause) {
        throw broken(`: ${cause instanceof Error ? cause.message : String(cause)}`)
      }
      if (holds === false) throw broken("")
    }
  }
}
