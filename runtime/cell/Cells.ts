/**
 * All cells of a node: activation on first use, passivation by idle time and by a cap on resident actors.
 *
 * Owns the map of cells, in order of last use, and the fibers that run them. A cell's work: Cell.ts.
 */
import { Clock, Effect, Latch, type Scope } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { Ownership } from "../cluster/Ownership.ts"
import type { ShardMap } from "../cluster/ShardMap.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { beginAppendOf } from "../journal/BeginAppend.ts"
import { Journal } from "../journal/Journal.ts"
import { SnapshotStore } from "../snapshot/SnapshotStore.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { type ActorQuarantined, Busy, SystemStopped, Unavailable } from "./AskError.ts"
import { BirthEvidence, CurrentBirthEvidence } from "./BirthEvidence.ts"
import { Cell } from "./Cell.ts"
import type { CellContext } from "./CellContext.ts"
import { type CellCounts, noCounts } from "./CellCounts.ts"
import type { ChangeListener } from "./ChangeListener.ts"
import type { CommitListener } from "./CommitListener.ts"
import { makeGate } from "./Gate.ts"
import { IgnoredSnapshots } from "./IgnoredSnapshots.ts"
import { makeSnapshotWriter, type SnapshotWriter } from "./SnapshotWriter.ts"
import type { InFlight, Waiting, WaitingCommand } from "./Waiting.ts"

/** Recoveries that run at once on a node; others wait. */
export const RECOVERIES_MAX = 256

/** Items that may wait or be in work on a node, over all actors; further items are refused as Busy. */
export const IN_FLIGHT_MAX = 100_000

/** Least recently used cells that are looked at to find an idle one when the cap is reached. */
const EVICTION_SCAN_MAX = 32

export interface CellsOptions {
  /** Actors that may be resident; above this number the least recently used idle actor leaves memory. */
  readonly residentMax: number
  /** Idle time after which an actor leaves memory, in milliseconds. */
  readonly idleMs: number
  /** Listener for every commit. */
  readonly outbox: CommitListener
  /** Listener for every change of an actor. */
  readonly changes: ChangeListener
  readonly shardMap: ShardMap
  readonly ownership: Ownership
  /** Format that commits are written in now; default 1. */
  readonly commitFormat?: CellContext["commitFormat"]
  /** Mark that commits of a shard carry; default: none. */
  readonly markOf?: CellContext["markOf"]
  readonly transitions?: CellContext["transitions"]
  /** Takes items for shards that this node does not have. */
  readonly elsewhere: CellContext["elsewhere"]
  /** An actor's history cannot be read here. Returns true if another node takes its shard. */
  readonly unreadable: (definition: ActorDefinition, shardIndex: number, error: ActorQuarantined) => boolean
  /** Why no node may decide a command, because it crashed nodes; `undefined` if it may be decided. */
  readonly withheld: (address: ActorAddress, waiting: WaitingCommand) => Unavailable | undefined
  /** Whether an operator has paused all actors of the type. */
  readonly isPaused: (type: string) => boolean
}

/** An actor whose history does not fit the code, such as a saga whose plan is gone. */
export interface HaltedActor {
  readonly actorType: string
  readonly id: string
  readonly reason: string
}

export interface Cells {
  /** Hands an item to its actor, and brings the actor into memory if needed. The item carries the answer. */
  readonly offer: (definition: ActorDefinition, address: ActorAddress, waiting: Waiting) => void
  /** Whether this node has the actor's shard and takes new work for it. */
  readonly takes: (definition: ActorDefinition, address: ActorAddress) => boolean
  /** Takes back a command that its cell has not begun. False: it may be stored, now or later. */
  readonly withdraw: (address: ActorAddress, waiting: WaitingCommand) => boolean
  readonly residentCount: () => number
  /** Actors in memory, by type. */
  readonly residentByType: () => ReadonlyMap<string, number>
  readonly inFlightCount: () => number
  readonly quarantined: () => ReadonlyArray<ActorQuarantined>
  /** Actors in memory for which this code can decide nothing. */
  readonly halted: () => ReadonlyArray<HaltedActor>
  readonly counts: CellCounts
  readonly snapshotWriter: SnapshotWriter
  readonly ignoredSnapshots: IgnoredSnapshots
  /**
   * Waits until every cell of a shard is done, and passivates them; the caller offers no items meanwhile.
   * Returns the keys of the resident actors that were not quarantined, the most recently used first.
   */
  readonly drainShard: (shardIndex: number) => Effect.Effect<ReadonlyArray<string>>
  /** Forgets the idle cells of a shard. Busy cells notice by themselves that this node has no lease on it. */
  readonly releaseShard: (shardIndex: number) => void
  /** Passivates an actor if no item waits for it. False: it is busy, or not here. */
  readonly passivateActor: (key: string) => boolean
  /** Takes no more items, waits until every cell is done, and saves snapshots. */
  readonly drain: Effect.Effect<void>
}

