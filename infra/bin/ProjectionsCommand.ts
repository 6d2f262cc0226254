/** `everstate projections`: how far read models are, waiting until they have caught up, rebuilding. Owns the verbs. */
import { Clock, Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { confirm, operatorFlags, signatureHeaders } from "./Confirmation.ts"
import { followersText, numberColumn, stops } from "./FollowerText.ts"
import { type Paint, present, remark } from "./Output.ts"
import { withProgress } from "./Progress.ts"
import { type Document, pathOf, type Remote } from "./Remote.ts"
import { remoteVerb } from "./RemoteFlags.ts"
import { VerbFailed } from "./VerbFailed.ts"
import { verbGroup } from "./VerbGroup.ts"

/** Pause between two looks at a projection, in milliseconds. */
const POLL_MS = 300
const TIMEOUT_S_DEFAULT = 60

const projectionsText = (projections: ReadonlyArray<Document>, paint: Paint): string =>
  followersText(projections, paint, {
    beside: [numberColumn("version")],
    progress: [numberColumn("offset"), numberColumn("dead letters", "deadLetters")],
    none: "No projections.",
  })

/** No node said which types the projection reads. */
const countsAllTypes = (projection: Document): boolean => projection["countsAllTypes"] === true
const COUNTS_ALL_TYPES = "Commits of all types count as lag, because no node says which types are read."
const GIVE_DEFINITIONS = "Give the definitions with --module, or a gateway with --url, to know more."

const list = remoteVerb(
  "list",
  {},
  Effect.fnUntraced(function* (remote) {
    const { items } = yield* remote.get("/projections")
    yield* present({ items }, (_, paint) => projectionsText(items, paint))
    if (items.some(countsAllTypes)) yield* remark(`${COUNTS_ALL_TYPES} ${GIVE_DEFINITIONS}`)
  }),
).pipe(
  Command.withDescription(
    "Lists projections: how far they are behind the journal, and where one is stopped.",
  ),
  Command.withExamples([{ command: "everstate projections list" }]),
)

const named = Effect.fnUntraced(function* (remote: Remote, name: string) {
  const { items } = yield* remote.get("/projections")
  const found = items.find((each: Document) => each["name"] === name)
  if (found !== undefined) return found as Document
  return yield* new VerbFailed({
    exit: "notFound",
    what: `There is no projection "${name}".`,
    hint: `There are: ${items.map((each: Document) => each["name"]).join(", ") || "none"}.`,
  })
})

const name = Argument.String("name").pipe(Argument.withDescription("Name of the projection"))

const seconds = Flag.Int("timeout").pipe(Flag.withSchema(Schema.Int.check(Schema.isGreaterThan(0))))

interface Reach {
  /** Sequence of the journal that is waited for. */
  readonly target: number
  /** The wait also ends without lag: records of other types after the last one do not move the offset. */
  readonly isNewest: boolean
  /** Longest wait, in seconds; without an end if absent. */
  readonly timeoutS: number | undefined
  /** Fails at a record at which the projection is stopped. */
  readonly isStopFatal: boolean
}

/** Why the wait ends early; undefined while it goes on. */
const givesUp = (now: Document, isLate: boolean, { target, timeoutS, isStopFatal }: Reach) => {
  const { name, offset, owners = [] } = now
  const stopped = isStopFatal ? stops(owners) : ""
  if (stopped !== "") {
    const hint = "Mend the projection, or skip the record; it goes on by itself then."
    return new VerbFailed({ exit: "failed", what: `${name} is stopped: ${stopped}`, hint })
  }
  if (!isLate) return undefined
  return new VerbFailed({
    exit: "unavailable",
    what: `${name} has not reached ${target} after ${timeoutS} s; it is at ${offset}.`,
    hint: countsAllTypes(now)
      ? `${COUNTS_ALL_TYPES} ${GIVE_DEFINITIONS}`
      : "`everstate projections list` says whether it is stopped.",
  })
}

/** Waits until a projection has reached a sequence, with a bar of how far it is. */
const reached = Effect.fnUntraced(function* (remote: Remote, first: Document, given: Reach) {
  const { name, offset: from } = first
  // A lag that counts commits of other types may never end.
  const reach = countsAllTypes(first) ? { ...given, timeoutS: given.timeoutS ?? TIMEOUT_S_DEFAULT } : given
  const { target, isNewest, timeoutS = Number.POSITIVE_INFINITY } = reach
  const endMs = (yield* Clock.currentTimeMillis) + timeoutS * 1_000
  return yield* withProgress(name, Math.max(0, target - from), (step) =>
    Effect.gen(function* () {
      let now = first
      let shown = from
      while (now["offset"] < target && !(isNewest && now["lag"] === 0)) {
        const failure = givesUp(now, (yield* Clock.currentTimeMillis) > endMs, reach)
        if (failure !== undefined) return yield* failure
        yield* Effect.sleep(POLL_MS)
        now = yield* named(remote, name)
        for (; shown < Math.min(target, now["offset"]); shown++) step()
      }
      for (; shown < target; shown++) step()
      return now
    }),
  )
})

const wait = remoteVerb(
  "wait",
  {
    name,
    sequence: Flag.Int("sequence").pipe(
      Flag.withDescription("Wait for this sequence of the journal (default: the newest one at the start)"),
      Flag.optional,
      Flag.map(Option.getOrUndefined),
    ),
    timeoutS: seconds.pipe(
      Flag.withDescription(`Seconds to wait at most (default ${TIMEOUT_S_DEFAULT})`),
      Flag.withDefault(TIMEOUT_S_DEFAULT),
    ),
  },
  Effect.fnUntraced(function* (remote, { name, sequence, timeoutS }) {
    const first = yield* named(remote, name)
    const target = sequence ?? first["offset"] + first["lag"]
    const now = yield* reached(remote, first, {
      target,
      isNewest: sequence === undefined,
      timeoutS,
      isStopFatal: false,
    })
    yield* present(now, (_, paint) => `${paint("green", "done")}: ${name} has everything up to ${target}`)
  }),
).pipe(
  Command.withDescription("Waits until a projection has caught up with the journal."),
  Command.withExamples([
    { command: "everstate projections wait balances" },
    { command: "everstate projections wait balances --sequence 4711 --timeout 10" },
  ]),
)

const rebuild = remoteVerb(
  "rebuild",
  {
    name,
    noWait: Flag.Boolean("no-wait").pipe(
      Flag.withDescription("End once the tables are empty, and do not wait until they are filled again"),
      Flag.withDefault(false),
    ),
    timeoutS: seconds.pipe(
      Flag.withDescription("Seconds to wait at most; the projection goes on (default: no limit)"),
      Flag.optional,
      Flag.map(Option.getOrUndefined),
    ),
    ...operatorFlags,
  },
  Effect.fnUntraced(function* (remote, { name, noWait, timeoutS, ...input }) {
    const before = noWait ? undefined : yield* named(remote, name)
    const question = `Empty the tables of ${name} and fill them again from the first record?`
    yield* confirm(question, input)
    const report = yield* remote.send({
      method: "POST",
      path: pathOf("projections", name, "rebuild"),
      headers: signatureHeaders(input),
    })
    const begun = (paint: Paint) => `${paint("green", "done")}: ${name} is empty and fills again`
    if (before === undefined) return yield* present(report, (_, paint) => begun(paint))
    const now = yield* reached(
      remote,
      { ...(yield* named(remote, name)), offset: 0 },
      { target: before["offset"] + before["lag"], isNewest: true, timeoutS, isStopFatal: true },
    )
    yield* present(
      { ...report, ...now },
      (_, paint) => `${paint("green", "done")}: ${name} is rebuilt and has caught up`,
    )
  }),
).pipe(
  Command.withDescription(
    "Empties a read model, fills it again from the first record, and waits until it has caught up. Readers see a part of its rows meanwhile: raise its `version` instead where the old rows must stay readable. Asks before.",
  ),
  Command.withExamples([
    { command: `everstate projections rebuild balances --note "the fold forgot refunds"` },
    { command: "everstate projections rebuild balances --yes --no-wait" },
  ]),
)

export const projectionsCommand = verbGroup({
  name: "projections",
  description: "Lists read models, waits until one has caught up, and rebuilds one.",
  short: "List read models, wait for one, rebuild one",
  first: "list",
  does: "lists projections",
}).pipe(Command.withSubcommands([list, wait, rebuild]))
