/** What pages make of JSON: differences of two contexts, and forms from schemas. */
import { expect, test } from "vitest"
import { differences } from "../../../infra/console/parts/JsonDifference.ts"
import { fieldOf, firstValue } from "../../../infra/console/parts/JsonSchemaForm.ts"

test("names each field that differs, wherever it is", () => {
  const before = { total: 2, lines: [{ sku: "tea", quantity: 1 }], gone: true }
  const after = {
    total: 2,
    lines: [
      { sku: "tea", quantity: 3 },
      { sku: "book", quantity: 1 },
    ],
    note: null,
  }
  expect(differences(before, after)).toEqual([
    { path: "lines.0.quantity", before: 1, after: 3 },
    { path: "lines.1", before: undefined, after: { sku: "book", quantity: 1 } },
    { path: "gone", before: true, after: undefined },
    { path: "note", before: undefined, after: null },
  ])
  expect(differences(before, before)).toEqual([])
  expect(differences({ a: [] }, { a: {} })).toEqual([{ path: "a", before: [], after: {} }])
})

const schema = {
  type: "object",
  properties: {
    name: { type: "string" },
    size: { $ref: "#/$defs/Size" },
    lines: { type: "array", items: { $ref: "#/$defs/Line" } },
    gift: { type: "boolean" },
    extra: { anyOf: [{ type: "string" }, { type: "number" }] },
  },
  required: ["name", "size", "lines"],
  $defs: {
    Size: { enum: ["small", "large"] },
    Line: {
      type: "object",
      properties: { sku: { type: "string" }, count: { type: "integer" } },
      required: ["count"],
    },
  },
}

test("makes fields of a schema and of its references, and begins with what is required", () => {
  const field = fieldOf(schema, schema)
  if (field.kind !== "object") throw new Error(field.kind)
  const kinds = field.fields.map(([name, inner]) => [name, fieldOf(inner, schema).kind])
  expect(kinds).toEqual([
    ["name", "text"],
    ["size", "choice"],
    ["lines", "list"],
    ["gift", "flag"],
    ["extra", "json"],
  ])
  expect(firstValue(schema, schema)).toEqual({ name: "", size: "small", lines: [] })
  expect(firstValue(schema.properties.lines.items, schema)).toEqual({ count: 0 })
})
