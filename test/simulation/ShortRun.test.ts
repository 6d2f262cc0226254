/**
 * Few seeds of every scenario, chosen for the planted bugs (test/mutation) that they find: at least half of those that a
 * simulation can see at all. The first answer of `npm run mutants -- --seen --tiers simulation`. How they were chosen:
 * CONTRIBUTING.md. More seeds: `npm run sim`.
 */
import { describe, expect, it } from "vitest"
import { INVARIANTS, type SimulateOptions, simulate } from "../../runtime/testing.ts"
import { scenarios } from "./scenarios/index.ts"

/** Seeds by scenario. */
const SEEDS: { readonly [scenario in keyof typeof scenarios]: ReadonlyArray<number> } = {
  order: [1, 5],
  "one owner": [1, 2, 3],
  "hot orders": [1, 5],
  batches: [1, 2],
  "batches of desks": [1],
  snapshots: [1, 2],
  conditional: [1, 8, 16],
  impatient: [1, 2],
  "little memory": [1, 2],
  desks: [1, 2, 3],
  "one desk": [1, 2, 3, 4, 5],
  "lagging clocks": [1, 2, 3],
  births: [1, 2],
  families: [1, 2],
  constructs: [35],
  fulfilment: [1, 2],
  choreography: [1, 2, 3],
  "changed plans": [1, 2],
  "silent participants": [1, 2, 4],
  cluster: [1, 2],
  rolling: [1, 2],
  "lease storm": [1, 2, 3],
  "paused types": [1, 2, 3, 4],
  watched: [1, 2],
  "cluster messages": [1, 2],
  stores: [1, 2, 3, 4, 6, 7],
}

/** A run is to be short. */
const SEEDS_MAX = 68

/** Assertions of the runtime that the runs have checked. */
const checked = new Set<string>()

describe("a short run keeps every promise", () => {
  it.each(Object.entries(SEEDS))("%s", async (name, seeds) => {
    const options: SimulateOptions = scenarios[name as keyof typeof scenarios]
    for (const seed of seeds) {
      const { invariants } = await simulate({ ...options, seed, twice: seed === seeds[0] ? 1 : 0 })
      for (const invariant of invariants.keys()) checked.add(invariant)
    }
  })

  it("checks every assertion of the runtime", () => {
    expect(Object.keys(INVARIANTS).filter((name) => !checked.has(name))).toEqual([])
  })

  it(`has no more than ${SEEDS_MAX} seeds, and some of every scenario`, () => {
    const counts = Object.values(SEEDS).map(({ length }) => length)
    expect(Math.min(...counts)).toBeGreaterThan(0)
    expect(counts.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(SEEDS_MAX)
  })
})
