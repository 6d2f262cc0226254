/** What a cell knows of its actor from an earlier time of having the shard is not used in a later one. */
import { Clock, Effect, Exit } from "effect"
import { expect, it } from "vitest"
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
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import { beginAppendOf } from "../../../runtime/journal/BeginAppend.ts"
import { makeSnapshotStoreMemory } from "../../../runtime/snapshot/SnapshotStoreMemory.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"

const address = addressOf("counter", "a", 8)

/** A cell whose shard a test takes away and gives back. */
const cellOf = async () => {
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
    snapshotWriter: { mark: unused } as never,
    recoveryGate: (effect) => effect,
  }
  const cell = new Cell(context, Counter, address, 0)
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
        const command = commandOf(Counter, address, { type: "Add", by }, { commandId }, () => commandId)
        return new WaitingCommand(command, undefined, answer as never)
      }),
  }
}

/** A commit of the shard's owner between the two times. */
const otherOwner = ({ inner }: JournalScripted, epoch: number) => {
  const entry = { c: "of-the-other", fp: "", ev: [{ t: "Added", v: 1, d: { by: 100 } }] }
  const data = encodeCommit({ first: 2, at: 1, epoch }, [JSON.stringify(entry)])
  return Effect.runPromise(inner.append(address, 1, data))
}

it("FAULT 9: reads the journal anew when its shard went and came back under a higher epoch", async () => {
  const { shard, journal, read, add } = await cellOf()
  await add("c-1", 1)
  expect(await read()).toMatchObject({ version: 1, state: { context: { total: 1 } } })
  await otherOwner(journal, 2)
  // The same time of having it: nobody else may have written, so nothing is read.
  const { last } = journal.counts
  expect(await read()).toMatchObject({ version: 1 })
  expect(journal.counts.last).toBe(last)
  shard.epoch = 3
  expect(await read()).toMatchObject({ version: 2, state: { context: { total: 101 } } })
  expect(await add("c-2", 1)).toMatchObject({ version: 3, reply: { total: 102 } })
  expect(journal.counts.append).toBe(2)
})

it("gives what waits to the new owner while the shard is not its node's", async () => {
  const { shard, read, add } = await cellOf()
  await add("c-1", 1)
  shard.epoch = 0
  await expect(read()).rejects.toBeDefined()
  shard.epoch = 2
  expect(await read()).toMatchObject({ version: 1 })
})
