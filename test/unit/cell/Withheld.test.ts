/** A command that took its owners down is not decided by a node that has its shard now. */
import { Effect, Exit, Layer } from "effect"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { Unavailable } from "../../../runtime/cell/AskError.ts"
import { makeCells } from "../../../runtime/cell/Cells.ts"
import { WaitingCommand } from "../../../runtime/cell/Waiting.ts"
import { Ownership } from "../../../runtime/cluster/Ownership.ts"
import { ShardMap } from "../../../runtime/cluster/ShardMap.ts"
import { commandOf } from "../../../runtime/command/Ask.ts"
import { SYSTEM_DEFAULTS } from "../../../runtime/system/SystemSettings.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { SnapshotStoreScripted } from "../../fixtures/memory/SnapshotStoreScripted.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"

const SHARD_COUNT = 1
const address = addressOf(Counter.type, "c", SHARD_COUNT)
const nothing = () => undefined

it("by an ask; a message counts its own attempts", () => {
  const journal = new JournalScripted()
  const shardMap = new ShardMap([Counter], SHARD_COUNT)
  const ownership = new Ownership(shardMap.all.length)
  ownership.open(0, 1)
  ownership.renewed(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  const ids: Array<string> = []
  const offered = Effect.gen(function* () {
    const cells = yield* makeCells({
      ...SYSTEM_DEFAULTS,
      outbox: {
        appending: nothing,
        over: nothing,
        unresolved: nothing,
        abandoned: nothing,
        committed: nothing,
        found: nothing,
        activated: nothing,
      },
      changes: { changed: nothing, caughtUp: nothing },
      shardMap,
      ownership,
      elsewhere: nothing,
      unreadable: () => false,
      withheld: ({ type: actorType, id }, { command: { commandId } }) => {
        ids.push(commandId)
        return new Unavailable({ actorType, id, stored: "Unknown", detail: "it took nodes down", hint: "" })
      },
      isPaused: () => false,
    })
    const offer = (id: string, isMessage: boolean) =>
      Effect.callback<Exit.Exit<unknown, unknown>>((resume) => {
        const command = commandOf(Counter, address, { type: "Add", by: 1 }, {}, () => id)
        const answer = (exit: Exit.Exit<unknown, unknown>) => resume(Effect.succeed(exit))
        cells.offer(Counter, address, new WaitingCommand(command, undefined, answer, isMessage))
      })
    expect(yield* offer("asked", false)).toMatchObject(
      Exit.fail(expect.objectContaining({ _tag: "Unavailable", detail: "it took nodes down" })),
    )
    expect(journal.counts.append).toBe(0)
    expect(Exit.isSuccess(yield* offer("told", true))).toBe(true)
    expect(ids).toEqual(["asked"])
  })
  const ports = Layer.mergeAll(journal.layer, new SnapshotStoreScripted().layer, realDate)
  return Effect.runPromise(offered.pipe(Effect.scoped, Effect.provide(ports)))
})
