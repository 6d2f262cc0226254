/** Two systems that both believe they own the actors: the journal decides, whatever goes wrong on the way. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { JournalService } from "../../../runtime/journal/Journal.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import {
  type AppendOutcome,
  JournalScripted,
  journalInMemory,
  type ReadOutcome,
} from "../../fixtures/memory/JournalScripted.ts"
import { historyOf, type MemorySystem, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { SnapshotStoreScripted } from "../../fixtures/memory/SnapshotStoreScripted.ts"

const add = (by: number) => ({ type: "Add", by }) as const
const numbered = <A>(count: number, make: (index: number) => A): Array<A> =>
  Array.from({ length: count }, (_, index) => make(index))

const twoSystems = async () => {
  const inner = journalInMemory()
  const one = await startMemory({ journal: new JournalScripted(inner) })
  const two = await startMemory({ journal: new JournalScripted(inner) })
  return { inner, one, two }
}

describe("two systems on one journal", () => {
  it("FAULT 3: apply a command that is sent to both once, with one answer", async () => {
    const { inner, one, two } = await twoSystems()
    const answers = await Promise.all(
      [one, two].map(({ system }) => system.get(Counter, "a").ask(add(5), { commandId: "c" })),
    )
    expect(answers[0]).toMatchObject({ version: 1, sequence: 1, reply: { total: 5 } })
    expect(answers[1]).toMatchObject({ version: 1, sequence: 1, reply: { total: 5 } })
    expect(await historyOf(inner, Counter, "a")).toHaveLength(1)
  })

  it("FAULT 10: that both write leave contiguous versions and every command once", async () => {
    const { inner, one, two } = await twoSystems()
    const asked = numbered(100, (index) =>
      (index % 2 === 0 ? one : two).system
        .get(Counter, "a")
        .ask(add(1), { commandId: `c-${index}`, deadlineMs: 120_000 }),
    )
    const answers = await Promise.all(asked)
    const stored = await historyOf(inner, Counter, "a")
    expect(stored.map(({ version }) => version)).toEqual(numbered(100, (index) => index + 1))
    expect(new Set(stored.map(({ commandId }) => commandId)).size).toBe(100)
    for (const [index, { version }] of answers.entries())
      expect(stored[version - 1]?.commandId).toBe(`c-${index}`)
    for (const { system } of [one, two]) {
      // What a system has in memory may be behind; its next command sees everything.
      expect(await system.get(Counter, "a").ask(add(0))).toMatchObject({ reply: { total: 100 } })
    }
  })

  it("FAULT 10: let a command with ifVersion through once", async () => {
    const { one, two } = await twoSystems()
    await one.system.get(Counter, "a").ask(add(1))
    await two.system.get(Counter, "a").state()
    const outcomes = await Promise.allSettled(
      [one, two].map(({ system }) => system.get(Counter, "a").ask(add(1), { ifVersion: 1 })),
    )
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
    expect(outcomes.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { _tag: "VersionConflict", expected: 1, found: 2 },
    })
  })
})

const appendOutcome = fc.constantFrom<AppendOutcome>(
  "ok",
  "ok",
  "ok",
  "lostAck",
  "notStored",
  "landsLater",
  "inFlight",
  "unavailable",
  "full",
)
const readOutcome = fc.constantFrom<ReadOutcome>("ok", "ok", "ok", "ok", "unavailable", "stale")
const faults = fc.record({
  append: fc.array(appendOutcome, { maxLength: 12 }),
  last: fc.array(readOutcome, { maxLength: 6 }),
  read: fc.array(readOutcome, { maxLength: 6 }),
})

interface Step {
  readonly on: 0 | 1
  readonly actor: "a" | "b"
  readonly id: number
  readonly by: number
  readonly what: "Add" | "Throw" | "Refuse" | "Many" | "read"
  readonly waits: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  on: fc.constantFrom(0 as const, 1 as const),
  actor: fc.constantFrom("a" as const, "b" as const),
  id: fc.integer({ min: 0, max: 15 }),
  by: fc.integer({ min: 1, max: 2 }),
  what: fc.constantFrom(
    "Add" as const,
    "Add" as const,
    "Add" as const,
    "Many" as const,
    "Throw" as const,
    "Refuse" as const,
    "read" as const,
  ),
  waits: fc.boolean(),
})

const steps = fc.array(step, { minLength: 1, maxLength: 40 })

interface Answer {
  readonly actor: string
  readonly commandId: string
  readonly version: number
  readonly reply: unknown
}

interface Seen {
  readonly acknowledged: ReadonlyArray<Answer>
  readonly reads: ReadonlyArray<{ readonly actor: string; readonly version: number; readonly total: number }>
}

const expectedErrors = ["Unavailable", "CommandFailed", "CommandRejected", "CommandIdReused"]

const commandOf = ({ what, by }: Step) =>
  what === "Many"
    ? { type: what, count: by }
    : what === "Throw" || what === "Refuse"
      ? { type: what }
      : add(by)

const play = async (
  steps: ReadonlyArray<Step>,
  systems: readonly [MemorySystem, MemorySystem],
): Promise<Seen> => {
  const acknowledged: Array<Answer> = []
  const reads: Array<Seen["reads"][number]> = []
  const options = { deadlineMs: 120_000 }
  const run = async (step: Step): Promise<void> => {
    const { actor } = step
    const counter = systems[step.on].system.get(Counter, actor)
    if (step.what === "read") {
      const { version, state } = await counter.state(options)
      reads.push({ actor, version, total: state.context.total })
    } else {
      const commandId = `c-${step.id}`
      const { version, reply } = await counter.ask(commandOf(step), { ...options, commandId })
      acknowledged.push({ actor, commandId, version, reply })
    }
  }
  const asked: Array<Promise<void>> = []
  for (const step of steps) {
    const settled = run(step).catch((error) => expect(expectedErrors).toContain(error._tag))
    asked.push(settled)
    if (step.waits) await settled
  }
  await Promise.all(asked)
  return { acknowledged, reads }
}

/** What must hold between the journal and everything that callers were told. */
const check = async (
  journal: JournalService,
  actor: string,
  { acknowledged, reads }: Seen,
  snapshots: SnapshotStoreScripted,
): Promise<void> => {
  const stored = await historyOf(journal, Counter, actor)
  expect(stored.map(({ version }) => version)).toEqual(stored.map((_, index) => index + 1))
  const totals = [0]
  for (const { event } of stored) totals.push((totals.at(-1) ?? 0) + Number(event.by))
  for (const answer of acknowledged.filter((one) => one.actor === actor)) {
    const own = stored.filter(({ commandId }) => commandId === answer.commandId)
    // Once: its events stand together, and end at the version that was answered.
    expect(own.map(({ version }) => version)).toEqual(
      own.map((_, index) => answer.version - own.length + 1 + index),
    )
    expect([1, 2]).toContain(own.length)
    if (answer.reply !== undefined) expect(answer.reply).toEqual({ total: totals[answer.version] })
  }
  for (const read of reads.filter((one) => one.actor === actor)) expect(read.total).toBe(totals[read.version])
  const { system } = await startMemory({ journal: new JournalScripted(journal), snapshots })
  const { version, state } = await system.get(Counter, actor).state()
  expect({ version, total: state.context.total }).toEqual({ version: stored.length, total: totals.at(-1) })
  await system.stop()
}

describe("random commands with random faults on two systems", () => {
  it("FAULT 1, 2, 3, 5, 10: every acknowledged command is stored exactly once, versions are contiguous, state = fold", async () => {
    const property = fc.asyncProperty(steps, faults, faults, async (given, first, second) => {
      const inner = journalInMemory()
      const snapshots = new SnapshotStoreScripted()
      const journals = [first, second].map(({ append, last, read }) => {
        const journal = new JournalScripted(inner)
        journal.script.append.push(...append)
        journal.script.last.push(...last)
        journal.script.read.push(...read)
        // Actors come and go all the time, and each system finds the other's snapshots.
        return startMemory({ journal, snapshots, residentMax: 1 })
      })
      const [one, two] = await Promise.all(journals)
      if (one === undefined || two === undefined) return
      const seen = await play(given, [one, two])
      for (const actor of ["a", "b"]) await check(inner, actor, seen, new SnapshotStoreScripted())
      await Promise.all([one.system.stop(), two.system.stop()])
      for (const actor of ["a", "b"]) await check(inner, actor, seen, snapshots)
    })
    await fc.assert(property, { numRuns: 40 })
  })
})
