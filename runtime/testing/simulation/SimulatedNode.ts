/**
 * One node: the runtime's own ActorSystem, in a simulated process, on simulated servers.
 *
 * Owns its lives: start, crash (memory lost, nothing finished), restart, pause, and a stop that drains.
 */
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { CallExecutor } from "../../call/CallExecutor.ts"
import { CurrentBirthEvidence } from "../../cell/BirthEvidence.ts"
import { Checkpoints, type CheckpointsService } from "../../checkpoint/Checkpoints.ts"
import { Leases, type LeasesService } from "../../cluster/Leases.ts"
import { makeLeasesMemory } from "../../cluster/LeasesMemory.ts"
import { slotKey } from "../../cluster/Member.ts"
import { shardSlot } from "../../cluster/Slot.ts"
import { DeadLetters, type DeadLettersService } from "../../deadletter/DeadLetters.ts"
import type { AnyActor } from "../../definition/Actor.ts"
import { actorOf, type DefinitionOf } from "../../definition/DefinitionOf.ts"
import { EventPublisher, type EventPublisherService } from "../../integration/EventPublisher.ts"
import { Journal, type JournalService } from "../../journal/Journal.ts"
import { Mailbox, type MailboxService } from "../../mailbox/Mailbox.ts"
import type { ProjectionDefinition } from "../../projection/Projection.ts"
import { ReadModel, type ReadModelService } from "../../projection/ReadModel.ts"
import type { SingletonDefinition } from "../../singleton/Singleton.ts"
import { SnapshotStore, type SnapshotStoreService } from "../../snapshot/SnapshotStore.ts"
import { ActorSystem, type ActorSystemService, type SystemOptions } from "../../system/ActorSystem.ts"
import { Transport, type TransportService } from "../../transport/Transport.ts"
import { TransportMemory } from "../../transport/TransportMemory.ts"
import { SimulatedBirths } from "./SimulatedBirths.ts"
import type { SimulatedCalls } from "./SimulatedCalls.ts"
import { SimulatedProcess } from "./SimulatedProcess.ts"
import type { SimulatedServers } from "./SimulatedServers.ts"
import { PROMISES, Violation } from "./Violation.ts"
import type { World } from "./World.ts"

/** Stand-ins for ports, to test what happens when one breaks its promises. */
export interface PortDoubles {
  /** Stands in for the journal of each node. */
  readonly journal?: (journal: JournalService) => JournalService
  /** Stands in for the snapshot store of each node. */
  readonly snapshots?: (snapshots: SnapshotStoreService) => SnapshotStoreService
  /** Stands in for the read model of each node. */
  readonly readModel?: (readModel: ReadModelService) => ReadModelService
  /** Stands in for the mailbox of each node. */
  readonly mailbox?: (mailbox: MailboxService) => MailboxService
  /** Stands in for the checkpoints of each node. */
  readonly checkpoints?: (checkpoints: CheckpointsService) => CheckpointsService
  /** Stands in for the store of dead letters of each node. */
  readonly deadLetters?: (deadLetters: DeadLettersService) => DeadLettersService
  /** Stands in for the publisher of integration events of each node. */
  readonly publisher?: (publisher: EventPublisherService) => EventPublisherService
  /** Stands in for the leases of each node. */
  readonly leases?: (leases: LeasesService) => LeasesService
  /** Stands in for the transport of each node. */
  readonly transport?: (transport: TransportService) => TransportService
}

/**
 * Owners of shards. `leases`: one node at a time, as in a real cluster. `everywhere`: every node believes
 * that it has all shards, the worst case of leases.
 */
export type Placement = "leases" | "everywhere"

/** Virtual time that a stop may take under any fault. */
const STOP_MS_MAX = 60_000

/**
 * Lease time of rivals, in milliseconds: longer than any run, because each may write commits that the others
 * have to find.
 */
const RIVALS_LEASE_MS = 24 * 3_600_000

export class SimulatedNode {
  readonly name: string
  readonly #world: World
  readonly #servers: SimulatedServers
  readonly #calls: SimulatedCalls
  readonly #options: () => SystemOptions
  readonly #placement: Placement
  readonly #doubles: PortDoubles
  readonly #born: (host: SimulatedProcess) => ReadonlyArray<SingletonDefinition>
  readonly #crashed: (host: SimulatedProcess) => void
  readonly #failed: (violation: Violation) => void
  #process: SimulatedProcess
  #system: ActorSystemService | undefined
  #scope: Scope.Closeable | undefined
  #isStopping = false
  #isDrained = false
  #actors: ReadonlyArray<AnyActor> = []

