/** The cluster: who has what, leases, hand-over, placement. */
import type { PlantedBug } from "../PlantedBug.ts"

export const ownershipBugs: ReadonlyArray<PlantedBug> = [
  {
    name: "a slot is taken from a member that was not heard of yet",
    file: "runtime/cluster/Leasing.ts",
    text: "      if (this.#seen.revisionOf(key) === 0) yield* this.#options.records.look(key)\n",
    replacement: "",
    isSeenBySimulation: false,
  },
  {
    name: "a slot is taken under the epoch that it had",
    file: "runtime/cluster/Leasing.ts",
    text: ": { m: me, e: nextEpoch(before), n: found?.n ?? 0 }",
    replacement: ": { m: me, e: found?.e ?? 1, n: found?.n ?? 0 }",
    isSeenBySimulation: true,
  },
  {
    name: "a slot whose record was lost begins with the first epoch again",
    file: "runtime/cluster/Leasing.ts",
    text: "found?.e ?? (yield* this.#epochSeen(slot))",
    replacement: "found?.e ?? 0",
    isSeenBySimulation: false,
  },
  {
    name: "a slot is handed over under the epoch that it had",
    file: "runtime/cluster/Leasing.ts",
    text: ": { m: successor, e: nextEpoch(found.e), n }",
    replacement: ": { m: successor, e: found.e, n }",
    isSeenBySimulation: true,
  },
  {
    name: "a slot that was taken under another epoch is kept",
    file: "runtime/cluster/Leasing.ts",
    text: "(record.m !== me || record.e !== epoch)",
    replacement: "record.m !== me",
    isSeenBySimulation: false,
  },
  {
    name: "a slot is written free before it is closed",
    file: "runtime/cluster/Leasing.ts",
    text: "const work = yield* Effect.forkDetach(tenant.close)",
    replacement:
      "const work = yield* Effect.forkDetach(Effect.andThen(Effect.sleep(this.#options.handoffMs * 2), tenant.close))",
    isSeenBySimulation: false,
  },
  {
    name: "a node that goes takes what it is handed",
    file: "runtime/cluster/Leasing.ts",
    text: "      if (this.#isEnding) return\n      const found",
    replacement: "      const found",
    isSeenBySimulation: false,
  },
  {
    name: "a lost lease record is not written again",
    file: "runtime/cluster/Leasing.ts",
    text: "this.#write(slot, { m: me, e: epoch, n: moves }),",
    replacement: "this.#write(slot, { m: me, e: epoch + 1, n: moves }),",
    // The next look at the record mends it.
    isSeenBySimulation: false,
  },
  {
    name: "a node works on after the time of its lease",
    file: "runtime/cluster/Ownership.ts",
    text: "return nowMs < this.#validUntilMs ? (this.#epochs[shardIndex] ?? 0) : 0",
    replacement: "return this.#epochs[shardIndex] ?? 0",
    isSeenBySimulation: true,
  },
  {
    name: "a node whose connection is lost takes new work",
    file: "runtime/cluster/Ownership.ts",
    text: "nowMs < this.#validUntilMs && this.#isInTouch",
    replacement: "nowMs < this.#validUntilMs",
    isSeenBySimulation: false,
  },
  {
    name: "a closed shard takes new work",
    file: "runtime/cluster/Ownership.ts",
    text: "  close(shardIndex: number): void {\n    this.#isOpen[shardIndex] = false",
    replacement:
      "  close(shardIndex: number): void {\n    this.#isOpen[shardIndex] = this.#epochs[shardIndex] !== 0",
    isSeenBySimulation: true,
  },
  {
    name: "a lease counts from the answer and not from the question",
    file: "runtime/cluster/Membership.ts",
    text: "ownership.renewed(sentAtMs, sentAtMs + leaseMs * FENCE_PART)",
    replacement: "ownership.renewed(sentAtMs, this.#nowMs + leaseMs)",
    isSeenBySimulation: true,
  },
  {
    name: "members are evicted right after the lease store was away",
    file: "runtime/cluster/Membership.ts",
    text: "if (this.#sightSinceMs > beforeMs) return Effect.void",
    replacement: "if (this.#sightSinceMs > this.#nowMs) return Effect.void",
    isSeenBySimulation: true,
  },
  {
    name: "a member is evicted at the first silence",
    file: "runtime/cluster/Membership.ts",
    text: "this.#nowMs - sinceMs < SILENCE_MS_MAX) return",
    replacement: "this.#nowMs - sinceMs < 0) return",
    isSeenBySimulation: true,
  },
  {
    name: "a node that is cut off itself evicts the others",
    file: "runtime/cluster/Membership.ts",
    text: "if (!isSelfReached || this.#nowMs",
    replacement: "if (this.#nowMs",
    isSeenBySimulation: false,
  },
  {
    name: "a renewal that says nothing new is taken for a state of now",
    file: "runtime/cluster/Membership.ts",
    text: "state: this.#state, unfit: cannotRun }",
    replacement: 'state: "up", unfit: cannotRun }',
    isSeenBySimulation: true,
  },
  {
    name: "a pinned slot goes where there is room",
    file: "runtime/cluster/Placement.ts",
    text: "if (pinned?.canHave(slot)) shares",
    replacement: "if (pinned?.canHave(slot) && pinned === holder) shares",
    isSeenBySimulation: false,
  },
  {
    name: "slots move though shares are even",
    file: "runtime/cluster/Placement.ts",
    text: "else if (holder?.canHave(slot)) shares",
    replacement: "else if (holder?.canHave(slot) && slot.length % 2 === 0) shares",
    isSeenBySimulation: false,
  },
  {
    name: "new forms are written while a member of a former release is there",
    file: "runtime/cluster/Member.ts",
    text: "      commit: Math.min(commit, reads.commit),\n      deliver: Math.min(deliver, reads.deliver),\n",
    replacement:
      "      commit: Math.max(commit, reads.commit),\n      deliver: Math.max(deliver, reads.deliver),\n",
    isSeenBySimulation: false,
  },
  {
    name: "new forms are written before the members are known",
    file: "runtime/cluster/SeenRecords.ts",
    text: "    if (!this.#isListed) return FIRST_RELEASE_READS\n",
    replacement: "",
    isSeenBySimulation: false,
  },
]
