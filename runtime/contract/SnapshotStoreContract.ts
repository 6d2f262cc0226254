/**
 * What every snapshot store honours (runtime/snapshot/SnapshotStore.ts).
 */
import { Effect } from "effect"
import { SnapshotStore, type StoredSnapshot } from "../snapshot/SnapshotStore.ts"
import { type ContractRunner, factOfPort, type PortContractOptions } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"

const snapshot = (key: string, sequence: number, state = `{"at":${sequence}}`): StoredSnapshot => ({
  key,
  version: sequence,
  sequence,
  codec: "order/1",
  state,
})

/** Registers the contract of `SnapshotStore` with a test runner. */
export const snapshotStoreContract = (
  runner: ContractRunner,
  options: PortContractOptions<SnapshotStore>,
): void => {
  const fact = factOfPort(runner, options)
  const check = (title: string, body: (store: SnapshotStore["Service"]) => Effect.Effect<void, unknown>) =>
    fact(title, Effect.flatMap(SnapshotStore, body))

  runner.describe(`${options.name} snapshot store`, () => {
    check("has nothing for an actor that was never saved", (store) =>
      Effect.gen(function* () {
        expect(yield* store.load("order/unknown")).toBeUndefined()
      }),
    )

    check("loads what was saved, byte for byte", (store) =>
      Effect.gen(function* () {
        const saved = snapshot(
          "order/o%2E1",
          7,
          JSON.stringify({ text: "한글 \u0000 \" ' \\ {} \ud800", n: null }),
        )
        yield* store.save([saved])
        expect(yield* store.load("order/o%2E1")).toEqual(saved)
      }),
    )

    check("returns a corrupt state and a foreign codec as they are: the reader decides", (store) =>
      Effect.gen(function* () {
        const saved = { ...snapshot("order/broken", 3, '{"half":'), codec: "somebody-else" }
        yield* store.save([saved])
        expect(yield* store.load("order/broken")).toEqual(saved)
      }),
    )

    check("keeps the higher sequence, whatever the order of saves, also inside one save", (store) =>
      Effect.gen(function* () {
        yield* store.save([snapshot("order/a", 5), snapshot("order/a", 9), snapshot("order/a", 4)])
        expect((yield* store.load("order/a"))?.sequence).toBe(9)
        yield* store.save([snapshot("order/a", 8)])
        expect((yield* store.load("order/a"))?.sequence).toBe(9)
        yield* store.save([{ ...snapshot("order/a", 9), codec: "order/2" }])
        expect((yield* store.load("order/a"))?.codec).toBe("order/2")
      }),
    )

    check("keeps numbers up to 2^53 - 1", (store) =>
      Effect.gen(function* () {
        yield* store.save([snapshot("order/far", Number.MAX_SAFE_INTEGER)])
        expect((yield* store.load("order/far"))?.sequence).toBe(Number.MAX_SAFE_INTEGER)
      }),
    )

    check("discards one actor's snapshot, and an absent one without complaint", (store) =>
      Effect.gen(function* () {
        yield* store.save([snapshot("order/a", 1), snapshot("order/b", 2)])
        yield* store.discard("order/a")
        yield* store.discard("order/a")
        expect(yield* store.load("order/a")).toBeUndefined()
        expect((yield* store.load("order/b"))?.sequence).toBe(2)
        yield* store.save([snapshot("order/a", 1)])
        expect((yield* store.load("order/a"))?.sequence).toBe(1)
      }),
    )

    check("answers many look-ups at once, each with its own", (store) =>
      Effect.gen(function* () {
        const count = 3_000
        yield* store.save(Array.from({ length: count }, (_, index) => snapshot(`order/${index}`, index + 1)))
        const found = yield* Effect.forEach(
          Array.from({ length: count + 10 }, (_, index) => `order/${index}`),
          (key) => store.load(key),
          { concurrency: "unbounded" },
        )
        expect(found.map((stored) => stored?.sequence)).toEqual([
          ...Array.from({ length: count }, (_, index) => index + 1),
          ...Array.from({ length: 10 }, () => undefined),
        ])
      }),
    )

    check("saves nothing at all without complaint", (store) => store.save([]))
  })
}
