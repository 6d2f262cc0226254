/** What a fold may write: values that their columns hold, in rows that changed, under the keys that were asked for. */
import { describe, expect, it } from "vitest"
import { type FoldForm, foldBatch, keyBatch } from "../../../runtime/projection/FoldBatch.ts"
import { type AnyRow, type Column, defineProjection } from "../../../runtime/projection/Projection.ts"
import { ProjectionFailed } from "../../../runtime/projection/ReadModel.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"

const events = [1, 2].map(
  (version) =>
    ({
      actorType: "counter",
      id: "a",
      version,
      sequence: version,
      event: { type: "Added", by: version },
    }) as never,
)

/** Rows that a fold of two events into a table with column `value` changes. */
const folded = (
  column: Column,
  fold: (row: AnyRow | undefined, event: { readonly version: number }) => AnyRow | undefined,
  before?: AnyRow,
  key: AnyRow = { id: "a" },
) => {
  const projection = defineProjection({
    name: "folded",
    version: 1,
    from: [Counter],
    table: { name: "folded", columns: { id: "text not null", value: column }, primaryKey: ["id"] },
    key: () => key as { id: string },
    fold: fold as never,
  })
  const form = projection.form as FoldForm
  const batch = keyBatch(projection, form, events)
  const stored = new Map<string, AnyRow>(before === undefined ? [] : [['["a"]', before]])
  return foldBatch(projection, form, batch, stored).map(({ row }) => row)
}
const value = (column: Column, what: unknown) => folded(column, () => ({ id: "a", value: what }))
const integerMax = 2 ** 31 - 1

describe("a column", () => {
  it.each<readonly [Column, ReadonlyArray<unknown>, ReadonlyArray<unknown>]>([
    ["text", ["", "x"], [1, true, "\0", "\ud800"]],
    ["bigint", [0, Number.MAX_SAFE_INTEGER], [0.5, 2 ** 53, "1", Number.NaN]],
    ["integer", [integerMax, -integerMax], [integerMax + 1, 0.5, "1"]],
    ["boolean", [true, false], [0, "true"]],
    ["double precision", [0.5, -1e300], [Number.NaN, Number.POSITIVE_INFINITY, "1"]],
    ["jsonb", [[1, { a: "x" }]], [{ a: "\0" }]],
  ])("of %s holds its kind of value and no other", (column, good, bad) => {
    for (const one of good) expect(value(column, one)).toEqual([{ id: "a", value: one }])
    for (const one of bad) expect(() => value(column, one)).toThrow(ProjectionFailed)
    const strict = `${column} not null` as Column
    for (const one of good) expect(value(strict, one)).toEqual([{ id: "a", value: one }])
    for (const one of bad) expect(() => value(strict, one)).toThrow(ProjectionFailed)
  })

  it("is null where the fold gives none, unless it forbids that", () => {
    for (const none of [null, undefined]) {
      expect(value("text", none)).toEqual([{ id: "a", value: null }])
      expect(() => value("text not null", none)).toThrow(/column value: is null/)
    }
    expect(() => folded("text not null", () => ({ id: "a" }))).toThrow(/column value: is null/)
  })

  it("must be there", () => {
    expect(() => folded("text", () => ({ id: "a", value: "x", other: 1 }))).toThrow(/no column other/)
  })
})

describe("a row", () => {
  const before = { id: "a", value: "x" }

  it("is the fold of all its events in their order, from what it was", () => {
    const fold = (row: AnyRow | undefined, { version }: { readonly version: number }) => ({
      id: "a",
      value: `${row?.value ?? ""}${version}`,
    })
    expect(folded("text", fold)).toEqual([{ id: "a", value: "12" }])
    expect(folded("text", fold, before)).toEqual([{ id: "a", value: "x12" }])
  })

  it("that stays the same is not written, and one that is made anew is", () => {
    expect(folded("text", (row) => row, before)).toEqual([])
    expect(folded("text", () => ({ ...before }), before)).toEqual([before])
  })

  it("that goes is removed, and one that was not there is left alone", () => {
    expect(folded("text", () => undefined, before)).toEqual([undefined])
    expect(folded("text", () => undefined)).toEqual([])
  })

  it("keeps its key", () => {
    expect(() => folded("text", () => ({ id: "b", value: "x" }), before)).toThrow(/changed the key/)
  })

  it.each([[{}], [{ id: null }], [{ id: undefined }], [{ id: "\0" }]])("has no key like %j", (key) => {
    expect(() => folded("text", () => before, undefined, key)).toThrow(ProjectionFailed)
  })
})
