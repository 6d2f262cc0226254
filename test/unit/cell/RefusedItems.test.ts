/** A journal that refuses a commit keeps the order of messages: a later one is not stored before an earlier one. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { refusedItems } from "../../../runtime/cell/RefusedItems.ts"
import type { Round } from "../../../runtime/cell/Round.ts"
import { type Waiting, WaitingCommand, WaitingRead } from "../../../runtime/cell/Waiting.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import type { AppendOutcome } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, historyOf, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { post } from "../../fixtures/memory/Post.ts"

const item = (isMessage: boolean) =>
  new WaitingCommand({ commandId: "c" } as never, undefined, () => undefined, isMessage)

const read = new WaitingRead(() => undefined)

/** A round that has taken `taken`, and whose commit carries `carried`. */
const round = (taken: ReadonlyArray<Waiting>, carried: ReadonlyArray<Waiting>) =>
  ({ taken, entries: carried.map((waiting) => ({ waiting })) }) as unknown as Round

describe("what fails with a refused commit", () => {
  const [ask, first, later, last] = [item(false), item(true), item(true), item(true)]

  it("is what the commit carries, and of a fence each command that it stands before", () => {
    expect(refusedItems(round([ask, read], [ask]), [later], true)).toEqual(new Set([ask]))
    expect(refusedItems(round([ask, read], []), [], true)).toEqual(new Set([ask]))
  })

  it("is each later message besides, where the commit carries a message", () => {
    const refused = refusedItems(round([first, read, later], [first]), [ask, last], true)
    expect([...refused]).toEqual([first, later, last])
  })

  it("is no later message where the refusal is final", () => {
    expect(refusedItems(round([first], [first]), [later], false)).toEqual(new Set([first]))
  })
})

it.each<AppendOutcome>(["full", "notPermitted"])(
  "messages are stored in their order though the journal refuses the first: %s",
  async (outcome) => {
    const messaging = new MessagingMemory()
    const { system, journal } = await startMemory({ messaging })
    const resume = journal.hold()
    journal.script.append.push(outcome)
    await Effect.runPromise(post(messaging, Counter, "a", { type: "Add", by: 1 }))
    await eventually(() => journal.counts.append === 1)
    await Effect.runPromise(post(messaging, Counter, "a", { type: "Add", by: 2 }))
    await eventually(async () => (await system.status()).inFlightCount === 2)
    resume()
    await eventually(async () => (await historyOf(journal.inner, Counter, "a")).length === 2)
    expect(await historyOf(journal.inner, Counter, "a")).toMatchObject([
      { event: { by: 1 } },
      { event: { by: 2 } },
    ])
  },
)
