/** What starts a saga, and what its first deployment makes of events that are older. */
import { Schema } from "effect"
import { describe, expect, test } from "vitest"
import { type AnySaga, defineSaga } from "../../../runtime/index.ts"
import { Clerk } from "../../fixtures/memory/Desk.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { Booking, Journey, Trip } from "./Trip.ts"

/** A saga for each stamped sheet. */
const copying = (start?: "beginning" | "now"): AnySaga =>
  defineSaga({
    type: "copying",
    input: Schema.Struct({ sheet: Schema.String }),
    startsWhen: {
      from: Clerk,
      event: "Stamped",
      saga: ({ event: { sheet } }) =>
        sheet.startsWith("copy") ? undefined : { id: `of-${sheet}`, input: { sheet } },
      ...(start === undefined ? {} : { start }),
    },
    steps: (saga) =>
      saga.step("copy", {
        request: ({ input }) => ({
          actor: Clerk,
          id: "copies",
          command: { type: "Stamp", sheet: `copy of ${input.sheet}` },
        }),
      }),
  })

const copiesAfterDeployment = async (saga: AnySaga): Promise<ReadonlyArray<string>> => {
  const shared = { journal: new JournalScripted(), messaging: new MessagingMemory() }
  const before = await startMemory({ actors: [Clerk], ...shared })
  for (const sheet of ["a", "b"]) await before.system.get(Clerk, "c").ask({ type: "Stamp", sheet })
  await before.crash()
  const { system } = await startMemory({ actors: [Clerk], sagas: [saga], ...shared })
  await eventually(async () => (await system.status()).reactors.every(({ state }) => state === "running"))
  await system.get(Clerk, "c").ask({ type: "Stamp", sheet: "new" })
  const copies = async () => (await system.get(Clerk, "copies").state()).state.context.sheets
  await eventually(async () => (await copies()).includes("copy of new"))
  await eventually(() => [...shared.messaging.mailbox.contents.messages].length === 0)
  return [...(await copies())].sort()
}

describe("startsWhen, deployed where there are old events already", () => {
  test("starts a saga for each of them, too", async () => {
    expect(await copiesAfterDeployment(copying())).toEqual(["copy of a", "copy of b", "copy of new"])
  })

  test('starts one for new events only with `start: "now"`', async () => {
    expect(await copiesAfterDeployment(copying("now"))).toEqual(["copy of new"])
  })
})

describe("a system with a saga whose nested saga was not given to it", () => {
  test("says so by name when it starts", async () => {
    const logs: Array<string> = []
    await startMemory({ actors: [Booking], sagas: [Journey], logs })
    expect(logs.filter((line) => line.includes('has the saga "trip" as a step'))).toHaveLength(1)
    const none: Array<string> = []
    await startMemory({ actors: [Booking], sagas: [Journey, Trip], logs: none })
    expect(none.filter((line) => line.includes("as a step"))).toEqual([])
  })
})
