/** What a node believes of a lease store that answers late, or has lost what it had said. */
import { describe, expect, it } from "vitest"
import { SeenRecords } from "../../../runtime/cluster/SeenRecords.ts"

const key = "slot.shard.0"
const record = (revision: number, m?: string) => ({ key, revision, value: { e: 1, n: 0, ...(m && { m }) } })

const knowing = (...given: Parameters<typeof record>) => {
  const seen = new SeenRecords()
  seen.apply(record(...given), 0)
  return seen
}

describe("a record that was seen", () => {
  it("is not changed by an older one", () => {
    const seen = knowing(7, "one")
    expect(seen.apply(record(6, "two"), 1)).toBe(false)
    expect(seen.slot(key)?.m).toBe("one")
  })

  it.each([
    ["lacks it", []],
    ["shows it older", [record(6, "two")]],
    ["shows another under its revision", [record(7, "two")]],
  ])("is doubted when a list %s", (_, listed) => {
    expect(knowing(7, "one").unlike(listed)).toEqual([key])
  })

  it("is not doubted when a list shows the same", () => {
    expect(knowing(7, "one").unlike([record(7, "one")])).toEqual([])
  })

  it("is what the store's leader says, older or not", () => {
    const seen = knowing(7, "one")
    seen.correct(key, record(7, "two"), 1)
    expect(seen.slot(key)?.m).toBe("two")
    seen.correct(key, record(3, "three"), 2)
    expect(seen.slot(key)?.m).toBe("three")
    seen.correct(key, undefined, 3)
    expect(seen.slot(key)).toBeUndefined()
  })
})
