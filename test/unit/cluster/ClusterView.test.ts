/** What the rooms of a node report to its cluster, and what they read of it before it has joined. */
import { Effect, Exit, Fiber, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { ClusterView } from "../../../runtime/cluster/ClusterView.ts"
import { FIRST_RELEASE_READS } from "../../../runtime/cluster/Member.ts"
import { Ownership } from "../../../runtime/cluster/Ownership.ts"
import { aboutNode } from "../../fixtures/memory/ClusterMemory.ts"

const SLOT = "shard.0"
const viewOf = (members: { readonly [id: string]: unknown } = {}): ClusterView => {
  const view = Effect.runSync(ClusterView.make(new Ownership(1)))
  view.joinsAs("me")
  for (const [id, value] of Object.entries(members)) {
    view.seen.apply({ key: `member.${id}`, revision: 1, value }, 0)
  }
  return view
}
const up = { ...aboutNode, state: "up", unfit: [] }

describe("the view of a node that has not read the records yet", () => {
  it("has no members, no pauses, and the forms of the first releases", () => {
    const view = viewOf({ other: up })
    expect(view.members()).toBeUndefined()
    expect(view.isPaused("counter")).toBe(false)
    expect(view.seen.readByAll()).toEqual(FIRST_RELEASE_READS)
    view.seen.listed()
    expect(view.members()).toEqual([up])
  })

  it("keeps reports until the cluster takes them, each once", () => {
    const view = viewOf({ other: up })
    view.suspect(SLOT)
    view.suspect(SLOT)
    view.overtaken("shard.1")
    view.surrender("shard.2", () => true)
    expect(view.reported.isOpen()).toBe(true)
    expect(view.takeReports()).toEqual({
      suspected: new Set([SLOT]),
      overtaken: new Set(["shard.1"]),
      hasSurrendered: true,
    })
    expect(view.reported.isOpen()).toBe(false)
    expect(view.takeReports()).toEqual({ suspected: new Set(), overtaken: new Set(), hasSurrendered: false })
  })
})

describe("a slot that this node cannot run", () => {
  it.each([
    ["another member is up that can", { me: up, other: up }, true],
    ["no other member is there", { me: up }, false],
    ["the other one is drained", { other: { ...up, state: "drained" } }, false],
    ["the other one cannot run it either", { other: { ...up, unfit: [SLOT] } }, false],
  ])("is surrendered only where another can run it: %s", (_, members, isSurrendered) => {
    const view = viewOf(members)
    expect(view.surrender(SLOT, () => true)).toBe(isSurrendered)
    expect(view.cannotRun).toEqual(isSurrendered ? [SLOT] : [])
    expect(view.takeReports().hasSurrendered).toBe(isSurrendered)
  })

  it("is named once, however often it is surrendered", () => {
    const view = viewOf({ other: up })
    expect(view.surrender(SLOT, () => false)).toBe(false)
    view.surrender(SLOT, () => true)
    const first = view.cannotRun
    view.surrender(SLOT, () => true)
    expect(view.cannotRun).toBe(first)
  })
})

it("events reach a listener that came before the cluster", async () => {
  const view = viewOf()
  const program = Effect.gen(function* () {
    const told = yield* Effect.forkChild(Stream.runCollect(Stream.take(view.events, 1)), {
      startImmediately: true,
    })
    view.announce({ type: "ActorQuarantined", actor: "counter/c", detail: "" })
    return yield* Fiber.await(told)
  })
  const exit = await Effect.runPromise(program)
  expect(Exit.isSuccess(exit) && exit.value).toMatchObject([{ type: "ActorQuarantined" }])
})
