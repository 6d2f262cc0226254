/** What the checker of timers and calls takes, and what it does not. */
import { describe, expect, it } from "vitest"
import { PendingChecker } from "../../../runtime/testing/simulation/PendingChecker.ts"
import type { StoredCommit } from "../../../runtime/testing/simulation/Reference.ts"
import { PROMISES } from "../../../runtime/testing/simulation/Violation.ts"
import { WORLD_EPOCH_MS, World } from "../../../runtime/testing/simulation/World.ts"

type Entry = StoredCommit["entries"][number]
type Items = NonNullable<Entry["out"]>

const actor = { address: { key: "desk/a" } } as never
const fired = [{ t: "everstate.due", v: 1, d: {} }]
const due = { type: "everstate.due" }

/** The commits of one actor in a world whose time stands at its beginning. */
class History {
  readonly checker = new PendingChecker(new World(1), { isTimely: true, nodeCount: 2 })
  #sequence = 0

  commit(c: string, out: Items, ev: Entry["ev"] = fired): this {
    const commit = { v: 1, first: 1, at: WORLD_EPOCH_MS, epoch: 1, entries: [{ c, ev, out }] }
    this.checker.stored(actor, commit, ++this.#sequence)
    return this
  }

  /** Id of the message that brings item number `index` of the latest commit. */
  idOf(index = 0): string {
    return `everstate:${this.#sequence}-${WORLD_EPOCH_MS.toString(36)}.${index}`
  }
}

const timer = (g: string, at = WORLD_EPOCH_MS): Items => [{ k: "timer", n: "t", g, at, e: due }]
const cancel: Items = [{ k: "cancel", n: "t", g: "1.0", at: WORLD_EPOCH_MS }]
const call = (g: string): Items => [{ k: "call", n: "t", g, src: "file" }]
const abort: Items = [{ k: "abort", n: "t" }]

describe.each([
  ["a timer", timer, cancel],
  ["a call", call, abort],
] as const)("%s", (_, begin, end) => {
  it("comes once", () => {
    const history = new History().commit("open", begin("1.0"))
    const id = history.idOf()
    history.commit(id, end)
    expect(history.checker.firedCount).toBe(1)
    expect(history.checker.overdue).toBeUndefined()
    expect(() => history.commit(id, [])).toThrow(`${PROMISES.pending}: `)
  })

  it("does not come once it was ended", () => {
    const history = new History().commit("open", begin("1.0"))
    const id = history.idOf()
    history.commit("close", end)
    expect(() => history.commit(id, [])).toThrow("came though it was over")
  })

  it("does not come once it was set anew", () => {
    const history = new History().commit("open", begin("1.0"))
    const id = history.idOf()
    history.commit("again", begin("2.0"))
    expect(() => history.commit(id, [])).toThrow("came though it was set anew (2.0)")
    history.commit(history.idOf(), end)
  })

  it("of no event changes nothing, so it may come at any time", () => {
    const history = new History().commit("open", begin("1.0"))
    const id = history.idOf()
    history.commit("close", end).commit(id, [], [])
    expect(history.checker.firedCount).toBe(0)
  })
})

it("a timer does not come early, by a millisecond either", () => {
  const history = new History().commit("open", timer("1.0", WORLD_EPOCH_MS + 1))
  expect(() => history.commit(history.idOf(), [])).toThrow("came 1 ms early")
})
