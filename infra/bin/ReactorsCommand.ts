/** `everstate reactors`: how far reactors are, on whichever node they run. Owns the verb. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { type Paint, present } from "./Output.ts"
import { stops } from "./ProjectionsCommand.ts"
import type { Document } from "./Remote.ts"
import { remoteVerb } from "./RemoteFlags.ts"
import { textTable } from "./TextTable.ts"
import { verbGroup } from "./VerbGroup.ts"

const reactorsText = (reactors: ReadonlyArray<Document>, paint: Paint): string =>
  textTable(
    reactors,
    [
      { heading: "name", cell: ({ name }) => String(name) },
      { heading: "state", cell: ({ state }) => paint(state === "stalled" ? "red" : "cyan", String(state)) },
      { heading: "lag", cell: ({ lag }) => String(lag ?? ""), align: "right" },
      { heading: "position", cell: ({ position }) => String(position ?? ""), align: "right" },
      {
        heading: "stopped at",
        cell: ({ owners = [], lastError = "" }) => paint("red", stops(owners) || lastError),
      },
    ],
    { paint, none: "No reactors." },
  )

const list = remoteVerb(
  "list",
  {},
  Effect.fnUntraced(function* (remote) {
    const { items } = yield* remote.get("/reactors")
    yield* present({ items }, (_, paint) => reactorsText(items, paint))
  }),
).pipe(
  Command.withDescription("Lists reactors: how far they are behind the journal, and where one is stopped."),
  Command.withExamples([{ command: "everstate reactors list" }]),
)

export const reactorsCommand = verbGroup({
  name: "reactors",
  description: "Lists reactors.",
  short: "List reactors: position and lag",
  first: "list",
  does: "lists reactors",
}).pipe(Command.withSubcommands([list]))
