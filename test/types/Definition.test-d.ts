/** What TypeScript knows of an actor from its definition alone. Checked by `npm run types`, never run. */
import { Schema } from "effect"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import { expectTypeOf } from "vitest"
import { assign, setup } from "xstate"
import {
  accept,
  type CommandRejected,
  type CommandsOf,
  defineActor,
  defineCommand,
  defineEvent,
  type EventOf,
  type EventsOf,
  isRejectionOf,
  type NotAcceptedDetail,
  type ReasonsOf,
  type ReplyOf,
  reject,
  type StateOf,
} from "../../runtime/index.ts"

/** A schema as Zod, Valibot and ArkType present it: nothing but the standard's one property. */
declare const plain: <Input, Output = Input>() => StandardSchemaV1<Input, Output>

const events = {
  Opened: defineEvent(Schema.Struct({ owner: Schema.String, limit: Schema.Number })),
  Renamed: defineEvent({
    version: 2,
    schema: plain<{ name: string }>(),
    upcast: { 1: () => ({ name: "" }) },
  }),
}

const machine = setup({
  types: {
    context: {} as { readonly owner: string | null; readonly names: ReadonlyArray<string> },
    events: {} as EventOf<typeof events>,
  },
}).createMachine({
  context: { owner: null, names: [] },
  initial: "new",
  states: {
    new: {
      on: { Opened: { target: "open", actions: assign({ owner: ({ event: { owner } }) => owner }) } },
    },
    open: {
      initial: "quiet",
      states: { quiet: {}, busy: {} },
      on: {
        Renamed: { actions: assign({ names: ({ context, event: { name } }) => [...context.names, name] }) },
      },
    },
  },
})

const Account = defineActor({
  type: "account",
  machine,
  events,
  commands: {
    Open: {
      schema: plain<{ owner: string; limit: string }, { owner: string; limit: number }>(),
      decide: ({ command: asked, state, id, version, nowMs, metadata }) => {
        expectTypeOf(asked).toEqualTypeOf<{ readonly type: "Open"; owner: string; limit: number }>()
        expectTypeOf(state.context.owner).toEqualTypeOf<string | null>()
        expectTypeOf(id).toEqualTypeOf<string>()
        expectTypeOf(version).toEqualTypeOf<number>()
        expectTypeOf(nowMs).toEqualTypeOf<number>()
        expectTypeOf(metadata.user).toEqualTypeOf<string | undefined>()
        // @ts-expect-error the command has no such field
        asked.colour
        // @ts-expect-error the context has no such field
        state.context.colour
        // @ts-expect-error the machine has no such state
        state.matches("closed")
        // @ts-expect-error the machine has no such nested state
        state.matches({ open: "closed" })
        state.matches({ open: "busy" })
        // @ts-expect-error the machine knows no such event
        state.can({ type: "Closed" })
        if (state.matches("open")) return reject("AlreadyOpen", { owner: state.context.owner })
        if (asked.limit < 0) return reject("LimitTooLow")
        return accept({ type: "Opened", owner: asked.owner, limit: asked.limit }, { reply: { number: 7 } })
      },
    },
    Rename: {
      schema: Schema.Struct({ names: Schema.Array(Schema.String) }),
      decide: ({ command: { names } }) => names.map((name) => ({ type: "Renamed" as const, name })),
    },
  },
})

// Commands are what callers send: the schemas' inputs, flat.
type Command = CommandsOf<typeof Account>
expectTypeOf<Command>().toEqualTypeOf<
  | { readonly type: "Open"; owner: string; limit: string }
  | { readonly type: "Rename"; readonly names: ReadonlyArray<string> }
>()
const open: Command = { type: "Open", owner: "kim", limit: "5" }
// @ts-expect-error no such command
const unknownCommand: Command = { type: "Close" }
// @ts-expect-error a field is missing
const halfCommand: Command = { type: "Open", owner: "kim" }
// @ts-expect-error a field is of the wrong type
const wrongCommand: Command = { type: "Rename", names: "kim" }
// @ts-expect-error a field too many
const bigCommand: Command = { type: "Open", owner: "kim", limit: "5", colour: "red" }
export const commandsOfAccount = [open, unknownCommand, halfCommand, wrongCommand, bigCommand]

// Events are what is stored: the schemas' outputs, flat.
expectTypeOf<EventsOf<typeof Account>>().toEqualTypeOf<
  | { readonly type: "Opened"; readonly owner: string; readonly limit: number }
  | { readonly type: "Renamed"; name: string }
>()

// State is the machine's snapshot.
type State = StateOf<typeof Account>
expectTypeOf<State["context"]["names"]>().toEqualTypeOf<ReadonlyArray<string>>()
expectTypeOf<State["value"]>().toEqualTypeOf<"new" | { open: "quiet" | "busy" }>()

// Replies and reasons come from what `decide` returns.
expectTypeOf<ReplyOf<typeof Account, "Open">>().toExtend<{ readonly number: number }>()
expectTypeOf<ReplyOf<typeof Account, "Rename">>().toEqualTypeOf<undefined>()
expectTypeOf<ReasonsOf<typeof Account, "Open">>().toEqualTypeOf<"AlreadyOpen" | "LimitTooLow">()
expectTypeOf<ReasonsOf<typeof Account, "Rename">>().toEqualTypeOf<never>()

