/** How decisions are inferred, and where mistakes in them are reported. Checked, never run. */
import { Schema } from "effect"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import { expectTypeOf } from "vitest"
import { setup } from "xstate"
import {
  type ActorRef,
  accept,
  type CommandsOf,
  defineActor,
  defineEvent,
  type EventOf,
  type EventsOf,
  type ReasonsOf,
  type ReplyOf,
  reject,
} from "../../runtime/index.ts"

const none = Schema.Struct({})
const to = Schema.Struct({ to: Schema.String })
declare const zodNone: StandardSchemaV1<Record<string, never>>

const events = { Assigned: defineEvent(to), Resolved: defineEvent(none) }
const machine = setup({ types: { events: {} as EventOf<typeof events> } }).createMachine({
  initial: "open",
  states: { open: { on: { Assigned: {}, Resolved: "done" } }, done: {} },
})
const busy: boolean = Math.max(1) > 0

/** `decide` needs no parameter for its events, replies and reasons to be known. */
const Ticket = defineActor({
  type: "ticket",
  machine,
  events,
  commands: {
    Arrow: { schema: none, decide: () => ({ type: "Resolved" }) },
    Unused: { schema: none, decide: (_) => ({ type: "Resolved" }) },
    List: { schema: none, decide: () => [{ type: "Resolved" }] },
    Nothing: { schema: none, decide: () => [] },
    Method: {
      schema: none,
      decide() {
        if (busy) return reject("Busy")
        return { type: "Assigned", to: "kim" }
      },
    },
    Either: {
      schema: none,
      decide: () => (busy ? reject("Busy") : [{ type: "Assigned", to: "kim" }, { type: "Resolved" }]),
    },
    Accept: { schema: none, decide: () => accept({ type: "Resolved" }, { reply: { done: true } }) },
    Payload: {
      schema: to,
      decide: ({ payload }) => {
        expectTypeOf(payload).toEqualTypeOf<{ readonly to: string }>()
        return { type: "Assigned", ...payload }
      },
    },
    Union: {
      schema: Schema.Union([to, Schema.Struct({ by: Schema.optionalKey(Schema.Number) })]),
      decide: ({ payload }) => {
        expectTypeOf(payload).toEqualTypeOf<{ readonly to: string } | { readonly by?: number }>()
        return { type: "Resolved" }
      },
    },
    Filled: {
      schema: to,
      decide: ({ command }) => {
        // A list filled later needs its type: nothing ties it to the events while it is filled.
        const list: Array<EventOf<typeof events>> = []
        if (busy) list.push({ type: "Assigned", to: command.to })
        list.push({ type: "Resolved" })
        return list
      },
    },
    Zod: {
      schema: zodNone,
      decide: ({ command }) => {
        expectTypeOf(command).toEqualTypeOf<{ readonly type: "Zod" }>()
        return { type: "Resolved" }
      },
    },
  },
})
expectTypeOf<ReasonsOf<typeof Ticket, "Arrow">>().toEqualTypeOf<never>()
expectTypeOf<ReplyOf<typeof Ticket, "Arrow">>().toEqualTypeOf<undefined>()
expectTypeOf<ReasonsOf<typeof Ticket, "Method">>().toEqualTypeOf<"Busy">()
expectTypeOf<ReasonsOf<typeof Ticket, "Either">>().toEqualTypeOf<"Busy">()
expectTypeOf<ReplyOf<typeof Ticket, "Accept">>().toExtend<{ readonly done: boolean }>()
expectTypeOf<Extract<CommandsOf<typeof Ticket>, { type: "Zod" }>>().toEqualTypeOf<{ readonly type: "Zod" }>()

/** A mistake is reported where it is. */
const Wrong = defineActor({
  type: "ticket",
  machine,
  events,
  commands: {
    Good: { schema: to, decide: ({ command }) => accept({ type: "Assigned", to: command.to }, { reply: 5 }) },
    Name: {
      schema: to,
      decide: ({ command }) => ({
        // @ts-expect-error no such event
        type: "Asigned",
        to: command.to,
      }),
    },
    Spread: {
      schema: none,
      // @ts-expect-error the payload lacks a field of the event
      decide: ({ payload }) => ({ type: "Assigned", ...payload }),
    },
    Reply: {
      schema: none,
      // @ts-expect-error the reply is an option by name
      decide: () => accept({ type: "Resolved" }, { done: true }),
    },
    Sends: {
      schema: none,
      // @ts-expect-error a text cannot be sent
      decide: () => accept({ type: "Resolved" }, { send: "nothing" }),
    },
    NameInList: {
      schema: none,
      decide: () => [
        {
          // @ts-expect-error no such event
          type: "Asigned",
          to: "kim",
        },
      ],
    },
    Payload: {
      schema: none,
      decide: () => ({
        type: "Assigned",
        // @ts-expect-error the wrong type
        to: 5,
      }),
    },
    Field: {
      schema: none,
      decide: () =>
        // @ts-expect-error a field is missing
        ({ type: "Assigned" }),
    },
    State: {
      schema: none,
      decide: ({ state }) =>
        // @ts-expect-error no such state
        state.matches("dnoe") ? [] : { type: "Resolved" },
    },
    // @ts-expect-error the schema is missing
    Schema: { decide: () => ({ type: "Resolved" }) },
    NotASchema: {
      // @ts-expect-error no schema
      schema: 5,
      decide: () => ({ type: "Resolved" }),
    },
  },
})

// A dry run tells events, replies and states in the types of the actor.
declare const ref: ActorRef<typeof Ticket>
const dry = await ref.dryRun({ type: "Arrow" })
if (dry.outcome === "stored") {
  expectTypeOf(dry.events).toEqualTypeOf<ReadonlyArray<EventsOf<typeof Ticket>>>()
  expectTypeOf(dry.state.value).toEqualTypeOf<"open" | "done">()
}
// @ts-expect-error no such command
void ref.dryRun({ type: "Arow" })

// And leaves the rest known: no line that asks a ticket is reported for it.
expectTypeOf<CommandsOf<typeof Wrong>["type"]>().toEqualTypeOf<
  | "Good"
  | "Name"
  | "Spread"
  | "Reply"
  | "Sends"
  | "NameInList"
  | "Payload"
  | "Field"
  | "State"
  | "Schema"
  | "NotASchema"
>()
expectTypeOf<EventsOf<typeof Wrong>>().toEqualTypeOf<EventOf<typeof events>>()
expectTypeOf<ReplyOf<typeof Wrong, "Good">>().toBeAny()

// Without events the commands are still commands.
const commands = { Resolve: { schema: none, decide: () => ({ type: "Resolved" as const }) } }
// @ts-expect-error commands need events
const Eventless = defineActor({ type: "ticket", machine, commands })
expectTypeOf<CommandsOf<typeof Eventless>>().toEqualTypeOf<{ readonly type: "Resolve" }>()
// @ts-expect-error events need commands
defineActor({ type: "ticket", machine, events })
// @ts-expect-error a misspelt option
defineActor({ type: "ticket", machine, events, comands: commands })
