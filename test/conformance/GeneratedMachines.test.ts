/**
 * Machines that are drawn from seeds behave as in XState, however often their actor comes back.
 *
 * `CONFORMANCE_SEEDS=1000 CONFORMANCE_FIRST=500` tries more of them.
 */
import { describe, it } from "vitest"
import { expectConformance } from "./Conformance.ts"
import { generatedCase } from "./GeneratedMachine.ts"

const seedCount = Number(process.env.CONFORMANCE_SEEDS ?? 40)
const firstSeed = Number(process.env.CONFORMANCE_FIRST ?? 1)

describe("a machine of", () => {
  it.each(Array.from({ length: seedCount }, (_, index) => firstSeed + index))("seed %i", async (seed) => {
    await expectConformance(generatedCase(seed))
  })
})
