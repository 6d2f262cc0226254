/**
 * Participants and sagas of the tests in which plans change: `service` says yes at once, `human-...` when it is decided,
 * and each remembers what it was asked.
 */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import {
  type AnyEvent,
  type AnySaga,
  accept,
  answer,
  answerLater,
  defineActor,
  defineSaga,
  type EventOf,
  event,
  RequestRef,
  type SagaSteps,
} from "../../../runtime/index.ts"

const bookedEvents = {
  Booked: event(Schema.Struct({ by: Schema.String })),
  Freed: event(Schema.Struct({ by: Schema.String })),
  Asked: event(Schema.Struct({ by: Schema.String, replyTo: RequestRef })),
  Decided: event(Schema.Struct({ yes: Schema.Boolean })),
}

interface Log {
  readonly log: ReadonlyArray<string>
  readonly replyTo: RequestRef | null
}

const noting = (mark: string) =>
  assign(({ context, event }: { context: Log; event: AnyEvent }) => ({
    log: [...context.log, `${mark}${event.by ?? ""}`],
  }))

const bookedMachine = setup({
  types: { context: {} as Log, events: {} as EventOf<typeof bookedEvents> },
}).createMachine({
  context: { log: [], replyTo: null },
  on: {
    Booked: { actions: noting("+") as never },
    Freed: { actions: noting("-") as never },
    Asked: {
      actions: [noting("?") as never, assign({ replyTo: ({ event: { replyTo } }) => replyTo as RequestRef })],
    },
    Decided: { actions: assign({ replyTo: null }) },
  },
})

export const Booked = defineActor({
  type: "booked",
  machine: bookedMachine,
  events: bookedEvents,
  commands: {
    Book: {
      schema: Schema.Struct({ by: Schema.String }),
      decide: ({ command: { by }, id, replyTo }) =>
        id.startsWith("human") && replyTo !== undefined
          ? accept({ type: "Asked", by, replyTo } as const, undefined, answerLater)
          : accept({ type: "Booked", by } as const, { booked: id }),
    },
    Free: {
      schema: Schema.Struct({ by: Schema.String }),
      decide: ({ command: { by } }) => ({ type: "Freed", by }) as const,
    },
    Decide: {
      schema: Schema.Struct({ yes: Schema.Boolean }),
      decide: ({ command: { yes }, state }) => {
        const given = yes
          ? ({ ok: true, reply: {} } as const)
          : ({ ok: false, reason: "No", isRejection: true } as const)
        const out = answer(state.context.replyTo ?? undefined, given)
        return accept({ type: "Decided", yes } as const, undefined, ...(out === undefined ? [] : [out]))
      },
    },
  },
})

export const Nothing = Schema.Struct({})

export interface PlanOptions {
  readonly version?: number
  readonly previous?: ReadonlyArray<AnySaga>
  readonly type?: string
}

/** Who is asked in a step: a human where its name begins with b. */
export const participantOf = (step: string): string => (step.startsWith("b") ? `human-${step}` : step)

/** A saga of these steps, one after the other, each undone when it fails. */
export const sagaOf = (
  steps: ReadonlyArray<string>,
  { version = 1, previous = [], type = "booking" }: PlanOptions = {},
): AnySaga & { readonly actor: ReturnType<typeof defineSaga<string, typeof Nothing, unknown>>["actor"] } =>
  defineSaga({
    type,
    version,
    previous,
    input: Nothing,
    steps: (saga: SagaSteps<object, unknown>) =>
      steps.reduce(
        (chain, name) =>
          chain.step(name, {
            request: ({ sagaId }) => ({
              actor: Booked,
              id: participantOf(name),
              command: { type: "Book", by: sagaId },
            }),
            compensate: ({ sagaId }) => ({
              actor: Booked,
              id: participantOf(name),
              command: { type: "Free", by: sagaId },
            }),
          }) as unknown as SagaSteps<object, unknown>,
        saga,
      ),
  }) as never
