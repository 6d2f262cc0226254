/** `everstate operations`: what operators did, with who, when and why. Owns the verb. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { itemsOf, limitFlag } from "./Listing.ts"
import { momentText } from "./MomentText.ts"
import { present, remark } from "./Output.ts"
import type { Document } from "./Remote.ts"
import { remoteVerb } from "./RemoteFlags.ts"
import { textTable } from "./TextTable.ts"
import { verbGroup } from "./VerbGroup.ts"

const list = remoteVerb(
  "list",
  { limit: limitFlag },
  Effect.fnUntraced(function* (remote, { limit }) {
    const { items, next } = yield* itemsOf(remote, "/operations", {}, limit)
    yield* present({ items, ...(next === undefined ? {} : { next }) }, (_, paint) =>
      textTable<Document>(
        items,
        [
          { heading: "when", cell: ({ at }) => momentText(at) },
          { heading: "by", cell: ({ by }) => String(by ?? "") },
          { heading: "verb", cell: ({ verb }) => paint("cyan", String(verb)) },
          { heading: "target", cell: ({ target }) => String(target) },
          {
            heading: "outcome",
            cell: ({ outcome }) =>
              outcome === "done" ? paint("green", outcome) : paint("yellow", outcome ?? "not ended"),
          },
          { heading: "note", cell: ({ note }) => String(note) },
        ],
        { paint, none: "Nobody has done anything yet." },
      ),
    )
    if (next !== undefined) yield* remark(`There are more; --limit ${limit * 10} shows more of them.`)
  }),
).pipe(
  Command.withDescription(
    "Lists what operators did, newest first. Verbs of sagas are in the history of the saga.",
  ),
  Command.withExamples([{ command: "everstate operations list --limit 20" }]),
)

export const operationsCommand = verbGroup({
  name: "operations",
  description: "Lists what operators did.",
  short: "List what operators did",
  first: "list",
  does: "lists what operators did",
}).pipe(Command.withSubcommands([list]))
