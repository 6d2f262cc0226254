/** A bounded set of seeds of every clustered scenario. More: `npm run sim -- --scenario rolling --seeds 1000`. */
import { describe, it } from "vitest"
import { simulate } from "../../runtime/testing.ts"
import { scenarios } from "./scenarios/index.ts"

describe("a cluster under faults keeps every promise", () => {
  it("FAULT 9, FAULT 10, FAULT 12: shards move under load, with two holders at times and hints that lie", async () => {
    await simulate({
      ...scenarios.cluster,
      runs: 4,
      twice: 1,
      sometimes: ["a slot was taken after a crash", "an ask was answered by another node", "lease stale"],
    })
  })

  it("FAULT 15: nodes restart in their turn, and answers fit one order of everything", async () => {
    const sometimes = [
      "a slot was handed over in order",
      "a node was restarted in its turn",
      "a projection began again",
    ]
    await simulate({ ...scenarios.rolling, runs: 4, twice: 1, sometimes })
  })

  it("FAULT 7, FAULT 11, FAULT 13: leases end all at once, and zombies go on", async () => {
    const sometimes = ["leases away", "node pauses", "evicted, and joins again"]
    await simulate({ ...scenarios["lease storm"], runs: 3, twice: 1, sometimes })
  })

  it("what a crashed node remembered goes on elsewhere", async () => {
    await simulate({
      ...scenarios["cluster messages"],
      runs: 2,
      twice: 1,
      sometimes: ["a message of a commit was applied"],
    })
  })
})
