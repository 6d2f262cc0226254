/**
 * Stores beside the journal are lost, mixed up, or come back as older copies; some messages cannot be sent for long. A
 * bounded set of seeds; more: `npm run sim -- --scenario stores --seeds 1000`.
 */
import { describe, expect, it } from "vitest"
import { type FaultKind, simulate } from "../../runtime/testing.ts"
import { Clerk, Desk } from "../fixtures/memory/Desk.ts"
import { deskWorkload } from "./scenarios/DeskWorkload.ts"
import { scenarios } from "./scenarios/index.ts"

/** Kinds that lose nothing and repeat nothing beyond what receivers remember by default. */
const remembered: ReadonlyArray<FaultKind> = [
  "checkpoints lost",
  "checkpoints restored",
  "snapshots restored",
  "unsendable",
]

describe("the journal is enough", () => {
  it("to go on from lost checkpoints and older snapshots, while receivers remember the ids", async () => {
    const { answeredCount } = await simulate({
      ...scenarios.stores,
      actors: [Desk, Clerk],
      workload: deskWorkload(4, 140),
      mailbox: {},
      always: {},
      faults: remembered,
      runs: 6,
      twice: 1,
      sometimes: remembered,
    })
    expect(answeredCount).toBeGreaterThan(6 * 140)
  })

  it("whatever else is lost, however little is remembered", async () => {
    await simulate({
      ...scenarios.stores,
      runs: 8,
      twice: 1,
      sometimes: [
        ...remembered,
        "checkpoints mixed up",
        "mailbox restored",
        "mailbox lost",
        "timers restored",
        "stores restored",
        "a message of a commit was lost with the mailbox",
      ],
    })
  })
})
