/** Actions of XState that make events: `raise`, `emit`, `log`, `enqueueActions`, and `sendTo` the machine itself. */
import type { Construct } from "../ConformanceCase.ts"
import { assign, cancel, emit, enqueueActions, fn, hear, inc, log, machine, raise, sendTo } from "../Loose.ts"

const sendingSelf = fn(({ self }) => {
  self.send({ type: "Sent" })
  return {}
})

export const eventActions: ReadonlyArray<Construct> = [
  {
    construct: "`raise`",
    cases: [
      {
        name: "is taken in the same event, in order",
        machine: () =>
          machine({
            context: { heard: [] },
            on: {
              Go: { actions: [raise({ type: "A" }), raise({ type: "B" }), hear("go")] },
              A: { actions: [hear("a"), raise({ type: "C" })] },
              B: { actions: hear("b") },
              C: { actions: hear("c") },
            },
          }),
        steps: ["Go"],
        ends: { context: { heard: ["go", "a", "b", "c"] } },
      },
      {
        name: "an event made of context and event, to which the machine says no",
        machine: () =>
          machine({
            context: { n: 3, got: null },
            initial: "a",
            states: {
              a: {
                on: {
                  Go: { actions: raise(({ context, event }) => ({ type: "Sum", of: context.n + event.n })) },
                },
              },
            },
            on: {
              Sum: { guard: ({ event }) => event.of > 4, actions: assign({ got: ({ event }) => event.of }) },
            },
          }),
        steps: [
          { type: "Go", n: 1 },
          { type: "Go", n: 4 },
        ],
        ends: { context: { got: 7 } },
      },
      {
        name: "in entry, before the next event from outside",
        machine: () =>
          machine({
            initial: "a",
            states: {
              a: { on: { Go: "b" } },
              b: { entry: raise({ type: "On" }), on: { On: "c" } },
              c: { exit: raise({ type: "Late" }), on: { Go: "d" } },
              d: { on: { Late: "e" } },
              e: {},
            },
          }),
        steps: ["Go", "Go"],
        ends: { value: "e" },
      },
    ],
  },
  {
    construct: "`emit`",
    cases: [
      {
        name: "an event for listeners, with a payload of the context",
        machine: () =>
          machine({
            context: { n: 0 },
            on: {
              Go: {
                actions: [
                  inc,
                  emit(({ context, event }) => ({ type: "went", n: context.n, by: event.by })),
                  emit({ type: "and" }),
                ],
              },
            },
          }),
        steps: [
          { type: "Go", by: "x" },
          { type: "Go", by: "y" },
        ],
        emits: ["went", "and"],
        ends: {
          emitted: [
            { type: "went", n: 1, by: "x" },
            { type: "and" },
            { type: "went", n: 2, by: "y" },
            { type: "and" },
          ],
        },
      },
      {
        name: "in entry, exit and always",
        machine: () =>
          machine({
            initial: "a",
            states: {
              a: { exit: emit({ type: "left" }), on: { Go: "b" } },
              b: {
                entry: emit({ type: "came" }),
                always: { target: "c", actions: emit({ type: "passed" }) },
              },
              c: {},
            },
          }),
        steps: ["Go"],
        emits: ["left", "came", "passed"],
        ends: { emitted: [{ type: "left" }, { type: "came" }, { type: "passed" }] },
      },
      {
        name: "a type that the definition does not publish",
        machine: () => machine({ on: { Go: { actions: emit({ type: "unknown" }) } } }),
        steps: ["Go"],
        ends: { emitted: [{ type: "unknown" }] },
        refused: {
          at: "event",
          says: "publishes",
          why: "`emit` of a type that `publishes` of the definition does not name: listeners of emitted events are other services, and have its schema.",
        },
      },
    ],
  },
  {
    construct: "`log`",
    cases: [
      {
        name: "texts, functions and labels",
        machine: () =>
          machine({
            context: { n: 0 },
            on: { Go: { actions: [log("gone"), log(({ context }) => context.n, "n"), log(), inc] } },
          }),
        steps: ["Go"],
        ends: { context: { n: 1 } },
      },
    ],
  },
  {
    construct: "`enqueueActions`",
    cases: [
      {
        name: "assign, raise, emit and functions, in order",
        machine: (note) =>
          machine({
            context: { n: 0, heard: [] },
            on: {
              Go: {
                actions: enqueueActions(({ enqueue, context }) => {
                  enqueue.assign({ n: context.n + 1 })
                  enqueue.raise({ type: "R" })
                  enqueue.emit({ type: "e", n: context.n })
                  enqueue(() => note("custom"))
                  enqueue(hear("queued"))
                }),
              },
              R: { actions: hear("raised") },
            },
          }),
        steps: ["Go", "Go"],
        emits: ["e"],
        ends: {
          context: { n: 2, heard: ["queued", "raised", "queued", "raised"] },
          notes: ["custom", "custom"],
        },
      },
      {
        name: "check, of functions, names, and combined guards",
        machine: (note) =>
          machine(
            {
              context: { n: 1 },
              on: {
                Go: {
                  actions: enqueueActions(({ enqueue, check }) => {
                    if (check("isOne")) enqueue({ type: "tell", params: "one" })
                    if (check(fn(({ context }) => context.n > 1))) enqueue({ type: "tell", params: "more" })
                    if (check({ type: "isOver", params: 0 })) enqueue("inc")
                  }),
                },
              },
            },
            {
              actions: { tell: (_, word) => note(word), inc },
              guards: {
                isOne: ({ context }) => context.n === 1,
                isOver: ({ context }, than) => context.n > than,
              },
            },
          ),
        steps: ["Go", "Go"],
        ends: { context: { n: 3 }, notes: ["one", "more"] },
      },
      {
        name: "by name, within enqueueActions, with params",
        machine: () =>
          machine(
            { context: { heard: [] }, on: { Go: { actions: { type: "outer", params: { word: "p" } } } } },
            {
              actions: {
                outer: enqueueActions(({ enqueue }, { word }) => {
                  enqueue(hear(word))
                  enqueue("inner")
                }),
                inner: enqueueActions(({ enqueue }) => enqueue(hear("inner"))),
              },
            },
          ),
        steps: ["Go"],
        ends: { context: { heard: ["p", "inner"] } },
      },
      {
        name: "timers, sends to itself and cancel",
        machine: () =>
          machine({
            context: { heard: [] },
            on: {
              Go: {
                actions: enqueueActions(({ enqueue, self }) => {
                  enqueue.raise({ type: "Late" }, { delay: 100, id: "late" })
                  enqueue.raise({ type: "Later" }, { delay: 200, id: "later" })
                  enqueue.sendTo(self, { type: "Self" })
                  enqueue.cancel("late")
                }),
              },
              Late: { actions: hear("late") },
              Later: { actions: hear("later") },
              Self: { actions: hear("self") },
            },
          }),
        steps: ["Go", 300],
        ends: { context: { heard: ["self", "later"] } },
      },
    ],
  },
  {
    construct: "`sendTo` the machine itself, `self.send`",
    cases: [
      {
        name: "after the macrostep, behind raised events",
        machine: () =>
          machine({
            context: { heard: [] },
            on: {
              Go: {
                actions: [
                  sendTo(({ self }) => self, { type: "Sent" }),
                  raise({ type: "Raised" }),
                  hear("go"),
                ],
              },
              Raised: { actions: hear("raised") },
              Sent: { actions: hear("sent") },
            },
          }),
        steps: ["Go"],
        ends: { context: { heard: ["go", "raised", "sent"] } },
      },
      {
        name: "with a delay",
        machine: () =>
          machine({
            context: { heard: [] },
            on: {
              Go: {
                actions: sendTo(
                  ({ self }) => self,
                  ({ event }) => ({ type: "Sent", n: event.n }),
                  { delay: 50, id: "s" },
                ),
              },
              Stop: { actions: cancel("s") },
              Sent: { actions: assign({ heard: ({ context, event }) => [...context.heard, event.n] }) },
            },
          }),
        steps: [{ type: "Go", n: 1 }, "Stop", 60, { type: "Go", n: 2 }, 60],
        ends: { context: { heard: [2] } },
      },
      {
        name: "self.send of an action",
        machine: () =>
          machine({
            context: { heard: [] },
            on: {
              Go: {
                actions: [({ self }) => self.send({ type: "Sent" }), hear("go")],
              },
              Sent: { actions: hear("sent") },
            },
          }),
        steps: ["Go", "Go"],
        ends: { context: { heard: ["go", "sent", "go", "sent"] } },
      },
      {
        name: "self.send of an assign",
        machine: () =>
          machine({
            context: { heard: [] },
            on: {
              Go: { actions: [assign(sendingSelf), raise({ type: "Raised" })] },
              Flat: { actions: assign(sendingSelf) },
              Raised: { actions: hear("raised") },
              Sent: { actions: hear("sent") },
            },
          }),
        steps: ["Go", "Flat"],
        ends: { context: { heard: ["raised", "sent", "sent"] } },
      },
    ],
  },
  {
    construct: "`self` in guards, assigns and contexts",
    cases: [
      {
        name: "the id of self, kept in a context",
        machine: () =>
          machine({
            context: ({ self }) => ({ born: self.id, ids: [], n: 0 }),
            initial: "a",
            on: {
              Go: {
                actions: [
                  inc,
                  assign({
                    ids: ({ context, self }) => [...context.ids, self.id, self.getSnapshot().context.n],
                  }),
                ],
              },
            },
            states: { a: { on: { Move: "b" } }, b: { tags: ["moved"] } },
          }),
        steps: ["Go", "Move", "Go"],
        ends: { context: { born: "a-1", ids: ["a-1", 0, "a-1", 1] } },
      },
      {
        name: "the id of self, before and after the first child",
        machine: () =>
          machine(
            {
              context: { ids: [] },
              on: {
                Go: { actions: assign({ ids: ({ context, self }) => [...context.ids, self.id] }) },
                Spawn: { actions: assign({ kid: ({ spawn }) => spawn("kid", { id: "kid" }) }) },
              },
            },
            { actors: { kid: machine({ context: ({ self }) => ({ id: self.id }) }) } },
          ),
        steps: ["Go", "Spawn", "Go"],
        ends: { context: { ids: ["a-1", "a-1"] }, children: { kid: { context: { id: "kid" } } } },
      },
      {
        name: "a reference to self, kept in a context",
        machine: () =>
          machine({
            context: { me: null, n: 0 },
            on: {
              Keep: { actions: assign({ me: ({ self }) => self }) },
              Go: { actions: inc },
            },
          }),
        steps: ["Go", "Keep", "Go"],
        ends: { context: { me: { ref: "a-1", status: "active" }, n: 2 } },
      },
      {
        name: "the session id of self",
        machine: () =>
          machine({
            context: { session: null },
            on: { Go: { actions: assign({ session: ({ self }) => self.sessionId }) } },
          }),
        steps: ["Go"],
        ends: {},
        differs: {
          ends: { context: { session: "x:" } },
          why: "`self.sessionId` is made of the ids of the children that lead to the actor, and the same after every recovery. XState counts the actors of a process. Use `self.id` to tell durable actors apart.",
        },
      },
    ],
  },
]
