/** What the checker of messages takes, and what it does not. */
import { describe, expect, it } from "vitest"
import { DeliveryChecker } from "../../../runtime/testing/simulation/DeliveryChecker.ts"
import { Reference, type StoredCommit } from "../../../runtime/testing/simulation/Reference.ts"
import { PROMISES } from "../../../runtime/testing/simulation/Violation.ts"
import { WORLD_EPOCH_MS, World } from "../../../runtime/testing/simulation/World.ts"

type Items = NonNullable<StoredCommit["entries"][number]["out"]>

const rules = { isStrict: true, isOrdered: true, isOrderly: true, tellCount: () => 0 }

/** Commits of actors, all at the same time. */
class History {
  readonly checker = new DeliveryChecker(new World(1), new Reference([], () => false), rules)
  #sequence = 0

  /** The actor commits what these messages bring, and sends so many others to `desk/b`. */
  commit(key: string, commandIds: ReadonlyArray<string>, sentCount = 0): ReadonlyArray<string> {
    const out: Items = Array.from({ length: sentCount }, () => ({
      k: "tell",
      to: "desk/b",
      c: { type: "Stamp" },
    }))
    const entries = commandIds.map((c, index) => ({ c, ev: [], out: index === 0 ? out : [] }))
    const commit = { v: 1, first: 1, at: WORLD_EPOCH_MS, epoch: 1, entries }
    const sequence = ++this.#sequence
    this.checker.stored({ address: { key } } as never, commit, sequence)
    return out.map((_, index) => `everstate:${sequence}-${WORLD_EPOCH_MS.toString(36)}.${index}`)
  }
}

describe("messages of one actor to another", () => {
  it("arrive in their order, and may come again", () => {
    const history = new History()
    const [first = "", second = ""] = history.commit("desk/a", ["x"], 2)
    const [third = ""] = history.commit("desk/a", ["y"], 1)
    history.commit("desk/b", [first, second])
    history.commit("desk/b", [second, third])
    expect(() => history.checker.atRest()).not.toThrow()
  })

  it.each([
    ["of one commit", 2, 0],
    ["of two commits", 1, 1],
  ])("%s do not arrive the other way round", (_, firstCount, secondCount) => {
    const history = new History()
    const ids = [
      ...history.commit("desk/a", ["x"], firstCount),
      ...history.commit("desk/a", ["y"], secondCount),
    ]
    history.commit("desk/b", ids.slice(1))
    expect(() => history.commit("desk/b", ids.slice(0, 1))).toThrow(`${PROMISES.ordered}: `)
  })

  it("arrive in any order where the senders are two", () => {
    const history = new History()
    const ids = [...history.commit("desk/a", ["x"], 1), ...history.commit("desk/c", ["y"], 1)]
    history.commit("desk/b", ids.toReversed())
    expect(() => history.checker.atRest()).not.toThrow()
  })
})

describe("a message", () => {
  it("that a commit carries arrives", () => {
    const history = new History()
    const [id = ""] = history.commit("desk/a", ["x"], 1)
    expect(() => history.checker.atRest()).toThrow(`${PROMISES.delivered}: `)
    history.commit("desk/b", [id])
    expect(() => history.checker.atRest()).not.toThrow()
  })

  it("that arrives was carried", () => {
    const history = new History()
    const [id = ""] = history.commit("desk/a", ["x"], 1)
    expect(() => history.commit("desk/c", [id])).toThrow(`${PROMISES.carried}: `)
  })
})
