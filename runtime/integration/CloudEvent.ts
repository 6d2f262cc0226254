/**
 * An integration event on the wire: CloudEvents 1.0, JSON in structured mode.
 *
 * Owns the envelope and what each attribute says (docs/ARCHITECTURE.md, "Data on the wire"). What may be published:
 * PublishItem.ts. Who sends it: ../outbox/Dispatcher.ts. Who reads about it: AsyncApi.ts.
 */
import type { Metadata } from "../commit/Commit.ts"
import type { PublishedEvent } from "./EventPublisher.ts"
import type { PublishItem } from "./PublishItem.ts"

/** Media type of a whole event. */
export const CLOUD_EVENT_MEDIA_TYPE = "application/cloudevents+json"

/** Digits of `sequence`: wide enough for every safe integer, so that its text sorts like the number. */
export const CLOUD_EVENT_SEQUENCE_DIGITS = 16

/** Where an integration event came from. */
export interface CloudEventOrigin {
  readonly namespace: string
  /** `type/token` of the actor, or `reactor/<name>`. */
  readonly key: string
  readonly item: PublishItem
  /** Unique for ever: made of the commit's place in the journal. */
  readonly id: string
  /** Time of the commit, Unix milliseconds. */
  readonly atMs: number
  /** Place of the commit in the journal. */
  readonly sequence: number
  /** What a message of the same commit would carry: `causationId` is the id of the command. */
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

/** Names the schema of a type's data; a new version of it has a new name. */
export const dataSchemaOf = (namespace: string, type: string, version: number): string =>
  `urn:everstate:${namespace}:${type}:${version}`

const encoder = new TextEncoder()

/** What the text of an attribute may not hold: control characters, surrogates, noncharacters. */
const forbiddenInAttributes = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu

/** Attributes are not empty: where there is nothing to say, they are left out. */
const attributeOf = (text: string | undefined): string | undefined =>
  text?.replace(forbiddenInAttributes, "\u{FFFD}") || undefined