// A rejection has the detail of its reason.
expectTypeOf<CommandRejected["detail"]>().toEqualTypeOf<unknown>()
export const explained = (error: unknown): string => {
  if (isRejectionOf(error, Account, "Rename")) {
    expectTypeOf(error.reason).toEqualTypeOf<"NotAccepted">()
    expectTypeOf(error.detail).toEqualTypeOf<NotAcceptedDetail>()
  }
  if (!isRejectionOf(error, Account, "Open")) return ""
  expectTypeOf(error).toEqualTypeOf<CommandRejected<typeof Account, "Open">>()
  expectTypeOf(error.reason).toEqualTypeOf<"AlreadyOpen" | "LimitTooLow" | "NotAccepted">()
  switch (error.reason) {
    case "AlreadyOpen":
      expectTypeOf(error.detail).toEqualTypeOf<{ owner: string | null }>()
      return error.detail.owner ?? ""
    case "LimitTooLow":
      expectTypeOf(error.detail).toEqualTypeOf<undefined>()
      return error.message
    case "NotAccepted":
      return error.detail.event ?? ""
  }
}

// The type's name is a literal.
expectTypeOf(Account.type).toEqualTypeOf<"account">()

const name = plain<{ name: string }>()

defineActor({
  type: "account",
  machine,
  events,
  commands: {
    // @ts-expect-error no such event
    Rename: { schema: name, decide: ({ command: asked }) => ({ type: "Retitled", name: asked.name }) },
  },
})
defineActor({
  type: "account",
  machine,
  events,
  commands: {
    // @ts-expect-error the event lacks its name
    Rename: { schema: name, decide: () => ({ type: "Renamed" }) },
  },
})
defineActor({
  type: "account",
  machine,
  events,
  commands: {
    // @ts-expect-error the name is of the wrong type
    Rename: { schema: name, decide: () => ({ type: "Renamed", name: 5 }) },
  },
})
defineActor({
  type: "account",
  machine,
  events,
  commands: {
    // @ts-expect-error accepted with an event that is none
    Rename: { schema: name, decide: () => accept({ type: "Retitled" }, { reply: 1 }) },
  },
})
defineActor({
  type: "account",
  machine,
  events,
  commands: {
    // @ts-expect-error a decision is synchronous
    Rename: { schema: name, decide: async () => ({ type: "Renamed", name: "kim" }) },
  },
})
// @ts-expect-error a command needs a decision
defineActor({ type: "account", machine, events, commands: { Rename: { schema: name } } })
// @ts-expect-error events are made with defineEvent(...)
defineActor({ type: "account", machine, events: { Renamed: name }, commands: {} })

/** A command in a file of its own infers the same. */
export const Rename = defineCommand(
  { type: "Rename", machine, events },
  {
    schema: name,
    decide: ({ command: asked, state }) => {
      expectTypeOf(asked.type).toEqualTypeOf<"Rename">()
      expectTypeOf(asked.name).toEqualTypeOf<string>()
      // @ts-expect-error the machine has no such state
      state.matches("closed")
      return state.matches("new")
        ? reject("NotOpen")
        : accept([{ type: "Renamed", name: asked.name }], { reply: "done" })
    },
  },
)
const Renamable = defineActor({ type: "renamable", machine, events, commands: { Rename } })
expectTypeOf<CommandsOf<typeof Renamable>>().toExtend<{ type: "Rename"; name: string }>()
expectTypeOf<ReasonsOf<typeof Renamable, "Rename">>().toEqualTypeOf<"NotOpen">()
expectTypeOf<ReplyOf<typeof Renamable, "Rename">>().toExtend<string>()

export const Retitle = defineCommand(
  { type: "Retitle", machine, events },
  // @ts-expect-error no such event
  { schema: name, decide: ({ command: asked }) => ({ type: "Retitled", name: asked.name }) },
)

/** The schema of the input and the machine's input belong together; the id comes from the actor. */
const seated = setup({
  types: {} as { context: { n: number }; input: { id: string; seats: number; tags?: Array<string> } },
}).createMachine({ context: ({ input }) => ({ n: input.seats }) })
const Tags = Schema.optional(Schema.Array(Schema.String))
defineActor({ type: "seated", machine: seated, input: Schema.Struct({ seats: Schema.Number }) })
defineActor({ type: "seated", machine: seated, input: Schema.Struct({ seats: Schema.Number, tags: Tags }) })
defineActor({ type: "seated", machine: seated, input: Schema.Struct({ seats: Schema.NumberFromString }) })
// @ts-expect-error the machine takes input, and there is no schema for it
defineActor({ type: "seated", machine: seated })
// @ts-expect-error the seats are missing
defineActor({ type: "seated", machine: seated, input: Schema.Struct({ tags: Tags }) })
// @ts-expect-error the seats are a number
defineActor({ type: "seated", machine: seated, input: Schema.Struct({ seats: Schema.String }) })
defineActor({
  type: "named",
  machine: setup({ types: {} as { context: { id: string }; input: { id: string } } }).createMachine({
    context: ({ input }) => ({ id: input.id }),
  }),
})

/** A machine alone: its events are its commands, and what is stored. */
const Door = defineActor({
  type: "door",
  machine: setup({ types: { events: {} as { type: "open" } | { type: "close"; by: string } } }).createMachine(
    {
      initial: "closed",
      states: { closed: { on: { open: "opened" } }, opened: { on: { close: "closed" } } },
    },
  ),
})
expectTypeOf<CommandsOf<typeof Door>>().toEqualTypeOf<{ type: "open" } | { type: "close"; by: string }>()
expectTypeOf<EventsOf<typeof Door>>().toEqualTypeOf<CommandsOf<typeof Door>>()
expectTypeOf<StateOf<typeof Door>["value"]>().toEqualTypeOf<"closed" | "opened">()
expectTypeOf<ReplyOf<typeof Door, "open">>().toEqualTypeOf<undefined>()
