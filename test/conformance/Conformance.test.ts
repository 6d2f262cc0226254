/** Machines behave as in XState, however often their actor comes back. */
import { describe, it } from "vitest"
import { expectConformance } from "./Conformance.ts"
import { CONSTRUCT_GROUPS } from "./ConformanceSet.ts"

describe.each(Object.entries(CONSTRUCT_GROUPS))("%s", (_, constructs) => {
  describe.each(constructs)("$construct", ({ cases }) => {
    it.each(cases)("$name", (given) => expectConformance(given))
  })
})
