/** What the scenario kit lets a test say of messages, timers, calls, publications, and of commands that were rejected. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { assign, cancel, emit, raise, setup } from "xstate"
import {
  accept,
  defineActor,
  defineCall,
  defineEvent,
  defineIntegrationEvent,
  dispatch,
  reject,
  send,
} from "../../../runtime/index.ts"
import { SimulationEscape, testActor } from "../../../runtime/testing.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"

const nothing = Schema.Struct({})
const events = { Held: defineEvent(nothing), Paid: defineEvent(nothing), Freed: defineEvent(nothing) }
const replyTo = { to: "counter/c", as: "seat", re: "everstate:1-x.0" }

const seatEvent = (type: string) =>
  defineIntegrationEvent({ type, schema: Schema.Struct({ row: Schema.Int }), description: type })
const SeatHeld = seatEvent("seat.held")
const SeatPaid = seatEvent("seat.paid")

const Seat = defineActor({
  type: "seat",
  machine: setup({
    types: { context: {} as object, events: {} as { type: "Held" | "Paid" | "Freed" } },
    delays: { patience: 600_000 },
    actors: { charge: defineCall(async (_: { input: { minor: number } }) => 1) },
  }).createMachine({
    context: {},
    initial: "free",
    states: {
      free: {
        on: {
          Held: {
            target: "held",
            actions: dispatch(() => [
              send.tell({ actor: Counter, id: "c", command: { type: "Add", by: 1 } }),
              send.request({ actor: Counter, id: "c", command: { type: "Close" }, as: "close" }),
              send.publish(SeatHeld, { row: 3 }),
            ]),
          },
        },
      },
      held: {
        entry: raise({ type: "Freed" }, { id: "expiry", delay: 60_000 }),
        exit: cancel("expiry"),
        after: { patience: "free" },
        on: { Paid: "charging", Freed: "free" },
      },
      charging: {
        invoke: { id: "pay", src: "charge", input: { minor: 5 }, onDone: "free", onError: "free" },
        entry: emit({ type: "seat.paid", row: 4 } as never),
        on: { Freed: "free" },
      },
    },
  }),
  events,
  publishes: [SeatHeld, SeatPaid],
  commands: {
    Hold: {
      schema: nothing,
      decide: () =>
        accept(
          { type: "Held" },
          {
            send: [
              send.tell({ actor: Counter, id: "d", command: { type: "Close" }, afterMs: 5 }),
              send.answer(replyTo, { ok: true }),
            ],
          },
        ),
    },
    Pay: { schema: nothing, decide: () => ({ type: "Paid" }) },
    Free: { schema: nothing, decide: () => ({ type: "Freed" }) },
    Refuse: { schema: nothing, decide: () => reject("TooPoor", { left: 3 }) },
    Idle: { schema: nothing, decide: () => [] },
  },
})

const held = () => testActor(Seat).when({ type: "Hold" })
const paid = () => testActor(Seat).given({ type: "Held" }).when({ type: "Pay" })

describe("testActor", () => {
  it("tells what is sent, published, scheduled, cancelled and called", () => {
    held()
      .thenSends(
        send.tell({ actor: Counter, id: "d", command: { type: "Close" }, afterMs: 5 }),
        send.answer(replyTo, { ok: true }),
        send.tell({ actor: Counter, id: "c", command: { type: "Add", by: 1 } }),
        send.request({ actor: Counter, id: "c", command: { type: "Close" }, as: "close" }),
      )
      .thenPublishes({ type: "seat.held", data: { row: 3 } })
      .thenSchedules({ id: "expiry", afterMs: 60_000, event: { type: "Freed" } }, { afterMs: 600_000 })
      .thenCancels()
      .thenCalls()
    paid()
      .thenSends()
      .thenPublishes({ type: "seat.paid", data: { row: 4 } })
      .thenSchedules()
      .thenCancels("expiry", "xstate.after.patience.(machine).held")
      .thenCalls({ src: "charge", input: { minor: 5 } })
      .thenCalls({ id: "pay" })
    testActor(Seat).given({ type: "Held" }, { type: "Paid" }).when({ type: "Free" }).thenCancels("pay")
    testActor(Seat)
      .givenStored({ t: "Held", v: 1, d: {} }, { t: "xstate.after.patience.(machine).held", v: 1, d: {} })
      .given({ type: "Held" }, { type: "Paid" })
      .givenStored({ t: "xstate.done.actor.pay", v: 1, d: { output: 1, actorId: "pay" } })
      .when({ type: "Idle" })
      .thenSends()
      .thenCancels()
  })

  it("tells of a timer that is due at once", () => {
    const Fuse = defineActor({
      type: "fuse",
      machine: setup({
        types: { context: {} as object, events: {} as { type: "Lit" | "Blown" } },
      }).createMachine({
        context: {},
        initial: "cold",
        states: {
          cold: {
            on: { Lit: { target: "lit", actions: raise({ type: "Blown" }, { id: "blow", delay: 0 }) } },
          },
          lit: {},
        },
      }),
      events: { Lit: defineEvent(nothing), Blown: defineEvent(nothing) },
      commands: { Light: { schema: nothing, decide: () => ({ type: "Lit" }) } },
    })
    testActor(Fuse)
      .when({ type: "Light" })
      .thenSchedules({ id: "blow", afterMs: 0, event: { type: "Blown" } })
  })

  it.each([
    [
      "another message",
      () => held().thenSends(send.tell({ actor: Counter, id: "x", command: { type: "Close" } })),
    ],
    [
      "messages that are not there",
      () => paid().thenSends(send.tell({ actor: Counter, id: "c", command: { type: "Close" } })),
    ],
    ["no messages where there are some", () => held().thenSends()],
    ["another publication", () => held().thenPublishes({ type: "seat.held", data: { row: 4 } })],
    ["no publication where there is one", () => held().thenPublishes()],
    ["another delay", () => held().thenSchedules({ id: "expiry", afterMs: 1 }, { afterMs: 600_000 })],
    ["another timer", () => held().thenSchedules({ id: "x", afterMs: 60_000 }, { afterMs: 600_000 })],
    [
      "another raised event",
      () => held().thenSchedules({ afterMs: 60_000, event: { type: "Paid" } }, { afterMs: 600_000 }),
    ],
    ["fewer timers", () => held().thenSchedules({ afterMs: 60_000 })],
    ["no end of timers where there is one", () => paid().thenCancels()],
    ["another call", () => paid().thenCalls({ src: "refund" })],
    ["another input", () => paid().thenCalls({ src: "charge", input: { minor: 6 } })],
    ["no call where there is one", () => paid().thenCalls()],
    ["messages of a rejected command", () => testActor(Seat).when({ type: "Refuse" }).thenSends()],
    [
      "calls of an invalid command",
      () =>
        testActor(Seat)
          .when({ type: "Nope" } as never)
          .thenCalls(),
    ],
  ])("fails on %s", (_, scenario) => {
    expect(scenario).toThrow()
  })

  it.each([
    [
      "decide has rejected",
      () => testActor(Seat).when({ type: "Refuse" }).then({ state: "held" }),
      /"held"[\s\S]*The command was rejected: .*TooPoor.*"left":3/,
    ],
    [
      "the machine does not accept the event",
      () => testActor(Seat).when({ type: "Pay" }).then({ state: "charging" }),
      /The command was rejected: .*NotAccepted.*"event":"Paid"/,
    ],
    [
      "a function of the test's own complains",
      () =>
        testActor(Seat)
          .when({ type: "Refuse" })
          .then((state) => expect(state.value).toBe("held")),
      /The command was rejected: .*TooPoor/,
    ],
  ])("says so where another state was expected and %s", (_, scenario, message) => {
    expect(scenario).toThrow(message)
  })

  it("lets a test state the state after a rejection", () => {
    testActor(Seat).when({ type: "Refuse" }).then(reject("TooPoor")).then({ state: "free" })
  })
})

describe("testActor finds, every time, and says where:", () => {
  const actorOf = (look: { readonly decide?: () => number; readonly apply?: () => number }) =>
    defineActor({
      type: "odd",
      machine: setup({
        types: { context: {} as { at: number }, events: {} as { type: "Opened"; at: number } },
      }).createMachine({
        context: { at: 0 },
        on: { Opened: { actions: assign({ at: ({ event }) => look.apply?.() ?? event.at }) } },
      }),
      events: { Opened: defineEvent(Schema.Struct({ at: Schema.Number })) },
      commands: { Open: { schema: nothing, decide: () => ({ type: "Opened", at: look.decide?.() ?? 1 }) } },
    })

  const looks: ReadonlyArray<readonly [string, () => number]> = [
    ["Date.now", () => Date.now()],
    ["new Date()", () => new Date().getFullYear()],
    ["Math.random", () => Math.random()],
    ["crypto.randomUUID", () => crypto.randomUUID().length],
    ["performance.now", () => performance.now()],
  ]

  it.each(looks)("%s in decide", (what, decide) => {
    const scenario = () => testActor(actorOf({ decide })).when({ type: "Open" }).then({ version: 1 })
    expect(scenario).toThrow(SimulationEscape)
    expect(scenario).toThrow(`${what} was called during a scenario`)
    expect(scenario).toThrow("ScenarioEffects.test.ts")
  })

  it.each(looks)("%s in an assign, of the command and of what was given", (what, apply) => {
    const odd = actorOf({ apply })
    expect(() => testActor(odd).when({ type: "Open" })).toThrow(`${what} was called during a scenario`)
    expect(() => testActor(odd).given({ type: "Opened", at: 1 }).then({ version: 1 })).toThrow(what)
  })

  it("nothing where a test itself looks at the clock", () => {
    testActor(actorOf({}))
      .when({ type: "Open" })
      .then(() => expect(Date.now()).toBeGreaterThan(0))
  })
})
