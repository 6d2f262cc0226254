/** `everstate cluster`: members and owners of slots, and the verbs of operators. Owns the verbs. */
import { Effect, Schema, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { HISTORY_MINUTES_MAX } from "../metrics/MetricsRing.ts"
import { confirm, operatorFlags, type Signature, signatureHeaders } from "./Confirmation.ts"
import { historyText } from "./HistoryText.ts"
import { momentText } from "./MomentText.ts"
import { type Paint, present, presentItem } from "./Output.ts"
import { type Document, type Order, pathOf, type Remote } from "./Remote.ts"
import { remoteVerb } from "./RemoteFlags.ts"
import { textTable } from "./TextTable.ts"
import { verbGroup } from "./VerbGroup.ts"

const member = Argument.String("member").pipe(Argument.withDescription("Name or id of the member"))
const slot = Argument.String("slot").pipe(Argument.withDescription("Name of the slot, as in shard.7"))
const type = Argument.String("type").pipe(Argument.withDescription("Actor type"))

const clusterText = (cluster: Document, paint: Paint, all: boolean): string => {
  const { members = [], slots = [], pins = {}, paused = [] } = cluster
  const nameOf = (id: string | undefined): string =>
    id === undefined
      ? paint("red", "nobody")
      : (members.find((each: Document) => each["id"] === id)?.name ?? id)
  const isAlone = members.length === 0
  const shown = slots.filter(
    (each: Document) =>
      all ||
      // Without members no slot has an owner, which need not be said of each.
      (each["member"] === undefined && !isAlone) ||
      each["stopped"] !== undefined ||
      (each["lag"] ?? 0) > 0,
  )
  const parts = [
    textTable<Document>(
      members,
      [
        { heading: "member", cell: ({ name }) => String(name) },
        { heading: "state", cell: ({ state }) => paint(state === "up" ? "green" : "yellow", String(state)) },
        { heading: "slots", cell: ({ slots }) => String(slots), align: "right" },
        { heading: "weight", cell: ({ weight }) => String(weight), align: "right" },
        { heading: "version", cell: ({ version }) => String(version || "") },
        { heading: "labels", cell: ({ labels = [] }) => labels.join(",") },
        { heading: "started", cell: ({ startedAt }) => momentText(startedAt) },
        {
          heading: "in work",
          cell: ({ load }) => (load === undefined ? paint("yellow", "no answer") : String(load.inFlight)),
          align: "right",
        },
        {
          heading: "unfit for",
          cell: ({ unfit = [] }) => paint("red", unfit.join(",")),
        },
      ],
      { paint, none: "No members." },
    ),
    "",
    textTable<Document>(
      shown,
      [
        { heading: "slot", cell: ({ slot }) => String(slot) },
        { heading: "owner", cell: ({ member }) => nameOf(member) },
        { heading: "epoch", cell: ({ epoch }) => String(epoch), align: "right" },
        { heading: "waiting", cell: ({ lag }) => String(lag ?? ""), align: "right" },
        {
          heading: "stopped at",
          cell: ({ stopped }) =>
            stopped === undefined ? "" : paint("red", `${stopped.sequence}: ${stopped.reason}`),
        },
      ],
      {
        paint,
        none: isAlone
          ? `None of ${slots.length} slots has an owner, and nothing waits.`
          : `All ${slots.length} slots have owners, and nothing waits.`,
      },
    ),
  ]
  const pinned = Object.entries(pins).map(([slot, id]) => `${slot} → ${nameOf(String(id))}`)
  if (pinned.length > 0) parts.push("", `pinned: ${pinned.join(", ")}`)
  if (paused.length > 0) parts.push("", paint("yellow", `paused types: ${paused.join(", ")}`))
  return parts.join("\n")
}

const status = remoteVerb(
  "status",
  {
    all: Flag.Boolean("all").pipe(
      Flag.withDescription("All slots, not only those that need a look"),
      Flag.withDefault(false),
    ),
  },
  Effect.fnUntraced(function* (remote, { all }) {
    yield* present(yield* remote.get("/cluster"), (cluster, paint) => clusterText(cluster, paint, all))
  }),
).pipe(
  Command.withDescription("Shows members, slots that need a look, pins and paused types."),
  Command.withExamples([
    { command: "everstate cluster status" },
    { command: "everstate cluster status --all --json" },
  ]),
)

const history = remoteVerb(
  "history",
  {
    minutes: Flag.Int("minutes").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: HISTORY_MINUTES_MAX }))),
      Flag.withDescription(`Length of the history, 1 to ${HISTORY_MINUTES_MAX} (default: all)`),
      Flag.withDefault(HISTORY_MINUTES_MAX),
    ),
  },
  Effect.fnUntraced(function* (remote, { minutes }) {
    yield* present(yield* remote.get("/history-of-metrics", { minutes }), historyText)
  }),
).pipe(
  Command.withDescription("Shows the last hour of metrics over all nodes."),
  Command.withExamples([{ command: "everstate cluster history --minutes 15" }]),
)

