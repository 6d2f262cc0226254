/**
 * The AsyncAPI 3.0 document of a system's integration events: a channel for each type, on NATS, in CloudEvents 1.0.
 *
 * Owns the form of the document; the content comes from EventCatalog.ts. Plain JSON, the same for the same
 * catalog.
 */
import { outboxIdOf } from "../message/OutboxItem.ts"
import { CLOUD_EVENT_MEDIA_TYPE, CLOUD_EVENT_SEQUENCE_DIGITS, cloudEventOf } from "./CloudEvent.ts"
import type { EventCatalog, IntegrationEventEntry } from "./EventCatalog.ts"
import type { JsonObject, PayloadSchema } from "./PayloadSchema.ts"
import type { PublishItem } from "./PublishItem.ts"

/** Version of AsyncAPI of the document. */
export const ASYNC_API_VERSION = "3.0.0"

/** Version of AsyncAPI's NATS bindings. */
const NATS_BINDING_VERSION = "0.1.0"

/** What the document says about itself. */
export interface AsyncApiInfo {
  /** Title of the document, default the namespace. */
  readonly title?: string
  /** Version of the documented system, default `1.0.0`. */
  readonly version?: string
  readonly description?: string
}

/** An AsyncAPI document, as plain JSON. */
export interface AsyncApiDocument {
  readonly asyncapi: typeof ASYNC_API_VERSION
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly defaultContentType: typeof CLOUD_EVENT_MEDIA_TYPE
  readonly channels: { readonly [type: string]: JsonObject }
  readonly operations: { readonly [id: string]: JsonObject }
  readonly components: {
    readonly messages: { readonly [type: string]: JsonObject }
    readonly schemas: { readonly [name: string]: JsonObject }
  }
}

/** The AsyncAPI document of a catalog's integration events. */
export const asyncApiOf = (catalog: EventCatalog, info: AsyncApiInfo = {}): AsyncApiDocument => {
  const events = catalog.integrationEvents
  return {
    asyncapi: ASYNC_API_VERSION,
    info: {
      title: info.title ?? `Integration events of ${catalog.namespace}`,
      version: info.version ?? "1.0.0",
      description:
        info.description ??
        "Delivered at least once: a consumer knows a repeat by its id. Events of one source are ordered by sequence.",
    },
    defaultContentType: CLOUD_EVENT_MEDIA_TYPE,
    channels: Object.fromEntries(events.map((event) => [event.type, channelOf(event)])),
    operations: Object.fromEntries(events.map((event) => [`publish.${event.type}`, operationOf(event)])),
    components: {
      messages: Object.fromEntries(events.map((event) => [event.type, messageOf(catalog.namespace, event)])),
      schemas: Object.fromEntries([
        ["envelope", envelopeOf(catalog.namespace)],
        ...events.map(({ type, schema }) => [payloadName(type), dataOf(type, schema)] as const),
      ]),
    },
  }
}

const channelOf = ({ type, address, description }: IntegrationEventEntry): JsonObject => ({
  address,
  description,
  messages: { [type]: { $ref: `#/components/messages/${type}` } },
  bindings: { nats: {} },
})

const operationOf = ({ type, publishers }: IntegrationEventEntry): JsonObject => ({
  action: "send",
  channel: { $ref: `#/channels/${type}` },
  summary: `Published by ${publishers.join(", ")}.`,
  messages: [{ $ref: `#/channels/${type}/messages/${type}` }],
  bindings: { nats: { bindingVersion: NATS_BINDING_VERSION } },
})

const messageOf = (
  namespace: string,
  { type, version, description, dataschema, publishers, example }: IntegrationEventEntry,
): JsonObject => ({
  name: type,
  title: type,
  summary: description,
  contentType: CLOUD_EVENT_MEDIA_TYPE,
  payload: {
    allOf: [
      { $ref: "#/components/schemas/envelope" },
      {
        type: "object",
        properties: {
          type: { const: type },
          dataschema: { const: dataschema },
          data: { $ref: `#/components/schemas/${payloadName(type)}` },
        },
      },
    ],
  },
  ...(example === undefined
    ? undefined
    : {
        examples: [
          {
            payload: exampleOf(namespace, `${publishers[0]}/example`, {
              k: "publish",
              t: type,
              v: version,
              d: example,
            }),
          },
        ],
      }),
})

/** The example as a whole event on the wire. */
const exampleOf = (namespace: string, key: string, item: PublishItem): unknown => {
  const origin = { namespace, key, item, id: outboxIdOf(1, 0, 0), atMs: 0, sequence: 1, metadata: undefined }
  return JSON.parse(new TextDecoder().decode(cloudEventOf(origin).data))
}

/** The CloudEvent around every payload, as CloudEvent.ts writes it. */
const envelopeOf = (namespace: string): JsonObject => ({
  title: "CloudEvents 1.0, structured mode",
  type: "object",
  properties: {
    specversion: { const: "1.0" },
    id: { type: "string", minLength: 1, description: "The same for every repeat of the event." },
    source: {
      type: "string",
      format: "uri-reference",
      minLength: 1,
      description: `Who published it: /${namespace}/<type>/<percent-encoded id>.`,
    },
    type: { type: "string", minLength: 1 },
    time: { type: "string", format: "date-time", description: "When it was decided." },
    datacontenttype: { const: "application/json" },
    dataschema: { type: "string", format: "uri" },
    sequence: {
      type: "string",
      pattern: `^[0-9]{${CLOUD_EVENT_SEQUENCE_DIGITS}}$`,
      description: "Ascends with every commit, with gaps; sorts as text.",
    },
    correlationid: { type: "string", minLength: 1, description: "Common to all that one request led to." },
    causationid: { type: "string", minLength: 1, description: "Id of the command that led to the event." },
    data: {},
  },
  required: [
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "datacontenttype",
    "dataschema",
    "sequence",
    "data",
  ],
})

/** Name of a payload's schema. No type gives the name of the envelope. */
const payloadName = (type: string): string => `payload.${type}`

const dataOf = (type: string, schema: PayloadSchema): JsonObject =>
  "json" in schema
    ? (rebased(schema.json, `#/components/schemas/${payloadName(type)}`) as JsonObject)
    : { description: `Not expressible in JSON Schema: ${schema.inexpressible}`, "x-inexpressible": true }

/** Rebases a schema's references, which count from its own root: in the document that root is at `base`. */
const rebased = (value: unknown, base: string): unknown => {
  if (Array.isArray(value)) return value.map((element) => rebased(element, base))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      key === "$ref" && typeof inner === "string" && inner.startsWith("#")
        ? [key, base + inner.slice(1)]
        : [key, rebased(inner, base)],
    ),
  )
}
