/** The comparison of journals finds what it is there for. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { addressOf } from "../../runtime/address/ActorAddress.ts"
import { AppendUnknown, JournalRefused, JournalUnavailable } from "../../runtime/journal/Journal.ts"
import { makeJournalMemory } from "../../runtime/journal/JournalMemory.ts"
import { JournalBehaviours, simulatedBehaviours } from "./JournalBehaviours.ts"

describe("the simulated journal", () => {
  const simulated = simulatedBehaviours()

  it("shows every reason for which an append is unknown", () => {
    for (const reason of AppendUnknown.fields.reason.literals) {
      expect(simulated).toContain(`append: AppendUnknown ${reason}`)
    }
  })

  it("shows every reason for which an actor cannot be read", () => {
    for (const reason of JournalUnavailable.fields.reason.literals) {
      expect(simulated).toContain(`read: JournalUnavailable ${reason}`)
      // Only a follower is stale, and `last` asks the leader.
      if (reason !== "Stale") expect(simulated).toContain(`last: JournalUnavailable ${reason}`)
    }
  })

  it("shows records and their absence", () => {
    for (const outcome of ["last: none", "last: record", "read: empty", "read: records", "follow: records"]) {
      expect(simulated).toContain(outcome)
    }
  })
})

it("a journal that shows what no simulated one does is found, and what is excepted is not", async () => {
  const order = addressOf("order", "a", 8)
  const notSimulated = async (reason: JournalRefused["reason"]) => {
    const behaviours = new JournalBehaviours()
    const refused = new JournalRefused({ reason, detail: "", hint: "" })
    const journal = behaviours.watch({ ...makeJournalMemory(), append: () => Effect.fail(refused) })
    await Effect.runPromise(Effect.flip(journal.append(order, 0, new Uint8Array())))
    return behaviours.notSimulated()
  }
  expect(await notSimulated("Corrupt")).toEqual(["append: JournalRefused Corrupt"])
  expect(await notSimulated("TooLarge")).toEqual([])
  expect(await notSimulated("NotPermitted")).toEqual([])
})
