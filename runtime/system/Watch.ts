/**
 * What callers ask of a watch: its options, and their check; and the Effect face, a Stream.
 *
 * Owns the options and the translation. What a watcher does: Watcher.ts. The promise face: ../promise/Iteration.ts.
 */
import { Effect, Stream } from "effect"
import type { WatchError } from "../watch/WatchError.ts"
import { InvalidMoment } from "./PastMoment.ts"
import type { Items, Watcher } from "./Watcher.ts"

/** Options of a watch. */
export interface WatchOptions {
  /**
   * Version that the caller has seen already: the first item is the first change after it. Default: the first item
   * is the current state. A caller that is more than 256 versions behind gets the newest state.
   */
  readonly after?: number
  /**
   * Time for the first answer of the actor's owner, in milliseconds; default `askDeadlineMs`. Later troubles end
   * nothing: the watch goes on with the actor's next owner.
   */
  readonly deadlineMs?: number
}

/** Options of following the events of an actor. */
export interface EventsOptions {
  /** Version of the first event, from 1; default 1, the actor's first event. */
  readonly from?: number
  /** As in {@link WatchOptions}. */
  readonly deadlineMs?: number
}

/** Refuses options that are no versions; `undefined` if they are right. */
export const invalidVersion = (
  name: "after" | "from",
  value: number | undefined,
): InvalidMoment | undefined => {
  const lowest = name === "after" ? 0 : 1
  return value === undefined || (Number.isSafeInteger(value) && value >= lowest)
    ? undefined
    : new InvalidMoment({ hint: `Give \`${name}\` as a whole number from ${lowest}.` })
}

/** The watcher that `make` gives, as a stream. */
export const streamOf = <Item, E>(
  make: Effect.Effect<Watcher<Item>, E>,
): Stream.Stream<Item, WatchError | E> =>
  Stream.fromPull(
    Effect.map(make, ({ pull }) =>
      Effect.callback<Items<Item>, WatchError>((resume) => {
        const stop = pull(resume)
        return Effect.sync(stop)
      }),
    ),
  )
