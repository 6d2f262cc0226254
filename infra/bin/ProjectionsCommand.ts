/**
 * `everstate projections`: how far read models are, waiting until they have caught up, rebuilding.
 *
 * Owns the verbs. How one is waited for: ProjectionWait.ts.
 */
import { Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { confirm, operatorFlags, signatureHeaders } from "./Confirmation.ts"
import { followersText, numberColumn } from "./FollowerText.ts"
import { type Paint, present, remark } from "./Output.ts"
import {
  COUNTS_ALL_TYPES,
  countsAllTypes,
  projectionNamed,
  reached,
  WAIT_S_DEFAULT,
} from "./ProjectionWait.ts"
import { type Document, pathOf } from "./Remote.ts"
import { remoteVerb } from "./RemoteFlags.ts"
import { verbGroup } from "./VerbGroup.ts"

const projectionsText = (projections: ReadonlyArray<Document>, paint: Paint): string =>
  followersText(projections, paint, {
    beside: [numberColumn("version")],
    progress: [numberColumn("offset"), numberColumn("dead letters", "deadLetters")],
    none: "No projections.",
  })

const list = remoteVerb(
  "list",
  {},
  Effect.fnUntraced(function* (remote) {
    const { items } = yield* remote.get("/projections")
    yield* present({ items }, (_, paint) => projectionsText(items, paint))
    if (items.some(countsAllTypes)) yield* remark(COUNTS_ALL_TYPES)
  }),
).pipe(
  Command.withDescription(
    "Lists projections: how far they are behind the journal, and where one is stopped.",
  ),
  Command.withExamples([{ command: "everstate projections list" }]),
)

const name = Argument.String("name").pipe(Argument.withDescription("Name of the projection"))

const seconds = Flag.Int("timeout").pipe(Flag.withSchema(Schema.Int.check(Schema.isGreaterThan(0))))

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
      Flag.withDescription(`Seconds to wait at most (default ${WAIT_S_DEFAULT})`),
      Flag.withDefault(WAIT_S_DEFAULT),
    ),
  },
  Effect.fnUntraced(function* (remote, { name, sequence, timeoutS }) {
    const first = yield* projectionNamed(remote, name)
    const target = sequence ?? first["offset"] + first["lag"]
    const now = yield* reached(remote, first, {
      target,
      isNewest: sequence === undefined,
      timeoutS,
    })
    yield* present(now, (_, paint) => `${paint("green", "done")}: ${name} has everything up to ${target}`)
  }),
).pipe(
  Command.withDescription(
    "Waits until a projection has caught up with the journal. Fails at once where it is stopped, and after 5 s where no node runs it.",
  ),
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
    const before = noWait ? undefined : yield* projectionNamed(remote, name)
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
      { ...(yield* projectionNamed(remote, name)), offset: 0 },
      { target: before["offset"] + before["lag"], isNewest: true, timeoutS },
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
