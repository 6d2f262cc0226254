import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { setup } from "xstate"
import { defineActor, defineCommand } from "../../../runtime/definition/Actor.ts"
import { defineEvent } from "../../../runtime/event/Event.ts"
import { defineIntegrationEvent } from "../../../runtime/event/IntegrationEvent.ts"
import type { AnySchema } from "../../../runtime/event/Schema.ts"
import { ASYNC_API_VERSION, asyncApiOf } from "../../../runtime/integration/AsyncApi.ts"
import { eventCatalogOf } from "../../../runtime/integration/EventCatalog.ts"
import { eventCatalogPage } from "../../../runtime/integration/EventCatalogPage.ts"
import { payloadSchemaOf } from "../../../runtime/integration/PayloadSchema.ts"
import { breachesOfCloudEvents } from "./CloudEventRules.ts"

const machine = setup({ types: {} as { events: { type: string } } }).createMachine({
  initial: "open",
  states: { open: { on: { OrderPlaced: "open" } } },
})

const line = Schema.Struct({ sku: Schema.String, count: Schema.Int }).annotate({ identifier: "Line" })

const events = {
  OrderPlaced: defineEvent({
    version: 3,
    schema: Schema.Struct({ lines: Schema.Array(line) }),
    upcast: { 1: (payload) => payload, 2: (payload) => payload },
  }),
  OrderClosed: defineEvent(Schema.Struct({})),
}

/** A vendor that can check, and say what it checks in JSON Schema. */
const vendor = (jsonSchema?: () => object): AnySchema =>
  ({
    "~standard": {
      version: 1,
      vendor: "checker",
      validate: (value: unknown) => ({ value }),
      ...(jsonSchema === undefined ? undefined : { jsonSchema: { input: jsonSchema, output: jsonSchema } }),
    },
  }) as AnySchema

const confirmed = defineIntegrationEvent({
  type: "order.confirmed",
  version: 2,
  schema: Schema.Struct({ orderId: Schema.String, lines: Schema.Array(line) }),
  description: "An order <is> on its way & paid.",
  example: { orderId: "o-1", lines: [{ sku: "tea", count: 2 }] },
})
const tree = () => ({
  $schema: "http://json-schema.org/draft-07/schema#",
  type: "object",
  properties: { children: { type: "array", items: { $ref: "#" } } },
})

const Order = defineActor({
  type: "order",
  machine,
  events,
  commands: {
    Place: defineCommand(
      { type: "Place", machine, events },
      { schema: Schema.Struct({}), decide: () => ({ type: "OrderClosed" }) as const },
    ),
  },
  publishes: [
    confirmed,
    defineIntegrationEvent({ type: "order.annotated", schema: vendor(), description: "Free text." }),
    defineIntegrationEvent({ type: "order.split", schema: vendor(tree), description: "Parts of parts." }),
  ],
})
const Lamp = defineActor({ type: "lamp", machine })
const relay = { type: "reactor/relay", publishes: { "order.confirmed": confirmed } }

const catalog = eventCatalogOf({ namespace: "shop", actors: [Order, Lamp], reactors: [relay] })

/** Every `$ref` of a document that does not lead anywhere in it. */
const danglingIn = (document: object): ReadonlyArray<string> => {
  const dangling: Array<string> = []
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return
    const { $ref } = value as { readonly $ref?: unknown }
    if (typeof $ref === "string" && targetOf(document, $ref) === undefined) dangling.push($ref)
    for (const inner of Object.values(value)) walk(inner)
  }
  walk(document)
  return dangling
}

const targetOf = (document: object, ref: string): unknown => {
  if (!ref.startsWith("#/")) return undefined
  let target: unknown = document
  for (const part of ref.slice(2).split("/")) {
    target = (target as Record<string, unknown> | undefined)?.[
      part.replaceAll("~1", "/").replaceAll("~0", "~")
    ]
  }
  return target
}

describe("the event catalog", () => {
  it("keeps domain events and integration events apart", () => {
    expect(catalog.domainEvents.map(({ actorType, type }) => `${actorType} ${type}`)).toEqual([
      "order OrderPlaced",
      "order OrderClosed",
    ])
    expect(catalog.integrationEvents.map(({ type }) => type)).toEqual([
      "order.annotated",
      "order.confirmed",
      "order.split",
    ])
  })

  it("tells the version of a domain event, its schema, and the versions that upcasters read", () => {
    expect(catalog.domainEvents[0]).toMatchObject({
      version: 3,
      upcastVersions: [1, 2],
      schema: { json: { type: "object", properties: { lines: { type: "array" } }, required: ["lines"] } },
    })
  })

  it("tells where an integration event is found, and every publisher of it", () => {
    expect(catalog.integrationEvents[1]).toMatchObject({
      version: 2,
      publishers: ["order", "reactor/relay"],
      address: "shop.int.order.confirmed",
      dataschema: "urn:everstate:shop:order.confirmed:2",
    })
  })

  it("names the actor types whose events have no schemas", () => {
    expect(catalog.actorTypesWithoutSchemas).toEqual(["lamp"])
  })

  it("is plain JSON", () => {
    expect(JSON.parse(JSON.stringify(catalog))).toEqual(catalog)
  })

  it("refuses two promises under one type", () => {
    const other = defineIntegrationEvent({
      type: "order.confirmed",
      schema: vendor(),
      description: "Something else.",
    })
    const rival = { type: "reactor/rival", publishes: { "order.confirmed": other } }
    expect(() => eventCatalogOf({ namespace: "shop", actors: [Order], reactors: [rival] })).toThrow(
      /"reactor\/rival" cannot be defined: the integration event "order.confirmed", which order publishes too/,
    )
  })
})

