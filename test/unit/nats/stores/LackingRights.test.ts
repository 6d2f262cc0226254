/** How the rights that nats-server tells are compared with those that are needed. */
import { describe, expect, it } from "vitest"
import { lackingOf } from "../../../../infra/nats/stores/LackingRights.ts"
import { covers, overlaps } from "../../../../infra/nats/stores/SubjectPattern.ts"

describe("a pattern of subjects", () => {
  it.each([
    ["a.b", "a.b", true],
    ["a.b", "a.c", false],
    ["a", "a.b", false],
    ["a.b", "a", false],
    ["a.*", "a.b", true],
    ["a.*", "a.*", true],
    ["a.b", "a.*", false],
    ["a.*", "a.>", false],
    ["a.>", "a.b.c", true],
    ["a.>", "a.*.c", true],
    ["a.>", "a.>", true],
    ["a.>", "a", false],
    [">", "$JS.API.INFO", true],
    ["*.b", "a.>", false],
  ])("%s covers %s: %s", (outer, inner, is) => {
    expect(covers(outer, inner)).toBe(is)
  })

  it.each([
    ["a.b", "a.b", true],
    ["a.b", "a.c", false],
    ["a.*", "*.b", true],
    ["a.*", "a.b.c", false],
    ["a.>", "*.b.c", true],
    ["a.>", "a", false],
    ["a.b.c", "a.>", true],
    [">", "a", true],
  ])("%s overlaps %s: %s", (one, other, is) => {
    expect(overlaps(one, other)).toBe(is)
    expect(overlaps(other, one)).toBe(is)
  })
})

describe("rights", () => {
  const needed = { publish: { allow: ["a.>", "b"] }, subscribe: { allow: ["c.>"] } }

  it("are all there without permissions, and without a list of what is allowed", () => {
    expect(lackingOf(needed, {})).toEqual([])
    expect(lackingOf(needed, { publish: { deny: ["x"] }, subscribe: null })).toEqual([])
  })

  it("lack where no allowed pattern has them as a whole", () => {
    const told = { publish: { allow: ["a.b.>", "b"] }, subscribe: { allow: ["c.> workers"] } }
    expect(lackingOf(needed, told)).toEqual(["publish on a.>"])
  })

  it("lack where a part of them is denied", () => {
    const told = { publish: { allow: [">"], deny: ["a.secret"] }, subscribe: { deny: ["c.*.x"] } }
    expect(lackingOf(needed, told)).toEqual(["publish on a.>", "subscribe to c.>"])
  })
})
