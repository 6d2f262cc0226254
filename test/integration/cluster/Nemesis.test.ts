/** The short form of `npm run nemesis`, and that its plan is a matter of the seed. */
import { expect, it } from "vitest"
import { runNemesis } from "../../nemesis/Nemesis.ts"
import { ATTACK_KINDS, type Attack, planOf } from "../../nemesis/Plan.ts"
import { violationsOf } from "../../nemesis/Verdict.ts"

const attack = (kind: Attack["kind"], target: number, durationMs: number): Attack => ({
  kind,
  target,
  durationMs,
  restMs: 500,
})

const first = (seed: number, count: number) => {
  const plan = planOf(seed, 3)
  return Array.from({ length: count }, () => plan.next().value)
}

it("the plan is the same for a seed, another for another, and meets every kind in each deck", () => {
  expect(first(7, 40)).toEqual(first(7, 40))
  expect(first(7, 40)).not.toEqual(first(8, 40))
  const deck = first(7, ATTACK_KINDS.length)
  expect(deck.map(({ kind }) => kind).sort()).toEqual([...ATTACK_KINDS].sort())
})

const added = (commandId: string, invokedMs: number, returnedMs: number, version: number, total: number) => ({
  actor: "r",
  invokedMs,
  returnedMs,
  add: { commandId, by: 1 },
  outcome: { version, total, isDuplicate: false },
})

it("the verdict finds what is lost, repeated, out of order, or stale", () => {
  const operations = [added("a", 0, 10, 1, 1), added("b", 20, 30, 2, 2)]
  const applied = [
    { version: 1, commandId: "a", by: 1 },
    { version: 2, commandId: "b", by: 1 },
  ]
  const record = { actor: "r", operations, applied, mirrored: [] }
  expect(violationsOf(record)).toEqual([])
  expect(violationsOf({ ...record, applied: applied.slice(0, 1) })).not.toEqual([])
  const twice = [...applied, { version: 3, commandId: "a", by: 1 }]
  expect(violationsOf({ ...record, applied: twice })).toContain("r: a was applied twice")
  const stale = {
    actor: "r",
    invokedMs: 40,
    returnedMs: 50,
    outcome: { version: 1, total: 1, isDuplicate: false },
  }
  expect(violationsOf({ ...record, operations: [...operations, stale] })).toEqual([
    "r: version 2 was seen 10 ms before version 2 can have been applied",
  ])
})

it("FAULT 7 and FAULT 14: a cluster of processes under attack keeps its promises", {
  tags: ["long"],
}, async () => {
  const report = await runNemesis({
    seed: 1,
    nodeCount: 3,
    natsCount: 1,
    given: { leaseMs: 3_000 },
    attacks: [
      attack("kill", 0, 2_000),
      attack("freeze", 1, 7_000),
      attack("drain", 2, 1_000),
      attack("join", 0, 1_000),
    ],
    durationMs: 60_000,
    actorCount: 100,
    laneCount: 120,
    pauseMs: 300,
  })
  expect(report.violations).toEqual([])
  expect(report.kinds.map(({ kind }) => kind)).toEqual(["drain", "freeze", "join", "kill"])
  expect(report.eventCount).toBeGreaterThan(1_000)
  expect(report.evictedCount).toBeGreaterThanOrEqual(2)
})
