/** When snapshots are due: the more commands one carries, the rarer. */
import { expect, it } from "vitest"
import { createMachine } from "xstate"
import { unborn } from "../../../runtime/cell/Fold.ts"
import { SnapshotDue } from "../../../runtime/cell/SnapshotDue.ts"
import { defineActor } from "../../../runtime/index.ts"

const Counted = defineActor({
  type: "counted",
  machine: createMachine({}),
  snapshotEveryEvents: 10,
  commandsRememberedCount: 40,
})

/** Versions at which a snapshot of an actor is written that gets one event with each command. */
const versionsOfSnapshots = (upTo: number): ReadonlyArray<number> => {
  const due = new SnapshotDue(Counted)
  const actor = unborn(Counted, "a")
  const versions: Array<number> = []
  for (let version = 1; version <= upTo; version++) {
    actor.recent.add(`command ${version}`, { fingerprint: "", version, sequence: version, reply: undefined })
    due.stored(1)
    const confirmed = { ...actor, version, sequence: version }
    if (due.isDue(confirmed) && due.taken(confirmed)) versions.push(version)
  }
  return versions
}

it("writes no command of a full memory twice, and those of a growing one twice at most", () => {
  expect(versionsOfSnapshots(200)).toEqual([10, 20, 60, 100, 140, 180])
})
