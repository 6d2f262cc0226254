/** The simulator's leases: with no fault they keep the contract, and each fault is what it says it is. */
import { Effect, Stream } from "effect"
import { describe, expect, it, test } from "vitest"
import { eventually, leasesContract } from "../../runtime/contract/LeasesContract.ts"
import { SimulatedLeases } from "../../runtime/testing/simulation/SimulatedLeases.ts"
import { SimulatedBench } from "./SimulatedBench.ts"

const bench = new SimulatedBench()

leasesContract(
  { describe, test },
  {
    name: "simulated",
    open: () => {
      const leases = new SimulatedLeases(bench.network())
      const pair = { one: leases.connect(bench.host()), other: leases.connect(bench.host()) }
      return Effect.succeed(pair)
    },
    run: bench.run,
  },
)

describe("faults of the simulated leases", () => {
  const open = () => {
    const network = bench.network()
    const leases = new SimulatedLeases(network)
    const strike = (mode: string) => network.faults.forceNext("leases", mode)
    return { leases, strike, network, own: leases.connect(bench.host()) }
  }
  const unknown = { _tag: "LeasesUnavailable", reason: "Timeout" }

  it("a write whose answer is lost has happened", () => {
    const { own, strike } = open()
    return bench.run(
      Effect.gen(function* () {
        strike("lease answer lost")
        expect(yield* Effect.flip(own.write("slot.1", "mine", 0))).toMatchObject(unknown)
        expect((yield* own.get("slot.1"))?.value).toBe("mine")
      }),
    )
  })

  it("a write that lands late does so after the time-out, unless somebody was faster", () => {
    const { own, strike } = open()
    return bench.run(
      Effect.gen(function* () {
        strike("lease lands late")
        expect(yield* Effect.flip(own.write("slot.1", "late", 0))).toMatchObject(unknown)
        expect(yield* own.get("slot.1")).toBeUndefined()
        yield* eventually(Effect.map(own.get("slot.1"), (record) => expect(record?.value).toBe("late")))

        strike("lease lands late")
        yield* Effect.flip(own.write("slot.2", "late", 0))
        yield* own.write("slot.2", "early", 0)
        yield* Effect.sleep("10 seconds")
        expect((yield* own.get("slot.2"))?.value).toBe("early")
      }),
    )
  })

  it("a stale list has an older revision, or none", () => {
    const { own, strike, leases } = open()
    return bench.run(
      Effect.gen(function* () {
        let revision = 0
        for (const value of [1, 2, 3, 4, 5, 6]) revision = yield* own.write("slot.1", value, revision)
        strike("lease stale")
        expect((yield* own.all)[0]?.revision).toBeLessThan(revision)
        expect(leases.records).toEqual([{ key: "slot.1", revision, value: 6 }])
        expect((yield* own.get("slot.1"))?.revision).toBe(revision)
      }),
    )
  })

  it("says that it is unavailable, and nothing was written", () => {
    const { own, strike } = open()
    return bench.run(
      Effect.gen(function* () {
        strike("leases unavailable")
        expect(yield* Effect.flip(own.write("slot.1", "mine", 0))).toMatchObject({ _tag: unknown._tag })
        strike("leases unavailable")
        expect(yield* Effect.flip(own.all)).toMatchObject({ _tag: unknown._tag })
        expect(yield* own.all).toEqual([])
      }),
    )
  })

  it("FAULT 12: hints are lost, come twice or late", () => {
    const { own, strike } = open()
    const heard: Array<string> = []
    const count = (key: string, wanted: number) =>
      eventually(Effect.sync(() => expect(heard.filter((each) => each === key)).toHaveLength(wanted)))
    return bench.run(
      Effect.scoped(
        Effect.gen(function* () {
          yield* Effect.forkScoped(
            Stream.runForEach(own.changes, ({ key }) =>
              Effect.sync(() => {
                heard.push(key)
              }),
            ),
          )
          yield* Effect.sleep(1)
          strike("lease hint lost")
          yield* own.write("lost", 1, 0)
          strike("lease hint twice")
          yield* own.write("twice", 1, 0)
          strike("lease hint late")
          yield* own.write("late", 1, 0)
          yield* count("late", 1)
          yield* count("twice", 2)
          yield* count("lost", 0)
        }),
      ),
    )
  })

  it("FAULT 25: a power cut takes the last writes, whose revisions are given again", () => {
    const { own, leases } = open()
    return bench.run(
      Effect.gen(function* () {
        const first = yield* own.write("slot.1", "first", 0)
        const second = yield* own.write("slot.1", "second", first)
        yield* own.write("slot.2", "new", 0)
        leases.lose(2)
        expect(yield* own.all).toEqual([{ key: "slot.1", revision: first, value: "first" }])
        expect(yield* own.write("slot.2", "newer", 0)).toBe(second)
      }),
    )
  })
})