const events = remoteVerb(
  "events",
  {},
  Effect.fnUntraced(function* (remote) {
    yield* Stream.runForEach(remote.follow("/cluster/events"), ({ data }) =>
      presentItem(data, ({ at, type, ...rest }, paint) =>
        [at, paint("cyan", type), ...Object.entries(rest).map(([name, value]) => `${name}=${value}`)].join(
          "  ",
        ),
      ),
    )
  }),
).pipe(
  Command.withDescription("Follows what happens in the cluster, until Ctrl-C."),
  Command.withExamples([{ command: "everstate cluster events" }]),
)

/** Sends the order, once the user has confirmed it. */
const ordered = Effect.fnUntraced(function* (
  remote: Remote,
  input: Signature & { readonly yes: boolean },
  question: string,
  done: string,
  order: Order,
) {
  yield* confirm(question, input)
  const answer = yield* remote.send({ ...order, headers: signatureHeaders(input) })
  yield* present({ ...answer, done: true }, (_, paint) => `${paint("green", "done")}: ${done}`)
})

const drain = remoteVerb(
  "drain",
  { member, ...operatorFlags },
  Effect.fnUntraced(function* (remote, { member, ...input }) {
    yield* ordered(remote, input, `Take all slots from ${member}?`, `${member} hands off its slots`, {
      method: "POST",
      path: pathOf("cluster", "members", member, "drain"),
    })
  }),
).pipe(
  Command.withDescription(
    "Takes all slots from a member, which stays a member and goes on answering. Asks before.",
  ),
  Command.withExamples([{ command: `everstate cluster drain node-a --note "disk is replaced"` }]),
)

const undrain = remoteVerb(
  "undrain",
  { member, ...operatorFlags },
  Effect.fnUntraced(function* (remote, { member, ...input }) {
    yield* ordered(remote, { ...input, yes: true }, "", `${member} gets slots again`, {
      method: "POST",
      path: pathOf("cluster", "members", member, "undrain"),
    })
  }),
).pipe(
  Command.withDescription("Gives a drained member slots again."),
  Command.withExamples([{ command: "everstate cluster undrain node-a" }]),
)

const move = remoteVerb(
  "move",
  { slot, member, ...operatorFlags },
  Effect.fnUntraced(function* (remote, { slot, member, ...input }) {
    yield* ordered(
      remote,
      input,
      `Move ${slot} to ${member}, and keep it there?`,
      `${slot} moves to ${member}`,
      {
        method: "POST",
        path: pathOf("cluster", "slots", slot, "move"),
        body: { member },
      },
    )
  }),
).pipe(
  Command.withDescription("Moves a slot to a member, which keeps it for as long as it lives. Asks before."),
  Command.withExamples([{ command: "everstate cluster move shard.7 node-b" }]),
)

const unpin = remoteVerb(
  "unpin",
  { slot, ...operatorFlags },
  Effect.fnUntraced(function* (remote, { slot, ...input }) {
    yield* ordered(remote, { ...input, yes: true }, "", `${slot} is placed like all others`, {
      method: "DELETE",
      path: pathOf("cluster", "slots", slot, "pin"),
    })
  }),
).pipe(
  Command.withDescription("Ends `move`: the slot is placed like all others again."),
  Command.withExamples([{ command: "everstate cluster unpin shard.7" }]),
)

const pause = remoteVerb(
  "pause",
  { type, ...operatorFlags },
  Effect.fnUntraced(function* (remote, { type, ...input }) {
    yield* ordered(
      remote,
      input,
      `Stop commands to all actors of type ${type}?`,
      `${type} takes no commands`,
      {
        method: "POST",
        path: pathOf("types", type, "pause"),
      },
    )
  }),
).pipe(
  Command.withDescription("Stops commands to all actors of a type; messages wait, reads go on. Asks before."),
  Command.withExamples([{ command: `everstate cluster pause account --note "wrong price list"` }]),
)

const resume = remoteVerb(
  "resume",
  { type, ...operatorFlags },
  Effect.fnUntraced(function* (remote, { type, ...input }) {
    yield* ordered(remote, { ...input, yes: true }, "", `${type} takes commands again`, {
      method: "POST",
      path: pathOf("types", type, "resume"),
    })
  }),
).pipe(
  Command.withDescription("Lets the actors of a type take commands again."),
  Command.withExamples([{ command: "everstate cluster resume account" }]),
)

export const clusterCommand = verbGroup({
  name: "cluster",
  description: "Shows the cluster, follows it, and moves its work.",
  short: "Show the cluster, and move its work",
  first: "status",
  does: "shows members and slots",
}).pipe(Command.withSubcommands([status, history, events, drain, undrain, move, unpin, pause, resume]))
