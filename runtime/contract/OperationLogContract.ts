/**
 * What every log of operations honours (runtime/operation/OperationLog.ts).
 */
import { Effect } from "effect"
import { type Operation, OperationLog } from "../operation/OperationLog.ts"
import { type ContractRunner, factOfPort, type PortContractOptions } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"

const operation = (given: Partial<Operation> = {}): Operation => ({
  atMs: 1_767_225_600_000,
  by: "Jürg 김",
  verb: "cluster.drain",
  target: "/cluster/members/n-1/drain",
  note: "disk is loud",
  ...given,
})

/** Registers the contract of `OperationLog` with a test runner. */
export const operationLogContract = (
  runner: ContractRunner,
  options: PortContractOptions<OperationLog>,
): void => {
  const fact = factOfPort(runner, options)

  runner.describe(`${options.name} operations`, () => {
    fact(
      "are listed newest first, page by page",
      Effect.gen(function* () {
        const log = yield* OperationLog
        const given = [operation(), operation({ by: undefined, note: "" }), operation({ verb: "a.b" })]
        const numbers = yield* Effect.forEach(given, log.begin)
        expect([...numbers].sort((left, right) => left - right)).toEqual([...numbers])
        const first = yield* log.list({ limit: 2 })
        expect(first.map(({ number }) => number)).toEqual([numbers[2], numbers[1]])
        const before = first.at(-1)?.number ?? 0
        const rest = yield* log.list({ before, limit: 2 })
        expect(rest).toEqual([{ ...operation(), number: numbers[0], outcome: undefined }])
        expect((yield* log.list()).length).toBe(3)
      }),
    )

    fact(
      "have no outcome until it is stored, and keep the first one",
      Effect.gen(function* () {
        const log = yield* OperationLog
        const number = yield* log.begin(operation())
        expect((yield* log.list())[0]?.outcome).toBe(undefined)
        yield* log.end(number, "done")
        yield* log.end(number, "failed")
        yield* log.end(number + 1_000, "done")
        expect((yield* log.list()).map(({ outcome }) => outcome)).toEqual(["done"])
      }),
    )
  })
}
