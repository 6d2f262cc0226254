/**
 * `everstate actors`: list, look into, follow and ask actors.
 *
 * Owns the verbs. Their text is ActorText.ts; conditions of lists are in Listing.ts, commands in
 * CommandInput.ts.
 */
import { Effect, Option, Schema, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import {
  actorsText,
  actorText,
  decisionText,
  historyText,
  jsonLine,
  pendingText,
  stateText,
} from "./ActorText.ts"
import {
  commandFlags,
  commandHeaders,
  commandInput,
  conditionFlag,
  payloadOf,
  reasonFlag,
  type SentCommand,
  sentOnce,
  waitFlag,
} from "./CommandInput.ts"
import { itemsOf, limitFlag, listFlags, listQuery } from "./Listing.ts"
import { type Paint, present, presentItem, remark } from "./Output.ts"
import { type Document, pathOf, type Query, type Remote } from "./Remote.ts"
import { remoteVerb } from "./RemoteFlags.ts"
import { wrongUse } from "./VerbFailed.ts"
import { verbGroup } from "./VerbGroup.ts"

/** Pause before a stream is opened again, in milliseconds. */
const RECONNECT_MS = 1_000

const type = Argument.String("type").pipe(Argument.withDescription("Actor type"))
const id = Argument.String("id").pipe(Argument.withDescription("Id of the actor"))

const momentFlags = {
  version: Flag.Int("version-at").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
    Flag.withDescription("Directly after this version"),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  ),
  time: Flag.String("time").pipe(
    Flag.withDescription("At this time, RFC 3339: 2026-05-01T12:00:00Z"),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  ),
}

const list = remoteVerb(
  "list",
  { type, ...listFlags },
  Effect.fnUntraced(function* (remote, { type, limit, ...conditions }) {
    const { items, next } = yield* itemsOf(remote, pathOf("actors", type), listQuery(conditions), limit)
    yield* present({ items, ...(next === undefined ? {} : { next }) }, ({ items }, paint) =>
      actorsText(items, paint),
    )
    if (next !== undefined) yield* remark(`There are more; --limit ${limit * 10} shows more of them.`)
  }),
).pipe(
  Command.withDescription("Lists the actors of a type, by id, from the directory."),
  Command.withExamples([
    { command: "everstate actors list account" },
    { command: "everstate actors list order --state placed --idle 1d", description: "In placed for a day" },
    { command: "everstate actors list order --quarantined --json" },
  ]),
)

const show = remoteVerb(
  "show",
  { type, id },
  Effect.fnUntraced(function* (remote, { type, id }) {
    const [actor, pending] = yield* Effect.all(
      [remote.get(pathOf("actors", type, id)), remote.get(pathOf("actors", type, id, "pending"))],
      { concurrency: 2 },
    )
    yield* present({ ...actor, pending }, (_, paint) =>
      [actorText(actor, paint), pendingText(pending, paint)].filter(Boolean).join("\n"),
    )
  }),
).pipe(
  Command.withDescription("Shows the state of an actor, and what it waits for."),
  Command.withExamples([
    { command: "everstate actors show account alice" },
    { command: "everstate actors show account alice --json | jq .context" },
  ]),
)

const history = remoteVerb(
  "history",
  { type, id, limit: limitFlag },
  Effect.fnUntraced(function* (remote, { type, id, limit }) {
    const { items, next, first } = yield* itemsOf(remote, pathOf("actors", type, id, "history"), {}, limit)
    const { birth } = first
    yield* present(
      { ...(birth === undefined ? {} : { birth }), items, ...(next === undefined ? {} : { next }) },
      (_, paint) => historyText(items, paint),
    )
    if (next !== undefined) yield* remark(`There are more; --limit ${limit * 10} shows more of them.`)
  }),
).pipe(
  Command.withDescription("Lists the events of an actor, oldest first, from the journal."),
  Command.withExamples([{ command: "everstate actors history account alice" }]),
)

const at = remoteVerb(
  "at",
  { type, id, ...momentFlags },
  Effect.fnUntraced(function* (remote, { type, id, ...moment }) {
    if ((moment.version === undefined) === (moment.time === undefined)) {
      return yield* wrongUse("Give one of --version-at and --time.")
    }
    yield* present(yield* remote.get(pathOf("actors", type, id, "at"), moment), actorText)
  }),
).pipe(
  Command.withDescription("Shows a past state of an actor."),
  Command.withExamples([
    { command: "everstate actors at account alice --version-at 3" },
    { command: "everstate actors at account alice --time 2026-05-01T12:00:00Z" },
  ]),
)

