/**
 * Trips that ask people who may never answer, and that share visits with other trips: a visit goes to the trip that asked
 * first. Whatever happens, each ends, or is stuck where an operator sees it.
 */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import {
  accept,
  defineActor,
  defineEvent,
  defineSaga,
  type EventOf,
  RequestRef,
  reject,
  type SagaLedger,
  send,
} from "../../../runtime/index.ts"
import {
  type ActorSeen,
  type Draw,
  type Invariant,
  type SimulateOptions,
  sometimes,
  type Workload,
} from "../../../runtime/testing.ts"

const Nothing = Schema.Struct({})

const ticketEvents = { Bought: defineEvent(Nothing), Returned: defineEvent(Nothing) }

/** Bought and returned; ids that start with `out` are sold out. */
export const Ticket = defineActor({
  type: "ticket",
  machine: setup({
    types: { context: {} as { heldCount: number }, events: {} as EventOf<typeof ticketEvents> },
  }).createMachine({
    context: { heldCount: 0 },
    on: {
      Bought: { actions: assign({ heldCount: ({ context }) => context.heldCount + 1 }) },
      Returned: { actions: assign({ heldCount: ({ context }) => context.heldCount - 1 }) },
    },
  }),
  events: ticketEvents,
  commands: {
    Buy: {
      schema: Nothing,
      decide: ({ id }) =>
        id.startsWith("out") ? reject("SoldOut") : accept({ type: "Bought" } as const, { reply: {} }),
    },
    Return: { schema: Nothing, decide: () => ({ type: "Returned" }) as const },
  },
})

const approverEvents = {
  Asked: defineEvent(Schema.Struct({ replyTo: RequestRef })),
  Answered: defineEvent(Nothing),
}

/** Answers when somebody has it decide; one whose id starts with `kind` also when it is asked to forget. */
export const Approver = defineActor({
  type: "approver",
  machine: setup({
    types: {
      context: {} as { waiting: ReadonlyArray<RequestRef> },
      events: {} as EventOf<typeof approverEvents>,
    },
  }).createMachine({
    context: { waiting: [] },
    on: {
      Asked: { actions: assign({ waiting: ({ context, event }) => [...context.waiting, event.replyTo] }) },
      Answered: { actions: assign({ waiting: [] }) },
    },
  }),
  events: approverEvents,
  commands: {
    Ask: {
      schema: Nothing,
      decide: ({ replyTo }) =>
        replyTo === undefined
          ? reject("NotARequest")
          : accept({ type: "Asked", replyTo } as const, { send: send.answerLater }),
    },
    Decide: {
      schema: Schema.Struct({ isYes: Schema.Boolean }),
      decide: ({ command, state }) => {
        const given = command.isYes
          ? ({ ok: true, reply: {} } as const)
          : ({ ok: false, reason: "No", isRejection: true } as const)
        const answers = state.context.waiting.map((ref) => send.answer(ref, given))
        return accept({ type: "Answered" } as const, { send: answers })
      },
    },
    Forget: {
      schema: Nothing,
      decide: ({ id, state }) => {
        if (!id.startsWith("kind")) return reject("NotMyStyle")
        const no = { ok: false, reason: "Forgotten", isRejection: true } as const
        const answers = state.context.waiting.map((ref) => send.answer(ref, no))
        return accept({ type: "Answered" } as const, { send: answers })
      },
    },
  },
})

/** Longest silence on the way back, in milliseconds. */
const ANSWER_WAIT_MS = 10_000

/** A ticket and an approval, for the trip that asks for it first. */
export const Visit = defineSaga({
  type: "visit",
  input: Schema.Struct({ approver: Schema.String }),
  answerWaitMs: ANSWER_WAIT_MS,
  steps: (saga) =>
    saga
      .step("ticket", {
        request: ({ sagaId }) => ({ actor: Ticket, id: sagaId, command: { type: "Buy" } }),
        compensate: ({ sagaId }) => ({ actor: Ticket, id: sagaId, command: { type: "Return" } }),
      })
      .step("approval", {
        request: ({ input }) => ({ actor: Approver, id: input.approver, command: { type: "Ask" } }),
        stop: ({ input }) => ({ actor: Approver, id: input.approver, command: { type: "Forget" } }),
      }),
})

