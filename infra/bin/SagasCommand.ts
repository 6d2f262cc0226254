/** `everstate sagas`: list and look into sagas, and help those that are stuck. Owns the verbs. */
import { randomUUID } from "node:crypto"
import { Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import { actorsText, jsonLine, stateText } from "./ActorText.ts"
import { commandIdFlag, parsed, sentOnce } from "./CommandInput.ts"
import { confirm, operatorFlags, type Signature, signatureHeaders, signed } from "./Confirmation.ts"
import { itemsOf, listFlags, listQuery } from "./Listing.ts"
import { type Paint, present, remark } from "./Output.ts"
import { type Document, pathOf, type Remote } from "./Remote.ts"
import { remoteVerb } from "./RemoteFlags.ts"
import { factLines, textTable } from "./TextTable.ts"
import { verbGroup } from "./VerbGroup.ts"

const type = Argument.String("type").pipe(Argument.withDescription("Saga type"))
const id = Argument.String("id").pipe(Argument.withDescription("Id of the saga"))
const item = Argument.String("item").pipe(Argument.withDescription("Item of the saga, as `show` lists it"))

const list = remoteVerb(
  "list",
  {
    type: type.pipe(Argument.optional, Argument.map(Option.getOrUndefined)),
    ...listFlags,
  },
  Effect.fnUntraced(function* (remote, { type, limit, ...conditions }) {
    const path = type === undefined ? pathOf("sagas") : pathOf("sagas", type)
    const { items, next } = yield* itemsOf(remote, path, listQuery(conditions), limit)
    yield* present({ items, ...(next === undefined ? {} : { next }) }, (_, paint) =>
      items.length === 0 ? "No sagas." : actorsText(items, paint),
    )
    if (next !== undefined) yield* remark(`There are more; --limit ${limit * 10} shows more of them.`)
  }),
).pipe(
  Command.withDescription("Lists sagas of all types, or of one."),
  Command.withExamples([
    { command: "everstate sagas list --state stuck", description: "Those that need an operator" },
    {
      command: "everstate sagas list transfer --except completed,compensated,aborted,stuck --older 1h",
      description: "Running for more than an hour",
    },
  ]),
)

const itemsText = (items: ReadonlyArray<Document>, paint: Paint): string =>
  textTable<Document>(
    items,
    [
      { heading: "item", cell: ({ key }) => String(key) },
      { heading: "status", cell: ({ status }) => stateText(status, paint) },
      { heading: "attempts", cell: ({ attempts }) => String(attempts), align: "right" },
      { heading: "undo attempts", cell: ({ undoAttempts }) => String(undoAttempts), align: "right" },
      { heading: "reason or result", cell: ({ reason, result }) => reason ?? jsonLine(result) },
    ],
    { paint, none: "No items yet." },
  )

/** The verbs that help a saga that is stuck at an item. */
const helpText = ({ type, id, stuck: { item } }: Document, paint: Paint): string => {
  const verbs = [
    [`retry ${type} ${id} ${item}`, ""],
    [`skip ${type} ${id} ${item}`, "treat it as undone"],
    [`abort ${type} ${id}`, "end the saga; what is not undone stays"],
  ] as const
  const width = Math.max(...verbs.map(([verb]) => verb.length))
  const lines = verbs.map(([verb, does]) => `  everstate sagas ${verb.padEnd(width)}  ${does}`.trimEnd())
  return [paint("dim", "what to do"), ...lines].join("\n")
}

const sagaText = (saga: Document, paint: Paint): string => {
  const { type, id, version, state, cause, stuck, items = [], onlyStored } = saga
  return [
    factLines(
      [
        ["saga", `${type} ${id}`],
        ["state", stateText(state, paint)],
        ["version", version],
        ["cause", cause === undefined ? undefined : `${cause.kind} ${cause.item ?? ""} ${cause.reason}`],
        ["stuck at", stuck === undefined ? undefined : paint("red", `${stuck.item}: ${stuck.reason}`)],
      ],
      paint,
    ),
    onlyStored === undefined ? `\n${itemsText(items, paint)}` : paint("yellow", onlyStored),
    ...(stuck === undefined ? [] : ["", helpText(saga, paint)]),
  ].join("\n")
}

const show = remoteVerb(
  "show",
  { type, id },
  Effect.fnUntraced(function* (remote, { type, id }) {
    yield* present(yield* remote.get(pathOf("sagas", type, id)), sagaText)
  }),
).pipe(
  Command.withDescription("Shows a saga, item by item, and what to do where it is stuck."),
  Command.withExamples([{ command: "everstate sagas show transfer t-1" }]),
)

const verbFlags = { ...operatorFlags, commandId: commandIdFlag }

interface VerbInput extends Signature {
  readonly type: string
  readonly id: string
  readonly commandId: string | undefined
}

/** Sends a verb of operators, which the saga keeps in its history. */
const operate = Effect.fnUntraced(function* (
  remote: Remote,
  verb: string,
  { type, id, commandId = randomUUID(), ...signature }: VerbInput,
  body: { readonly [field: string]: unknown },
) {
  const order = remote.send({
    method: "POST",
    path: pathOf("sagas", type, id, verb),
    body: { ...body, ...signed(signature) },
    headers: { ...signatureHeaders(signature), "idempotency-key": commandId },
  })
  const answer = yield* sentOnce(order, commandId)
  yield* present(
    { ...answer, commandId },
    ({ version }: Document, paint) =>
      `${paint("green", "done")}: ${verb} of ${type} ${id}, now at version ${version}`,
  )
})

const retry = remoteVerb(
  "retry",
  { type, id, item, ...verbFlags },
  Effect.fnUntraced(function* (remote, { item, ...input }) {
    yield* operate(remote, "retry", input, { item })
  }),
).pipe(
  Command.withDescription(
    "Tries again to undo the item at which a saga is stuck, or waits once more for its answer.",
  ),
  Command.withExamples([{ command: `everstate sagas retry transfer t-1 withdraw --note "bank is back"` }]),
)

const skip = remoteVerb(
  "skip",
  { type, id, item, ...verbFlags },
  Effect.fnUntraced(function* (remote, { item, ...input }) {
    yield* confirm(`Treat ${item} of ${input.type} ${input.id} as undone, though it may not be?`, input)
    yield* operate(remote, "skip", input, { item })
  }),
).pipe(
  Command.withDescription("Treats the item at which a saga is stuck as undone. Asks before."),
  Command.withExamples([
    { command: `everstate sagas skip transfer t-1 withdraw --note "paid back by hand"` },
    { command: "everstate sagas skip transfer t-1 withdraw --yes", description: "Without asking" },
  ]),
)

const resolve = remoteVerb(
  "resolve",
  {
    type,
    id,
    item,
    result: Argument.String("result").pipe(
      Argument.withDescription("Result of the step, as JSON"),
      Argument.withDefault("null"),
    ),
    ...verbFlags,
  },
  Effect.fnUntraced(function* (remote, { item, result, ...input }) {
    const value = yield* parsed("The result")(result)
    yield* confirm(`Give ${item} of ${input.type} ${input.id} the result ${jsonLine(value)}?`, input)
    yield* operate(remote, "resolve", input, { item, result: value })
  }),
).pipe(
  Command.withDescription("Gives the result of a step that does not answer. Asks before."),
  Command.withExamples([{ command: `everstate sagas resolve transfer t-1 deposit '{"ok":true}'` }]),
)

const ending = (verb: "abort" | "cancel", question: string) =>
  remoteVerb(
    verb,
    { type, id, ...verbFlags },
    Effect.fnUntraced(function* (remote, input) {
      yield* confirm(question.replace("{saga}", `${input.type} ${input.id}`), input)
      yield* operate(remote, verb, input, {})
    }),
  )

const abort = ending("abort", "End {saga} at once? Steps that are not undone stay as they are.").pipe(
  Command.withDescription("Ends a saga at once. Steps that are not undone stay as they are. Asks before."),
  Command.withExamples([{ command: `everstate sagas abort transfer t-1 --note "settled by hand"` }]),
)

const cancel = ending("cancel", "Cancel {saga}, and undo what it did?").pipe(
  Command.withDescription("Cancels a saga that is not completed, and undoes its steps. Asks before."),
  Command.withExamples([{ command: "everstate sagas cancel transfer t-1" }]),
)

export const sagasCommand = verbGroup({
  name: "sagas",
  description: "Lists sagas, looks into one, and helps one that is stuck.",
  short: "List, look into and help sagas",
  first: "list",
  does: "lists sagas",
}).pipe(Command.withSubcommands([list, show, retry, skip, resolve, cancel, abort]))
