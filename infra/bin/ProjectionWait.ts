/**
 * Waiting until a projection has reached a sequence of the journal, with a bar of how far it is.
 *
 * Owns when the wait ends early: where the projection is stopped, where no node runs it, and after the longest wait.
 * The verbs are ProjectionsCommand.ts.
 */
import { Clock, Effect } from "effect"
import { stops } from "./FollowerText.ts"
import { withProgress } from "./Progress.ts"
import type { Document, Remote } from "./Remote.ts"
import { VerbFailed } from "./VerbFailed.ts"

/** Pause between two looks at a projection, in milliseconds. */
const POLL_MS = 300

/** Longest wait, in seconds. */
export const WAIT_S_DEFAULT = 60

/** Longest time without a node that runs the projection, as while nodes start, in milliseconds. */
const NOT_RUN_MS_MAX = 5_000

/** No node said which types the projection reads. */
export const countsAllTypes = (projection: Document): boolean => projection["countsAllTypes"] === true

export const COUNTS_ALL_TYPES =
  "Commits of all types count as lag, because no node says which types are read. Give the definitions with --module, or a gateway with --url, to know more."

/** Whether some node runs the projection. */
const isRun = ({ state, owners = [] }: Document): boolean =>
  (state !== "elsewhere" && state !== "not run") ||
  owners.some(({ member }: Document) => member !== undefined)

/** The projection with this name. Of several versions, the newest that a node runs, else the newest. */
export const projectionNamed = Effect.fnUntraced(function* (remote: Remote, name: string) {
  const { items } = yield* remote.get("/projections")
  const found: ReadonlyArray<Document> = items.filter((each: Document) => each["name"] === name)
  const newestLast = found.toSorted((left, right) => left["version"] - right["version"])
  const chosen = newestLast.findLast(isRun) ?? newestLast.at(-1)
  if (chosen !== undefined) return chosen
  return yield* new VerbFailed({
    exit: "notFound",
    what: `There is no projection "${name}".`,
    hint: `There are: ${items.map((each: Document) => each["name"]).join(", ") || "none"}.`,
  })
})

interface Reach {
  /** Sequence of the journal that is waited for. */
  readonly target: number
  /** The wait also ends without lag: records of other types after the last one do not move the offset. */
  readonly isNewest: boolean
  /** Longest wait, in seconds; without an end if absent. */
  readonly timeoutS: number | undefined
}

/** The stop that keeps a projection from a sequence; empty if there is none. */
const stopBefore = ({ state, lastError, owners = [] }: Document, target: number): string => {
  const stopped = owners.filter(({ stopped }: Document) => stopped !== undefined)
  if (stopped.length === 0) return state === "stalled" ? lastError : ""
  return stops(stopped.filter(({ stopped }: Document) => stopped.sequence <= target))
}

const lateness = (now: Document, { target, timeoutS }: Reach): VerbFailed => {
  const { name, offset, state, lastError } = now
  const why = lastError === undefined ? "" : `: ${lastError}`
  return new VerbFailed({
    exit: "unavailable",
    what: `${name} has not reached ${target} after ${timeoutS} s; it is at ${offset} (${state}${why}).`,
    hint: countsAllTypes(now) ? COUNTS_ALL_TYPES : "It goes on: wait longer.",
  })
}

/** Tells at each look why the wait ends early; undefined while it goes on. */
const patience = (reach: Reach, startMs: number) => {
  const { target, timeoutS = Number.POSITIVE_INFINITY } = reach
  let runMs = startMs
  return (now: Document, nowMs: number): VerbFailed | undefined => {
    const { name } = now
    const stop = stopBefore(now, target)
    if (stop !== "") {
      const hint = "Mend the projection, or skip the record; it goes on by itself then."
      return new VerbFailed({ exit: "failed", what: `${name} is stopped: ${stop}`, hint })
    }
    if (isRun(now)) runMs = nowMs
    if (nowMs - runMs > NOT_RUN_MS_MAX) {
      const hint = "Start a node that has it in `projections`."
      return new VerbFailed({ exit: "unavailable", what: `No node runs ${name}.`, hint })
    }
    return nowMs - startMs > timeoutS * 1_000 ? lateness(now, reach) : undefined
  }
}

/** Waits until a projection has reached a sequence. `first` is how far it is at the start. */
export const reached = Effect.fnUntraced(function* (remote: Remote, first: Document, given: Reach) {
  const { name, offset: from } = first
  // A lag that counts commits of other types may never end.
  const reach = countsAllTypes(first) ? { ...given, timeoutS: given.timeoutS ?? WAIT_S_DEFAULT } : given
  const { target, isNewest } = reach
  const givesUp = patience(reach, yield* Clock.currentTimeMillis)
  return yield* withProgress(name, Math.max(0, target - from), (step) =>
    Effect.gen(function* () {
      let now = first
      let shown = from
      while (now["offset"] < target && !(isNewest && now["lag"] === 0)) {
        const failure = givesUp(now, yield* Clock.currentTimeMillis)
        if (failure !== undefined) return yield* failure
        yield* Effect.sleep(POLL_MS)
        now = yield* projectionNamed(remote, name)
        for (; shown < Math.min(target, now["offset"]); shown++) step()
      }
      for (; shown < target; shown++) step()
      return now
    }),
  )
})
