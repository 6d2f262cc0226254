/** Timers that an older copy of the mailbox lacks are placed again from the journal. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { MailboxUnavailable } from "../../../runtime/mailbox/Mailbox.ts"
import { tidesOf, timerMarksOf } from "../../../runtime/outbox/TimerMarks.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { SHARD_COUNT, virtually } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

const actors = [Desk, Clerk]

const noAnswer = new MailboxUnavailable({ reason: "Timeout", detail: "no answer" })

type Desks = {
  readonly open: (id: string) => Effect.Effect<unknown>
  readonly alarmsOf: (id: string) => Effect.Effect<number>
}

/** One life of a node: it is gone, without a word, at the end of the body. */
const life = (
  messaging: MessagingMemory,
  journal: JournalScripted,
  body: (desks: Desks) => Effect.Effect<void, unknown>,
): Promise<void> =>
  virtually({ actors, messaging, journal }, ({ system }) =>
    body({
      open: (id) => Effect.orDie(system.get(Desk, id).ask({ type: "Open", sheet: "s" })),
      alarmsOf: (id) =>
        Effect.map(Effect.orDie(system.get(Desk, id).state()), ({ state }) => state.context.alarms),
    }),
  )

const sentinelsOf = ({ mailbox }: MessagingMemory): ReadonlySet<string> => mailbox.contents.sentinels

/** The highest mark of any shard. */
const lastMark = (messaging: MessagingMemory): number => {
  const slots = new Set(Array.from(sentinelsOf(messaging), (name) => name.replace(/[@+~].*$/, "")))
  return Math.max(
    -1,
    ...Array.from(slots, (slot) => timerMarksOf(sentinelsOf(messaging), slot).at(-1)?.sequence ?? -1),
  )
}

describe("an older copy in the place of the mailbox of timers", () => {
  it("loses no timer that was set since, though no mark was placed since", async () => {
    const messaging = new MessagingMemory()
    const { contents } = messaging.mailbox
    await life(messaging, new JournalScripted(), ({ open, alarmsOf }) =>
      Effect.gen(function* () {
        yield* open("a")
        yield* TestClock.adjust("5 seconds")
        const copy = contents.copy()
        yield* open("b")
        yield* TestClock.adjust("3 seconds")
        expect(lastMark(messaging)).toBe(1)
        contents.restore(copy, "timers")
        yield* TestClock.adjust("1 minute")
        expect(yield* alarmsOf("a")).toBe(1)
        expect(yield* alarmsOf("b")).toBe(1)
      }),
    )
  })

  it("loses no timer where the next owner finds it", async () => {
    const messaging = new MessagingMemory()
    const journal = new JournalScripted()
    const { contents } = messaging.mailbox
    let copy = contents.copy()
    await life(messaging, journal, ({ open }) =>
      Effect.gen(function* () {
        yield* open("a")
        yield* TestClock.adjust("5 seconds")
        copy = contents.copy()
        yield* open("b")
        yield* TestClock.adjust("20 seconds")
      }),
    )
    expect(lastMark(messaging)).toBe(2)
    contents.restore(copy, "timers")
    const waiting = () => Array.from(contents.schedules, ({ address }) => address.key).sort()
    expect(waiting()).toEqual(["desk/a"])
    await life(messaging, journal, () =>
      Effect.gen(function* () {
        yield* TestClock.adjust("5 seconds")
        // No actor is in memory: nobody asked for one.
        expect(waiting()).toEqual(["desk/a", "desk/b"])
      }),
    )
  })
})

