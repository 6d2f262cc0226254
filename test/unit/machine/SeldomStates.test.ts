/** States that machines seldom come to, with and without children, as in XState after any recovery. */
import { describe, it } from "vitest"
import { expectConformance } from "../../conformance/Conformance.ts"
import { childLives } from "../../conformance/cases/ChildLives.ts"
import { history } from "../../conformance/cases/History.ts"

const NAMES = [
  "a timer and a call of a child, whose parent stays in a state with tags",
  "a throw in a state with tags, which leaves a call of the child under way",
  "actions of a child that is stopped before it starts, and of those that start with their parent",
  "of a parallel root, entered anew out of a region: XState leaves the root",
]

const all = [...childLives, ...history].flatMap(({ cases }) => cases)

describe("a machine with", () => {
  it.each(NAMES)("%s", async (name) => {
    const found = all.find((given) => given.name === name)
    if (found === undefined) throw new Error("no such case")
    await expectConformance(found)
  })
})