  constructor(options: {
    readonly name: string
    readonly world: World
    readonly servers: SimulatedServers
    readonly calls: SimulatedCalls
    /** Options of the node's system, read at each start. */
    readonly system: () => SystemOptions
    readonly placement: Placement
    /** Whether other nodes believe that they have the same shards. */
    readonly isRival: boolean
    readonly doubles: PortDoubles
    /** Called at each start of the node; returns its singletons. */
    readonly born: (host: SimulatedProcess) => ReadonlyArray<SingletonDefinition>
    /** Called at a crash, before memory is lost. */
    readonly crashed: (host: SimulatedProcess) => void
    /** Called when no fault explains why the node cannot start or stop. */
    readonly failed: (violation: Violation) => void
  }) {
    this.name = options.name
    this.#world = options.world
    this.#servers = options.servers
    this.#calls = options.calls
    const { system, isRival } = options
    this.#options = () => (isRival ? { ...system(), leaseMs: RIVALS_LEASE_MS } : system())
    this.#placement = options.placement
    this.#doubles = options.doubles
    this.#born = options.born
    this.#crashed = options.crashed
    this.#failed = options.failed
    this.#process = new SimulatedProcess(options.world, options.name)
    this.#start()
  }

  get process(): SimulatedProcess {
    return this.#process
  }

  /** The current system, once it has started. */
  get system(): ActorSystemService | undefined {
    return this.#system
  }

  /** The definition of an actor type in the node's current code; the given one if it has none. */
  ownOf(definition: DefinitionOf<AnyActor>): AnyActor {
    const actor = actorOf(definition)
    return this.#actors.find(({ type }) => type === actor.type) ?? actor
  }

  get isDead(): boolean {
    return this.#process.life === "dead"
  }

  crash(): void {
    if (this.isDead) return
    this.#crashed(this.#process)
    this.#process.crash()
    this.#system = undefined
    this.#world.note(this.name, "crashed")
  }

  restart(): void {
    if (!this.isDead) return
    this.#process = new SimulatedProcess(this.#world, this.name)
    this.#world.note(this.name, "starts again")
    this.#start()
  }

  pause(): void {
    this.#process.pause()
    this.#world.note(this.name, "paused")
  }

