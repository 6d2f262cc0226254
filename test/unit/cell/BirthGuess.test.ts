/** Actors that are likely to be new are decided and stored without reading; a wrong guess is seen in nothing but that. */
import { describe, expect, it } from "vitest"
import { BirthEvidence, COMMANDS_SCORED_MAX, LIKELY_FROM } from "../../../runtime/cell/BirthEvidence.ts"
import { BirthGuess } from "../../../runtime/cell/BirthGuess.ts"
import type { Command } from "../../../runtime/cell/Decide.ts"
import type { Confirmed } from "../../../runtime/cell/Fold.ts"
import { WaitingCommand, WaitingRead } from "../../../runtime/cell/Waiting.ts"
import { AppendUnknown } from "../../../runtime/journal/Journal.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import type { AppendOutcome } from "../../fixtures/memory/JournalScripted.ts"
import { historyOf, type MemorySystem, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const add = (by: number) => ({ type: "Add", by }) as const

/** A system that has met new counters only, on the stores of another one that has the counter `old` at 3. */
const guessing = async (): Promise<MemorySystem> => {
  const earlier = await startMemory({ drainMs: 5_000 })
  for (const by of [1, 2]) await earlier.system.get(Counter, "old").ask(add(by), { commandId: `old-${by}` })
  await earlier.system.stop()
  const { journal, snapshots } = earlier
  const memory = await startMemory({ journal, snapshots })
  for (let count = 0; count < LIKELY_FROM; count++) {
    await memory.system.get(Counter, `new-${count}`).ask(add(1))
  }
  return memory
}

/** Reads that a step takes, and what it came to. */
const reads = async <A>({ journal, snapshots }: MemorySystem, step: () => Promise<A>) => {
  const before = [journal.counts.last, snapshots.counts.load] as const
  const answer = await step()
  return { answer, last: journal.counts.last - before[0], load: snapshots.counts.load - before[1] }
}

describe("an actor that is likely to be new", () => {
  it("is neither looked up in the journal nor among the snapshots", async () => {
    const memory = await guessing()
    const taken = await reads(memory, () => memory.system.get(Counter, "a").ask(add(5)))
    expect(taken).toMatchObject({ last: 0, load: 0, answer: { version: 1, reply: { total: 5 } } })
    expect(await memory.system.get(Counter, "a").ask(add(1))).toMatchObject({
      version: 2,
      reply: { total: 6 },
    })
    expect(await memory.system.status()).toMatchObject({
      activatedCount: LIKELY_FROM + 1,
      unknownOutcomeCount: 0,
    })
  })

  it("is read where nothing would be stored", async () => {
    const memory = await guessing()
    const taken = await reads(memory, () => memory.system.get(Counter, "a").state())
    expect(taken).toMatchObject({ last: 1, load: 1, answer: { version: 0 } })
    const refused = await reads(memory, () =>
      memory.system
        .get(Counter, "b")
        .ask(add(1), { ifVersion: 7 })
        .then(
          () => undefined,
          ({ _tag, found }) => ({ _tag, found }),
        ),
    )
    expect(refused).toMatchObject({ last: 1, answer: { _tag: "VersionConflict", found: 0 } })
  })
})

describe("an actor that was taken for new and is not", () => {
  it("decides on its history", async () => {
    const memory = await guessing()
    const taken = await reads(memory, () => memory.system.get(Counter, "old").ask(add(4)))
    expect(taken).toMatchObject({ last: 1, load: 1, answer: { version: 3, reply: { total: 7 } } })
    expect(await historyOf(memory.journal.inner, Counter, "old")).toHaveLength(3)
    expect((await memory.system.status()).unknownOutcomeCount).toBe(0)
  })

  it("tells repeats from first times", async () => {
    const memory = await guessing()
    const old = memory.system.get(Counter, "old")
    const [repeat, first] = await Promise.all([old.ask(add(2), { commandId: "old-2" }), old.ask(add(4))])
    expect(repeat).toMatchObject({ version: 2, reply: { total: 3 }, duplicate: true })
    expect(first).toMatchObject({ version: 3, reply: { total: 7 }, duplicate: false })
  })

  it("refuses nothing that only a new one refuses", async () => {
    const memory = await guessing()
    const old = memory.system.get(Counter, "old")
    const [conditional] = await Promise.all([old.ask(add(4), { ifVersion: 2 }), old.ask(add(1))])
    expect(conditional).toMatchObject({ version: 3, reply: { total: 7 } })
  })
})

describe("the append of a guess", () => {
  it.each<AppendOutcome>(["lostAck", "notStored", "landsLater", "inFlight", "unavailable"])(
    "FAULT 1, 2: whose outcome is not known (%s) is stored once, and is no repeat",
    async (outcome) => {
      const memory = await guessing()
      memory.journal.script.append.push(outcome)
      const a = memory.system.get(Counter, "a")
      const answer = await a.ask(add(5), { commandId: "c-1" })
      expect(answer).toMatchObject({ version: 1, reply: { total: 5 }, duplicate: false })
      expect(await a.ask(add(5), { commandId: "c-1" })).toMatchObject({ version: 1, duplicate: true })
      expect(await historyOf(memory.journal.inner, Counter, "a")).toHaveLength(1)
      expect((await memory.system.status()).unknownOutcomeCount).toBe(1)
    },
  )

  it("that is refused is made again on what the journal holds, and only then its callers are told", async () => {
    const memory = await guessing()
    memory.journal.script.append.push("full")
    const taken = await reads(memory, () => memory.system.get(Counter, "old").ask(add(4)))
    expect(taken).toMatchObject({ last: 1, answer: { version: 3, reply: { total: 7 } } })
    memory.journal.script.append.push("full", "full")
    await expect(memory.system.get(Counter, "a").ask(add(1))).rejects.toMatchObject({
      _tag: "Unavailable",
      stored: "No",
    })
  })
})

const waiting = (type: string): WaitingCommand =>
  new WaitingCommand({ _tag: "Command", type } as Command, undefined, () => undefined)

describe("a guess that was not acknowledged", () => {
  /** A guess with one command, which its append had for the first time; the actor is then read at another commit. */
  const refusedBy = (reason: AppendUnknown["reason"]) => {
    const guess = new BirthGuess(new BirthEvidence(), Counter)
    const command = waiting("Add")
    const stamp = { era: 1, atMs: 1 }
    guess.refused(
      { entries: [{ waiting: command }] } as never,
      stamp,
      new AppendUnknown({ reason, detail: "none" }),
    )
    command.wasAttempted = true
    const { toldUpTo } = guess
    guess.read({ sequence: 9, stamp: { era: 2, atMs: 1 } } as Confirmed, command)
    return { toldUpTo, wasAttempted: command.wasAttempted }
  }

  it("was not attempted where the journal says that the actor is not new", () => {
    expect(refusedBy("WrongSequence")).toEqual({ toldUpTo: Number.POSITIVE_INFINITY, wasAttempted: false })
  })

  it("may be stored where its outcome is not known, and no snapshot spares reading what it left", () => {
    expect(refusedBy("Timeout")).toEqual({ toldUpTo: undefined, wasAttempted: true })
  })
})

describe("the evidence", () => {
  it("is about a command of an actor type, and nothing is guessed without it", () => {
    const evidence = new BirthEvidence()
    expect(evidence.isLikely("order", waiting("Place"))).toBe(false)
    for (let count = 0; count < LIKELY_FROM; count++) evidence.found("order", waiting("Place"), true)
    expect(evidence.isLikely("order", waiting("Place"))).toBe(true)
    expect(evidence.isLikely("order", waiting("Pay"))).toBe(false)
    expect(evidence.isLikely("account", waiting("Place"))).toBe(false)
  })

  it("says nothing for reads, for an actor that nothing waits for, and for what may be stored", () => {
    const evidence = new BirthEvidence()
    for (let count = 0; count < LIKELY_FROM; count++) evidence.found("order", waiting("Place"), true)
    const attempted = waiting("Place")
    attempted.wasAttempted = true
    for (const first of [new WaitingRead(() => undefined), undefined, attempted]) {
      expect(evidence.isLikely("order", first)).toBe(false)
    }
  })

  it("holds while four of five actors are new, and not with one of two", () => {
    const evidence = new BirthEvidence()
    const meet = (isNew: boolean) => evidence.found("order", waiting("Place"), isNew)
    for (let count = 0; count < 100; count++) meet(true)
    for (let turn = 0; turn < 100; turn++) {
      for (const isNew of [false, true, true, true, true]) meet(isNew)
    }
    expect(evidence.isLikely("order", waiting("Place"))).toBe(true)
    for (let turn = 0; turn < 10; turn++) for (const isNew of [false, true]) meet(isNew)
    expect(evidence.isLikely("order", waiting("Place"))).toBe(false)
  })

  it("keeps scores of a bounded number of commands", () => {
    const evidence = new BirthEvidence()
    for (let index = 0; index < COMMANDS_SCORED_MAX; index++)
      evidence.found("any", waiting(`c${index}`), false)
    for (let count = 0; count < LIKELY_FROM; count++) evidence.found("any", waiting("late"), true)
    expect(evidence.isLikely("any", waiting("late"))).toBe(false)
  })
})