describe("a payload's schema", () => {
  it("describes what is stored, not what was given", () => {
    expect(payloadSchemaOf(Schema.FiniteFromString)).toEqual({ json: { type: "number" } })
  })

  it("of another vendor is asked for by Standard JSON Schema", () => {
    expect(payloadSchemaOf(vendor(() => ({ type: "string" })))).toEqual({ json: { type: "string" } })
  })

  it("is marked where the vendor cannot tell", () => {
    expect(payloadSchemaOf(vendor())).toEqual({ inexpressible: "checker does not offer JSON Schema" })
    const failing = vendor(() => {
      throw new Error("a function cannot be told")
    })
    expect(payloadSchemaOf(failing)).toEqual({ inexpressible: "a function cannot be told" })
  })
})

describe("the AsyncAPI document", () => {
  const document = asyncApiOf(catalog)
  const { channels, operations, components } = document
  const types = ["order.annotated", "order.confirmed", "order.split"]

  it("has what AsyncAPI 3.0 requires, and no other field", () => {
    expect(document.asyncapi).toBe(ASYNC_API_VERSION)
    expect(document.info).toMatchObject({ title: expect.any(String), version: "1.0.0" })
    expect(Object.keys(document)).toEqual([
      "asyncapi",
      "info",
      "defaultContentType",
      "channels",
      "operations",
      "components",
    ])
    const names = [...Object.keys(components.messages), ...Object.keys(components.schemas)]
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9.\-_]+$/)
  })

  it("has a channel for each type, at its NATS subject, with one message", () => {
    expect(Object.keys(channels)).toEqual(types)
    for (const type of types) {
      expect(channels[type]).toEqual({
        address: `shop.int.${type}`,
        description: expect.any(String),
        messages: { [type]: { $ref: `#/components/messages/${type}` } },
        bindings: { nats: {} },
      })
    }
  })

  it("has an operation that sends on each channel, with a message of that channel", () => {
    expect(Object.keys(operations)).toEqual(types.map((type) => `publish.${type}`))
    for (const type of types) {
      expect(operations[`publish.${type}`]).toMatchObject({
        action: "send",
        channel: { $ref: `#/channels/${type}` },
        messages: [{ $ref: `#/channels/${type}/messages/${type}` }],
        bindings: { nats: { bindingVersion: "0.1.0" } },
      })
    }
  })

  it("has messages in CloudEvents that say their type and schema", () => {
    for (const type of types) {
      expect(components.messages[type]).toMatchObject({
        name: type,
        contentType: "application/cloudevents+json",
        payload: {
          allOf: [
            { $ref: "#/components/schemas/envelope" },
            { properties: { type: { const: type }, data: { $ref: `#/components/schemas/payload.${type}` } } },
          ],
        },
      })
    }
  })

  it("has no reference that leads nowhere, those inside of schemas included", () => {
    expect(JSON.stringify(components.schemas["payload.order.confirmed"])).toContain(
      "#/components/schemas/payload.order.confirmed/definitions/Line",
    )
    expect(JSON.stringify(components.schemas["payload.order.split"])).toContain(
      '"$ref":"#/components/schemas/payload.order.split"',
    )
    expect(danglingIn(document)).toEqual([])
    expect(danglingIn({ a: { $ref: "#/b" } })).toEqual(["#/b"])
  })

  it("gives examples as they would travel", () => {
    const { examples } = components.messages["order.confirmed"] as {
      examples: ReadonlyArray<{ payload: Record<string, unknown> }>
    }
    const payload = examples[0]?.payload ?? {}
    expect(breachesOfCloudEvents(payload)).toEqual([])
    const { required, properties } = components.schemas.envelope as {
      required: ReadonlyArray<string>
      properties: object
    }
    expect(Object.keys(payload).toSorted()).toEqual(required.toSorted())
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(payload)))
    expect(payload.data).toEqual(confirmed.example)
  })

  it("marks what cannot be said in JSON Schema", () => {
    expect(components.schemas["payload.order.annotated"]).toEqual({
      description: "Not expressible in JSON Schema: checker does not offer JSON Schema",
      "x-inexpressible": true,
    })
  })

  it("is plain JSON, and the same for the same catalog", () => {
    expect(JSON.parse(JSON.stringify(document))).toEqual(document)
    expect(JSON.stringify(asyncApiOf(catalog))).toBe(JSON.stringify(document))
  })
})

describe("the catalog's page", () => {
  const page = eventCatalogPage(catalog)

  it("shows both kinds of events, each in its place", () => {
    const [integration = "", domain = ""] = page.split('<h2 id="domain">')
    expect(integration).toContain("shop.int.order.confirmed")
    expect(integration).not.toContain("OrderPlaced")
    expect(domain).toContain("version 3, reads 1, 2 through upcasters")
    expect(domain).not.toContain("order.confirmed")
    expect(domain).toContain("Defined by its machine alone")
  })

  it("loads nothing and runs nothing", () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|src=|url\(|@import|href=/)
  })

  it("escapes what definitions say", () => {
    expect(page).toContain("An order &#60;is&#62; on its way &#38; paid.")
    const odd = { ...catalog, namespace: '"><script>alert(1)</script>' }
    expect(eventCatalogPage(odd)).not.toContain("<script")
  })
})
