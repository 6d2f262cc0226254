/** Logic that lives in memory only, and other constructs that no durable machine can have. */
import type { Construct } from "../ConformanceCase.ts"
import {
  assign,
  createEmptyActor,
  enqueueActions,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromTransition,
  machine,
  not,
  raise,
  sendParent,
  sendTo,
  spawnChild,
} from "../Loose.ts"

const observable = () => ({ subscribe: () => ({ unsubscribe: () => undefined }) })

const invokes = (logic: object) =>
  machine(
    { initial: "a", states: { a: { on: { Go: "b" } }, b: { invoke: { src: "logic", id: "logic" } } } },
    { actors: { logic } },
  )

export const memory: ReadonlyArray<Construct> = [
  {
    construct: "`fromCallback`",
    cases: [
      {
        name: "invoked",
        machine: () => invokes(fromCallback(() => undefined)),
        steps: ["Go"],
        ends: { value: "b" },
        refused: {
          at: "definition",
          says: "a callback (fromCallback)",
          why: "A callback lives in memory only, and what it sends would be lost with it. Write `fromPromise` or `defineCall(...)` for one result, an actor that sends with `send.tell(...)` for many, `after` for a timer.",
        },
      },
      {
        name: "spawned in an assign",
        machine: () =>
          machine(
            {
              context: { ref: null },
              on: { Go: { actions: assign({ ref: ({ spawn }) => spawn("logic", { id: "l" }) }) } },
            },
            { actors: { logic: fromCallback(() => undefined) } },
          ),
        steps: ["Go"],
        ends: { context: { ref: { ref: "l" } } },
        refused: {
          at: "event",
          says: "lives in memory only",
          why: "The same, seen when it happens: what an `assign` spawns does not show in a definition.",
        },
      },
    ],
  },
  {
    construct: "`fromObservable`, `fromEventObservable`",
    cases: [
      {
        name: "an observable",
        machine: () => invokes(fromObservable(observable)),
        steps: ["Go"],
        ends: { value: "b" },
        refused: {
          at: "definition",
          says: "an observable (fromObservable",
          why: "An observable lives in memory only. Write an actor of its own that sends with `send.tell(...)`, or a reactor.",
        },
      },
      {
        name: "an observable of events",
        machine: () => invokes(fromEventObservable(observable)),
        steps: ["Go"],
        ends: { value: "b" },
        refused: {
          at: "definition",
          says: "an observable (fromObservable",
          why: "The same for an observable of events.",
        },
      },
    ],
  },
  {
    construct: "Logic without a name, and logic that is not provided",
    cases: [
      {
        name: "spawnChild of logic",
        machine: () =>
          machine({
            on: {
              Go: {
                actions: spawnChild(
                  fromTransition((state) => state, {}),
                  { id: "t" },
                ),
              },
            },
          }),
        steps: ["Go"],
        ends: { status: "active" },
        refused: {
          at: "definition",
          says: "no name",
          why: "A child whose logic is written in place of its name: after a crash it could not be made again. Name it in `setup({ actors })`. (`invoke` may hold its logic in place.)",
        },
      },
      {
        name: "spawn of logic in an assign",
        machine: () =>
          machine({
            context: { ref: null },
            on: {
              Go: {
                actions: assign({
                  ref: ({ spawn }) =>
                    spawn(
                      fromTransition((state) => state, {}),
                      { id: "t" },
                    ),
                }),
              },
            },
          }),
        steps: ["Go"],
        ends: { status: "active" },
        refused: { at: "event", says: "without a name", why: "The same, seen when it happens." },
      },
      {
        name: "an invoke whose logic nobody has provided",
        machine: () =>
          machine({ initial: "a", states: { a: { on: { Go: "b" } }, b: { invoke: { src: "nobody" } } } }),
        steps: [],
        ends: { value: "a" },
        refused: {
          at: "definition",
          says: 'logic of the name "nobody"',
          why: "An `invoke` of a name that `setup({ actors })` does not have; XState fails when the state is entered.",
        },
      },
      {
        name: "a guard whose name nobody has provided",
        machine: () =>
          machine({
            initial: "a",
            states: { a: { on: { Go: { guard: not("nobody"), target: "b" } } }, b: {} },
          }),
        steps: [],
        ends: { value: "a" },
        refused: {
          at: "definition",
          says: '"nobody"',
          why: "A guard of a name that `setup({ guards })` does not have; XState fails when it looks for it.",
        },
      },
      {
        name: "a delay whose name nobody has provided",
        machine: () => machine({ initial: "a", states: { a: { after: { patiense: "b" } }, b: {} } }),
        steps: [],
        ends: { value: "b" },
        refused: {
          at: "definition",
          says: '"patiense"',
          why: "A delay of a name that `setup({ delays })` does not have; XState does not wait at all.",
        },
      },
      {
        name: "createEmptyActor",
        machine: () =>
          machine({
            context: { ref: null },
            on: { Go: { actions: assign({ ref: () => createEmptyActor() }) } },
          }),
        steps: ["Go"],
        ends: { context: { ref: { status: "active" } } },
        refused: {
          at: "event",
          says: "context.ref",
          why: "An actor that was made outside of the machine, in its context. Spawn it, or keep the id of a durable actor and send with `send.tell(...)`.",
        },
      },
    ],
  },
  {
    construct: "`sendParent` and `sendTo` outside of the machine",
    cases: [
      {
        name: "sendParent of a machine that has no parent",
        machine: () => machine({ on: { Go: { actions: sendParent({ type: "Up" }) } } }),
        steps: [],
        ends: { status: "active" },
        refused: {
          at: "definition",
          says: "sends to its parent",
          why: "`sendParent` in the machine of an actor, which has no parent. Write `dispatch(() => send.tell({ actor: Actor, id, command }))`. Machines of children may use it.",
        },
      },
      {
        name: "sendTo a child that is not there",
        machine: () =>
          machine({
            context: { n: 0 },
            on: {
              Go: { actions: sendTo("nobody", { type: "E" }) },
              Inc: { actions: assign({ n: ({ context }) => context.n + 1 }) },
            },
          }),
        steps: ["Go", "Inc"],
        ends: { status: "error" },
        differs: {
          ends: { status: "active", context: { n: 1 } },
          why: "`sendTo` a child that is not there fails the event; in XState it ends the actor in status `error`.",
        },
      },
    ],
  },
  {
    construct: "Chains of microsteps without an end",
    cases: [
      {
        name: "two hundred microsteps",
        machine: () =>
          machine({
            context: { n: 0 },
            on: {
              Go: { actions: raise({ type: "N" }) },
              N: {
                guard: ({ context }) => context.n < 200,
                actions: [assign({ n: ({ context }) => context.n + 1 }), raise({ type: "N" })],
              },
            },
          }),
        steps: ["Go"],
        ends: { context: { n: 200 } },
      },
      {
        name: "a raise that raises itself",
        machine: () =>
          machine({
            context: { n: 0 },
            on: { Go: { actions: raise({ type: "N" }) }, N: { actions: raise({ type: "N" }) } },
            options: { maxIterations: 100 },
          }),
        steps: ["Go"],
        ends: { status: "error" },
        differs: {
          ends: { status: "active", failed: ["MachineThrew"] },
          why: "A chain of more than 1,000 microsteps (or `options.maxIterations`, where that is less) fails the event. XState has no bound unless `maxIterations` says so.",
        },
      },
      {
        name: "always that leads in a circle",
        machine: () =>
          machine({
            initial: "a",
            states: { a: { on: { Go: "b" } }, b: { always: "c" }, c: { always: "b" } },
            options: { maxIterations: 100 },
          }),
        steps: ["Go"],
        ends: { status: "error" },
        differs: {
          ends: { status: "active", value: "a", failed: ["MachineThrew"] },
          why: "The same for `always`.",
        },
      },
    ],
  },
  {
    construct: "`subscribe` and `on` of a child",
    cases: [
      {
        name: "subscribe to a child in an action",
        machine: () =>
          machine(
            {
              context: { ref: null },
              entry: assign({ ref: ({ spawn }) => spawn("child", { id: "child" }) }),
              on: {
                Go: {
                  actions: enqueueActions(({ context }) => {
                    context.ref.subscribe(() => undefined)
                  }),
                },
              },
            },
            { actors: { child: fromTransition((state) => state, {}) } },
          ),
        steps: ["Go"],
        ends: { status: "active" },
        refused: {
          at: "event",
          says: "no listeners",
          why: "`subscribe` and `on` of a child: its parent hears of it by `onDone`, `onError`, `onSnapshot` and `sendParent`.",
        },
      },
    ],
  },
]
