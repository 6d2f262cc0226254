/** What every mailbox honours about its backlog; a part of MailboxContract.ts. */
import { Clock, Effect } from "effect"
import { addressOf } from "../address/ActorAddress.ts"
import { Mailbox } from "../mailbox/Mailbox.ts"
import { CONTRACT_SHARD_COUNT, type Facts } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"
import { beside, elsewhere, here, numbered, open, publish, schedule } from "./MailboxBench.ts"

/** Far enough that it does not fire during the test, in milliseconds. */
const FAR_MS = 3_600_000

const backlog = Effect.gen(function* () {
  const mailbox = yield* Mailbox
  const found = yield* mailbox.backlog
  return [...found].sort((a, b) => a.shard - b.shard || (a.type < b.type ? -1 : 1))
})

/** Acknowledgements and what is due take their way. */
const eventually = (expected: Effect.Success<typeof backlog>) =>
  Effect.gen(function* () {
    for (let round = 0; round < 2_000; round++) {
      const found = yield* backlog
      if (JSON.stringify(found) === JSON.stringify(expected)) return
      yield* Effect.sleep(50)
    }
    expect(yield* backlog).toEqual(expected)
  })

/** Registers the facts. */
export const backlogFacts = ({ describe, fact }: Facts<Mailbox>): void => {
  describe("backlog", () => {
    fact(
      "counts what is not acknowledged, by shard and type, received or not",
      Effect.gen(function* () {
        expect(yield* backlog).toEqual([])
        const payment = otherTypeIn(here.shard)
        for (const id of numbered(3)) yield* publish(here, id)
        yield* publish(beside, "beside")
        yield* publish(payment, "payment")
        const counts = [
          { shard: here.shard, type: "order", count: 4 },
          { shard: here.shard, type: "payment", count: 1 },
        ]
        expect(yield* backlog).toEqual(counts)
        const receiver = yield* open(here)
        const taken = yield* receiver.takeMany(5)
        expect(yield* backlog).toEqual(counts)
        for (const { ack } of taken) yield* ack
        yield* eventually([])
      }),
    )

    fact(
      "counts what was scheduled once it is due, and not before",
      Effect.gen(function* () {
        const nowMs = yield* Clock.currentTimeMillis
        yield* schedule(here, "far", "far", nowMs + FAR_MS)
        yield* schedule(elsewhere, "soon", "soon", nowMs + 200)
        expect((yield* backlog).filter(({ shard }) => shard === here.shard)).toEqual([])
        yield* eventually([{ shard: elsewhere.shard, type: "order", count: 1 }])
      }),
    )
  })
}

const otherTypeIn = (shard: number) => {
  const found = numbered(1_000)
    .map((id) => addressOf("payment", id, CONTRACT_SHARD_COUNT))
    .find((address) => address.shard === shard)
  return found ?? here
}