const changeText = ({ version, state, events, skipped }: Document, paint: Paint): string =>
  [
    `${String(version).padStart(6)}  ${stateText(state, paint)}`,
    ...(skipped > 0 ? [paint("yellow", `(${skipped} versions skipped)`)] : []),
    ...(events ?? []).map(({ type, data }: Document) => `${paint("cyan", type)} ${jsonLine(data)}`),
  ].join("  ")

const watch = remoteVerb(
  "watch",
  { type, id },
  Effect.fnUntraced(function* (remote, { type, id }) {
    let after: number | undefined
    const stream = Stream.suspend(() => remote.follow(pathOf("actors", type, id, "watch"), { after }))
    const once = Stream.runForEach(stream, ({ kind, data }) => {
      if (kind !== "change") return Effect.void
      after = data["version"]
      return presentItem(data, changeText)
    })
    // A stream that ends goes on after the last change: at another node, if its own one stops.
    yield* once.pipe(
      Effect.catchIf(
        ({ exit }) => exit === "unavailable" && after !== undefined,
        ({ what }) => remark(`${what} Connecting again.`),
      ),
      Effect.andThen(Effect.sleep(RECONNECT_MS)),
      Effect.forever,
    )
  }),
).pipe(
  Command.withDescription("Follows an actor: its current state, then every change, until Ctrl-C."),
  Command.withExamples([
    { command: "everstate actors watch account alice" },
    {
      command: "everstate actors watch account alice --json",
      description: "One line of JSON for each change",
    },
  ]),
)

const sentTo = Effect.fnUntraced(function* (
  remote: Remote,
  query: Query,
  { type, id, command, ...input }: SentCommand,
) {
  const { headers, commandId } = commandHeaders(input)
  const order = remote.send({
    method: "POST",
    path: pathOf("actors", type, id, command),
    query,
    body: yield* payloadOf(input),
    headers,
  })
  return { ...(yield* sentOnce(order, commandId)), commandId } as Document
})

const ask = remoteVerb(
  "ask",
  { type, id, ...commandInput, ...commandFlags, ...reasonFlag, ...conditionFlag, ...waitFlag },
  Effect.fnUntraced(function* (remote, input) {
    const answer = yield* sentTo(remote, {}, input)
    const outcome = answer["duplicate"] === true ? "applied before" : "applied"
    yield* present(answer, (_, paint) =>
      decisionText({ ...answer, outcome, fromVersion: answer["version"], version: undefined }, paint),
    )
  }),
).pipe(
  Command.withDescription(
    "Sends a command to an actor, and shows the answer once it is durable. A rejection ends with exit code 3.",
  ),
  Command.withExamples([
    { command: `everstate actors ask account alice Deposit '{"minor":100}'` },
    { command: "everstate actors ask account alice Close", description: "A command without a payload" },
    { command: `everstate actors ask account alice Withdraw '{"minor":30}' --command-id w-1 --if-version 4` },
    { command: `everstate actors ask account alice Close --note "asked for by letter"` },
  ]),
)

const tell = remoteVerb(
  "tell",
  { type, id, ...commandInput, ...commandFlags, ...reasonFlag },
  Effect.fnUntraced(function* (remote, input) {
    const { type, id } = input
    const answer = yield* sentTo(remote, { via: "tell" }, input)
    yield* present(
      answer,
      ({ commandId }, paint) =>
        `${paint("green", "stored")} in the mailbox of ${type} ${id}, as ${commandId}`,
    )
  }),
).pipe(
  Command.withDescription(
    "Stores a command in the mailbox of an actor, which applies it once. One that it rejects becomes a dead letter.",
  ),
  Command.withExamples([{ command: `everstate actors tell account alice Deposit '{"minor":100}'` }]),
)

const dryRun = remoteVerb(
  "dry-run",
  { type, id, ...commandInput, ...commandFlags, ...conditionFlag, ...momentFlags },
  Effect.fnUntraced(function* (remote, { type, id, command, version, time, ...input }) {
    const run = yield* remote.send({
      method: "POST",
      path: pathOf("actors", type, id, command, "dry-run"),
      query: { version, time },
      body: yield* payloadOf(input),
      headers: commandHeaders(input).headers,
    })
    yield* present(run, decisionText)
  }),
).pipe(
  Command.withDescription(
    "Decides a command on a copy of the actor's state, and shows what it would store, send and answer.",
  ),
  Command.withExamples([
    { command: `everstate actors dry-run account alice Withdraw '{"minor":500}'` },
    { command: `everstate actors dry-run account alice Withdraw '{"minor":500}' --version-at 3` },
  ]),
)

export const actorsCommand = verbGroup({
  name: "actors",
  description: "Lists actors, looks into one, follows it, and sends it commands.",
  short: "List, look into, follow and ask actors",
  first: "list TYPE",
  does: "lists the actors of a type",
}).pipe(Command.withSubcommands([list, show, history, at, watch, ask, tell, dryRun]))
