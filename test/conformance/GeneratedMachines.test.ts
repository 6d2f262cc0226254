/**
 * Machines that are drawn from seeds behave as in XState, however often their actor comes back.
 *
 * `CONFORMANCE_SEEDS=1000 CONFORMANCE_FIRST=500` tries more of them.
 */
import { describe, expect, it } from "vitest"
import { FAMILY_MEMBERS_MAX } from "../../runtime/machine/FamilyMember.ts"
import { expectConformance } from "./Conformance.ts"
import { generatedCase } from "./GeneratedMachine.ts"

const seedCount = Number(process.env.CONFORMANCE_SEEDS ?? 40)
const firstSeed = Number(process.env.CONFORMANCE_FIRST ?? 1)

/** Machines whose birth makes more children than a family may have; most of them never start. */
const MAKES_TOO_MANY: ReadonlySet<number> = new Set([1_111])

describe("a machine of", () => {
  it.each(Array.from({ length: seedCount }, (_, index) => firstSeed + index))("seed %i", async (seed) => {
    const conforms = expectConformance(generatedCase(seed))
    if (MAKES_TOO_MANY.has(seed)) {
      await expect(conforms).rejects.toThrow(`more than ${FAMILY_MEMBERS_MAX} children at the same time`)
    } else await conforms
  })
})
