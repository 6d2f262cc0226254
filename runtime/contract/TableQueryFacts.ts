/** What every read model answers when it is asked for rows of a folded table. A part of ReadModelContract.ts. */
import { Effect } from "effect"
import {
  type Column,
  defineProjection,
  type ProjectedEvent,
  type ProjectionDefinition,
} from "../projection/Projection.ts"
import type { ReadModelService } from "../projection/ReadModel.ts"
import type { Condition } from "../projection/TableQueries.ts"
import type { FactOf } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"
import { Ledger } from "./LedgerTotals.ts"

const columns = {
  id: 'text collate "C" not null',
  place: "text",
  size: "bigint not null",
  is_new: "boolean not null",
  more: "jsonb",
} as const satisfies { readonly [name: string]: Column }

/** A table whose rows are the payloads of its events. */
const Shelf: ProjectionDefinition = defineProjection({
  name: "shelf",
  version: 1,
  from: [Ledger],
  table: {
    name: "shelf",
    columns,
    primaryKey: ["id"],
    indexes: ["place, size", "using gin (more jsonb_path_ops) where more is not null"],
  },
  key: ({ id }) => ({ id }),
  fold: (_, { event }) => (event as unknown as { readonly row: never }).row,
})

interface Row {
  readonly id: string
  readonly place: string | null
  readonly size: number
  readonly is_new: boolean
  readonly more: object | null
}

const rows: ReadonlyArray<Row> = [
  { id: "b", place: "hall", size: 2, is_new: true, more: { color: "red", n: 1 } },
  { id: "a", place: "hall", size: 1, is_new: false, more: { color: "blue" } },
  { id: "B", place: null, size: 3, is_new: false, more: null },
  { id: "a%_", place: "attic", size: Number.MAX_SAFE_INTEGER, is_new: true, more: { color: "red", n: 2 } },
  { id: "한", place: "attic", size: 5, is_new: false, more: { color: null } },
  { id: "\u{1f9ed}", place: "{a:b}", size: 6, is_new: false, more: { flag: true } },
  { id: "\uffee", place: "hall", size: 7, is_new: false, more: {} },
]

const filled = (readModel: ReadModelService) =>
  Effect.gen(function* () {
    yield* readModel.prepare(Shelf, 0)
    const events = rows.map(
      (row, index): ProjectedEvent => ({
        actorType: "ledger",
        id: row.id,
        version: 1,
        sequence: index + 1,
        at: 1,
        commandId: "c",
        metadata: {},
        event: { type: "Put", row },
      }),
    )
    yield* readModel.apply(Shelf, { partition: 0, events, deadLetters: [], from: 0, to: events.length })
    return (...where: ReadonlyArray<Condition>) =>
      Effect.map(readModel.select(Shelf, { where, orderBy: "id", limit: 100 }), (found) =>
        found.map(({ id }) => id),
      )
  })

/** A projection that no condition can be asked of. */
const InSql = defineProjection({
  name: "in_sql",
  version: 1,
  from: [Ledger],
  tables: ["create table entries (id text primary key)"],
  handle: () => Promise.resolve(),
})

