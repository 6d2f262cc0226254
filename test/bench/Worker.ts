/**
 * The actors that messages, sagas, calls and timers are measured with: they do next to nothing, and say when they have.
 *
 * A transition's action runs once after its commit, in this process: that ends an operation of a load.
 */
import { Schema } from "effect"
import { assign, raise, setup } from "xstate"
import { defineActor, defineCall, defineEvent, dispatch, type EventOf, send } from "../../infra/everstate.ts"
import { defineSaga } from "../../runtime/saga.ts"

const ended = new Map<string, () => void>()

/** `done` is called when the actor `id` has next done something. */
export const onEnd = (id: string, done: () => void): void => {
  ended.set(id, done)
}

const end = ({ context: { id } }: { readonly context: { readonly id: string } }): void => {
  const done = ended.get(id)
  ended.delete(id)
  done?.()
}

const Text = Schema.Struct({ text: Schema.String })
const workerEvents = { Worked: defineEvent(Text) }

/** Takes work for ever. */
export const Worker = defineActor({
  type: "worker",
  machine: setup({
    types: {
      context: {} as { readonly id: string },
      events: {} as EventOf<typeof workerEvents>,
      input: {} as { readonly id: string },
    },
  }).createMachine({
    context: ({ input }) => ({ id: input.id }),
    on: { Worked: { actions: end } },
  }),
  events: workerEvents,
  commands: { Work: { schema: Text, decide: ({ command: { text } }) => ({ type: "Worked", text }) } },
})

/** About as long as a payment. */
export const work = { type: "Work" as const, text: "x".repeat(220) }

const senderEvents = { Sent: defineEvent(Text) }

/** Label of the nodes that have the senders. */
export const SENDERS = "senders"

/** Tells the worker of the same id what it was told itself, for ever. */
export const Sender = defineActor({
  type: "sender",
  machine: setup({
    types: {
      context: {} as { readonly id: string },
      events: {} as EventOf<typeof senderEvents>,
      input: {} as { readonly id: string },
    },
  }).createMachine({
    context: ({ input }) => ({ id: input.id }),
    on: {
      Sent: {
        actions: dispatch(({ context: { id }, event: { text } }) =>
          send.tell({ actor: Worker, id, command: { type: "Work", text } }),
        ),
      },
    },
  }),
  events: senderEvents,
  nodeLabel: SENDERS,
  commands: { Send: { schema: Text, decide: ({ command: { text } }) => ({ type: "Sent", text }) } },
})

export const order = { type: "Send" as const, text: work.text }

const target = (id: string) => ({ actor: Worker, id, command: work })

/** Three requests, one after the other, that can be undone. */
export const Chain = defineSaga({
  type: "chain",
  input: Schema.Struct({}),
  steps: (saga) =>
    saga
      .step("one", {
        request: ({ sagaId }) => target(`${sagaId}-1`),
        compensate: ({ sagaId }) => target(sagaId),
      })
      .step("two", {
        request: ({ sagaId }) => target(`${sagaId}-2`),
        compensate: ({ sagaId }) => target(sagaId),
      })
      .step("three", { request: ({ sagaId }) => target(`${sagaId}-3`) }),
})

const Nothing = Schema.Struct({})
const callerEvents = { Started: defineEvent(Nothing) }

/** Makes a call that does nothing, each time it is started. */
export const Caller = defineActor({
  type: "caller",
  machine: setup({
    types: {
      context: {} as { readonly id: string },
      events: {} as EventOf<typeof callerEvents>,
      input: {} as { readonly id: string },
    },
    actors: { nothing: defineCall(async () => null) },
  }).createMachine({
    context: ({ input }) => ({ id: input.id }),
    initial: "idle",
    states: {
      idle: { on: { Started: "calling" } },
      calling: {
        invoke: { src: "nothing", onDone: { target: "idle", actions: end }, onError: "idle" },
      },
    },
  }),
  events: callerEvents,
  commands: { Start: { schema: Nothing, decide: () => ({ type: "Started" }) } },
})

const Due = Schema.Struct({ inMs: Schema.Number, atMs: Schema.Number })
const alarmEvents = { AlarmSet: defineEvent(Due) }

/** Milliseconds between when each alarm was due and when it had rung. */
export const latenessMs: Array<number> = []

/** Rings once, at its time. */
export const Alarm = defineActor({
  type: "alarm",
  machine: setup({
    types: {
      context: {} as { readonly atMs: number },
      events: {} as EventOf<typeof alarmEvents> | { readonly type: "everstate.ring" },
    },
  }).createMachine({
    context: { atMs: 0 },
    initial: "unset",
    states: {
      unset: {
        on: {
          AlarmSet: {
            target: "set",
            actions: [
              assign({ atMs: ({ event }) => event.atMs }),
              raise({ type: "everstate.ring" }, { id: "ring", delay: ({ event }) => event.inMs }),
            ],
          },
        },
      },
      set: {
        on: {
          "everstate.ring": {
            target: "unset",
            actions: ({ context }) => void latenessMs.push(Date.now() - context.atMs),
          },
        },
      },
    },
  }),
  events: alarmEvents,
  commands: {
    Set: {
      schema: Schema.Struct({ atMs: Schema.Number }),
      decide: ({ command: { atMs }, nowMs }) => ({ type: "AlarmSet", atMs, inMs: atMs - nowMs }),
    },
  },
})
