/** `everstate projections`: how far read models are, and waiting until they have caught up. Owns the verbs. */
import { Clock, Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { type Paint, present } from "./Output.ts"
import { withProgress } from "./Progress.ts"
import type { Document, Remote } from "./Remote.ts"
import { remoteVerb } from "./RemoteFlags.ts"
import { textTable } from "./TextTable.ts"
import { VerbFailed } from "./VerbFailed.ts"
import { verbGroup } from "./VerbGroup.ts"

/** Pause between two looks at a projection, in milliseconds. */
const POLL_MS = 300
const TIMEOUT_S_DEFAULT = 60

const projectionsText = (projections: ReadonlyArray<Document>, paint: Paint): string =>
  textTable(
    projections,
    [
      { heading: "name", cell: ({ name }) => String(name) },
      { heading: "version", cell: ({ version }) => String(version ?? ""), align: "right" },
      { heading: "state", cell: ({ state }) => paint(state === "stalled" ? "red" : "cyan", String(state)) },
      { heading: "lag", cell: ({ lag }) => String(lag ?? ""), align: "right" },
      { heading: "offset", cell: ({ offset }) => String(offset ?? ""), align: "right" },
      { heading: "dead letters", cell: ({ deadLetters }) => String(deadLetters ?? ""), align: "right" },
      {
        heading: "stopped at",
        cell: ({ owners = [], lastError = "" }) => paint("red", stops(owners) || lastError),
      },
    ],
    { paint, none: "No projections." },
  )

/** Where partitions are stopped, and why; empty if none is. */
export const stops = (owners: ReadonlyArray<Document>): string =>
  owners
    .filter(({ stopped }) => stopped !== undefined)
    .map(({ slot, stopped }) => `${slot} at ${stopped.sequence}: ${stopped.reason}`)
    .join("; ")

const list = remoteVerb(
  "list",
  {},
  Effect.fnUntraced(function* (remote) {
    const { items } = yield* remote.get("/projections")
    yield* present({ items }, (_, paint) => projectionsText(items, paint))
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

const wait = remoteVerb(
  "wait",
  {
    name: Argument.String("name").pipe(Argument.withDescription("Name of the projection")),
    sequence: Flag.Int("sequence").pipe(
      Flag.withDescription("Wait for this sequence of the journal (default: the newest one at the start)"),
      Flag.optional,
      Flag.map(Option.getOrUndefined),
    ),
    timeoutS: Flag.Int("timeout").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isGreaterThan(0))),
      Flag.withDescription(`Seconds to wait at most (default ${TIMEOUT_S_DEFAULT})`),
      Flag.withDefault(TIMEOUT_S_DEFAULT),
    ),
  },
  Effect.fnUntraced(function* (remote, { name, sequence, timeoutS }) {
    const first = yield* named(remote, name)
    const target = sequence ?? first["offset"] + first["lag"]
    // Records of other types after its last one do not move the offset, so without lag it has everything.
    const endMs = (yield* Clock.currentTimeMillis) + timeoutS * 1_000
    const now = yield* withProgress(name, Math.max(0, target - first["offset"]), (step) =>
      Effect.gen(function* () {
        let now = first
        let shown = first["offset"]
        while (now["offset"] < target && !(sequence === undefined && now["lag"] === 0)) {
          if ((yield* Clock.currentTimeMillis) > endMs) {
            return yield* new VerbFailed({
              exit: "unavailable",
              what: `${name} has not reached ${target} after ${timeoutS} s; it is at ${now["offset"]}.`,
              hint: "`everstate projections list` says whether it is stopped.",
            })
          }
          yield* Effect.sleep(POLL_MS)
          now = yield* named(remote, name)
          for (; shown < Math.min(target, now["offset"]); shown++) step()
        }
        return now
      }),
    )
    yield* present(now, (_, paint) => `${paint("green", "done")}: ${name} has everything up to ${target}`)
  }),
).pipe(
  Command.withDescription("Waits until a projection has caught up with the journal."),
  Command.withExamples([
    { command: "everstate projections wait balances" },
    { command: "everstate projections wait balances --sequence 4711 --timeout 10" },
  ]),
)

export const projectionsCommand = verbGroup({
  name: "projections",
  description: "Lists read models, and waits until one has caught up.",
  short: "List read models, and wait for one",
  first: "list",
  does: "lists projections",
}).pipe(Command.withSubcommands([list, wait]))
