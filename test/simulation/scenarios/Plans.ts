/** Sagas whose definition changes while they run. They book rooms, and wait for a guide who takes his time. */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import {
  type AnyActor,
  type AnySaga,
  accept,
  defineActor,
  defineEvent,
  defineSaga,
  dispatch,
  type EventOf,
  RequestRef,
  reject,
  type SagaLedger,
  send,
} from "../../../runtime/index.ts"
import {
  type Draw,
  type Invariant,
  type SimulateOptions,
  sometimes,
  type Workload,
} from "../../../runtime/testing.ts"

const Nothing = Schema.Struct({})

/** Each tour, guide and room has the number of its tour in its id. */
const numberIn = (id: string): number => Number(id.replace(/\D/g, ""))

const roomEvents = { Booked: defineEvent(Nothing), Freed: defineEvent(Nothing) }

/** Some of those that come last, so that everything before them is undone. */
const isFull = (id: string): boolean => /^(bus|dinner)/.test(id) && numberIn(id) % 5 === 4

/** One for each step of each saga: booked once, and freed once at most. */
export const Room = defineActor({
  type: "room",
  machine: setup({
    types: {
      context: {} as { bookedCount: number; freedCount: number },
      events: {} as EventOf<typeof roomEvents>,
    },
  }).createMachine({
    context: { bookedCount: 0, freedCount: 0 },
    on: {
      Booked: { actions: assign({ bookedCount: ({ context }) => context.bookedCount + 1 }) },
      Freed: { actions: assign({ freedCount: ({ context }) => context.freedCount + 1 }) },
    },
  }),
  events: roomEvents,
  commands: {
    Book: {
      schema: Nothing,
      decide: ({ id }) => (isFull(id) ? reject("Full") : accept({ type: "Booked" } as const, { reply: {} })),
    },
    Free: { schema: Nothing, decide: () => ({ type: "Freed" }) as const },
  },
})

const guideEvents = {
  Asked: defineEvent(Schema.Struct({ replyTo: RequestRef })),
  Dismissed: defineEvent(Nothing),
}

/** Longest that a guide thinks, in milliseconds: past the time at which the code changes, for many of them. */
const THINKS_MS_MAX = 9_000

const thinksMs = (id: string): number => (numberIn(id) * 1_913) % THINKS_MS_MAX

/** Says yes after a while, every fourth no. */
export const Guide = defineActor({
  type: "guide",
  machine: setup({
    types: {
      context: {} as { id: string; replyTo: RequestRef | null },
      events: {} as EventOf<typeof guideEvents>,
      input: {} as { readonly id: string },
    },
    delays: { thinks: ({ context: { id } }) => thinksMs(id) },
    actions: {
      decides: dispatch(
        ({ context: { id, replyTo } }: { context: { id: string; replyTo: RequestRef | null } }) => {
          const isNo = numberIn(id) % 4 === 3
          const given = isNo
            ? ({ ok: false, reason: "Ill", isRejection: true } as const)
            : ({ ok: true, reply: {} } as const)
          return send.answer(replyTo ?? undefined, given)
        },
      ),
    },
  }).createMachine({
    context: ({ input }) => ({ id: input.id, replyTo: null }),
    initial: "free",
    states: {
      free: {
        on: { Asked: { target: "thinking", actions: assign({ replyTo: ({ event }) => event.replyTo }) } },
      },
      thinking: { after: { thinks: { target: "decided", actions: "decides" } } },
      decided: { on: { Dismissed: "dismissed" } },
      dismissed: {},
    },
  }),
  events: guideEvents,
  commands: {
    Ask: {
      schema: Nothing,
      decide: ({ replyTo }) =>
        replyTo === undefined
          ? reject("NotARequest")
          : accept({ type: "Asked", replyTo } as const, { reply: {}, send: send.answerLater }),
    },
    Dismiss: { schema: Nothing, decide: () => ({ type: "Dismissed" }) as const },
  },
})

/** What a saga of the scenario is made of: `guide` waits, all others are rooms. */
export const tour = (
  steps: ReadonlyArray<string>,
  {
    version = 1,
    previous = [],
  }: { readonly version?: number; readonly previous?: ReadonlyArray<AnySaga> } = {},
): AnySaga =>
  defineSaga({
    type: "tour",
    version,
    previous,
    input: Nothing,
    steps: (saga) =>
      steps.reduce((chain, name) => {
        const isGuide = name === "guide"
        const [actor, act, undo] = isGuide ? [Guide, "Ask", "Dismiss"] : [Room, "Book", "Free"]
        const target = (type: string) => (args: { readonly sagaId: string }) =>
          ({
            actor: actor as AnyActor,
            id: isGuide ? args.sagaId : `${name}-${args.sagaId}`,
            command: { type },
          }) as const
        return chain.step(name, { request: target(act), compensate: target(undo) }) as never
      }, saga),
  })

export const TourV1 = tour(["hotel", "guide", "bus"])

/** Something before and after the guide, nothing of what was behind it. */
export const TourV2 = tour(["insurance", "hotel", "guide", "dinner"], { version: 2, previous: [TourV1] })

/** Begun one after the other, and looked at. */
const tours = (tourCount: number): Workload =>
  function* ({ random }: Draw) {
    for (let index = 0; index < tourCount; index++) {
      const via = random.chance(0.5) ? "tell" : "ask"
      const command = { type: "Start", input: {} }
      yield { actor: TourV2.actor, id: `t-${index}`, command, commandId: `start-${index}`, via }
      if (random.chance(0.5)) yield { actor: TourV2.actor, id: `t-${random.index(index + 1)}` }
    }
  }

/** For each plan the steps that it has; sagas that do not say are of the first one. */
const stepsOf = ({ plan }: SagaLedger): ReadonlyArray<string> => {
  const { plans } = TourV2
  const own = plans.all.find(({ ref }) => ref.hash === plan?.hash) ?? plans.all.at(-1)
  return [...(own?.works.keys() ?? [])]
}

export const tourInvariants: { readonly [name: string]: Invariant } = {
  "a tour asks for the steps of its own plan, in their order": ({ type, state }) => {
    if (type !== "tour") return true
    const book = state.context as SagaLedger
    const steps = stepsOf(book)
    return book.items.every(({ key }, index) => key === steps[index])
  },
  "a room is booked once, and freed once at most": ({ type, state }) => {
    if (type !== "room") return true
    const { bookedCount, freedCount } = state.context as { bookedCount: number; freedCount: number }
    return bookedCount <= 1 && freedCount <= bookedCount
  },
}

/** The code changes while tours run under the former plan. */
export const plansScenario = {
  former: { actors: [Room, Guide], sagas: [TourV1] },
  actors: [Room, Guide],
  sagas: [TourV2],
  workload: tours(16),
  invariants: tourInvariants,
  isOpen: ({ type, state }) => {
    if (type !== "tour" || state.value === "idle") return undefined
    const value = state.value as string
    const isOld = (state.context as SagaLedger).plan?.version !== 2
    if (value !== "completed" && value !== "compensated") return `is ${JSON.stringify(value)}`
    sometimes(`a tour of plan ${isOld ? 1 : 2} is ${value}`)
    return undefined
  },
  nodes: 1,
  settings: { idleMs: 2_000 },
  // A guide whose clock is set back by an hour, several times perhaps, thinks for so much longer.
  until: { convergeMs: 6 * 3_600_000 },
} satisfies SimulateOptions
