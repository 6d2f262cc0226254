/**
 * The simulator finds nodes that tell watchers less, or more, than happened. As in Mutations.test.ts each test breaks one
 * rule from outside, and says within how many seeds that must be found.
 */
import { afterEach, describe, expect, it, vi } from "vitest"
import { PROMISES, SimulationFailed, simulate } from "../../runtime/testing.ts"
import { ChangeFeed } from "../../runtime/watch/ChangeFeed.ts"
import { clusterScenarios } from "./scenarios/Clusters.ts"
import { deskWorkload } from "./scenarios/DeskWorkload.ts"

/** The promise that is found broken within `seeds` seeds. */
const brokenIn = async (seeds: number): Promise<string> => {
  const outcome = await simulate({
    ...clusterScenarios.watched,
    workload: deskWorkload(3, 60),
    until: { convergeMs: 60_000 },
    twice: 0,
    runs: seeds,
    shrinks: false,
  }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(outcome instanceof SimulationFailed)) throw outcome ?? new Error(`not found in ${seeds} seeds`)
  return outcome.regression.promise
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe("the simulator finds a feed", () => {
  it("that drops one change of a page, in 3 seeds", async () => {
    const { outcome } = ChangeFeed.prototype
    vi.spyOn(ChangeFeed.prototype, "outcome").mockImplementation(function (this: ChangeFeed, waiter) {
      const found = outcome.call(this, waiter)
      if (found === "wait" || found._tag !== "Changes" || found.changes.length < 2) return found
      return { ...found, changes: found.changes.slice(1) }
    })
    expect(await brokenIn(3)).toBe(PROMISES.watched)
  })

  it("that drops one change of a page and hides the gap, in 3 seeds", async () => {
    const { outcome } = ChangeFeed.prototype
    vi.spyOn(ChangeFeed.prototype, "outcome").mockImplementation(function (this: ChangeFeed, waiter) {
      const found = outcome.call(this, waiter)
      if (found === "wait" || found._tag !== "Changes" || found.changes.length < 2) return found
      const [first, second, ...rest] = found.changes
      if (first === undefined || second === undefined) return found
      return { ...found, changes: [{ ...second, from: first.from }, ...rest] }
    })
    expect(await brokenIn(3)).toBe(PROMISES.watched)
  })

  // A later commit of the actor shows the gap, so the last commit of one must be among those that are missed.
  it("that misses a stored commit now and then, in 20 seeds", async () => {
    const { changed } = ChangeFeed.prototype
    let count = 0
    vi.spyOn(ChangeFeed.prototype, "changed").mockImplementation(function (this: ChangeFeed, ...given) {
      if (++count % 4 !== 0) changed.apply(this, given)
    })
    expect([PROMISES.converges, PROMISES.watched]).toContain(await brokenIn(20))
  })

  it("that gives the changes of a commit twice, in 3 seeds", async () => {
    const { changed } = ChangeFeed.prototype
    vi.spyOn(ChangeFeed.prototype, "changed").mockImplementation(function (this: ChangeFeed, change, max) {
      changed.call(this, change, max)
      changed.call(this, { ...change, from: change.to, to: change.to + 1 }, max)
    })
    expect(await brokenIn(3)).toBe(PROMISES.watched)
  })
})
