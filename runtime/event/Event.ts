// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters; what users write is inferred and checked
/**
 * `defineEvent(...)`: one kind of stored fact, its schema, its version and the upcasters from older versions.
 *
 * Owns versions and upcast chains, and the way from a stored event to the form that the machine sees. What a
 * schema is: Schema.ts. Who uses it: ../definition/Actor.ts.
 */
import { Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"
import { decodeValue } from "../json/StoredValue.ts"
import { thrownText } from "../json/Thrown.ts"
import { callEndSeen } from "./CallEnd.ts"
import { type AnySchema, type InputOf, issuesText, type OutputOf, validate } from "./Schema.ts"

/** Turns the payload of version N into the payload of version N + 1. Pure. */
export type Upcaster = (payload: any) => unknown

/** A kind of event, made by `defineEvent(...)`. */
export interface EventDefinition<S extends AnySchema = AnySchema> {
  readonly version: number
  readonly schema: S
  readonly upcast: { readonly [fromVersion: number]: Upcaster }
}

/** Shows whole objects instead of `A & B` in an editor; `& {}` keeps this type's name out of the display. */
type Flat<T> = { [Key in keyof T]: T[Key] } & {}

/** Zod's type for an object without fields. */
type NoFields = { readonly [key: string]: never }

/** `{ type, ...payload }`, for each member of a union of payloads. */
export type Typed<Type, Payload> = Payload extends unknown
  ? Flat<{ readonly type: Type } & (Payload extends NoFields ? unknown : Payload)>
  : never

/** The type of {@link payloadOf}, for each member of a union. */
export type PayloadOf<Typed> = Typed extends unknown
  ? { [Key in keyof Typed as Key extends "type" ? never : Key]: Typed[Key] }
  : never

/** A command or event without its `type`. */
export const payloadOf = <Typed extends { readonly type: string }>({
  type: _type,
  ...payload
}: Typed): PayloadOf<Typed> => payload as unknown as PayloadOf<Typed>

/** The union of events that a map of definitions describes, flat: `{ type, ...payload }`. */
export type EventOf<Events> = [Events] extends [infer E] // so that the events are shown, not the name of this type
  ? {
      [Type in keyof E & string]: E[Type] extends EventDefinition<infer S> ? Typed<Type, OutputOf<S>> : never
    }[keyof E & string]
  : never

interface EventOptions {
  readonly version: number
  readonly schema: AnySchema
  readonly upcast?: { readonly [fromVersion: number]: Upcaster }
}

type SchemaIn<Given> = Given extends AnySchema
  ? Given
  : Given extends { readonly schema: infer S extends AnySchema }
    ? S
    : never

type ReadonlyDeep<T> = unknown extends T ? T : { readonly [Key in keyof T]: ReadonlyDeep<T[Key]> }

/** Values without a form in JSON that users often put into events. */
type NotJsonValue = Date | bigint | symbol | ReadonlyMap<any, any> | ReadonlySet<any>

/** Those values among the fields of a payload. At run time all depths are checked. */
type NotJsonFieldsOf<Payload> = Payload extends unknown
  ? {
      [Key in keyof Payload]-?: 0 extends 1 & Payload[Key] ? never : Extract<Payload[Key], NotJsonValue>
    }[keyof Payload]
  : never

/**
 * Requires that the schema accepts its own output, because `decide` makes that output and the schema checks
 * it before it is stored.
 */
type Storable<S> = [OutputOf<S>] extends [ReadonlyDeep<InputOf<S>>]
  ? [NotJsonFieldsOf<OutputOf<S>>] extends [never]
    ? unknown
    : {
        readonly "an event is plain JSON: use a text or a number in place of a date, bigint, map or set": never
      }
  : { readonly "an event's schema must accept its own output: use one that does not transform": never }

/**
 * Defines a kind of event. Give just a schema for version 1, or `{ version, schema, upcast }`, where
 * `upcast[n]` turns a payload of version n into one of version n + 1. The chain from 1 must have no gaps.
 * Schemas see the payload without `type`. Their output must be plain JSON that they accept as input.
 */
export function defineEvent<Given extends AnySchema | EventOptions>(
  given: Given & Storable<SchemaIn<Given>>,
): EventDefinition<SchemaIn<Given>>
export function defineEvent(given: AnySchema | EventOptions): EventDefinition {
  if ("~standard" in given || Schema.isSchema(given)) return { version: 1, schema: given, upcast: {} }
  return { version: given.version, schema: given.schema, upcast: given.upcast ?? {} }
}

/** An event as it is stored: type, version of its schema, payload without `type`. */
export interface StoredEvent {
  readonly t: string
  readonly v: number
  readonly d: unknown
  /**
   * The machine has announced this event for projections, reactors and sagas. Replay does not apply it to the
   * machine.
   */
  readonly told?: true
}

/** This code cannot read a stored event. The actor is quarantined, and no event is skipped. */
export class EventUnreadable extends errorClass<EventUnreadable>()(
  "EventUnreadable",
  {
    actorType: Schema.String,
    eventType: Schema.String,
    eventVersion: Schema.Number,
    reason: Schema.Literals(["UnknownType", "NewerVersion", "UpcasterMissing", "UpcasterThrew", "Invalid"]),
    detail: Schema.String,
  },
  {
    kind: "defect",
    retry: "never",
    hint: "Give the definition the event's type, its version and an upcaster for each older version.",
  },
) {
  override get message(): string {
    return `Event ${this.eventType} v${this.eventVersion} of actor type "${this.actorType}" is unreadable (${this.reason}): ${this.detail}`
  }
}

/** An event in the form that the machine and projections see. */
export interface AnyEvent {
  readonly type: string
  readonly [field: string]: unknown
}

/**
 * Whether XState or the runtime makes the event, such as a timer that fired or a call that ended. These
 * events are stored like others, but have no schemas, and projections and reactors do not see them.
 */
export const isInternal = (eventType: string): boolean =>
  (eventType.startsWith("xstate.") && eventType !== ROUTE) || eventType.startsWith("everstate.")

/** Event that leads to a state with a `route`. A caller sends it, so it is one of the actor's own events. */
const ROUTE = "xstate.route"

/**
 * Stored for an event of a timer if the actor has no definition for that event: `{ event, raw? }`. `raw` is
 * the stored form of an event that is not plain JSON; then `event` has only its type.
 */
export const RAISED = "everstate.raised"

/**
 * Stored for an event that a timer or an action sends to a child of the machine: `{ to, event }`. `to` is the
 * child's address in its family; `from` is the address of the child whose timer it is. `raw` is as in {@link
 * RAISED}.
 */
export const INSIDE = "everstate.inside"

/** `undefined` for a raised event without an event inside. Throws for the end of a call with malformed values. */
const internalEvent = ({ t, d }: StoredEvent): AnyEvent | undefined => {
  if (t === INSIDE) {
    const { raw, ...fields } = d as { readonly raw?: unknown }
    return { type: t, ...fields, ...(raw === undefined ? undefined : { event: decodeValue(raw) }) }
  }
  if (t !== RAISED) return callEndSeen({ type: t, ...(d as object) })
  const { raw, event: plain } = (d ?? {}) as { readonly raw?: unknown; readonly event?: unknown }
  const event = (raw === undefined ? plain : decodeValue(raw)) as Partial<AnyEvent> | undefined
  return typeof event?.type === "string" ? (event as AnyEvent) : undefined
}

/**
 * The stored event in the form of the current definition. Throws {@link EventUnreadable}. Payloads of the
 * current version were validated before they were stored, so only upcasted payloads are validated again.
 */
export const readEvent = (
  actorType: string,
  events: { readonly [type: string]: EventDefinition } | undefined,
  stored: StoredEvent,
): AnyEvent => {
  const fail = (reason: EventUnreadable["reason"], detail: string) =>
    new EventUnreadable({ actorType, eventType: stored.t, eventVersion: stored.v, reason, detail })
  if (isInternal(stored.t)) {
    let event: AnyEvent | undefined
    try {
      event = internalEvent(stored)
    } catch (cause) {
      throw fail("Invalid", thrownText(cause))
    }
    if (event === undefined) throw fail("Invalid", "there is no event inside")
    return event
  }
  const definition =
    events === undefined ? undefinedVersion : Object.hasOwn(events, stored.t) ? events[stored.t] : undefined
  if (definition === undefined) throw fail("UnknownType", "the actor's definition has no such event")
  if (stored.v === definition.version) return { type: stored.t, ...(stored.d as object) }
  if (stored.v > definition.version) {
    throw fail("NewerVersion", `this process knows versions up to ${definition.version}`)
  }
  let payload = stored.d
  for (let version = stored.v; version < definition.version; version++) {
    const upcaster = definition.upcast[version]
    if (upcaster === undefined) throw fail("UpcasterMissing", `no upcaster from version ${version}`)
    try {
      payload = upcaster(payload)
    } catch (cause) {
      throw fail("UpcasterThrew", `from version ${version}: ${thrownText(cause)}`)
    }
  }
  const validated = validate(definition.schema, payload)
  if ("issues" in validated) throw fail("Invalid", `after upcasting: ${issuesText(validated.issues)}`)
  return { type: stored.t, ...(validated.value as object) }
}

/** Definition for all events of a machine-only actor: version 1, without a schema. */
const undefinedVersion: Pick<EventDefinition, "version" | "upcast"> & { schema: AnySchema } = {
  version: 1,
  upcast: {},
  schema: { "~standard": { version: 1, vendor: "everstate", validate: (value: unknown) => ({ value }) } },
}
