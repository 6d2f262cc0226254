/** A process that dies between any two steps of a command's walk, and the next one that starts on the same journal. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, historyOf, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { SnapshotStoreScripted } from "../../fixtures/memory/SnapshotStoreScripted.ts"

const commandIds = ["c-0", "c-1", "c-2", "c-3"]

/** Asks for all commands, some at once; resolves when all are answered, whichever way. */
const workload = async (system: Awaited<ReturnType<typeof startMemory>>["system"]) => {
  const acknowledged: Array<string> = []
  const ask = async (commandId: string) => {
    await system.get(Counter, "a").ask({ type: "Many", count: 6 }, { commandId, deadlineMs: 60_000 })
    acknowledged.push(commandId)
  }
  const [first = "", ...others] = commandIds
  await Promise.allSettled([ask(first)])
  await Promise.allSettled(others.map(ask))
  return acknowledged
}

/** Runs the workload up to step `crashAt`, at which the process dies. The steps that were taken. */
const runUntil = async (journal: JournalScripted, snapshots: SnapshotStoreScripted, crashAt: number) => {
  const memory = await startMemory({ journal, snapshots })
  let stepCount = 0
  let isDead = false
  const onStep = () =>
    Effect.suspend(() => {
      if (isDead || stepCount === crashAt) {
        isDead = true
        return Effect.never
      }
      stepCount++
      return Effect.void
    })
  journal.onStep = onStep
  snapshots.onStep = onStep
  const worked = workload(memory.system)
  let isDone = false
  void worked.then(() => {
    isDone = true
  })
  await eventually(() => isDone || isDead)
  // A dead process saves nothing.
  snapshots.always = "down"
  await memory.crash()
  snapshots.always = "ok"
  const acknowledged = await worked
  journal.onStep = () => Effect.void
  snapshots.onStep = () => Effect.void
  return { acknowledged, stepCount, isDead }
}

describe("kill -9", () => {
  it("FAULT 14: at every step boundary loses no acknowledged command and repeats none", async () => {
    let crashAt = 0
    for (let isDead = true; isDead; crashAt++) {
      const journal = new JournalScripted()
      const snapshots = new SnapshotStoreScripted()
      const first = await runUntil(journal, snapshots, crashAt)
      isDead = first.isDead
      // A second crash, during the recovery from the first.
      const second = await runUntil(journal, snapshots, crashAt % 3)
      const { system } = await startMemory({ journal, snapshots })
      for (const commandId of commandIds)
        await system.get(Counter, "a").ask({ type: "Many", count: 6 }, { commandId })
      const stored = await historyOf(journal.inner, Counter, "a")
      expect(stored.map(({ version }) => version)).toEqual(stored.map((_, index) => index + 1))
      for (const commandId of [...commandIds, ...first.acknowledged, ...second.acknowledged]) {
        expect(stored.filter((event) => event.commandId === commandId)).toHaveLength(6)
      }
      expect((await system.get(Counter, "a").state()).state.context.total).toBe(24)
    }
    expect(crashAt).toBeGreaterThan(8)
  })
})
