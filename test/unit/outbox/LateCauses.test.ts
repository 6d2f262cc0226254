/** A correlation goes on through what comes late: a timer that was placed again, and an answer that was postponed. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import type { ActorSystemService } from "../../../runtime/system/ActorSystem.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
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
