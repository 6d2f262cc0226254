/** What a user reads of a workload that no run can use. */
import { describe, expect, it } from "vitest"
import { InvalidWorkload, requestsOf, type Workload } from "../../../runtime/testing/simulation/Workload.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"

const request = { actor: Counter, id: "a" }

describe("a workload", () => {
  it("may be any iterable of requests", () => {
    expect(requestsOf(() => [request], 1)).toEqual([request])
    expect(requestsOf(() => new Set([request]), 1)).toEqual([request])
  })

  const wrong: ReadonlyArray<readonly [string, (draw: never) => unknown, RegExp]> = [
    ["an async function", async () => [request], /is an async function/],
    [
      "an async generator",
      async function* () {
        yield request
      },
      /is an async generator/,
    ],
    ["a function without requests", () => undefined, /returns undefined, not requests/],
    ["a function that returns null", () => null, /returns null, not requests/],
    ["a request without an actor", () => [request, { id: "a" }], /Request 2 of the workload is not/],
    ["a request without an id", () => [{ actor: Counter }], /Request 1 of the workload is not/],
    ["a request that is nothing", () => [undefined], /Request 1 of the workload is not/],
    [
      "a generator without an end",
      function* () {
        while (true) yield request
      },
      /more than 100000 requests. It must end/,
    ],
  ]
  it.each(wrong)("is refused with what to write instead: %s", (_, workload, message) => {
    const making = () => requestsOf(workload as Workload, 1)
    expect(making).toThrow(InvalidWorkload)
    expect(making).toThrow(message)
  })
})