export const makeCells = Effect.fnUntraced(function* (
  options: CellsOptions,
): Effect.fn.Return<Cells, never, Journal | SnapshotStore | Scope.Scope> {
  const clock = yield* Clock.Clock
  const snapshotWriter = yield* makeSnapshotWriter
  const ignoredSnapshots = new IgnoredSnapshots()
  const counts = noCounts()
  const journal = yield* Journal
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const context: CellContext = {
    journal,
    snapshots: yield* SnapshotStore,
    ignoredSnapshots,
    clock,
    snapshotWriter,
    births: (yield* CurrentBirthEvidence) ?? new BirthEvidence(),
    counts,
    outbox: options.outbox,
    changes: options.changes,
    commitFormat: options.commitFormat ?? (() => 1),
    markOf: options.markOf ?? (() => undefined),
    transitions: options.transitions,
    epochOf: (shardIndex) => options.ownership.epochOf(shardIndex, monotonicMs(clock)),
    elsewhere: options.elsewhere,
    offer: (definition, address, waiting) => offer(definition, address, waiting),
    unreadable: options.unreadable,
    recoveryGate: makeGate(RECOVERIES_MAX),
    fork,
    beginAppend: beginAppendOf(journal.append, fork),
  }

  // Insertion order is order of last use: a used cell is put back at the end.
  const cells = new Map<string, Cell>()
  /** Open while actors are resident, so that a node without actors sets no timer to look for idle ones. */
  const someResident = Latch.makeUnsafe(false)
  const inFlight: InFlight = { count: 0 }
  let isStopped = false

  const passivate = (cell: Cell): void => {
    cells.delete(cell.address.key)
    cell.passivate()
    counts.passivatedCount++
  }

  /**
   * Makes room for one more cell. Evicts several cells if more than the cap are resident, because all were
   * busy before.
   */
  const makeRoom = (): void => {
    let scannedCount = 0
    for (const cell of cells.values()) {
      if (cells.size < options.residentMax || scannedCount++ === EVICTION_SCAN_MAX) return
      if (cell.isIdle) passivate(cell)
    }
  }

  const cellFor = (definition: ActorDefinition, address: ActorAddress, shardIndex: number): Cell => {
    const known = cells.get(address.key)
    if (known !== undefined) {
      cells.delete(address.key)
      cells.set(address.key, known)
      return known
    }
    if (cells.size >= options.residentMax) makeRoom()
    const cell = new Cell(context, definition, address, shardIndex)
    cells.set(address.key, cell)
    someResident.openUnsafe()
    return cell
  }

  // The map holds every busy cell, because a busy cell is never passivated.
  const atWork = (): ReadonlyArray<Cell> => Array.from(cells.values()).filter((cell) => cell.isAtWork)
  const untilDone = (cells: ReadonlyArray<Cell>): Effect.Effect<void> =>
    Effect.forEach(cells, ({ done }) => done, { discard: true })

  const offer = (definition: ActorDefinition, address: ActorAddress, waiting: Waiting): void => {
    const { type: actorType, id } = address
    if (isStopped) return waiting.refuse(new SystemStopped({ actorType, id }))
    const nowMs = monotonicMs(clock)
    const shardIndex = options.shardMap.indexOf(actorType, address.shard)
    if (shardIndex === undefined || !options.ownership.takes(shardIndex, nowMs)) {
      return options.elsewhere(definition, address, waiting, false)
    }
    if (waiting._tag === "Command") {
      if (options.isPaused(actorType)) return pausedNow(address, waiting)
      const withheld = waiting.isMessage ? undefined : options.withheld(address, waiting)
      if (withheld !== undefined) return waiting.refuse(withheld)
    }
    if (inFlight.count >= IN_FLIGHT_MAX) {
      return waiting.refuse(new Busy({ actorType, id, queue: "System", limitCount: IN_FLIGHT_MAX }))
    }
    waiting.countIn(inFlight)
    const cell = cellFor(definition, address, shardIndex)
    cell.lastUsedMs = nowMs
    cell.offer(waiting)
  }

  const passivateIdle = Effect.sync(() => {
    if (cells.size === 0) someResident.closeUnsafe()
    const usedBeforeMs = monotonicMs(clock) - options.idleMs
    for (const cell of cells.values()) {
      if (cell.lastUsedMs > usedBeforeMs) break
      if (cell.isIdle) passivate(cell)
    }
  })
  yield* Effect.forkScoped(
    Effect.forever(
      someResident.await.pipe(
        Effect.andThen(Effect.sleep(Math.max(options.idleMs / 4, 1))),
        Effect.andThen(passivateIdle),
      ),
    ),
  )

  const cellsIn = (shardIndex: number): ReadonlyArray<Cell> =>
    Array.from(cells.values()).filter((cell) => cell.shardIndex === shardIndex)

  const drainShard = (shardIndex: number) =>
    Effect.gen(function* () {
      yield* untilDone(cellsIn(shardIndex))
      const idle = cellsIn(shardIndex).filter(({ isIdle }) => isIdle)
      for (const cell of idle) passivate(cell)
      const well = idle.filter(({ quarantine }) => quarantine === undefined)
      return well.map(({ address }) => address.key).reverse()
    })

  const releaseShard = (shardIndex: number): void => {
    for (const cell of cellsIn(shardIndex)) if (cell.isIdle) cells.delete(cell.address.key)
  }

  const drain = Effect.gen(function* () {
    isStopped = true
    yield* untilDone(atWork())
    for (const cell of cells.values()) cell.passivate()
    cells.clear()
    yield* snapshotWriter.flush
  })

  // For cells, a scope that ends without a drain is a crash: all their work stops.
  yield* Effect.addFinalizer(() => {
    isStopped = true
    const cutOff = atWork()
    return Effect.andThen(
      Effect.all(
        cutOff.map(({ stop }) => stop),
        { concurrency: "unbounded", discard: true },
      ),
      Effect.sync(() => {
        for (const cell of cutOff) cell.cutOff()
      }),
    )
  })

  return {
    offer,
    takes: ({ type }, { shard }) => {
      const shardIndex = options.shardMap.indexOf(type, shard)
      return !isStopped && shardIndex !== undefined && options.ownership.takes(shardIndex, monotonicMs(clock))
    },
    withdraw: ({ key }, waiting) => cells.get(key)?.queue.withdraw(waiting) === true,
    residentCount: () => cells.size,
    residentByType: () => {
      const counted = new Map<string, number>()
      for (const { address } of cells.values())
        counted.set(address.type, (counted.get(address.type) ?? 0) + 1)
      return counted
    },
    drainShard,
    releaseShard,
    passivateActor: (key) => {
      const cell = cells.get(key)
      if (cell === undefined || !cell.isIdle) return false
      passivate(cell)
      return true
    },
    inFlightCount: () => inFlight.count,
    quarantined: () =>
      Array.from(cells.values(), ({ quarantine }) => quarantine).filter((found) => found !== undefined),
    halted: () =>
      Array.from(cells.values()).flatMap(({ address: { type: actorType, id }, halted: reason }) =>
        reason === undefined ? [] : [{ actorType, id, reason }],
      ),
    counts,
    snapshotWriter,
    ignoredSnapshots,
    drain,
  }
})

const pausedNow = ({ type: actorType, id }: ActorAddress, waiting: WaitingCommand): void => {
  const detail = `an operator has paused the actors of type "${actorType}"`
  const hint = "Try again once the type is resumed."
  waiting.refuse(new Unavailable({ actorType, id, stored: "No", detail, hint }))
}
