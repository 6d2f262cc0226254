/**
 * The parts of Postgres that the runtime uses: snapshots and read models that can be down, slow, damaged, or
 * come back without their last transactions.
 *
 * Built on the stores in memory. It keeps every transaction, so that a fail-over can lose the latest: the
 * stores are then made again from the earlier ones.
 */
import { Effect, Exit } from "effect"
import type { ProjectionDefinition } from "../../projection/Projection.ts"
import { type ReadModelService, ReadModelUnavailable } from "../../projection/ReadModel.ts"
import { makeReadModelMemory, type ReadModelMemory } from "../../projection/ReadModelMemory.ts"
import {
  type SnapshotStoreService,
  SnapshotStoreUnavailable,
  type StoredSnapshot,
} from "../../snapshot/SnapshotStore.ts"
import { makeSnapshotStoreMemory, type SnapshotStoreMemory } from "../../snapshot/SnapshotStoreMemory.ts"
import type { FaultKind } from "./FaultKind.ts"
import type { Fate, Network } from "./Network.ts"
import type { Randomness } from "./Randomness.ts"
import { RUBBISH_SNAPSHOTS } from "./RubbishBodies.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"

/** Time after which a caller learns that the database does not answer, in milliseconds. */
const QUERY_TIMEOUT_MS = 3_000

const SLOW_LOAD_MS_MAX = 2_500

/** Records by which a damaged snapshot is ahead, unless it is ahead of the journal by one record. */
const AHEAD_RECORDS = 1_000_000

/** Events that a snapshot ahead by one record claims: so many that no stored commit fits. */
const AHEAD_EVENTS = 1_000

/** Rows of snapshots at one time, and which of them are damaged. */
export interface SnapshotsCopy {
  readonly rows: ReadonlyMap<string, StoredSnapshot>
  readonly damaged: ReadonlySet<string>
}

type Transaction = () => Exit.Exit<unknown, unknown>

export class SimulatedPostgres {
  snapshots: SnapshotStoreMemory = makeSnapshotStoreMemory()
  readModel: ReadModelMemory = makeReadModelMemory()
  /** Called after every change of a projection's tables. */
  readonly observers: Array<(projection: ProjectionDefinition) => void> = []
  /** Keys of snapshots that a fault has damaged and that are still damaged. */
  readonly damaged = new Set<string>()
  readonly #network: Network
  readonly #lastSequenceOf: (key: string) => number
  readonly #transactions: Array<Transaction> = []
  readonly #projections = new Set<ProjectionDefinition>()

  /** `lastSequenceOf`: last journal sequence of an actor. */
  constructor(network: Network, lastSequenceOf: (key: string) => number = () => 0) {
    this.#network = network
    this.#lastSequenceOf = lastSequenceOf
  }

  get transactionCount(): number {
    return this.#transactions.length
  }

