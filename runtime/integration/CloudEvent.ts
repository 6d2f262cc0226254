/**
 * An integration event on the wire: CloudEvents 1.0, JSON in structured mode.
 *
 * Owns the envelope and the meaning of its attributes (docs/ARCHITECTURE.md, "Data on the wire"). What may be
 * published: PublishItem.ts. Who sends it: ../outbox/Dispatcher.ts. Who documents it: AsyncApi.ts.
 */
import type { Metadata } from "../commit/Commit.ts"
import type { PublishedEvent } from "./EventPublisher.ts"
import type { PublishItem } from "./PublishItem.ts"

/** Media type of a whole event. */
export const CLOUD_EVENT_MEDIA_TYPE = "application/cloudevents+json"

/** Number of digits of `sequence`: enough for every safe integer, so that the text sorts like the number. */
export const CLOUD_EVENT_SEQUENCE_DIGITS = 16

/** Origin of an integration event. */
export interface CloudEventOrigin {
  readonly namespace: string
  /** `type/token` of the actor, or `reactor/<name>`. */
  readonly key: string
  readonly item: PublishItem
  /** Id that is unique for ever; made of the commit's sequence. */
  readonly id: string
  /** Time of the commit, Unix milliseconds. */
  readonly atMs: number
  /** Sequence of the commit in the journal. */
  readonly sequence: number
  /** Metadata as in a message of the same commit: `causationId` is the id of the command. */
  readonly metadata: Metadata | undefined
}

/** The event as it is published. The same origin gives the same bytes. */
export const cloudEventOf = (origin: CloudEventOrigin): PublishedEvent => {
  const { namespace, key, item, id, atMs, sequence, metadata } = origin
  const event = {
    specversion: "1.0",
    id,
    source: `/${namespace}/${key}`,
    type: item.t,
    time: new Date(atMs).toISOString(),
    datacontenttype: "application/json",
    dataschema: dataSchemaOf(namespace, item.t, item.v),
    sequence: String(sequence).padStart(CLOUD_EVENT_SEQUENCE_DIGITS, "0"),
    correlationid: attributeOf(metadata?.correlationId),
    causationid: attributeOf(metadata?.causationId),
    data: item.d,
  }
  return { type: item.t, id, data: encoder.encode(JSON.stringify(event)) }
}

/** Name of the schema of a type's data; a new version has a new name. */
export const dataSchemaOf = (namespace: string, type: string, version: number): string =>
  `urn:everstate:${namespace}:${type}:${version}`

const encoder = new TextEncoder()

/** Characters that the text of an attribute may not have: control characters, surrogates, noncharacters. */
const forbiddenInAttributes = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu

/** The attribute's text; `undefined` instead of an empty text, because attributes must not be empty. */
const attributeOf = (text: string | undefined): string | undefined =>
  text?.replace(forbiddenInAttributes, "\u{FFFD}") || undefined
