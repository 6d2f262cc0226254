/** A correlation goes on through what comes late: a timer that was placed again, and an answer that was postponed. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import type { MailboxMemory } from "../../../runtime/mailbox/MailboxMemory.ts"
import type { ActorSystemService } from "../../../runtime/system/ActorSystem.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { virtually } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

const actors = [Desk, Clerk]
const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"

/** Correlation and trace of the desk's newest event. */
const newestCause = ({ get }: ActorSystemService) =>
  Effect.map(get(Desk, "d").history(), ({ events }) => {
    const { event, metadata } = Object(events.at(-1))
    return { type: event.type, ...metadata }
  })

it("a timer that was lost and placed again belongs to the request that set it", async () => {
  const messaging = new MessagingMemory()
  await virtually({ actors, messaging }, ({ system }) =>
    Effect.gen(function* () {
      const metadata = { correlationId: "r-1", user: "ann" }
      yield* system.get(Desk, "d").ask({ type: "Open", sheet: "s" }, { commandId: "open", metadata })
      yield* TestClock.adjust("5 seconds")
      messaging.mailbox.contents.loseSchedules()
      yield* TestClock.adjust("20 seconds")
      yield* TestClock.adjust("1 minute")
      expect((yield* system.get(Desk, "d").state()).state.context.alarms).toBe(1)
      expect(yield* newestCause(system)).toMatchObject({ correlationId: "r-1", causationId: "open" })
    }),
  )
})

/** Has the desk's timer lost while the desk is out of memory, and wakes the desk long after the timer was due. */
const wakesLate = Effect.fnUntraced(function* (
  { get, cluster }: ActorSystemService,
  { contents }: MailboxMemory,
) {
  const desk = get(Desk, "d")
  yield* TestClock.adjust("1 second")
  yield* cluster.passivate(Desk, "d")
  const lost = [...contents.schedules]
  expect(lost).toHaveLength(1)
  for (const { address, slot } of lost) contents.unschedule(address, slot, 0)
  yield* TestClock.adjust("2 minutes")
  expect((yield* desk.history()).events).toHaveLength(1)
  yield* desk.state()
  yield* TestClock.adjust("10 seconds")
  expect((yield* desk.state()).state.context.alarms).toBe(1)
})

it("a timer that is found overdue when its actor wakes belongs to the request that set it", async () => {
  const messaging = new MessagingMemory()
  await virtually({ actors, messaging }, ({ system }) =>
    Effect.gen(function* () {
      const metadata = { correlationId: "r-1", user: "ann", trace }
      yield* system.get(Desk, "d").ask({ type: "Open", sheet: "s" }, { commandId: "open", metadata })
      yield* wakesLate(system, messaging.mailbox)
      expect(yield* newestCause(system)).toMatchObject({ correlationId: "r-1", causationId: "open", trace })
    }),
  )
})

it.each(["unavailable", "hang"] as const)(
  "a timer that is found overdue fires without its cause where the search for it meets %s",
  async (outcome) => {
    const [messaging, journal] = [new MessagingMemory(), new JournalScripted()]
    await virtually({ actors, messaging, journal }, ({ system }) =>
      Effect.gen(function* () {
        yield* system.get(Desk, "d").ask({ type: "Open", sheet: "s" }, { commandId: "open" })
        // The first read is that of the test.
        journal.script.read.push("ok", outcome)
        yield* wakesLate(system, messaging.mailbox)
        expect(journal.script.read).toEqual([])
        expect((yield* newestCause(system)).causationId).not.toBe("open")
      }),
    )
  },
)

it("a postponed answer belongs to its request, whatever command gives it", async () => {
  await virtually({ actors }, ({ system }) =>
    Effect.gen(function* () {
      const asked = { correlationId: "r-2", trace }
      yield* system.get(Desk, "d").ask({ type: "AskToShelve", clerk: "c" }, { metadata: asked })
      yield* TestClock.adjust("1 second")
      const metadata = { correlationId: "another" }
      yield* system.get(Clerk, "c").ask({ type: "Fetch" }, { commandId: "fetch", metadata })
      yield* TestClock.adjust("1 second")
      const cause = yield* newestCause(system)
      expect(cause).toEqual({ type: "everstate.answered", correlationId: "r-2", causationId: "fetch", trace })
    }),
  )
})

it("a note is kept with the command, and not with what the command causes", async () => {
  await virtually({ actors }, ({ system }) =>
    Effect.gen(function* () {
      const metadata = { correlationId: "r-3", user: "ann", note: "asked for by letter" }
      const { get } = system
      yield* get(Desk, "d").ask({ type: "Tell", clerk: "c", sheets: ["s"] }, { commandId: "tell", metadata })
      yield* TestClock.adjust("1 second")
      expect(yield* newestCause(system)).toEqual({ type: "Told", ...metadata })
      const { events } = yield* get(Clerk, "c").history()
      expect(events.map((one) => one.metadata)).toEqual([
        { correlationId: "r-3", user: "ann", causationId: "tell" },
      ])
    }),
  )
})
