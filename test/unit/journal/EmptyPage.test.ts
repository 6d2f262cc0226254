/** A replica that lags answers an empty page, and is taken at its word: no reader of the journal takes that for its end. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { STALE_RETRIES_MAX } from "../../../runtime/journal/RecordPage.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import type { ReadOutcome } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

const empty = (count: number): Array<ReadOutcome> => Array.from({ length: count }, () => "empty")

/** A later life of a counter that has three commits. */
const later = async () => {
  const { system, journal } = await startMemory()
  for (const by of [1, 2, 4]) await system.get(Counter, "a").ask({ type: "Add", by })
  const { system: next } = await startMemory({ journal })
  return { journal, counter: next.get(Counter, "a") }
}

const readers = {
  state: async ({ counter }: Awaited<ReturnType<typeof later>>) => {
    const { version, state } = await counter.state()
    return [version, state.context.total]
  },
  history: async ({ counter }: Awaited<ReturnType<typeof later>>) => {
    const { events } = await counter.history()
    return [
      events.length,
      events.reduce((sum, { event }) => sum + (event.type === "Added" ? event.by : 0), 0),
    ]
  },
  stateAt: async ({ counter }: Awaited<ReturnType<typeof later>>) => {
    const { version, state } = await counter.stateAt({ version: 3 })
    return [version, state.context.total]
  },
}

describe.each(Object.entries(readers))("%s", (_, read) => {
  it("FAULT 18: is whole after some empty pages", async () => {
    const life = await later()
    life.journal.script.read = empty(3)
    expect(await read(life)).toEqual([3, 7])
    expect(life.journal.script.read).toEqual([])
  })

  it("FAULT 18: fails, and is never short, while pages stay empty", async () => {
    const life = await later()
    life.journal.script.read = empty(STALE_RETRIES_MAX + 1)
    const failure = await read(life).catch((error: unknown) => error)
    // An ask goes on until its deadline, a look into the past says what it met.
    if (Array.isArray(failure)) expect(failure).toEqual([3, 7])
    else
      expect(failure).toMatchObject({
        message: expect.stringMatching(/Stale|no record of counter\/a after 0/),
      })
    expect(life.journal.script.read).toEqual([])
    expect(await read(life)).toEqual([3, 7])
  })
})

it("FAULT 57: what a commit carries is sent after a crash, though the first looks for it find nothing", async () => {
  const messaging = new MessagingMemory({ isMailboxOnly: true })
  const { publish } = messaging.mailbox
  Object.assign(messaging.mailbox, { publish: () => Effect.never })
  const first = await startMemory({ actors: [Clerk, Desk], messaging })
  await first.system.get(Desk, "d").ask({ type: "Tell", clerk: "c", sheets: ["1"] })
  await first.crash()
  Object.assign(messaging.mailbox, { publish })
  messaging.isMailboxOnly = false
  const { journal } = first
  journal.script.scan = empty(STALE_RETRIES_MAX + 3)
  const { system } = await startMemory({ actors: [Clerk, Desk], messaging, journal })
  await eventually(async () => (await system.get(Clerk, "c").state()).version === 1)
  expect(journal.script.scan).toEqual([])
})
