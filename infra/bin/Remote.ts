/**
 * A system as the verbs see it: documents that are read, orders that are sent, streams that are followed.
 *
 * The words are those of the gateway's routes (docs/OPERATIONS.md). RemoteHttp.ts speaks to a gateway over the
 * network. Straight on NATS and Postgres the gateway is in this process: on a system with the definitions of a module
 * (RemoteSystem.ts), or on one without definitions (RemoteStores.ts). RemoteFlags.ts chooses.
 */
import type { Effect, Stream } from "effect"
import type { VerbFailed } from "./VerbFailed.ts"

/** A JSON document of a route. */
export interface Document {
  // biome-ignore lint/suspicious/noExplicitAny: documents come as JSON; the verbs know which fields they have
  readonly [field: string]: any
}

/** A page of a list. */
export interface Page extends Document {
  readonly items: ReadonlyArray<Document>
  /** `cursor` of the next page; absent on the last one. */
  readonly next?: string
}

/** Parameters of a path; undefined ones are left out. */
export interface Query {
  readonly [name: string]: string | number | boolean | undefined
}

/** Something that changes the system. */
export interface Order {
  readonly method: "POST" | "PUT" | "DELETE"
  readonly path: string
  readonly query?: Query
  readonly body?: unknown
  readonly headers?: { readonly [name: string]: string | undefined }
}

export interface Remote {
  /** Where the system is, for people. */
  readonly where: string
  /** True: the gateway is in this process, so its work in the background ends with the verb. */
  readonly endsWithVerb: boolean
  readonly get: (path: string, query?: Query) => Effect.Effect<Document, VerbFailed>
  readonly send: (order: Order) => Effect.Effect<Document, VerbFailed>
  /** Events of a path that follows something, until its end. */
  readonly follow: (path: string, query?: Query) => Stream.Stream<FollowedEvent, VerbFailed>
}

/** One event of a stream: its kind, and its document. */
export interface FollowedEvent {
  readonly kind: string
  readonly data: Document
}

/** A path made of words, each escaped. */
export const pathOf = (...words: ReadonlyArray<string | number>): string =>
  words.map((word) => `/${encodeURIComponent(word)}`).join("")
