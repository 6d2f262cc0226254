import type { AnyStateMachine } from "xstate"
import { assign, type LooseObject, machine } from "../Loose.ts"

const keep = assign({ got: ({ event }) => event.output })
const keepError = assign({ error: ({ event }) => event.error })

/** A machine that makes one call when it is told to. */
export const caller = (work: object, invoke: LooseObject = {}): AnyStateMachine =>
  machine(
    {
      context: { got: null, error: null },
      initial: "idle",
      states: {
        idle: { on: { Go: "busy" } },
        busy: {
          invoke: {
            src: "work",
            id: "work",
            input: ({ event }) => event.n,
            onDone: { target: "done", actions: keep },
            onError: { target: "failed", actions: keepError },
            ...invoke,
          },
          on: { Stop: "idle" },
        },
        done: { on: { Go: "busy" } },
        failed: { on: { Go: "busy" } },
      },
    },
    { actors: { work } },
  )
