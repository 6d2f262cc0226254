/** Lists of actors in the console: conditions in the address, the oldest first, rows that stay where they are. */
import { describe, expect, it } from "vitest"
import type { ListedActor } from "../../../infra/console/api/Documents.ts"
import { oldestFirst, type Slice } from "../../../infra/console/api/OldestFirst.ts"
import {
  columnsAsked,
  columnText,
  columnValue,
  filterOf,
  isFiltered,
  listCommand,
  seenColumns,
} from "../../../infra/console/pages/actors/ActorConditions.ts"
import { steadyRows } from "../../../infra/console/parts/SteadyRows.ts"

const actor = (id: string, more: Partial<ListedActor> = {}): ListedActor => ({
  type: "order",
  id,
  done: false,
  failed: false,
  version: 1,
  sequence: 1,
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
  ...more,
})

describe("the conditions of a list", () => {
  it("are those of the route", () => {
    const search = { id: "o-", state: "(payment.due, stock.held)", age: "2h", born: "1d", only: "failed" }
    expect(filterOf(search, Date.UTC(2026, 0, 3, 12, 0, 30))).toMatchObject({
      idPrefix: "o-",
      state: "{payment:due,stock:held}",
      updatedBefore: "2026-01-03T10:00:00.000Z",
      createdBefore: "2026-01-02T12:00:00.000Z",
      failed: "true",
      where: undefined,
    })
    expect(filterOf({ age: "soon", only: "toString" }, 0)).toMatchObject({ updatedBefore: undefined })
  })

  it("have values of columns of every kind, which an address gives back as they were", () => {
    for (const value of ["c-1", "5", "true", "null", '"', "", " 5", "{", 5, 0.1, true, false, null]) {
      expect(columnValue(columnText(value))).toEqual(value)
    }
    expect([columnText("c-1"), columnText(5), columnText("5")]).toEqual(["c-1", "5", '"5"'])
    const search = { "where.customerId": "c-1", "where.paid": "true", state: "placed" }
    expect(columnsAsked(search)).toEqual({ customerId: "c-1", paid: true })
    expect(filterOf(search, 0).where).toBe('{"customerId":"c-1","paid":true}')
  })

  it("are flags of the command that lists the same", () => {
    expect(listCommand("order", { state: "placed", age: "1d", only: "open", "where.n": "2" })).toEqual([
      ...["actors", "list", "order", "--state", "placed", "--where", '{"n":2}', "--idle", "1d", "--open"],
    ])
    expect(listCommand("order", { order: "oldest" })).toEqual(["actors", "list", "order"])
  })

  it("are there or not, whatever the order is", () => {
    expect([isFiltered({}), isFiltered({ order: "oldest" }), isFiltered({ tag: "open" })]).toEqual([
      false,
      false,
      true,
    ])
  })

  it("know the columns of actors by their values", () => {
    const actors = [
      actor("a", { columns: { paid: true, total: 5, customer: null } }),
      actor("b", { columns: { paid: false, total: null, customer: "c-1", mixed: 1 } }),
      actor("c", { columns: { mixed: "x" } }),
    ]
    expect(seenColumns(actors, { shelf: 3 })).toEqual([
      { name: "customer", kind: "text", isNullable: true },
      { name: "mixed", kind: "text", isNullable: false },
      { name: "paid", kind: "flag", isNullable: false },
      { name: "shelf", kind: "number", isNullable: false },
      { name: "total", kind: "number", isNullable: true },
    ])
  })
})

