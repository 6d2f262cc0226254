import { expect, it } from "vitest"
import { MemberChanges } from "../../../infra/metrics/MemberChanges.ts"
import type { ClusterEvent } from "../../../runtime/operations.ts"
import { aboutNode } from "../../fixtures/memory/ClusterMemory.ts"

const MINUTE_MS = 60_000

const event = (type: "MemberJoined" | "MemberLeft", name: string, weight = 1): ClusterEvent => ({
  type,
  member: `${name}-1`,
  record: { ...aboutNode, name, weight, state: "up", unfit: [] },
})

it("counts by the name of the node, for an hour", () => {
  const changes = new MemberChanges()
  changes.note(event("MemberJoined", "north"), 0)
  changes.note(event("MemberLeft", "north"), 10 * MINUTE_MS)
  changes.note(event("MemberJoined", "north"), 20 * MINUTE_MS)
  changes.note(event("MemberJoined", "south"), 30 * MINUTE_MS)
  changes.note({ type: "ActorQuarantined", actor: "order/o-1", detail: "" }, 30 * MINUTE_MS)
  expect(changes.read(40 * MINUTE_MS)).toEqual([
    { name: "north", joined: 2, left: 1, agoMs: 20 * MINUTE_MS },
    { name: "south", joined: 1, left: 0, agoMs: 10 * MINUTE_MS },
  ])
  expect(changes.read(75 * MINUTE_MS)).toEqual([
    { name: "north", joined: 1, left: 0, agoMs: 55 * MINUTE_MS },
    { name: "south", joined: 1, left: 0, agoMs: 45 * MINUTE_MS },
  ])
})

it("leaves out members that come for a moment and take no work", () => {
  const changes = new MemberChanges()
  changes.note(event("MemberJoined", "prepare", 0.001), 0)
  changes.note(event("MemberLeft", "prepare", 0.001), 1)
  expect(changes.read(2)).toEqual([])
})

it("keeps a bounded number of changes", () => {
  const changes = new MemberChanges()
  for (let index = 0; index < 2_000; index++) changes.note(event("MemberLeft", "north"), index)
  expect(changes.read(2_000)).toMatchObject([{ left: 512 }])
})
