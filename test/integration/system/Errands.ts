/**
 * An errand takes everything that a commit can carry: it is told to begin, asks a ledger to book it, makes a call,
 * waits for a timer, and tells a tally that it is over. Ledgers and tallies count what comes, each errand apart.
 */
import { appendFile } from "node:fs/promises"
import { Schema } from "effect"
import { assign, setup } from "xstate"
import {
  type Answered,
  accept,
  defineActor,
  defineCall,
  defineEvent,
  dispatch,
  type EventOf,
  send,
} from "../../../runtime/index.ts"

/** Ledgers, and tallies, that all errands share. */
export const COUNTERS = 4

const Named = Schema.Struct({ errand: Schema.String })
const countEvents = { Counted: defineEvent(Named) }

interface CountContext {
  readonly counts: { readonly [errand: string]: number }
}

const counter = <const Type extends string>(type: Type) =>
  defineActor({
    type,
    machine: setup({
      types: {} as { context: CountContext; events: EventOf<typeof countEvents> },
    }).createMachine({
      context: { counts: {} },
      on: {
        Counted: {
          actions: assign({
            counts: ({ context: { counts }, event: { errand } }) => ({
              ...counts,
              [errand]: (counts[errand] ?? 0) + 1,
            }),
          }),
        },
      },
    }),
    events: countEvents,
    commands: {
      Count: {
        schema: Named,
        decide: ({ command: { errand } }) => accept({ type: "Counted", errand }, { reply: errand }),
      },
    },
  })

export const Ledger = counter("ledger")
export const Tally = counter("tally")

/** Which of the counters an errand goes to. */
export const counterOf = (errand: string): string => `n${Number(errand.slice(1)) % COUNTERS}`

/** Where the call leaves a line each time that it runs, `errand key`, and who is told. Set by whoever hosts errands. */
export const work = { file: "", isDone: (_errand: string): void => undefined }

const errandEvents = { Begun: defineEvent(Named) }

interface ErrandContext {
  readonly errand: string
  readonly answers: number
  readonly outputs: ReadonlyArray<unknown>
  readonly rings: number
}

export const Errand = defineActor({
  type: "errand",
  machine: setup({
    types: {} as { context: ErrandContext; events: EventOf<typeof errandEvents> | Answered },
    actors: {
      work: defineCall(
        async ({ input, idempotencyKey }: { readonly input: string; readonly idempotencyKey: string }) => {
          await appendFile(work.file, `${input} ${idempotencyKey}\n`)
          work.isDone(input)
          return input
        },
      ),
    },
  }).createMachine({
    context: { errand: "", answers: 0, outputs: [], rings: 0 },
    initial: "idle",
    on: {
      "everstate.answered": { actions: assign({ answers: ({ context }) => context.answers + 1 }) },
    },
    states: {
      idle: {
        on: {
          Begun: {
            target: "booking",
            actions: [
              assign({ errand: ({ event }) => event.errand }),
              dispatch(({ event: { errand } }) =>
                send.request({
                  actor: Ledger,
                  id: counterOf(errand),
                  command: { type: "Count", errand },
                  as: "booked",
                }),
              ),
            ],
          },
        },
      },
      booking: {
        on: {
          "everstate.answered": {
            target: "working",
            actions: assign({ answers: ({ context }) => context.answers + 1 }),
          },
        },
      },
      working: {
        invoke: {
          src: "work",
          input: ({ context }) => context.errand as never,
          onDone: {
            target: "resting",
            actions: assign({ outputs: ({ context, event }) => [...context.outputs, event.output] }),
          },
          onError: "failed",
        },
      },
      resting: {
        after: {
          300: {
            target: "over",
            actions: [
              assign({ rings: ({ context }) => context.rings + 1 }),
              dispatch(({ context: { errand } }) =>
                send.tell({ actor: Tally, id: counterOf(errand), command: { type: "Count", errand } }),
              ),
            ],
          },
        },
      },
      failed: {},
      over: {},
    },
  }),
  events: errandEvents,
  commands: { Begin: { schema: Named, decide: ({ command: { errand } }) => ({ type: "Begun", errand }) } },
})

export const errandActors = [Errand, Ledger, Tally]
