/** `everstate reactors`: how far reactors are, on whichever node they run. Owns the verb. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { followersText, numberColumn } from "./FollowerText.ts"
import { type Paint, present } from "./Output.ts"
import type { Document } from "./Remote.ts"
import { remoteVerb } from "./RemoteFlags.ts"
import { verbGroup } from "./VerbGroup.ts"

const reactorsText = (reactors: ReadonlyArray<Document>, paint: Paint): string =>
  followersText(reactors, paint, { progress: [numberColumn("position")], none: "No reactors." })

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
