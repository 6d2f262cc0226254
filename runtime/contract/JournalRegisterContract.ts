/**
 * What every journal register honours (runtime/journal/JournalRegister.ts).
 */
import { Effect } from "effect"
import { JournalRegister } from "../journal/JournalRegister.ts"
import { type ContractRunner, factOfPort, type PortContractOptions } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"

const identity = {
  namespace: "shop",
  shards: 64,
  streams: [{ streamId: "2026-01-02T03:04:05.678Z", lastSequence: 12 }],
}

/** Registers the contract of `JournalRegister` with a test runner. */
export const journalRegisterContract = (
  runner: ContractRunner,
  options: PortContractOptions<JournalRegister>,
): void => {
  const fact = factOfPort(runner, options)
  const check = (
    title: string,
    body: (register: JournalRegister["Service"]) => Effect.Effect<void, unknown>,
  ) => fact(title, Effect.flatMap(JournalRegister, body))

  runner.describe(`${options.name} journal register`, () => {
    check("knows nothing of a namespace before it is recorded", (register) =>
      Effect.gen(function* () {
        expect(yield* register.load("shop")).toBeUndefined()
      }),
    )

    check("remembers what was recorded first, and leaves it alone", (register) =>
      Effect.gen(function* () {
        yield* register.record(identity)
        const stream = { streamId: "2027-01-01T00:00:00Z", lastSequence: 0 }
        yield* register.record({ ...identity, shards: 8, streams: [stream] })
        yield* register.record({ ...identity, streams: [stream, stream] })
        expect(yield* register.load("shop")).toEqual(identity)
      }),
    )

    check("remembers every stream of a journal, in the order of their partitions", (register) =>
      Effect.gen(function* () {
        const streams = Array.from({ length: 12 }, (_, partition) => ({
          streamId: `2026-01-02T03:04:${10 + partition}Z`,
          lastSequence: partition * 100,
        }))
        yield* register.record({ ...identity, streams })
        expect(yield* register.load("shop")).toEqual({ ...identity, streams })
      }),
    )

    check("keeps namespaces apart", (register) =>
      Effect.gen(function* () {
        yield* register.record(identity)
        expect(yield* register.load("other")).toBeUndefined()
      }),
    )
  })
}