describe("the oldest first", () => {
  const PAGE = 1_000
  /** A service that lists by id and knows `updatedBefore`, over actors of these ages. */
  const serviceOf = (agesMs: ReadonlyArray<number>) => {
    const all = agesMs.map((ms, index) => actor(`a-${index}`, { updatedAt: new Date(ms).toISOString() }))
    let questions = 0
    const read = async (beforeMs: number | undefined): Promise<Slice<ListedActor>> => {
      questions++
      const fits = all.filter(({ updatedAt }) => beforeMs === undefined || Date.parse(updatedAt) < beforeMs)
      return { items: fits.slice(0, PAGE), isWhole: fits.length <= PAGE }
    }
    return { read, questions: () => questions }
  }
  const msOf = (items: ReadonlyArray<ListedActor>) => items.map(({ updatedAt }) => Date.parse(updatedAt))

  it("is the whole list if it fits on a page", async () => {
    const { read, questions } = serviceOf([30, 10, 20])
    const { items, isWhole } = await oldestFirst(read)
    expect([msOf(items), isWhole, questions()]).toEqual([[10, 20, 30], true, 1])
  })

  it("finds the oldest of many with few questions", async () => {
    const COUNT = 100_000
    // Ages without any order by id: each number from 0 on once.
    const ages = Array.from({ length: COUNT }, (_, index) => 1_000 + ((index * 7_919) % COUNT))
    const { read, questions } = serviceOf(ages)
    const { items, isWhole } = await oldestFirst(read)
    expect(msOf(items)).toEqual(items.map((_, index) => 1_000 + index))
    expect(items.length).toBeGreaterThanOrEqual(100)
    expect([isWhole, questions() <= 6]).toEqual([false, true])
  })

  it("finds them where ids are in the order of age", async () => {
    for (const ages of [
      Array.from({ length: 20_000 }, (_, index) => 1_000 + index),
      Array.from({ length: 20_000 }, (_, index) => 90_000 - index),
    ]) {
      const { items } = await oldestFirst(serviceOf(ages).read)
      const oldest = ages.toSorted((left, right) => left - right)
      expect(msOf(items)).toEqual(oldest.slice(0, items.length))
      expect(items.length).toBeGreaterThanOrEqual(100)
    }
  })

  it("ends where more actors than a page holds changed within one millisecond", async () => {
    const { read, questions } = serviceOf(Array.from({ length: 5_000 }, () => 77))
    const { items } = await oldestFirst(read)
    expect([items.length, questions() < 20]).toEqual([PAGE, true])
  })
})

describe("the rows of a list", () => {
  const keyOf = ({ id }: { readonly id: string }) => id
  const rows = (...ids: ReadonlyArray<string>) => ids.map((id) => ({ id, value: 0 }))

  it("stay where they are, and what has come and gone is counted", () => {
    const steady = steadyRows(
      rows("b", "d", "f"),
      {
        rows: [
          { id: "a", value: 1 },
          { id: "b", value: 1 },
          { id: "c", value: 1 },
          { id: "f", value: 1 },
        ],
        isWhole: true,
        isLonger: false,
      },
      keyOf,
    )
    expect(steady).toEqual({
      rows: [
        { id: "b", value: 1 },
        { id: "d", value: 0 },
        { id: "f", value: 1 },
      ],
      newCount: 2,
      goneCount: 1,
    })
  })

  it("get the rows of the next page at their end", () => {
    const steady = steadyRows(
      rows("b", "d"),
      { rows: rows("a", "b", "d", "e", "f"), isWhole: false, isLonger: true },
      keyOf,
    )
    expect([steady.rows.map(keyOf), steady.newCount]).toEqual([["b", "d", "e", "f"], 1])
  })

  it("are not gone only because new ones have pushed them off the last page", () => {
    const steady = steadyRows(
      rows("b", "d", "f"),
      { rows: rows("a", "b", "d"), isWhole: false, isLonger: false },
      keyOf,
    )
    expect([steady.newCount, steady.goneCount]).toEqual([1, 0])
  })

  it("are shown at once where there were none", () => {
    const steady = steadyRows(rows(), { rows: rows("a"), isWhole: true, isLonger: false }, keyOf)
    expect([steady.rows.map(keyOf), steady.newCount]).toEqual([["a"], 0])
  })
})