  /** Comes back from a fail-over without the last `count` transactions. */
  loseTail(count: number): void {
    const kept = this.#transactions.splice(0, Math.max(0, this.#transactions.length - count))
    this.#transactions.length = 0
    this.snapshots = makeSnapshotStoreMemory()
    this.readModel = makeReadModelMemory()
    this.damaged.clear()
    for (const transaction of kept) this.#commit(transaction)
    for (const projection of this.#projections) this.#tell(projection)
  }

  copySnapshots(): SnapshotsCopy {
    return { rows: new Map(this.snapshots.rows), damaged: new Set(this.damaged) }
  }

  /** An older copy replaces all snapshots. */
  restoreSnapshots({ rows, damaged }: SnapshotsCopy): void {
    this.damaged.clear()
    for (const key of damaged) this.damaged.add(key)
    this.#commit(() => {
      this.snapshots.rows.clear()
      for (const [key, row] of rows) this.snapshots.rows.set(key, row)
      return Exit.void
    })
  }

  connectSnapshots(host: SimulatedProcess): SnapshotStoreService {
    const query = <A>(what: string, work: () => A, fate: Fate<SnapshotStoreUnavailable> = {}) =>
      this.#network.call<A, SnapshotStoreUnavailable>({
        host,
        server: "postgres",
        what,
        serve: () => Exit.succeed(work()),
        timeoutMs: QUERY_TIMEOUT_MS,
        unanswered: (detail) => new SnapshotStoreUnavailable({ detail }),
        fate,
      })
    const strikes = (kind: FaultKind, subject: string) =>
      this.#network.faults.strikes(kind, host.name, subject)
    const refusal = new SnapshotStoreUnavailable({ detail: "simulated" })
    return {
      load: (key) =>
        Effect.suspend(() => {
          if (strikes("snapshot unreadable", key))
            return query(`snapshot of ${key}`, () => undefined, { refusal })
          const replyAfterMs = strikes("snapshot slow", key)
            ? this.#network.faults.details("snapshot slow").between(0, SLOW_LOAD_MS_MAX)
            : 0
          const load = () => {
            const row = this.snapshots.rows.get(key)
            return row === undefined ? undefined : this.#damagedBy(strikes, row)
          }
          return query(`snapshot of ${key}`, load, { replyAfterMs })
        }),
      save: (rows) =>
        Effect.suspend(() =>
          query(
            `save ${rows.length} snapshots`,
            () => {
              this.#commit(() => Effect.runSyncExit(this.snapshots.save(rows)))
              for (const { key, state, sequence } of rows) {
                const stored = this.snapshots.rows.get(key)
                if (stored?.state === state && stored.sequence === sequence) this.damaged.delete(key)
              }
            },
            strikes("snapshot not saved", host.name) ? { refusal } : {},
          ),
        ),
      discard: (key) =>
        Effect.suspend(() => {
          this.#network.world.mark("snapshot discarded")
          return query(`discard snapshot of ${key}`, () => {
            this.damaged.delete(key)
            this.#commit(() => Effect.runSyncExit(this.snapshots.discard(key)))
          })
        }),
    }
  }

  connectReadModel(host: SimulatedProcess): ReadModelService {
    const call = <A, E>(what: string, serve: () => Exit.Exit<A, E>, fate: Fate<ReadModelUnavailable> = {}) =>
      this.#network.call<A, E | ReadModelUnavailable>({
        host,
        server: "postgres",
        what,
        serve,
        timeoutMs: QUERY_TIMEOUT_MS,
        unanswered: (detail) => new ReadModelUnavailable({ detail }),
        fate,
      })
    return {
      tableOf: this.readModel.tableOf,
      prepare: (projection, partition) =>
        call(`prepare ${projection.name}`, () => {
          this.#projections.add(projection)
          return this.#commit(() => Effect.runSyncExit(this.readModel.prepare(projection, partition)))
        }),
      offset: (projection, partition) =>
        call(`offset of ${projection.name}`, () =>
          Effect.runSyncExit(this.readModel.offset(projection, partition)),
        ),
      apply: (projection, batch) =>
        Effect.suspend(() => {
          const { faults } = this.#network
          const refusal = new ReadModelUnavailable({ detail: "rolled back" })
          const fate = faults.strikes("transaction fails", host.name)
            ? { refusal }
            : faults.strikes("transaction answer lost", host.name)
              ? { replyLost: true }
              : {}
          return call(
            `apply ${projection.name} ${batch.from}..${batch.to}`,
            () => {
              const exit = this.#commit(() => Effect.runSyncExit(this.readModel.apply(projection, batch)))
              this.#tell(projection)
              return exit
            },
            fate,
          )
        }),
      startOver: (projection, place) =>
        Effect.suspend(() => {
          const { faults } = this.#network
          const fate = faults.strikes("transaction fails", host.name)
            ? { refusal: new ReadModelUnavailable({ detail: "rolled back" }) }
            : faults.strikes("transaction answer lost", host.name)
              ? { replyLost: true }
              : {}
          return call(
            `start ${projection.name} over from ${place.from}`,
            () => {
              const exit = this.#commit(() => Effect.runSyncExit(this.readModel.startOver(projection, place)))
              this.#tell(projection)
              return exit
            },
            fate,
          )
        }),
      select: (projection, query) =>
        call(`select of ${projection.name}`, () =>
          Effect.runSyncExit(this.readModel.select(projection, query)),
        ),
      distinct: (projection, query) =>
        call(`distinct of ${projection.name}`, () =>
          Effect.runSyncExit(this.readModel.distinct(projection, query)),
        ),
      countBy: (projection, query) =>
        call(`count of ${projection.name}`, () =>
          Effect.runSyncExit(this.readModel.countBy(projection, query)),
        ),
      amend: (projection, amendment) =>
        call(`amend ${projection.name}`, () =>
          Exit.map(
            this.#commit(() => Effect.runSyncExit(this.readModel.amend(projection, amendment))),
            (isAmended) => {
              this.#tell(projection)
              return isAmended
            },
          ),
        ),
      prune: (projection, range) =>
        call(`prune ${projection.name}`, () =>
          this.#commit(() => Effect.runSyncExit(this.readModel.prune(projection, range))),
        ),
    }
  }

  /** Runs a transaction and keeps it, if it commits, for {@link loseTail}. */
  #commit<A, E>(transaction: () => Exit.Exit<A, E>): Exit.Exit<A, E> {
    const exit = transaction()
    if (Exit.isSuccess(exit)) this.#transactions.push(transaction)
    return exit
  }

  #tell(projection: ProjectionDefinition): void {
    for (const observe of this.observers) observe(projection)
  }

  /** The row, possibly damaged. The damaged row stays in the store. */
  #damagedBy(strikes: (kind: FaultKind, subject: string) => boolean, row: StoredSnapshot): StoredSnapshot {
    const damaged = strikes("snapshot corrupt", row.key)
      ? { ...row, state: row.state.slice(0, row.state.length / 2) }
      : strikes("snapshot foreign", row.key)
        ? { ...row, codec: `0:${row.codec}` }
        : strikes("snapshot ahead", row.key)
          ? this.#ahead(row)
          : strikes("snapshot rubbish", row.key)
            ? { ...row, state: rubbishOf(row.state, this.#network.faults.details("snapshot rubbish")) }
            : undefined
    if (damaged === undefined) return row
    this.snapshots.rows.set(row.key, damaged)
    this.damaged.add(row.key)
    return damaged
  }

  /** A row as if the journal had lost its tail: all that the row knows of, or its last commit. */
  #ahead(row: StoredSnapshot): StoredSnapshot {
    const isNewest = row.sequence === this.#lastSequenceOf(row.key)
    return isNewest && this.#network.faults.details("snapshot ahead").chance(0.5)
      ? { ...row, version: row.version + AHEAD_EVENTS, sequence: row.sequence + 1 }
      : { ...row, sequence: row.sequence + AHEAD_RECORDS }
  }
}

/** The body with one field of another type. A body that was damaged before stays unchanged. */
const rubbishOf = (state: string, random: Randomness): string => {
  const change = random.pick(RUBBISH_SNAPSHOTS)
  try {
    return JSON.stringify({ ...(JSON.parse(state) as object), ...change })
  } catch {
    return state
  }
}
