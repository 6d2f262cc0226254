import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it, test } from "vitest"
import { makeLeasesMemory } from "../../runtime/cluster/LeasesMemory.ts"
import { leasesContract } from "../../runtime/contract/LeasesContract.ts"
import { realDate } from "../fixtures/time/RealDate.ts"

leasesContract(
  { describe, test },
  {
    name: "in-memory",
    open: () => Effect.map(makeLeasesMemory(true), (leases) => ({ one: leases, other: leases })),
  },
)

it("forgets a removed record after an hour", () =>
  Effect.runPromise(
    Effect.provide(
      Effect.gen(function* () {
        const leases = yield* makeLeasesMemory(true)
        yield* leases.remove("slot.1", yield* leases.write("slot.1", "mine", 0))
        yield* TestClock.adjust("59 minutes")
        expect(yield* leases.all).toHaveLength(1)
        yield* TestClock.adjust("1 minute")
        expect(yield* leases.all).toEqual([])
        expect(yield* leases.get("slot.1")).toBeUndefined()
        yield* leases.write("slot.1", "yours", 0)
      }),
      realDate,
    ),
  ))
