/** Progress of a verb on stderr, for people: a bar that leaves the line in order, also after Ctrl-C. */
import { Effect } from "effect"
import { ProgressBar } from "../cli/ProgressBar.ts"
import { Json } from "./Output.ts"

/** Runs `use` with a function that counts one more as done. Nothing is shown with `--json`. */
export const withProgress = Effect.fnUntraced(function* <A, E, R>(
  label: string,
  total: number,
  use: (step: () => void) => Effect.Effect<A, E, R>,
) {
  if (yield* Json) return yield* use(() => undefined)
  const bar = new ProgressBar(process.stderr, label, total)
  return yield* Effect.ensuring(
    use(() => bar.step()),
    Effect.sync(() => bar.end()),
  )
})
