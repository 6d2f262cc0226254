/** Who gets which slot: everybody a share, nobody more, and as little as possible moves. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Candidate, placementOf } from "../../../runtime/cluster/Placement.ts"

const slots = Array.from({ length: 64 }, (_, shard) => `shard.${shard}`)
const nothing: ReadonlyMap<string, string> = new Map()

const member = (id: string, weight = 1, canHave: Candidate["canHave"] = () => true): Candidate => ({
  id,
  name: id,
  weight,
  canHave,
})

const place = (candidates: ReadonlyArray<Candidate>, holders = nothing, pins = nothing) =>
  placementOf({ slots, candidates, holders, pins })

const countOf = (placement: ReadonlyMap<string, string>, id: string): number =>
  Array.from(placement.values()).filter((holder) => holder === id).length

const movesBetween = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): number =>
  slots.filter((slot) => before.get(slot) !== after.get(slot)).length

const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{1,12}$/), { minLength: 1, maxLength: 12 })

describe("a placement", () => {
  it("gives every slot to somebody, and nobody more than a share", () => {
    fc.assert(
      fc.property(names, (ids) => {
        const placement = place(ids.map((id) => member(id)))
        expect(placement.size).toBe(64)
        for (const id of ids) expect(countOf(placement, id)).toBeLessThanOrEqual(Math.ceil(64 / ids.length))
      }),
    )
  })

  it("is the same whatever the order in which members are known", () => {
    fc.assert(
      fc.property(names, (ids) => {
        const forward = place(ids.map((id) => member(id)))
        const backward = place([...ids].reverse().map((id) => member(id)))
        expect(backward).toEqual(forward)
      }),
    )
  })

  it("is the same whatever the order, though members share a name", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 1, max: 64 }), (count, slotCount) => {
        const twins = Array.from({ length: count }, (_, index) => ({ ...member(`m${index}`), name: "same" }))
        const ask = (candidates: ReadonlyArray<Candidate>) =>
          placementOf({ slots: slots.slice(0, slotCount), candidates, holders: nothing, pins: nothing })
        expect(ask([...twins].reverse())).toEqual(ask(twins))
      }),
    )
  })

  it("moves no more than its share to a member that joins", () => {
    fc.assert(
      fc.property(names, (ids) => {
        const before = place(ids.map((id) => member(id)))
        const after = place(
          [...ids, "JOINED"].map((id) => member(id)),
          before,
        )
        const moved = movesBetween(before, after)
        expect(moved).toBe(countOf(after, "JOINED"))
        expect(moved).toBeLessThanOrEqual(Math.ceil(64 / (ids.length + 1)))
      }),
    )
  })

  it("moves nothing but what a member had that is gone", () => {
    fc.assert(
      fc.property(names, (ids) => {
        const all = ["GONE", ...ids]
        const before = place(all.map((id) => member(id)))
        const holders = new Map(Array.from(before).filter(([, id]) => id !== "GONE"))
        const after = place(
          ids.map((id) => member(id)),
          holders,
        )
        expect(movesBetween(before, after)).toBe(countOf(before, "GONE"))
      }),
    )
  })

  it("stays once it is there", () => {
    fc.assert(
      fc.property(names, names, (first, second) => {
        const before = place(first.map((id) => member(id)))
        const after = place(
          second.map((id) => member(id)),
          before,
        )
        expect(
          place(
            second.map((id) => member(id)),
            after,
          ),
        ).toEqual(after)
      }),
    )
  })

  it("follows weights", () => {
    const placement = place([member("a", 1), member("b", 3)])
    expect(countOf(placement, "a")).toBe(16)
    expect(countOf(placement, "b")).toBe(48)
  })

  it("gives a slot to nobody who cannot have it, and the rest of it to the others", () => {
    const placement = place([member("a", 1, (slot) => slot === "shard.3"), member("b")])
    expect(countOf(placement, "a")).toBeLessThanOrEqual(1)
    expect(placement.size).toBe(64)
    expect(place([member("a", 1, () => false)]).size).toBe(0)
  })

  it("heeds a pin while its member lives, and no longer", () => {
    const before = place([member("a"), member("b")])
    const slot = slots.find((one) => before.get(one) === "a") ?? ""
    const pins = new Map([[slot, "b"]])
    expect(place([member("a"), member("b")], before, pins).get(slot)).toBe("b")
    expect(place([member("a")], new Map(), pins).get(slot)).toBe("a")
  })
})