describe("a purge of the mailbox of timers", () => {
  /** Purges once, right before the first sentinel whose name has this part is placed. */
  const purgingAt = (part: string) => {
    const messaging = new MessagingMemory()
    const { mailbox } = messaging
    const { placeSentinel } = mailbox
    const purges = { count: 0 }
    Object.assign(mailbox, {
      placeSentinel: (shard: number, name: string) => {
        if (name.includes(part) && ++purges.count === 1) mailbox.contents.loseSchedules()
        return placeSentinel(shard, name)
      },
    })
    const waiting = () => Array.from(mailbox.contents.schedules, ({ address }) => address.key)
    return { messaging, purges, waiting }
  }

  const moments = [
    { moment: "right before the witness of a mark is placed", part: "+1." },
    { moment: "between the look at the witness and the mark", part: "@1." },
  ]

  it.each(moments)("loses no timer when it comes $moment", async ({ part }) => {
    const { messaging, purges, waiting } = purgingAt(part)
    await life(messaging, new JournalScripted(), ({ open, alarmsOf }) =>
      Effect.gen(function* () {
        yield* open("a")
        yield* TestClock.adjust("30 seconds")
        expect(purges.count).toBeGreaterThan(0)
        expect(waiting()).toEqual(["desk/a"])
        yield* TestClock.adjust("1 minute")
        expect(yield* alarmsOf("a")).toBe(1)
      }),
    )
  })

  it.each(moments)("loses no timer when it comes $moment and the node is gone then", async ({ part }) => {
    const { messaging, purges, waiting } = purgingAt(part)
    const journal = new JournalScripted()
    const isPurged = () => purges.count > 0
    await life(messaging, journal, ({ open }) =>
      Effect.gen(function* () {
        yield* open("a")
        while (!isPurged()) yield* TestClock.adjust("100 millis")
      }),
    )
    expect(waiting()).toEqual([])
    await life(messaging, journal, () => TestClock.adjust("5 seconds"))
    expect(waiting()).toEqual(["desk/a"])
  })

  it("loses no timer when it comes during the first look, which saw only sentinels without a number", async () => {
    const messaging = new MessagingMemory()
    const { mailbox } = messaging
    const { contents, sentinels } = mailbox
    for (let shard = 0; shard < SHARD_COUNT; shard++) contents.sentinels.add(`shard.${shard}`)
    let lookCount = 0
    let meanwhile: Effect.Effect<unknown> = Effect.void
    Object.assign(mailbox, {
      sentinels: Effect.tap(sentinels, () =>
        Effect.suspend(() => (++lookCount === 1 ? meanwhile : Effect.void)),
      ),
    })
    const waiting = () => Array.from(contents.schedules, ({ address }) => address.key)
    await life(messaging, new JournalScripted(), ({ open, alarmsOf }) =>
      Effect.gen(function* () {
        meanwhile = Effect.gen(function* () {
          yield* open("a")
          yield* Effect.sleep("10 millis")
          expect(waiting()).toEqual(["desk/a"])
          contents.loseSchedules()
        })
        yield* TestClock.adjust("20 seconds")
        expect(lookCount).toBeGreaterThan(0)
        expect(waiting()).toEqual(["desk/a"])
        yield* TestClock.adjust("1 minute")
        expect(yield* alarmsOf("a")).toBe(1)
      }),
    )
  })

  it("loses no timer when it comes between the timers and the tide of a new owner", async () => {
    const { messaging, purges, waiting } = purgingAt("~")
    const journal = new JournalScripted()
    await life(messaging, journal, ({ open }) => open("a"))
    expect(purges.count).toBe(0)
    await life(messaging, journal, () => TestClock.adjust("1 second"))
    expect(purges.count).toBeGreaterThan(0)
    expect(waiting()).toEqual([])
    await life(messaging, journal, () => TestClock.adjust("5 seconds"))
    expect(waiting()).toEqual(["desk/a"])
  })
})

describe("a purge of the mailbox of timers, and a failure while they are placed again", () => {
  it("loses no timer", async () => {
    const messaging = new MessagingMemory()
    const { mailbox } = messaging
    const { placeSentinel } = mailbox
    let markCount = 0
    let failedCount = 0
    Object.assign(mailbox, {
      placeSentinel: (shard: number, name: string) => {
        if (name.includes("+1.") && ++markCount === 1) mailbox.contents.loseSchedules()
        // The first tide does not come, so that the marks alone tell of the purge.
        if (name.includes("~") && markCount === 0) return Effect.void
        const placed = placeSentinel(shard, name)
        if (markCount === 0 || !name.includes("@0.") || failedCount++ >= SHARD_COUNT) return placed
        return Effect.andThen(placed, Effect.fail(noAnswer))
      },
    })
    await life(messaging, new JournalScripted(), ({ open }) =>
      Effect.gen(function* () {
        yield* open("a")
        yield* TestClock.adjust("40 seconds")
        expect(failedCount).toBeGreaterThan(0)
        expect(Array.from(mailbox.contents.schedules, ({ address }) => address.key)).toEqual(["desk/a"])
      }),
    )
  })
})

describe("a purge while lost timers are placed", () => {
  it("loses no timer, though the node is gone before the next look", async () => {
    const messaging = new MessagingMemory()
    const journal = new JournalScripted()
    const { mailbox } = messaging
    const { contents, schedule } = mailbox
    let purgeCount = 0
    Object.assign(mailbox, {
      schedule: (message: Parameters<typeof schedule>[0]) =>
        Effect.tap(schedule(message), () =>
          Effect.sync(() => {
            if (message.id.includes("desk/a.timer.") && ++purgeCount === 1) contents.loseSchedules()
          }),
        ),
    })
    await life(messaging, journal, ({ open }) =>
      Effect.gen(function* () {
        yield* open("a")
        yield* TestClock.adjust("1 second")
      }),
    )
    expect(purgeCount).toBe(1)
    expect([...contents.schedules]).toEqual([])
    await life(messaging, journal, () => TestClock.adjust("5 seconds"))
    expect(Array.from(contents.schedules, ({ address }) => address.key)).toEqual(["desk/a"])
  })
})

describe("the sentinels of timers", () => {
  it("are one mark a shard and one tide a node, however many timers were set", async () => {
    const messaging = new MessagingMemory()
    const journal = new JournalScripted()
    for (const id of ["a", "b"]) {
      await life(messaging, journal, ({ open }) =>
        Effect.gen(function* () {
          for (let second = 0; second < 40; second++) {
            yield* open(`${id}${second}`)
            yield* TestClock.adjust("1 second")
          }
          yield* TestClock.adjust("1 minute")
          const names = [...sentinelsOf(messaging)]
          const slots = [...new Set(names.map((name) => name.replace(/[@+~].*$/, "")))]
          for (const slot of slots) expect(timerMarksOf(sentinelsOf(messaging), slot)).toHaveLength(1)
          expect(slots.flatMap((slot) => tidesOf(sentinelsOf(messaging), slot))).toHaveLength(1)
          const witnessCount = names.filter((name) => name.includes("+")).length
          const markedCount = slots.filter(
            (slot) => !names.some((name) => name.startsWith(`${slot}@0.`)),
          ).length
          expect(witnessCount).toBe(markedCount)
          expect(names).toHaveLength(slots.length + witnessCount + 1)
        }),
      )
    }
  })
})
