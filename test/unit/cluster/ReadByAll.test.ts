/** Which forms every member reads: new ones are written while no member is of an earlier release. */
import { Clock, Effect, Exit, Fiber, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { makeCluster } from "../../../runtime/cluster/Cluster.ts"
import { ClusterView } from "../../../runtime/cluster/ClusterView.ts"
import { Leases } from "../../../runtime/cluster/Leases.ts"
import { makeLeasesMemory } from "../../../runtime/cluster/LeasesMemory.ts"
import { FIRST_RELEASE_READS, THIS_RELEASE_READS } from "../../../runtime/cluster/Member.ts"
import { Ownership } from "../../../runtime/cluster/Ownership.ts"
import { Records } from "../../../runtime/cluster/Records.ts"
import { SeenRecords } from "../../../runtime/cluster/SeenRecords.ts"
import { Transport } from "../../../runtime/transport/Transport.ts"
import { aboutNode, ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"

const formerMember = { ...aboutNode, state: "up", unfit: [] }
const newMember = { ...formerMember, reads: THIS_RELEASE_READS }

/** What was seen of members, with a list of all records behind it. */
const seenOf = (members: { readonly [id: string]: unknown }) => {
  const seen = new SeenRecords()
  for (const [id, value] of Object.entries(members))
    seen.apply({ key: `member.${id}`, revision: 1, value }, 0)
  seen.listed()
  return seen
}

describe("the forms that every member reads", () => {
  it("are those of this release where all members are of it", () => {
    expect(seenOf({ a: newMember, b: newMember }).readByAll()).toEqual(THIS_RELEASE_READS)
  })

  it.each(["up", "drained", "leaving"])(
    "are those of the first releases while one member of such a release is %s",
    (state) => {
      expect(seenOf({ a: newMember, b: { ...formerMember, state } }).readByAll()).toEqual(FIRST_RELEASE_READS)
    },
  )

  it("are the lowest version of each form that any member reads, in later releases, too", () => {
    const members = [
      { ...newMember, reads: { commit: 3, deliver: 0 } },
      { ...newMember, reads: { commit: 2, deliver: 7, more: 1 } },
    ]
    expect(seenOf({ a: members[0], b: members[1] }).readByAll()).toEqual({ commit: 2, deliver: 0, watch: 0 })
  })

  it("change with the members: one comes, says more, goes, was never there", () => {
    const seen = seenOf({ a: newMember })
    const says = (revision: number, value: unknown, key = "member.b") => {
      seen.apply({ key, revision, value }, 0)
      return seen.readByAll().commit
    }
    expect(says(2, formerMember)).toBe(1)
    expect(says(3, newMember)).toBe(THIS_RELEASE_READS.commit)
    expect(says(4, formerMember)).toBe(1)
    expect(says(5, undefined)).toBe(THIS_RELEASE_READS.commit)
    expect(says(6, formerMember)).toBe(1)
    seen.correct("member.b", undefined, 0)
    expect(seen.readByAll().commit).toBe(THIS_RELEASE_READS.commit)
    seen.correct("member.b", { key: "member.b", revision: 6, value: formerMember }, 0)
    expect(seen.readByAll().commit).toBe(1)
  })

  it("are those of the first releases until all records were read, and after the store has lost some", async () => {
    const program = Effect.gen(function* () {
      const leases = yield* makeLeasesMemory(true)
      yield* leases.write("member.former", formerMember, 0)
      const records = new Records(leases, yield* Clock.Clock, 60_000)
      const { seen } = records
      expect(seen.readByAll()).toEqual(FIRST_RELEASE_READS)
      // As a node's own renewal does.
      seen.apply({ key: "member.own", revision: 7, value: newMember }, 0)
      expect(seen.readByAll()).toEqual(FIRST_RELEASE_READS)
      yield* records.refresh
      expect(seen.readByAll()).toEqual(FIRST_RELEASE_READS)
      yield* leases.remove("member.former", seen.revisionOf("member.former"))
      yield* leases.write("member.own", newMember, 0)
      records.doubt()
      yield* records.refresh
      expect(seen.readByAll()).toEqual(THIS_RELEASE_READS)
      seen.clear()
      seen.apply({ key: "member.own", revision: 7, value: newMember }, 0)
      expect(seen.readByAll()).toEqual(FIRST_RELEASE_READS)
    })
    await Effect.runPromise(program)
  })
})

/** A node without slots; the record of a former release's node does not say what it reads. */
const member = (cluster: ClusterMemory, name: string, reads: { reads?: typeof THIS_RELEASE_READS }) =>
  Effect.gen(function* () {
    const view = yield* ClusterView.make(new Ownership(0))
    const { leave } = yield* makeCluster({
      about: { ...aboutNode, name, ...reads },
      families: [],
      tenants: new Map(),
      view,
      leaseMs: 1_000,
      handoffMs: 1_000,
      asked: () => Effect.succeed(undefined),
      ownerChanged: () => undefined,
    })
    return { view, leave }
  }).pipe(Effect.provideService(Leases, cluster.leases), Effect.provideService(Transport, cluster.transport))

/** Lets time pass until it is so. */
const until = (isTrue: () => boolean) =>
  Effect.gen(function* () {
    while (!isTrue()) yield* TestClock.adjust(20)
  })

it("a member of a former release keeps new forms from being written until it has left", async () => {
  const program = Effect.gen(function* () {
    const cluster = yield* ClusterMemory.make
    const scope = yield* Scope.make()
    const starting = (name: string, reads: { reads?: typeof THIS_RELEASE_READS }) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Scope.provide(member(cluster, name, reads), scope))
        yield* until(() => fiber.pollUnsafe() !== undefined)
        return yield* Fiber.join(fiber)
      })
    const former = yield* starting("former", {})
    const own = yield* starting("own", { reads: THIS_RELEASE_READS })
    yield* until(() => own.view.seen.members().size === 2)
    expect(own.view.seen.readByAll()).toEqual(FIRST_RELEASE_READS)
    const leaving = yield* Effect.forkChild(former.leave)
    yield* until(() => own.view.seen.readByAll().commit === THIS_RELEASE_READS.commit)
    expect(own.view.seen.members().size).toBe(1)
    yield* until(() => leaving.pollUnsafe() !== undefined)
    const later = yield* starting("later", {})
    yield* until(() => own.view.seen.members().size === 2)
    expect(own.view.seen.readByAll()).toEqual(FIRST_RELEASE_READS)
    expect(later.view.memberId).toContain("later")
    yield* Effect.forkChild(Scope.close(scope, Exit.void))
    yield* TestClock.adjust("1 minute")
  })
  await Effect.runPromise(program.pipe(Effect.provide([realDate, Logger.layer([])])))
})

it("a system of this release says in its record what it reads, and which types need a label", async () => {
  const cluster = await Effect.runPromise(ClusterMemory.make)
  await startMemory({ cluster, node: { name: "one" } })
  const records = await Effect.runPromise(cluster.leases.all)
  const [own] = records.filter(({ key }) => key.startsWith("member."))
  expect(own?.value).toMatchObject({ reads: THIS_RELEASE_READS, typeLabels: {} })
})
