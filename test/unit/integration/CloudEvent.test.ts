import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { defineIntegrationEvent } from "../../../runtime/event/IntegrationEvent.ts"
import { type CloudEventOrigin, cloudEventOf } from "../../../runtime/integration/CloudEvent.ts"
import { publishItemOf } from "../../../runtime/integration/PublishItem.ts"
import { outboxIdOf } from "../../../runtime/message/OutboxItem.ts"
import { breachesOfCloudEvents } from "./CloudEventRules.ts"

const order = {
  type: "order",
  publishes: {
    "order.confirmed": defineIntegrationEvent({
      type: "order.confirmed",
      version: 2,
      schema: Schema.Struct({ orderId: Schema.String }),
      description: "An order is on its way.",
    }),
  },
}

const item = publishItemOf(order, "order.confirmed", { orderId: "o-1" })
if ("problem" in item) throw new Error(item.problem)

const origin: CloudEventOrigin = {
  namespace: "shop",
  key: addressOf("order", "o-1", 8).key,
  item,
  id: outboxIdOf(77, 0, 1),
  atMs: 1_767_225_600_000,
  sequence: 77,
  metadata: { correlationId: "r-9", causationId: "confirm-1" },
}

const published = (changes: Partial<CloudEventOrigin> = {}): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(cloudEventOf({ ...origin, ...changes }).data))

describe("an integration event on the wire", () => {
  it("is a CloudEvent in structured mode", () => {
    expect(published()).toEqual({
      specversion: "1.0",
      id: "everstate:77-0.1",
      source: "/shop/order/o-1",
      type: "order.confirmed",
      time: "2026-01-01T00:00:00.000Z",
      datacontenttype: "application/json",
      dataschema: "urn:everstate:shop:order.confirmed:2",
      sequence: "0000000000000077",
      correlationid: "r-9",
      causationid: "confirm-1",
      data: { orderId: "o-1" },
    })
    expect(breachesOfCloudEvents(published())).toEqual([])
  })

  it("is named for the publisher as inside", () => {
    expect(cloudEventOf(origin)).toMatchObject({ type: "order.confirmed", id: "everstate:77-0.1" })
  })

  it("has the same bytes whenever it is sent", () => {
    expect(cloudEventOf({ ...origin }).data).toEqual(cloudEventOf(origin).data)
  })

  it("sorts by its sequence as text", () => {
    const sequences = [9, 10, 1_000, Number.MAX_SAFE_INTEGER].map(
      (sequence) => published({ sequence }).sequence,
    )
    expect(sequences.toSorted()).toEqual(sequences)
  })

  it("FAULT 38: has a source that is a URI reference for every actor id", () => {
    for (const id of ["a b", "a.b*c>d", "한글", "100%", "a/b?c#d", "\u0001", "!'()~"]) {
      const event = published({ key: addressOf("order", id, 8).key })
      expect(breachesOfCloudEvents(event), id).toEqual([])
    }
  })

  it("FAULT 43: has no attribute that the specification forbids, whatever the metadata holds", () => {
    const odd = { correlationId: "a\u0000b\ud800c\ufffed\u{10ffff}e", causationId: "" }
    const event = published({ metadata: odd })
    expect(event.correlationid).toBe("a\ufffdb\ufffdc\ufffdd\ufffde")
    expect(event).not.toHaveProperty("causationid")
    expect(breachesOfCloudEvents(event)).toEqual([])
    expect(breachesOfCloudEvents(published({ metadata: undefined }))).toEqual([])
  })
})

describe("the rules of CloudEvents", () => {
  it("notice what breaks them", () => {
    const broken = (changes: object) => breachesOfCloudEvents({ ...published(), ...changes })
    expect(broken({ correlationId: "x" })).toEqual([
      "correlationId: a name that is not lower-case letters and digits",
    ])
    expect(broken({ correlationid: "" })).toEqual(["correlationid: empty"])
    expect(broken({ correlationid: "\u0007" })).toEqual(["correlationid: a forbidden character"])
    expect(broken({ time: "yesterday" })).toEqual(["time: no RFC 3339 timestamp"])
    expect(broken({ source: "a b" })).toEqual(["source: no URI reference"])
    expect(broken({ dataschema: "/relative" })).toEqual(["dataschema: no absolute URI"])
    expect(broken({ extra: { a: 1 } })).toEqual(["extra: no attribute type"])
    expect(broken({ id: undefined, specversion: "0.3" })).toEqual(["id: missing", "specversion: not 1.0"])
    expect(broken({ datacontenttype: "json" })).toEqual(["datacontenttype: no media type"])
    expect(broken({ data_base64: "AA==" })).toEqual([
      "data_base64: a name that is not lower-case letters and digits",
    ])
  })
})
