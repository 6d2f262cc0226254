/** Machines as people write them: workflows of services. */
import type { ConformanceCase } from "../ConformanceCase.ts"
import { assign, enqueueActions, fromPromise, machine } from "../Loose.ts"

export const jobs: ReadonlyArray<ConformanceCase> = [
  {
    name: "a fetch that is retried with growing pauses, then by hand",
    machine: () =>
      machine(
        {
          context: { tries: 0, data: null, error: null },
          initial: "idle",
          states: {
            idle: { on: { Fetch: "loading" } },
            loading: {
              tags: ["busy"],
              invoke: {
                src: "load",
                input: ({ context }) => context.tries,
                onDone: { target: "success", actions: assign({ data: ({ event }) => event.output }) },
                onError: {
                  target: "failure",
                  actions: assign({
                    tries: ({ context }) => context.tries + 1,
                    error: ({ event }) => event.error.message,
                  }),
                },
              },
            },
            failure: {
              always: { guard: ({ context }) => context.tries >= 3, target: "gaveUp" },
              after: { pause: "loading" },
            },
            gaveUp: { on: { Retry: "loading" } },
            success: { type: "final" },
          },
        },
        {
          delays: { pause: ({ context }) => 2 ** context.tries * 100 },
          actors: {
            load: fromPromise(async ({ input }) => {
              if (input < 3) throw new Error(`offline ${input}`)
              return { items: [1, 2] }
            }),
          },
        },
      ),
    steps: ["Fetch", 200, 400, 1_000, "Retry"],
    ends: { status: "done", context: { tries: 3, data: { items: [1, 2] }, error: "offline 2" } },
  },
  {
    name: "a workflow that greets everybody in a list, one after the other",
    machine: () =>
      machine(
        {
          context: { people: ["Ann", "Bo", "Cy"], greetings: [] },
          initial: "greeting",
          states: {
            greeting: {
              invoke: {
                src: "greet",
                input: ({ context }) => context.people[context.greetings.length],
                onDone: {
                  target: "next",
                  actions: assign({
                    greetings: ({ context, event }) => [...context.greetings, event.output],
                  }),
                },
              },
            },
            next: {
              always: [
                {
                  guard: ({ context }) => context.greetings.length < context.people.length,
                  target: "greeting",
                },
                { target: "end" },
              ],
            },
            end: { type: "final" },
          },
          output: ({ context }) => ({ greetings: context.greetings }),
        },
        { actors: { greet: fromPromise(async ({ input }) => `Welcome, ${input}!`) } },
      ),
    steps: [],
    ends: { status: "done", output: { greetings: ["Welcome, Ann!", "Welcome, Bo!", "Welcome, Cy!"] } },
  },
  {
    name: "a job that is polled until it has an end",
    machine: () =>
      machine(
        {
          context: { polls: 0, status: null },
          initial: "submitting",
          states: {
            submitting: { invoke: { src: "submit", onDone: "waiting", onError: "failed" } },
            waiting: { after: { 5000: "polling" } },
            polling: {
              entry: assign({ polls: ({ context }) => context.polls + 1 }),
              invoke: {
                src: "poll",
                input: ({ context }) => context.polls,
                onDone: {
                  target: "deciding",
                  actions: assign({ status: ({ event }) => event.output.status }),
                },
              },
            },
            deciding: {
              always: [
                { guard: ({ context }) => context.status === "SUCCEEDED", target: "succeeded" },
                { guard: ({ context }) => context.status === "FAILED", target: "failed" },
                { target: "waiting" },
              ],
            },
            succeeded: { type: "final" },
            failed: { type: "final" },
          },
        },
        {
          actors: {
            submit: fromPromise(async () => "job-1"),
            poll: fromPromise(async ({ input }) => ({ status: input > 2 ? "SUCCEEDED" : "RUNNING" })),
          },
        },
      ),
    steps: [5_000, 5_000, 4_999, 1],
    ends: { status: "done", value: "succeeded", context: { polls: 3 } },
  },
  {
    name: "a queue that works on one thing at a time",
    machine: () =>
      machine(
        {
          context: { queue: [], done: [] },
          on: {
            Enqueue: { actions: assign({ queue: ({ context, event }) => [...context.queue, event.job] }) },
          },
          initial: "idle",
          states: {
            idle: { always: { guard: ({ context }) => context.queue.length > 0, target: "working" } },
            working: {
              invoke: {
                src: "work",
                input: ({ context }) => context.queue[0],
                onDone: {
                  target: "idle",
                  actions: enqueueActions(({ enqueue, context, event }) => {
                    enqueue.assign({ queue: context.queue.slice(1), done: [...context.done, event.output] })
                    enqueue.emit({ type: "worked", job: event.output })
                  }),
                },
              },
            },
          },
        },
        { actors: { work: fromPromise(async ({ input }) => `${input}!`) } },
      ),
    steps: [
      { type: "Enqueue", job: "a" },
      { type: "Enqueue", job: "b" },
    ],
    emits: ["worked"],
    ends: {
      context: { queue: [], done: ["a!", "b!"] },
      emitted: [
        { type: "worked", job: "a!" },
        { type: "worked", job: "b!" },
      ],
    },
  },
]