  resume(): void {
    if (this.#process.life !== "paused") return
    this.#world.note(this.name, "resumed")
    this.#process.resume()
  }

  get isRunning(): boolean {
    return this.#process.life === "running" && this.#system !== undefined && !this.#isStopping
  }

  /** Drains the node, which then keeps no slots but stays a member, or lets it take part again. */
  drain(isDrained: boolean): void {
    const { system } = this
    if (!this.isRunning || system === undefined || isDrained === this.#isDrained) return
    this.#isDrained = isDrained
    this.#world.note(this.name, isDrained ? "is drained" : "takes part again")
    const { cluster } = system
    const me = cluster.memberId()
    this.#process.fork(Effect.ignore(isDrained ? cluster.drain(me) : cluster.undrain(me)))
  }

  /** Pauses or resumes an actor type, as an operator does; calls `done` when that is written. */
  pauseType(type: string, isPaused: boolean, done: () => void): void {
    const { system } = this
    if (system === undefined) return
    const { pause, resume } = system.cluster
    const actor = system.actorNamed(type)
    if (actor === undefined) return
    const verb = isPaused ? pause(actor) : resume(actor)
    this.#process.fork(Effect.ignore(Effect.andThen(verb, Effect.sync(done))))
  }

  /** Has a projection rebuilt, as an operator does; calls `done` when it has begun again. */
  rebuild(projection: ProjectionDefinition, done: () => void): void {
    const { system } = this
    if (!this.isRunning || system === undefined) return
    const order = { by: "an operator", note: "its fold was wrong" }
    const verb = system.projections.rebuild(projection.name, order)
    this.#process.fork(Effect.ignore(Effect.andThen(verb, Effect.sync(done))))
  }

  /** Drains and closes, then calls `done`. A node that crashes meanwhile, or is down, never calls it. */
  stop(done: () => void): void {
    const host = this.#process
    const { system } = this
    const scope = this.#scope
    if (host.life !== "running" || system === undefined || scope === undefined || this.#isStopping) return
    this.#isStopping = true
    this.#world.note(this.name, "stops")
    const overdue = this.#world.after(STOP_MS_MAX, host, () => {
      this.#failed(new Violation(PROMISES.converges, `${this.name} did not stop in ${STOP_MS_MAX} ms`))
    })
    host.fork(
      Effect.andThen(
        system.stop,
        Effect.andThen(
          Scope.close(scope, Exit.void),
          Effect.sync(() => {
            overdue.cancel()
            this.#world.note(this.name, "stopped")
            this.#world.mark("a node stopped in order")
            done()
          }),
        ),
      ),
    )
  }

  #start(): void {
    const host = this.#process
    const singletons = this.#born(host)
    const code = this.#options()
    this.#actors = [...code.actors, ...(code.sagas ?? []).map(({ actor }) => actor)]
    this.#isStopping = false
    this.#isDrained = false
    const started = Effect.gen({ self: this }, function* () {
      const scope = yield* Scope.make()
      const options = { ...code, singletons, node: { name: this.name.replaceAll(" ", "-") } }
      const layer = Layer.provide(ActorSystem.layer(options), this.#cluster(host))
      const built = yield* Layer.buildWithScope(layer, scope)
      this.#scope = scope
      this.#system = Context.get(built, ActorSystem)
      this.#world.note(this.name, "started")
    })
    host.fork(
      Effect.onExit(Effect.provide(started, this.#ports(host)), (exit) =>
        Effect.sync(() => {
          if (Exit.isSuccess(exit)) return
          this.#failed(new Violation(PROMISES.starts, `${this.name}: ${String(exit.cause)}`))
        }),
      ).pipe(Effect.ignore),
    )
  }

  /** Ports to the other nodes. A node without any has all shards. */
  #cluster(host: SimulatedProcess): Layer.Layer<Leases | Transport> {
    if (this.#placement === "everywhere") return Layer.mergeAll(this.#ownLeases(), TransportMemory.layer)
    const { leases, transport } = this.#servers
    const doubles = this.#doubles
    return Layer.mergeAll(
      Layer.sync(Leases, () => seen(leases.connect(host), doubles.leases)),
      Layer.sync(Transport, () => seen(transport.connect(host), doubles.transport)),
    )
  }

  /** Leases of this node only. Every shard counts as owned before, by another node or an earlier life. */
  #ownLeases(): Layer.Layer<Leases> {
    return Layer.effect(
      Leases,
      Effect.gen({ self: this }, function* () {
        const leases = yield* makeLeasesMemory(false)
        const { shardCount = 0 } = this.#options()
        for (let shard = 0; shard < shardCount; shard++) {
          yield* Effect.orDie(leases.write(slotKey(shardSlot(undefined, shard)), { e: 1, n: 0 }, 0))
        }
        return leases
      }),
    )
  }

  /** Ports to everything outside of the process. */
  #ports(host: SimulatedProcess) {
    const { journal, mailbox, checkpoints, deadLetters, publisher, postgres } = this.#servers
    const doubles = this.#doubles
    return Context.make(Journal, seen(journal.connect(host), doubles.journal)).pipe(
      Context.add(Mailbox, seen(mailbox.connect(host), doubles.mailbox)),
      Context.add(Checkpoints, seen(checkpoints.connect(host), doubles.checkpoints)),
      Context.add(DeadLetters, seen(deadLetters.connect(host), doubles.deadLetters)),
      Context.add(EventPublisher, seen(publisher.connect(host), doubles.publisher)),
      Context.add(SnapshotStore, seen(postgres.connectSnapshots(host), doubles.snapshots)),
      Context.add(ReadModel, seen(postgres.connectReadModel(host), doubles.readModel)),
      Context.add(CallExecutor, this.#calls.connect(host)),
      Context.add(CurrentBirthEvidence, new SimulatedBirths(host, this.#servers.faults)),
    )
  }
}

const seen = <Port>(port: Port, double: ((port: Port) => Port) | undefined): Port => double?.(port) ?? port
