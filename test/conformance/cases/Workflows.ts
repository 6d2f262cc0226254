/** Machines as people write them: workflows of people. */
import type { ConformanceCase } from "../ConformanceCase.ts"
import { assign, fromPromise, machine, sendParent, sendTo, spawnChild } from "../Loose.ts"

const note = (word: string) => assign({ log: ({ context }) => [...context.log, word] })

export const workflows: ReadonlyArray<ConformanceCase> = [
  {
    name: "an order with a parallel approval and a deadline",
    machine: () => {
      const approval = (who: string) => ({
        initial: "pending",
        states: {
          pending: { on: { [`${who}.approve`]: "approved", [`${who}.reject`]: "#rejected" } },
          approved: { type: "final" },
        },
      })
      return machine(
        {
          context: { log: [] },
          initial: "draft",
          states: {
            draft: { on: { Submit: "approving" } },
            approving: {
              type: "parallel",
              states: { legal: approval("legal"), finance: approval("finance") },
              onDone: { target: "shipping", actions: note("approved") },
              after: { deadline: { target: "expired", actions: note("expired") } },
            },
            shipping: { invoke: { src: "ship", onDone: { target: "shipped", actions: note("shipped") } } },
            shipped: { type: "final" },
            rejected: { id: "rejected", entry: note("rejected"), on: { Submit: "approving" } },
            expired: {},
          },
        },
        { delays: { deadline: 86_400_000 }, actors: { ship: fromPromise(async () => "ok") } },
      )
    },
    steps: ["Submit", "legal.approve", "finance.reject", "Submit", 1_000, "finance.approve", "legal.approve"],
    ends: { status: "done", context: { log: ["rejected", "approved", "shipped"] } },
  },
  {
    name: "an auction whose end is put off by each late bid",
    machine: () =>
      machine({
        context: { bids: [], best: 0 },
        initial: "open",
        states: {
          open: {
            after: { 60000: "closed" },
            on: {
              Bid: {
                guard: ({ context, event }) => event.amount > context.best,
                target: "open",
                reenter: true,
                actions: assign(({ context, event }) => ({
                  bids: [...context.bids, event],
                  best: event.amount,
                })),
              },
            },
          },
          closed: { type: "final", output: ({ context }) => context.bids.at(-1)?.who },
        },
        output: ({ event }) => ({ winner: event.output }),
      }),
    steps: [
      { type: "Bid", who: "a", amount: 10 },
      59_000,
      { type: "Bid", who: "b", amount: 9 },
      { type: "Bid", who: "c", amount: 11 },
      59_999,
      1,
    ],
    ends: { status: "done", output: { winner: "c" } },
  },
  {
    name: "a ward that spawns a monitor for each patient",
    machine: () =>
      machine(
        {
          context: { alarms: [] },
          on: {
            Admit: {
              actions: spawnChild("monitor", {
                id: ({ event }: { event: { bed: string } }) => event.bed,
                input: ({ event }: { event: object }) => event,
              }),
            },
            Measure: {
              actions: sendTo(
                ({ event }) => event.bed,
                ({ event }) => ({ type: "measured", pulse: event.pulse }),
              ),
            },
            Alarm: { actions: assign({ alarms: ({ context, event }) => [...context.alarms, event.bed] }) },
          },
        },
        {
          actors: {
            monitor: machine({
              context: ({ input }) => ({ bed: input.bed, pulses: [] }),
              initial: "calm",
              states: {
                calm: {
                  on: {
                    measured: [
                      {
                        guard: ({ event }) => event.pulse > 140,
                        target: "alarmed",
                        actions: sendParent(({ context }) => ({ type: "Alarm", bed: context.bed })),
                      },
                      {
                        actions: assign({ pulses: ({ context, event }) => [...context.pulses, event.pulse] }),
                      },
                    ],
                  },
                },
                alarmed: { after: { 1000: "calm" } },
              },
            }),
          },
        },
      ),
    steps: [
      { type: "Admit", bed: "b1" },
      { type: "Admit", bed: "b2" },
      { type: "Measure", bed: "b1", pulse: 80 },
      { type: "Measure", bed: "b2", pulse: 150 },
      { type: "Measure", bed: "b2", pulse: 160 },
      1_000,
      { type: "Measure", bed: "b2", pulse: 170 },
    ],
    ends: { context: { alarms: ["b2", "b2"] }, children: { b1: { context: { pulses: [80] } } } },
  },
  {
    name: "a credit check with two services at once and a decision",
    machine: () => {
      const service = (name: string) => ({
        initial: "asking",
        states: {
          asking: {
            invoke: {
              src: name,
              id: name,
              onDone: {
                target: "told",
                actions: assign({
                  scores: ({ context, event }) => ({ ...context.scores, [name]: event.output }),
                }),
              },
              onError: "silent",
            },
          },
          told: { type: "final" },
          silent: { type: "final" },
        },
      })
      return machine(
        {
          context: { scores: {} },
          initial: "checking",
          states: {
            checking: {
              type: "parallel",
              states: { bank: service("bank"), bureau: service("bureau") },
              onDone: "deciding",
            },
            deciding: {
              always: [
                { guard: ({ context }) => Object.keys(context.scores).length === 0, target: "manual" },
                {
                  guard: ({ context }) => Math.max(...(Object.values(context.scores) as Array<number>)) > 700,
                  target: "approved",
                },
                { target: "denied" },
              ],
            },
            approved: { type: "final" },
            denied: { type: "final" },
            manual: {},
          },
        },
        {
          actors: {
            bank: fromPromise(async () => 720),
            bureau: fromPromise(() => Promise.reject({ status: 503 })),
          },
        },
      )
    },
    steps: [],
    ends: { status: "done", value: "approved", context: { scores: { bank: 720 } } },
  },
]
