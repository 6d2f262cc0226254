/** The smallest child there is. */
import { fromTransition } from "xstate"

export const counter = fromTransition(
  (state: { count: number }, event: { type: "inc"; by?: number }) =>
    event.type === "inc" ? { count: state.count + (event.by ?? 1) } : state,
  { count: 0 },
)
