import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { defineIntegrationEvent } from "../../../runtime/event/IntegrationEvent.ts"
import type { AnySchema } from "../../../runtime/event/Schema.ts"
import {
  INTEGRATION_DATA_BYTES_MAX,
  INTEGRATION_TYPE_LENGTH_MAX,
  publishItemOf,
} from "../../../runtime/integration/PublishItem.ts"

const schema = Schema.Struct({ orderId: Schema.String, total: Schema.Int })
const asIs: AnySchema = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
}

const published = (given: { type: string; version?: number; schema: AnySchema }) => ({
  [given.type]: defineIntegrationEvent({ ...given, description: "Something is told." }),
})

const order = {
  type: "order",
  publishes: {
    ...published({ type: "order.confirmed", version: 3, schema }),
    ...published({ type: "order.noted", schema: asIs }),
    ...published({ type: "order..odd", schema: asIs }),
    ...published({ type: "o".repeat(INTEGRATION_TYPE_LENGTH_MAX + 1), schema: asIs }),
  },
}

const problemOf = (type: string, data: unknown): string => {
  const item = publishItemOf(order, type, data)
  return "problem" in item ? item.problem : ""
}

describe("an integration event that is to be published", () => {
  it("becomes an outbox item with the version of its schema", () => {
    expect(publishItemOf(order, "order.confirmed", { orderId: "o-1", total: 9 })).toEqual({
      k: "publish",
      t: "order.confirmed",
      v: 3,
      d: { orderId: "o-1", total: 9 },
    })
  })

  it("says no more than its schema promises", () => {
    const item = publishItemOf(order, "order.confirmed", { orderId: "o-1", total: 9, secret: "x" })
    expect(item).toMatchObject({ d: { orderId: "o-1", total: 9 } })
    expect(JSON.stringify(item)).not.toContain("secret")
  })

  it("is a problem when the actor does not publish its type", () => {
    expect(problemOf("order.lost", {})).toContain('"order" does not publish "order.lost"')
    expect(problemOf("constructor", {})).toContain("does not publish")
  })

  it("is a problem when its schema refuses the data, and says where", () => {
    expect(problemOf("order.confirmed", { orderId: "o-1", total: 9.5 })).toMatch(/^order\.confirmed: total: /)
  })

  it("FAULT 43: is a problem when the data is no plain JSON", () => {
    expect(problemOf("order.noted", { at: new Date(0) })).toContain('"at" is not plain JSON')
    expect(problemOf("order.noted", Number.NaN)).toContain("NaN")
    expect(problemOf("order.noted", undefined)).toContain("undefined")
  })

  it("FAULT 36: is a problem when its data is too large, counted in bytes", () => {
    const text = "한".repeat(INTEGRATION_DATA_BYTES_MAX / 3)
    expect(problemOf("order.noted", text)).toContain(`${INTEGRATION_DATA_BYTES_MAX} at most`)
    expect(problemOf("order.noted", text.slice(2))).toBe("")
  })

  it("is a problem when its type is no subject, or too long", () => {
    expect(problemOf("order..odd", 1)).toContain("is no type of an integration event")
    expect(problemOf("o".repeat(INTEGRATION_TYPE_LENGTH_MAX + 1), 1)).toContain("at most")
  })
})
