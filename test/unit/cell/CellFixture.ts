/** One cell of a counter without the cells around it, so that a test decides what its ports do. */
import { Clock, Effect, Exit } from "effect"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { BirthEvidence } from "../../../runtime/cell/BirthEvidence.ts"
import { Cell } from "../../../runtime/cell/Cell.ts"
import type { CellContext } from "../../../runtime/cell/CellContext.ts"
import { noCounts } from "../../../runtime/cell/CellCounts.ts"
import { IgnoredSnapshots } from "../../../runtime/cell/IgnoredSnapshots.ts"
import {
  type CurrentState,
  type Waiting,
  WaitingCommand,
  WaitingRead,
} from "../../../runtime/cell/Waiting.ts"
import { commandOf } from "../../../runtime/command/Ask.ts"
import { beginAppendOf } from "../../../runtime/journal/BeginAppend.ts"
import { makeSnapshotStoreMemory } from "../../../runtime/snapshot/SnapshotStoreMemory.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"

export const cellAddress = addressOf("counter", "a", 8)

/** A cell whose shard a test takes away and gives back. */
export const cellOf = async (changes: Partial<CellContext> = {}) => {
  const journal = new JournalScripted()
  const shard = { epoch: 1 }
  const unused = () => undefined
  const context: CellContext = {
    journal: journal.service,
    fork: Effect.runFork,
    beginAppend: beginAppendOf(journal.service.append, Effect.runFork),
    snapshots: makeSnapshotStoreMemory(),
    ignoredSnapshots: new IgnoredSnapshots(),
    clock: await Effect.runPromise(Clock.Clock),
    births: new BirthEvidence(),
    counts: noCounts(),
    commitFormat: () => 1,
    markOf: unused,
    transitions: undefined,
    epochOf: () => shard.epoch,
    offer: unused,
    elsewhere: (_definition, _address, waiting) => waiting.settle(Exit.die("elsewhere") as never),
    unreadable: () => false,
    outbox: {
      appending: unused,
      over: unused,
      unresolved: unused,
      abandoned: unused,
      committed: unused,
      found: unused,
      activated: unused,
    } as never,
    changes: { changed: unused, caughtUp: unused },
    snapshotWriter: { mark: unused } as never,
    recoveryGate: (effect) => effect,
    ...changes,
  }
  const cell = new Cell(context, Counter, cellAddress, 0)
  const offered = <A>(make: (answer: (exit: Exit.Exit<A, unknown>) => void) => Waiting): Promise<A> =>
    new Promise((resolve, reject) => {
      cell.offer(make((exit) => (Exit.isSuccess(exit) ? resolve(exit.value) : reject(exit.cause))))
    })
  return {
    shard,
    journal,
    read: () => offered<CurrentState>((answer) => new WaitingRead(answer as never)),
    add: (commandId: string, by: number) =>
      offered((answer) => {
        const command = commandOf(Counter, cellAddress, { type: "Add", by }, { commandId }, () => commandId)
        return new WaitingCommand(command, undefined, answer as never)
      }),
  }
}
