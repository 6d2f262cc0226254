/** A node's own record: what a renewal that is not known to have come through is worth. */
import { Clock, Effect, Fiber, Latch } from "effect"
import { expect, it } from "vitest"
import { ClusterView } from "../../../runtime/cluster/ClusterView.ts"
import { type LeasesService, LeasesUnavailable } from "../../../runtime/cluster/Leases.ts"
import { makeLeasesMemory } from "../../../runtime/cluster/LeasesMemory.ts"
import { memberKey } from "../../../runtime/cluster/Member.ts"
import { Membership } from "../../../runtime/cluster/Membership.ts"
import { Ownership } from "../../../runtime/cluster/Ownership.ts"
import { Records } from "../../../runtime/cluster/Records.ts"
import { makeTransportMemory } from "../../../runtime/transport/TransportMemory.ts"
import { aboutNode } from "../../fixtures/memory/ClusterMemory.ts"

const membershipOn = (leases: LeasesService) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    return new Membership({
      leases,
      transport: yield* makeTransportMemory,
      records: new Records(leases, clock, 1_000),
      view: yield* ClusterView.make(new Ownership(1)),
      clock,
      leaseMs: 1_000,
      about: aboutNode,
    })
  })

it("renews its record once more after a renewal that came through without its knowing", async () => {
  const program = Effect.gen(function* () {
    const memory = yield* makeLeasesMemory(true)
    let isLost = false
    const lost = new LeasesUnavailable({ reason: "Timeout", detail: "the answer was lost" })
    const leases: LeasesService = {
      ...memory,
      write: (...record) =>
        Effect.flatMap(memory.write(...record), (revision) =>
          isLost ? Effect.fail(lost) : Effect.succeed(revision),
        ),
    }
    const membership = yield* membershipOn(leases)
    const id = yield* membership.newId
    const revision = Effect.map(memory.get(memberKey(id)), (record) => record?.revision)
    yield* membership.renew
    isLost = true
    yield* Effect.flip(membership.renew)
    isLost = false
    const landed = yield* revision
    expect(yield* membership.renew).toBe(true)
    // The others count from the record's last change; this node counts from now.
    expect(yield* revision).toBeGreaterThan(landed ?? 0)
  })
  await Effect.runPromise(Effect.scoped(program))
})

it.each([
  ["is over meanwhile", (membership: Membership) => Effect.sync(() => membership.expel()), false],
  ["has been followed by another", ({ newId }: Membership) => newId, true],
] as const)("stays no member by a renewal that comes through when its life %s", async (_, end, result) => {
  const program = Effect.gen(function* () {
    const memory = yield* makeLeasesMemory(true)
    const written = Latch.makeUnsafe(false)
    const goOn = Latch.makeUnsafe(true)
    const leases: LeasesService = {
      ...memory,
      write: (...record) =>
        Effect.tap(memory.write(...record), () => Effect.andThen(written.open, goOn.await)),
    }
    const membership = yield* membershipOn(leases)
    yield* membership.newId
    yield* membership.renew
    expect(membership.isMember).toBe(true)
    goOn.closeUnsafe()
    written.closeUnsafe()
    const renewal = yield* Effect.forkChild(membership.renew)
    yield* written.await
    // Another renewal has found that the record was removed.
    yield* end(membership)
    goOn.openUnsafe()
    expect(yield* Fiber.join(renewal)).toBe(result)
    expect(membership.isMember).toBe(false)
  })
  await Effect.runPromise(Effect.scoped(program))
})
