/**
 * The placement that the cluster should have, from what a member knows of it.
 *
 * Owns who is considered for which slot: members that are up, have the label, and can run it. The rule is Placement.ts.
 */
import { cannotRun } from "./Member.ts"
import { type Candidate, placementOf } from "./Placement.ts"
import type { SeenRecords } from "./SeenRecords.ts"
import type { SlotFamily } from "./Slot.ts"

/** Id of the member that should have each slot. Before the members are settled, no slot moves from a member that is up. */
export const wantedPlacement = (
  seen: SeenRecords,
  families: ReadonlyArray<SlotFamily>,
  isSettled: boolean,
): ReadonlyMap<string, string> => {
  const members = seen.members()
  const pins = seen.pins()
  const holders = new Map<string, string>()
  for (const [slot, { value }] of seen.slots()) {
    if (value.m !== undefined && members.has(value.m)) holders.set(slot, value.m)
  }
  const placement = new Map<string, string>()
  for (const family of families) {
    const candidates = candidatesOf(family, members)
    for (const [slot, id] of placementOf({ slots: family.slots, candidates, holders, pins })) {
      // Nodes that start together are not given slots that they would have to hand off at once.
      const holder = holders.get(slot)
      const held = members.get(holder ?? "")?.value
      const canWait = held?.state === "up" && !cannotRun(held, slot) && !pins.has(slot)
      placement.set(slot, !isSettled && canWait && holder !== undefined ? holder : id)
    }
  }
  return placement
}

const candidatesOf = (
  { label, isShards, slots }: SlotFamily,
  members: ReturnType<SeenRecords["members"]>,
): ReadonlyArray<Candidate> => {
  const up = Array.from(members).filter(
    ([, { value }]) => value.state === "up" && (label === undefined || value.labels.includes(label)),
  )
  // A slot that no member can run stays where it is; its actors are quarantined there.
  const hopeless = new Set(slots.filter((slot) => up.every(([, { value }]) => cannotRun(value, slot))))
  return up.map(([id, { value }]) => ({
    id,
    name: value.name,
    weight: value.weight,
    canHave: (slot) =>
      (isShards || value.runs.includes(slot)) && (!cannotRun(value, slot) || hopeless.has(slot)),
  }))
}