/** Registers the facts. */
export const tableQueryFacts = (check: FactOf<{ readonly readModel: ReadModelService }>): void => {
  check("selects rows with all columns, ordered by the bytes of the text", ({ readModel }) =>
    Effect.gen(function* () {
      const ids = yield* filled(readModel)
      expect(yield* ids()).toEqual(["B", "a", "a%_", "b", "한", "\uffee", "\u{1f9ed}"])
      const [row] = yield* readModel.select(Shelf, {
        where: [{ column: "id", is: "=", value: "a%_" }],
        orderBy: "id",
        limit: 1,
      })
      expect(row).toEqual(rows[3])
      const two = yield* readModel.select(Shelf, {
        where: [{ column: "id", is: ">", value: "a%_" }],
        orderBy: "id",
        limit: 2,
      })
      expect(two.map(({ id }) => id)).toEqual(["b", "한"])
    }),
  )

  check("selects by every kind of condition, and by several at once", ({ readModel }) =>
    Effect.gen(function* () {
      const ids = yield* filled(readModel)
      expect(yield* ids({ column: "place", is: "=", value: "hall" })).toEqual(["a", "b", "\uffee"])
      expect(yield* ids({ column: "size", is: "<", value: 3 })).toEqual(["a", "b"])
      expect(yield* ids({ column: "size", is: "<=", value: 3 })).toEqual(["B", "a", "b"])
      expect(yield* ids({ column: "size", is: ">=", value: 7 })).toEqual(["a%_", "\uffee"])
      expect(yield* ids({ column: "is_new", is: "=", value: true })).toEqual(["a%_", "b"])
      expect(yield* ids({ column: "place", is: "in", values: ["attic", "{a:b}", "none"] })).toEqual([
        "a%_",
        "한",
        "\u{1f9ed}",
      ])
      expect(yield* ids({ column: "place", is: "in", values: [] })).toEqual([])
      expect(yield* ids({ column: "place", is: "not in", values: ["hall", "attic"] })).toEqual(["\u{1f9ed}"])
      expect(yield* ids({ column: "place", is: "null" })).toEqual(["B"])
      expect(yield* ids({ column: "place", is: "not", value: "hall" })).toEqual([
        "B",
        "a%_",
        "한",
        "\u{1f9ed}",
      ])
      expect(yield* ids({ column: "id", is: "starts with", value: "a" })).toEqual(["a", "a%_"])
      expect(yield* ids({ column: "id", is: "starts with", value: "a%" })).toEqual(["a%_"])
      expect(yield* ids({ column: "id", is: "starts with", value: "\u{1f9ed}" })).toEqual(["\u{1f9ed}"])
      expect(yield* ids({ column: "id", is: "starts with", value: "" })).toHaveLength(rows.length)
      expect(
        yield* ids({ column: "place", is: "=", value: "attic" }, { column: "is_new", is: "=", value: true }),
      ).toEqual(["a%_"])
    }),
  )

  check("selects by fields of a JSON column", ({ readModel }) =>
    Effect.gen(function* () {
      const ids = yield* filled(readModel)
      expect(yield* ids({ column: "more", is: "has", fields: { color: "red" } })).toEqual(["a%_", "b"])
      expect(yield* ids({ column: "more", is: "has", fields: { color: "red", n: 2 } })).toEqual(["a%_"])
      expect(yield* ids({ column: "more", is: "has", fields: { n: "2" } })).toEqual([])
      expect(yield* ids({ column: "more", is: "has", fields: { color: null } })).toEqual(["한"])
      expect(yield* ids({ column: "more", is: "has", fields: { flag: true } })).toEqual(["\u{1f9ed}"])
    }),
  )

  check("gives the different values of a column and their counts", ({ readModel }) =>
    Effect.gen(function* () {
      yield* filled(readModel)
      const values = readModel.distinct(Shelf, { where: [], column: "place", limit: 10 })
      expect((yield* values).toSorted()).toEqual(["attic", "hall", "{a:b}"])
      const one = readModel.distinct(Shelf, { where: [], column: "place", limit: 1 })
      expect(yield* one).toHaveLength(1)
      const where = [{ column: "is_new", is: "=", value: false }] as const
      expect(yield* readModel.distinct(Shelf, { where, column: "size", limit: 10 })).toEqual([1, 3, 5, 6, 7])
      const counts = yield* readModel.countBy(Shelf, { where, column: "place" })
      const inOrder = counts.toSorted((left, right) => (String(left.value) < String(right.value) ? -1 : 1))
      expect(inOrder).toEqual([
        { value: "attic", count: 1 },
        { value: "hall", count: 2 },
        { value: null, count: 1 },
        { value: "{a:b}", count: 1 },
      ])
    }),
  )

  check("amends a row only while it is as expected", ({ readModel }) =>
    Effect.gen(function* () {
      const ids = yield* filled(readModel)
      const amend = (id: string, expected: object, values: object) =>
        readModel.amend(Shelf, { key: { id }, expected: { ...expected }, values: { ...values } })
      expect(yield* amend("B", { size: 4, place: null }, { place: "den" })).toBe(false)
      expect(yield* amend("B", { size: 3, place: null }, { place: "den", more: { color: "red" } })).toBe(true)
      expect(yield* amend("B", { size: 3, place: null }, { place: "cellar" })).toBe(false)
      expect(yield* amend("nobody", {}, { place: "den" })).toBe(false)
      expect(yield* ids({ column: "place", is: "=", value: "den" })).toEqual(["B"])
      expect(yield* ids({ column: "more", is: "has", fields: { color: "red" } })).toEqual(["B", "a%_", "b"])
    }),
  )

  check("prunes a bounded number of rows below a value", ({ readModel }) =>
    Effect.gen(function* () {
      const ids = yield* filled(readModel)
      const prune = (limit: number) => readModel.prune(Shelf, { column: "size", below: 6, limit })
      expect(yield* prune(3)).toBe(3)
      expect(yield* prune(3)).toBe(1)
      expect(yield* prune(3)).toBe(0)
      expect(yield* ids()).toEqual(["a%_", "\uffee", "\u{1f9ed}"])
    }),
  )

  check("asks nothing of a projection in SQL, or of one without a table", ({ readModel }) =>
    Effect.gen(function* () {
      const query = { where: [], orderBy: "id", limit: 1 }
      for (const projection of [InSql, { ...Shelf, name: "never_made" }]) {
        const failure = yield* Effect.flip(readModel.select(projection, query))
        expect(failure).toMatchObject({ _tag: "ProjectionFailed" })
      }
    }),
  )
}
