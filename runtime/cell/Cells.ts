/**
 * All cells of a node: activation on first use, passivation by idle time and by a cap on resident actors.
 *
 * Owns the map of cells, in order of last use, and the fibers that run them. What a cell does: Cell.ts.
 */
import { Clock, Effect, Exit, Fiber, Latch, type Scope } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { Journal } from "../journal/Journal.ts"
import { SnapshotStore } from "../snapshot/SnapshotStore.ts"
import { makeSnapshotWriter, type SnapshotWriter } from "../snapshot/SnapshotWriter.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { type ActorQuarantined, Busy, SystemStopped } from "./AskError.ts"
import { Cell, type CellContext } from "./Cell.ts"
import { type CellCounts, noCounts } from "./CellCounts.ts"
import type { CommitListener } from "./CommitListener.ts"
import { makeGate } from "./Gate.ts"
import type { InFlight, Waiting } from "./Waiting.ts"

/** Recoveries that run at once on a node; further ones wait. */
export const RECOVERIES_MAX = 256

/** Items that may wait or be in work on a node, over all actors; the next one is refused as Busy. */
export const IN_FLIGHT_MAX = 100_000

/** Least recently used cells that are looked at to find an idle one when the cap is reached. */
const EVICTION_SCAN_MAX = 32

export interface CellsOptions {
  /** Actors that may be resident; beyond it the least recently used idle one leaves memory. */
  readonly residentMax: number
  /** Idle time after which an actor leaves memory, in milliseconds. */
  readonly idleMs: number
  /** Told of every commit. */
  readonly outbox: CommitListener
}

export interface Cells {
  /** Hands an item to its actor, bringing the actor into memory if need be. Answers through the item. */
  readonly offer: (definition: ActorDefinition, address: ActorAddress, waiting: Waiting) => void
  readonly residentCount: () => number
  readonly inFlightCount: () => number
  readonly quarantined: () => ReadonlyArray<ActorQuarantined>
  readonly counts: CellCounts
  readonly snapshotWriter: SnapshotWriter
  /** Takes no more items, waits until every cell is done, and saves snapshots. */
  readonly drain: Effect.Effect<void>
}

export const makeCells = Effect.fnUntraced(function* (
  options: CellsOptions,
): Effect.fn.Return<Cells, never, Journal | SnapshotStore | Scope.Scope> {
  const clock = yield* Clock.Clock
  const snapshotWriter = yield* makeSnapshotWriter
  const counts = noCounts()
  const context: CellContext = {
    journal: yield* Journal,
    snapshots: yield* SnapshotStore,
    clock,
    snapshotWriter,
    counts,
    outbox: options.outbox,
    // One node owns every shard for good; leases bring the epochs of several.
    epochOf: () => 1,
    recoveryGate: makeGate(RECOVERIES_MAX),
  }

  // Insertion order is order of last use: a used cell is put back at the end.
  const cells = new Map<string, Cell>()
  /** Open while actors are resident: a node without any sets no timer to look for idle ones. */
  const someResident = Latch.makeUnsafe(false)
  const inFlight: InFlight = { count: 0 }
  let isStopped = false
  const runFork = Effect.runForkWith(yield* Effect.context<never>())

  const passivate = (cell: Cell): void => {
    cells.delete(cell.address.key)
    cell.passivate()
    counts.passivatedCount++
  }

  /** For one more; takes several where a crowd that could not be turned away has left too many. */
  const makeRoom = (): void => {
    let scannedCount = 0
    for (const cell of cells.values()) {
      if (cells.size < options.residentMax || scannedCount++ === EVICTION_SCAN_MAX) return
      if (cell.isIdle) passivate(cell)
    }
  }

  const cellFor = (definition: ActorDefinition, address: ActorAddress): Cell => {
    const known = cells.get(address.key)
    if (known !== undefined) {
      cells.delete(address.key)
      cells.set(address.key, known)
      return known
    }
    if (cells.size >= options.residentMax) makeRoom()
    const cell = new Cell(context, definition, address)
    cells.set(address.key, cell)
    someResident.openUnsafe()
    return cell
  }

  const start = (cell: Cell): void => {
    const fiber = runFork(cell.run())
    if (fiber.pollUnsafe() !== undefined) return
    cell.fiber = fiber
    fiber.addObserver(() => {
      cell.fiber = undefined
    })
  }

  // A cell at work is never passivated, so they are all here.
  const running = (): ReadonlyArray<Cell> =>
    Array.from(cells.values()).filter((cell) => cell.fiber !== undefined)
  const fibersOf = (running: ReadonlyArray<Cell>) =>
    running.map(({ fiber }) => fiber).filter((fiber) => fiber !== undefined)

  const offer = (definition: ActorDefinition, address: ActorAddress, waiting: Waiting): void => {
    const { type: actorType, id } = address
    if (isStopped) return waiting.settle(Exit.fail(new SystemStopped({ actorType, id })))
    if (inFlight.count >= IN_FLIGHT_MAX) {
      return waiting.settle(
        Exit.fail(new Busy({ actorType, id, queue: "System", limitCount: IN_FLIGHT_MAX })),
      )
    }
    waiting.countIn(inFlight)
    const cell = cellFor(definition, address)
    cell.lastUsedMs = monotonicMs(clock)
    if (cell.offer(waiting)) start(cell)
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

  const drain = Effect.gen(function* () {
    isStopped = true
    yield* Fiber.awaitAll(fibersOf(running()))
    for (const cell of cells.values()) cell.passivate()
    cells.clear()
    yield* snapshotWriter.flush
  })

  // A scope that ends without a drain is a crash as far as cells are concerned: nothing runs on.
  yield* Effect.addFinalizer(() => {
    isStopped = true
    const cutOff = running()
    return Effect.andThen(
      Fiber.interruptAll(fibersOf(cutOff)),
      Effect.sync(() => {
        for (const cell of cutOff) cell.cutOff()
      }),
    )
  })

  return {
    offer,
    residentCount: () => cells.size,
    inFlightCount: () => inFlight.count,
    quarantined: () =>
      Array.from(cells.values(), ({ quarantine }) => quarantine).filter((found) => found !== undefined),
    counts,
    snapshotWriter,
    drain,
  }
})
