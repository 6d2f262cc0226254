/** What TypeScript makes of an event's schema. Checked, never run. */
import { Schema } from "effect"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import { expectTypeOf } from "vitest"
import { defineEvent, type EventOf, type OutputOf } from "../../runtime/index.ts"

/** A schema as Zod, Valibot and ArkType present it: nothing but the standard's one property. */
declare const plain: <Input, Output = Input>() => StandardSchemaV1<Input, Output>

// Flat: one object an event, with the schema's own modifiers.
const paid = {
  Paid: defineEvent(Schema.Struct({ minor: Schema.Number, note: Schema.optionalKey(Schema.String) })),
}
expectTypeOf<EventOf<typeof paid>>().toEqualTypeOf<{
  readonly type: "Paid"
  readonly minor: number
  readonly note?: string
}>()

// A union of payloads is a union of events.
const moved = { Moved: defineEvent(plain<{ to: string } | { by: number; unit?: "m" | "km" }>()) }
expectTypeOf<EventOf<typeof moved>>().toEqualTypeOf<
  { readonly type: "Moved"; to: string } | { readonly type: "Moved"; by: number; unit?: "m" | "km" }
>()

// No fields: as Zod types them, and as others do.
const empty = {
  Opened: defineEvent(plain<Record<string, never>>()),
  Closed: defineEvent(Schema.Struct({})),
}
expectTypeOf<EventOf<typeof empty>>().toEqualTypeOf<
  { readonly type: "Opened" } | { readonly type: "Closed" }
>()

// What a schema yields is what it is given again, before it is stored.
// @ts-expect-error a number is made of text, and is no text
defineEvent(Schema.Struct({ minor: Schema.NumberFromString }))
// @ts-expect-error the same from another vendor, in full form
defineEvent({ version: 1, schema: plain<{ at: string }, { at: Date }>() })
// @ts-expect-error one field of a list's items
defineEvent(plain<{ lines: Array<{ count: string }> }, { lines: Array<{ count: number }> }>())
// A default, a brand, a narrower type, `readonly` are no harm.
defineEvent(plain<{ unit?: string }, { unit: "m" | "km" }>())
defineEvent(
  plain<{ lines: Array<{ sku: string }> }, { readonly lines: ReadonlyArray<{ readonly sku: string }> }>(),
)
const branded = defineEvent(Schema.Struct({ sku: Schema.String.pipe(Schema.brand("Sku")) }))
expectTypeOf<OutputOf<(typeof branded)["schema"]>["sku"]>().toExtend<string>()

// @ts-expect-error no schema
defineEvent({ version: 2 })
// @ts-expect-error neither a schema nor one in full form
defineEvent("Paid")
// @ts-expect-error a version is a number
defineEvent({ version: "2", schema: plain<{ name: string }>() })

/** An event is stored as plain JSON. */
type Anything = ReturnType<typeof JSON.parse>
defineEvent(plain<{ at: string; any: Anything; unknown: unknown; list?: ReadonlyArray<number> }>())
defineEvent(plain<Anything>())
// @ts-expect-error a date has no form in JSON
defineEvent(Schema.Struct({ at: Schema.Date }))
// @ts-expect-error a bigint has no form in JSON
defineEvent(Schema.Struct({ minor: Schema.optionalKey(Schema.BigInt) }))
// @ts-expect-error nor has a set, in one of the payloads
defineEvent(plain<{ kind: "a" } | { kind: "b"; seats: ReadonlySet<string> }>())