const TripInput = Schema.Struct({ visit: Schema.String, approver: Schema.String, ticket: Schema.String })

/** `visit`: as which the simulation may have broken it. */
export const tripOf = (visit: typeof Visit) =>
  defineSaga({
    type: "trip",
    input: TripInput,
    answerWaitMs: ANSWER_WAIT_MS,
    steps: (saga) =>
      saga
        .step("ticket", {
          request: ({ sagaId }) => ({ actor: Ticket, id: sagaId, command: { type: "Buy" } }),
          compensate: ({ sagaId }) => ({ actor: Ticket, id: sagaId, command: { type: "Return" } }),
        })
        .parallel("both", (both) =>
          both
            .step("bus", {
              request: ({ input }) => ({ actor: Ticket, id: input.ticket, command: { type: "Buy" } }),
              compensate: ({ input }) => ({ actor: Ticket, id: input.ticket, command: { type: "Return" } }),
            })
            .nested("visit", visit, {
              timeoutMs: 5_000,
              start: ({ input }) => ({ id: input.visit, input: { approver: input.approver } }),
            }),
        ),
  })

const APPROVERS = ["silent", "human", "kind"]

/** Trips that share few visits, and people who decide now and then. */
const workloadOf = (trip: Trip): Workload =>
  function* ({ random }: Draw) {
    for (let index = 0; index < 14; index++) {
      const id = `t-${index}`
      const visit = `v-${random.index(6)}`
      const approver = `${APPROVERS[random.index(3)]}-${random.index(4)}`
      const ticket = `${random.chance(0.3) ? "out" : "bus"}-${index}`
      yield {
        actor: trip.actor,
        id,
        command: { type: "Start", input: { visit, approver, ticket } },
        commandId: `start-${id}`,
        via: "tell",
      }
      if (random.chance(0.2)) {
        const command = { type: "Cancel", by: "kim", note: "ill" }
        yield { actor: trip.actor, id, command, commandId: `cancel-${id}`, via: "tell" }
      }
      for (let decision = 0; decision < 2; decision++) {
        const command = { type: "Decide", isYes: random.chance(0.7) }
        const id = `human-${random.index(4)}`
        yield { actor: Approver, id, command, commandId: `decide-${index}-${decision}`, via: "tell" }
      }
    }
  }

type Trip = ReturnType<typeof tripOf>

const ENDS: ReadonlySet<string> = new Set(["idle", "completed", "compensated", "stuck", "aborted"])

/** Whatever participants do, a saga ends, or is stuck. */
const unended = ({ type, state }: ActorSeen): string | undefined => {
  if (type !== "trip" && type !== "visit") return undefined
  const { at, stuck } = state.context as SagaLedger
  if (at === "completed" || at === "compensated") sometimes(`a ${type} is ${at}`)
  if (stuck?.isSilent === true) sometimes(`a ${type} is stuck in silence`)
  return ENDS.has(at) ? undefined : `is ${JSON.stringify(at)}`
}

const invariants: { readonly [name: string]: Invariant } = {
  "a ticket is returned at most as often as it was bought": ({ type, state }) =>
    type !== "ticket" || (state.context as { heldCount: number }).heldCount >= 0,
}

export const silenceScenarioOf = (visit: typeof Visit, trip: Trip) =>
  ({
    actors: [Ticket, Approver],
    sagas: [visit, trip],
    workload: workloadOf(trip),
    invariants,
    isOpen: unended,
    // A visit must not be cancelled before it is started: that rests on the order of messages, which several nodes that
    // all serve every shard do not keep.
    nodes: 1,
    settings: { idleMs: 2_000 },
    // A clock that was an hour or several ahead set timers as far off.
    until: { convergeMs: 21_600_000 },
  }) satisfies SimulateOptions

export const silenceScenario = silenceScenarioOf(Visit, tripOf(Visit))
