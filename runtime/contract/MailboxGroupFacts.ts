/** What every mailbox honours of receivers that have some types alone; a part of MailboxContract.ts. */
import { Effect } from "effect"
import { type ActorAddress, addressOf } from "../address/ActorAddress.ts"
import { DEFAULT_GROUP, type Mailbox, type ReceiverGroup, UNACKNOWLEDGED_MAX } from "../mailbox/Mailbox.ts"
import { CONTRACT_SHARD_COUNT, type Facts } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"
import { here, numbered, open, publish, textOf, textsOf } from "./MailboxBench.ts"

/** An actor of another type in the shard of `here`. */
const clerk = Array.from({ length: 100 }, (_, n) => addressOf("clerk", `c${n}`, CONTRACT_SHARD_COUNT)).find(
  ({ shard }) => shard === here.shard,
) as ActorAddress

/** The group of all types while the orders stay in the mailbox. */
const withoutOrders: ReceiverGroup = { name: DEFAULT_GROUP, types: ["clerk"], leftOut: ["order"] }

/** Registers the facts. */
export const groupFacts = ({ describe, fact }: Facts<Mailbox>): void => {
  describe("a receiver that leaves types out", () => {
    fact(
      "is handed the others' messages, however many of the left types wait and were handed out before",
      Effect.gen(function* () {
        yield* Effect.forEach(numbered(UNACKNOWLEDGED_MAX + 10), (id) => publish(here, id), {
          concurrency: 50,
          discard: true,
        })
        yield* publish(clerk, "other")
        const all = yield* Effect.scoped(
          Effect.flatMap(open(here), ({ takeMany }) => takeMany(UNACKNOWLEDGED_MAX)),
        )
        expect(new Set(textsOf(all))).not.toContain("other")
        const { take } = yield* open(here, withoutOrders)
        const other = yield* take
        expect(textOf(other)).toBe("other")
        yield* other.ack
        yield* publish(here, "one more")
        yield* publish(clerk, "last")
        expect(textOf(yield* take)).toBe("last")
      }),
    )

    fact(
      "leaves the messages of these types to a later receiver, in their order",
      Effect.gen(function* () {
        yield* publish(here, "a")
        yield* Effect.scoped(
          Effect.gen(function* () {
            const { take } = yield* open(here, withoutOrders)
            yield* publish(here, "b")
            yield* publish(clerk, "other")
            expect(textOf(yield* take)).toBe("other")
          }),
        )
        yield* publish(here, "c")
        const receiver = yield* open(here)
        const taken = yield* receiver.takeUntil("c")
        expect(textsOf(taken).filter((text) => text !== "other")).toEqual(["a", "b", "c"])
      }),
    )
  })
}
