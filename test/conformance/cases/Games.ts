/** Machines as people write them: games and devices. */
import type { ConformanceCase } from "../ConformanceCase.ts"
import { assign, machine } from "../Loose.ts"

export const games: ReadonlyArray<ConformanceCase> = [
  {
    name: "a traffic light with a pedestrian button",
    machine: () =>
      machine(
        {
          context: { waiting: false, crossed: 0 },
          initial: "green",
          states: {
            green: { on: { Press: { actions: assign({ waiting: true }) } }, after: { green: "yellow" } },
            yellow: { after: { yellow: "red" } },
            red: {
              initial: "stop",
              states: {
                stop: { always: { guard: ({ context }) => context.waiting, target: "walk" } },
                walk: {
                  entry: assign({ waiting: false, crossed: ({ context }) => context.crossed + 1 }),
                  after: { walk: "blink" },
                },
                blink: {},
              },
              after: { red: "green" },
            },
          },
        },
        { delays: { green: 30_000, yellow: 3_000, red: 20_000, walk: 10_000 } },
      ),
    steps: [30_000, "Press", 3_000, 20_000, "Press", 33_000, 10_000],
    ends: { value: { red: "blink" }, context: { crossed: 1 } },
  },
  {
    name: "a stopwatch that ticks by a timer of its own",
    machine: () =>
      machine({
        context: { elapsed: 0 },
        initial: "stopped",
        states: {
          stopped: { on: { Start: "running", Reset: { actions: assign({ elapsed: 0 }) } } },
          running: {
            after: {
              100: {
                target: "running",
                reenter: true,
                actions: assign({ elapsed: ({ context }) => context.elapsed + 1 }),
              },
            },
            on: { Stop: "stopped" },
          },
        },
      }),
    steps: ["Start", 100, 100, 250, "Stop", 500, "Start", 100],
    ends: { context: { elapsed: 5 } },
  },
  {
    name: "a player: parallel, with history, tags and a volume",
    machine: () =>
      machine({
        context: { volume: 5, position: 0 },
        type: "parallel",
        states: {
          track: {
            initial: "paused",
            states: {
              paused: { on: { Play: "playing" } },
              playing: {
                tags: "sounds",
                after: {
                  1000: {
                    target: "playing",
                    reenter: true,
                    actions: assign({ position: ({ context }) => context.position + 1 }),
                  },
                },
                on: { Pause: "paused" },
              },
            },
          },
          volume: {
            initial: "normal",
            states: {
              normal: {
                on: {
                  Mute: "muted",
                  Up: {
                    guard: ({ context }) => context.volume < 10,
                    actions: assign({ volume: ({ context }) => context.volume + 1 }),
                  },
                },
              },
              muted: { tags: ["silent"], on: { Unmute: "normal" } },
            },
          },
        },
      }),
    steps: ["Play", 2_500, "Mute", "Up", 500, "Unmute", "Up", "Pause", 5_000],
    ends: { value: { track: "paused", volume: "normal" }, context: { volume: 6, position: 3 } },
  },
  {
    name: "a donut, made in steps that go on where they were",
    machine: () =>
      machine({
        initial: "ingredients",
        context: { made: 0 },
        states: {
          ingredients: { on: { Next: "directions" } },
          directions: {
            initial: "dough",
            onDone: "frying",
            states: {
              dough: { on: { Next: "mix" } },
              mix: {
                type: "parallel",
                states: {
                  dry: {
                    initial: "flour",
                    states: { flour: { on: { "Mix.dry": "mixed" } }, mixed: { type: "final" } },
                  },
                  wet: {
                    initial: "milk",
                    states: { milk: { on: { "Mix.wet": "mixed" } }, mixed: { type: "final" } },
                  },
                },
                onDone: "rest",
              },
              rest: { after: { 3600000: "shaped" } },
              shaped: { type: "final" },
            },
          },
          frying: { on: { Flip: "flipped" }, after: { 60000: "burnt" } },
          flipped: {
            on: {
              Dry: { target: "ingredients", actions: assign({ made: ({ context }) => context.made + 1 }) },
            },
          },
          burnt: {},
        },
      }),
    steps: ["Next", "Next", "Mix.wet", "Mix.dry", 3_600_000, "Flip", "Dry", "Next"],
    ends: { value: { directions: "dough" }, context: { made: 1 } },
  },
  {
    name: "a game of questions with lives, a score and a countdown",
    machine: () =>
      machine({
        context: { at: 0, lives: 2, score: 0, left: 3, questions: ["a", "b", "a"] },
        initial: "ready",
        states: {
          ready: { on: { Start: "asking" } },
          asking: {
            entry: assign({ left: 3 }),
            initial: "ticking",
            states: {
              ticking: {
                always: { guard: ({ context }) => context.left === 0, target: "#wrong" },
                after: {
                  1000: {
                    target: "ticking",
                    reenter: true,
                    actions: assign({ left: ({ context }) => context.left - 1 }),
                  },
                },
              },
            },
            on: {
              Answer: [
                {
                  guard: ({ context, event }) => context.questions[context.at] === event.with,
                  target: "next",
                  actions: assign({ score: ({ context }) => context.score + context.left }),
                },
                { target: "wrong" },
              ],
            },
          },
          wrong: {
            id: "wrong",
            entry: assign({ lives: ({ context }) => context.lives - 1 }),
            always: [{ guard: ({ context }) => context.lives === 0, target: "over" }, { target: "next" }],
          },
          next: {
            entry: assign({ at: ({ context }) => context.at + 1 }),
            always: [
              { guard: ({ context }) => context.at >= context.questions.length, target: "over" },
              { target: "asking" },
            ],
          },
          over: { type: "final" },
        },
        output: ({ context }) => context.score,
      }),
    steps: ["Start", 1_000, { type: "Answer", with: "a" }, 3_000, { type: "Answer", with: "a" }],
    ends: { status: "done", output: 5 },
  },
]
