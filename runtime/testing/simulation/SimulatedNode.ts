/**
 * One node: the runtime's own ActorSystem, in a simulated process, on simulated servers.
 *
 * Owns its lives: start, crash (memory gone, nothing finished), restart, pause, and a stop that drains.
 */
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { Journal, type JournalService } from "../../journal/Journal.ts"
import { ReadModel, type ReadModelService } from "../../projection/ReadModel.ts"
import { SnapshotStore, type SnapshotStoreService } from "../../snapshot/SnapshotStore.ts"
import { ActorSystem, type ActorSystemService, type SystemOptions } from "../../system/ActorSystem.ts"
import type { SimulatedJournal } from "./SimulatedJournal.ts"
import type { SimulatedPostgres } from "./SimulatedPostgres.ts"
import { SimulatedProcess } from "./SimulatedProcess.ts"
import { PROMISES, Violation } from "./Violation.ts"
import type { World } from "./World.ts"

/** Stand-ins for ports, to try out what happens when one breaks its promises. */
export interface PortDoubles {
  readonly journal?: (journal: JournalService) => JournalService
  readonly snapshots?: (snapshots: SnapshotStoreService) => SnapshotStoreService
  readonly readModel?: (readModel: ReadModelService) => ReadModelService
}

/** Virtual time that a stop may take, whatever is broken meanwhile. */
const STOP_MS_MAX = 60_000

export class SimulatedNode {
  readonly name: string
  readonly #world: World
  readonly #journal: SimulatedJournal
  readonly #postgres: SimulatedPostgres
  readonly #options: SystemOptions
  readonly #doubles: PortDoubles
  readonly #crashed: (host: SimulatedProcess) => void
  readonly #failed: (violation: Violation) => void
  #process: SimulatedProcess
  #system: ActorSystemService | undefined
  #scope: Scope.Closeable | undefined
  #isStopping = false

  constructor(options: {
    readonly name: string
    readonly world: World
    readonly journal: SimulatedJournal
    readonly postgres: SimulatedPostgres
    readonly system: SystemOptions
    readonly doubles: PortDoubles
    /** Told of a crash, before anything is forgotten. */
    readonly crashed: (host: SimulatedProcess) => void
    /** Told when the node cannot start or stop for a reason that no fault explains. */
    readonly failed: (violation: Violation) => void
  }) {
    this.name = options.name
    this.#world = options.world
    this.#journal = options.journal
    this.#postgres = options.postgres
    this.#options = options.system
    this.#doubles = options.doubles
    this.#crashed = options.crashed
    this.#failed = options.failed
    this.#process = new SimulatedProcess(options.world, options.name)
    this.#start()
  }

  get process(): SimulatedProcess {
    return this.#process
  }

  /** The system of its present life, once it has started. */
  get system(): ActorSystemService | undefined {
    return this.#system
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

  /** Drains and closes, then calls `done`; a node that crashes meanwhile, or is not up, never does. */
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
    this.#isStopping = false
    const { journal, snapshots, readModel } = this.#doubles
    const real = {
      journal: this.#journal.connect(host),
      snapshots: this.#postgres.connectSnapshots(host),
      readModel: this.#postgres.connectReadModel(host),
    }
    const ports = Context.make(Journal, journal?.(real.journal) ?? real.journal).pipe(
      Context.add(SnapshotStore, snapshots?.(real.snapshots) ?? real.snapshots),
      Context.add(ReadModel, readModel?.(real.readModel) ?? real.readModel),
    )
    const started = Effect.gen({ self: this }, function* () {
      const scope = yield* Scope.make()
      const built = yield* Layer.buildWithScope(ActorSystem.layer(this.#options), scope)
      this.#scope = scope
      this.#system = Context.get(built, ActorSystem)
      this.#world.note(this.name, "started")
    })
    host.fork(
      Effect.onExit(Effect.provide(started, ports), (exit) =>
        Effect.sync(() => {
          if (Exit.isSuccess(exit)) return
          this.#failed(new Violation(PROMISES.starts, `${this.name}: ${String(exit.cause)}`))
        }),
      ).pipe(Effect.ignore),
    )
  }
}
