/** Machines as people write them: forms and sessions. */
import type { ConformanceCase } from "../ConformanceCase.ts"
import { and, assign, fromPromise, machine, not, raise } from "../Loose.ts"

export const forms: ReadonlyArray<ConformanceCase> = [
  {
    name: "a wizard with steps, going back, and a review",
    machine: () =>
      machine(
        {
          context: { name: "", plan: null, errors: [] },
          initial: "name",
          states: {
            name: {
              on: {
                Enter: { actions: assign({ name: ({ event }) => event.name }) },
                Next: [{ guard: "hasName", target: "plan" }, { actions: assign({ errors: ["name"] }) }],
              },
            },
            plan: {
              entry: assign({ errors: [] }),
              on: {
                Choose: { actions: assign({ plan: ({ event }) => event.plan }) },
                Next: { guard: ({ context }) => context.plan !== null, target: "review" },
                Back: "name",
              },
            },
            review: { on: { Back: "plan", Submit: "sending" } },
            sending: {
              invoke: {
                src: "send",
                input: ({ context }) => ({ name: context.name, plan: context.plan }),
                onDone: "sent",
                onError: "review",
              },
            },
            sent: { type: "final" },
          },
          output: ({ context }) => `${context.name}:${context.plan}`,
        },
        {
          guards: { hasName: ({ context }) => context.name.length > 1 },
          actors: { send: fromPromise(async ({ input }) => input) },
        },
      ),
    steps: [
      "Next",
      { type: "Enter", name: "Ann" },
      "Next",
      "Next",
      { type: "Choose", plan: "pro" },
      "Next",
      "Back",
      "Next",
      "Submit",
    ],
    ends: { status: "done", output: "Ann:pro" },
  },
  {
    name: "a booking form that checks its dates",
    machine: () =>
      machine(
        {
          context: { way: "one", out: "2026-01-10", back: "2026-01-10" },
          initial: "editing",
          states: {
            editing: {
              on: {
                Way: { actions: assign({ way: ({ event }) => event.way }) },
                Out: { actions: assign({ out: ({ event }) => event.date }) },
                Back: { guard: not("isOneWay"), actions: assign({ back: ({ event }) => event.date }) },
                Book: [
                  { guard: "isOneWay", target: "booked" },
                  { guard: and([not("isOneWay"), "isInOrder"]), target: "booked" },
                ],
              },
            },
            booked: { type: "final" },
          },
        },
        {
          guards: {
            isOneWay: ({ context }) => context.way === "one",
            isInOrder: ({ context }) => context.back >= context.out,
          },
        },
      ),
    steps: [
      { type: "Back", date: "2025-01-01" },
      { type: "Way", way: "two" },
      { type: "Out", date: "2026-02-01" },
      "Book",
      { type: "Back", date: "2026-02-03" },
      "Book",
    ],
    ends: { status: "done", context: { back: "2026-02-03" } },
  },
  {
    name: "tic-tac-toe",
    machine: () =>
      machine(
        {
          context: { board: Array.from({ length: 9 }, () => null), player: "x", winner: null },
          initial: "playing",
          states: {
            playing: {
              always: [
                { guard: "hasWon", target: "over.won" },
                { guard: ({ context }) => context.board.every(Boolean), target: "over.draw" },
              ],
              on: {
                Play: {
                  guard: ({ context, event }) => context.board[event.at] === null,
                  actions: assign({
                    board: ({ context, event }) => context.board.with(event.at, context.player),
                    player: ({ context }) => (context.player === "x" ? "o" : "x"),
                  }),
                },
              },
            },
            over: {
              initial: "won",
              states: {
                won: {
                  tags: "winner",
                  entry: assign({ winner: ({ context }) => (context.player === "x" ? "o" : "x") }),
                },
                draw: { tags: "draw" },
              },
              on: {
                Reset: {
                  target: "playing",
                  actions: assign({ board: Array.from({ length: 9 }, () => null), player: "x" }),
                },
              },
            },
          },
        },
        {
          guards: {
            hasWon: ({ context: { board } }) =>
              [
                [0, 1, 2],
                [3, 4, 5],
                [6, 7, 8],
                [0, 3, 6],
                [1, 4, 7],
                [2, 5, 8],
                [0, 4, 8],
                [2, 4, 6],
              ].some(
                ([a, b, c]) =>
                  board[a as number] !== null &&
                  board[a as number] === board[b as number] &&
                  board[a as number] === board[c as number],
              ),
          },
        },
      ),
    steps: [0, 3, 0, 1, 4, 2].map((at) => ({ type: "Play", at })),
    ends: { value: { over: "won" }, context: { winner: "x" }, tags: ["winner"] },
  },
  {
    name: "a cart that undoes and does again",
    machine: () =>
      machine({
        context: { past: [], items: [], future: [] },
        on: {
          Add: {
            actions: assign(({ context, event }) => ({
              past: [...context.past, context.items],
              items: [...context.items, event.item],
              future: [],
            })),
          },
          Undo: {
            guard: ({ context }) => context.past.length > 0,
            actions: assign(({ context }) => ({
              past: context.past.slice(0, -1),
              items: context.past.at(-1),
              future: [context.items, ...context.future],
            })),
          },
          Redo: {
            guard: ({ context }) => context.future.length > 0,
            actions: assign(({ context }) => ({
              past: [...context.past, context.items],
              items: context.future[0],
              future: context.future.slice(1),
            })),
          },
        },
      }),
    steps: [
      "Undo",
      { type: "Add", item: "a" },
      { type: "Add", item: "b" },
      "Undo",
      "Undo",
      "Redo",
      { type: "Add", item: "c" },
      "Redo",
    ],
    ends: { context: { items: ["a", "c"], future: [] } },
  },
  {
    name: "a session that is kept alive and ends without anybody",
    machine: () =>
      machine({
        context: { user: null, warned: 0 },
        initial: "signedOut",
        states: {
          signedOut: {
            entry: assign({ user: null }),
            on: { SignIn: { target: "signedIn", actions: assign({ user: ({ event }) => event.user }) } },
          },
          signedIn: {
            initial: "active",
            entry: raise({ type: "Expire" }, { delay: 3_600_000, id: "expire" }),
            on: { SignOut: "signedOut", Expire: "signedOut" },
            states: {
              active: { after: { 600000: "idle" }, on: { Touch: { target: "active", reenter: true } } },
              idle: {
                entry: assign({ warned: ({ context }) => context.warned + 1 }),
                after: { 60000: "#out" },
                on: { Touch: "active" },
              },
              hist: { type: "history" },
            },
          },
          out: { id: "out", always: "signedOut" },
        },
      }),
    steps: [{ type: "SignIn", user: "ann" }, 599_000, "Touch", 600_000, "Touch", 600_000, 60_000, "Touch"],
    ends: { value: "signedOut", context: { user: null, warned: 2 } },
  },
]
