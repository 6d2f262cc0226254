/** `everstate dead-letters`: what the system abandoned: list, look into, deliver again, delete. Owns the verbs. */
import { Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { DEAD_LETTER_REASONS } from "../../runtime/deadletter/DeadLetters.ts"
import { jsonText } from "./ActorText.ts"
import { confirm, operatorFlags, type Signature, signatureHeaders } from "./Confirmation.ts"
import { itemsOf, limitFlag } from "./Listing.ts"
import { momentText, timeAndMoment } from "./MomentText.ts"
import { present, remark } from "./Output.ts"
import { withProgress } from "./Progress.ts"
import { type Document, pathOf, type Remote } from "./Remote.ts"
import { remoteVerb } from "./RemoteFlags.ts"
import { factLines, textTable } from "./TextTable.ts"
import { VerbFailed, wrongUse } from "./VerbFailed.ts"
import { verbGroup } from "./VerbGroup.ts"

/** Pause between two looks at a job, in milliseconds. */
const JOB_POLL_MS = 300

const number = Argument.Int("number").pipe(
  Argument.withSchema(Schema.Int.check(Schema.isGreaterThan(0))),
  Argument.withDescription("Number of the dead letter, as `list` shows it"),
)

const reasonFlag = Flag.Literals("reason", DEAD_LETTER_REASONS).pipe(
  Flag.withDescription("Only those with this reason"),
  Flag.optional,
  Flag.map(Option.getOrUndefined),
)

/** `order/주문`, as other verbs take type and id; the key if the id would break the line. */
const receiverText = ({ key, type, id }: Document): string =>
  id === undefined || /\p{Cc}/u.test(id) ? String(key) : `${type}/${id}`

const list = remoteVerb(
  "list",
  { reason: reasonFlag, limit: limitFlag },
  Effect.fnUntraced(function* (remote, { reason, limit }) {
    const { items, next } = yield* itemsOf(remote, pathOf("dead-letters"), { reason }, limit)
    yield* present({ items, ...(next === undefined ? {} : { next }) }, (_, paint) =>
      textTable<Document>(
        items,
        [
          { heading: "number", cell: ({ number }) => String(number), align: "right" },
          { heading: "when", cell: ({ at }) => momentText(at) },
          { heading: "receiver", cell: receiverText },
          { heading: "reason", cell: ({ reason }) => paint("yellow", String(reason)) },
          { heading: "attempts", cell: ({ attempts }) => String(attempts), align: "right" },
          { heading: "detail", cell: ({ detail }) => String(detail).split("\n")[0] ?? "" },
        ],
        { paint, none: "No dead letters." },
      ),
    )
    if (next !== undefined) yield* remark(`There are more; --limit ${limit * 10} shows more of them.`)
  }),
).pipe(
  Command.withDescription("Lists the messages and events that the system abandoned, oldest first."),
  Command.withExamples([
    { command: "everstate dead-letters list" },
    { command: `everstate dead-letters list --reason ${DEAD_LETTER_REASONS[0]}` },
  ]),
)

const show = remoteVerb(
  "show",
  { number },
  Effect.fnUntraced(function* (remote, { number }) {
    yield* present(yield* remote.get(pathOf("dead-letters", number)), (letter, paint) =>
      [
        factLines(
          [
            ["number", letter["number"]],
            ["receiver", receiverText(letter)],
            ["reason", paint("yellow", String(letter["reason"]))],
            ["detail", letter["detail"]],
            ["attempts", letter["attempts"]],
            ["at", timeAndMoment(letter["at"])],
            ["message id", letter["messageId"]],
          ],
          paint,
        ),
        paint("dim", "message"),
        originalText(letter["original"]),
      ].join("\n"),
    )
  }),
).pipe(
  Command.withDescription("Shows a dead letter with its message."),
  Command.withExamples([{ command: "everstate dead-letters show 12" }]),
)

const originalText = (original: string): string => {
  try {
    return jsonText(JSON.parse(original))
  } catch {
    return original // the message is no JSON, which may be why it is here
  }
}

type Verb = "redrive" | "discard"

/** All letters with a reason, in the background of the system; shows how far it is. */
const bulk = Effect.fnUntraced(function* (
  remote: Remote,
  verb: Verb,
  reason: string,
  total: number,
  signature: Signature,
) {
  const job = (document: Document) => ({ ...document, verb, reason })
  const begun = yield* remote.send({
    method: "POST",
    path: "/dead-letters/jobs",
    body: { verb, reason },
    headers: signatureHeaders(signature),
  })
  const followed = withProgress(verb, total, (step) =>
    Effect.gen(function* () {
      let now = begun
      let shown = 0
      while (now["state"] === "running") {
        yield* Effect.sleep(JOB_POLL_MS)
        const { items } = yield* remote.get("/dead-letters/jobs")
        now = items.find((each: Document) => each["verb"] === verb && each["reason"] === reason) ?? now
        for (; shown < now["done"]; shown++) step()
      }
      return now
    }),
  )
  const now = yield* Effect.onInterrupt(followed, () => leftBehind(remote, verb, reason, signature))
  const { state, done, keptCount, kept = [], detail } = now
  yield* present(job(now), (_, paint) =>
    [
      `${paint(state === "done" ? "green" : "red", state)}: ${done} of ${total}${keptCount > 0 ? `, ${keptCount} kept` : ""}`,
      ...kept.map((letter: Document) => `  ${letter["number"]}: ${letter["why"]}`),
    ].join("\n"),
  )
  if (state !== "done") {
    return yield* new VerbFailed({
      exit: "failed",
      what: `The job is ${state}${detail === undefined ? "" : `: ${detail}`}.`,
      hint: "Start it again for the rest.",
    })
  }
})

/** What becomes of a job whose verb was interrupted. */
const leftBehind = Effect.fnUntraced(function* (
  remote: Remote,
  verb: Verb,
  reason: string,
  signature: Signature,
) {
  const left = "`everstate dead-letters list` shows what is left."
  if (!remote.endsWithVerb) return yield* remark(`The system goes on with the job; ${left}`)
  const order = { method: "DELETE", path: "/dead-letters/jobs", query: { verb, reason } } as const
  yield* Effect.ignore(remote.send({ ...order, headers: signatureHeaders(signature) }))
  yield* remark(`The job is cancelled; ${left}`)
})

const countOf = Effect.fnUntraced(function* (remote: Remote, reason: string) {
  const { items } = yield* remote.get("/dead-letters/groups")
  return Number(items.find((group: Document) => group["reason"] === reason)?.count ?? 0)
})

const verb = (name: Verb, question: (what: string) => string) =>
  remoteVerb(
    name,
    {
      number: number.pipe(Argument.optional, Argument.map(Option.getOrUndefined)),
      reason: reasonFlag.pipe(Flag.withDescription("All with this reason, in place of a number")),
      ...operatorFlags,
    },
    Effect.fnUntraced(function* (remote, { number, reason, ...input }) {
      if (number !== undefined && reason === undefined) {
        yield* confirm(question(`dead letter ${number}`), input)
        yield* remote.send({
          method: name === "redrive" ? "POST" : "DELETE",
          path:
            name === "redrive" ? pathOf("dead-letters", number, "redrive") : pathOf("dead-letters", number),
          headers: signatureHeaders(input),
        })
        return yield* present(
          { number, done: true },
          (_, paint) => `${paint("green", "done")}: ${name} ${number}`,
        )
      }
      if (number !== undefined || reason === undefined) {
        return yield* wrongUse("Give the number of one dead letter, or --reason for all with a reason.")
      }
      const total = yield* countOf(remote, reason)
      if (total === 0)
        return yield* present({ done: 0, reason }, () => `No dead letters with the reason ${reason}.`)
      const all = total === 1 ? "the dead letter" : `all ${total} dead letters`
      yield* confirm(question(`${all} with the reason ${reason}`), input)
      yield* bulk(remote, name, reason, total, input)
    }),
  )

const redrive = verb("redrive", (what) => `Deliver ${what} again?`).pipe(
  Command.withDescription(
    "Delivers a dead letter again, or all with a reason. Its receiver applies it once. Asks before.",
  ),
  Command.withExamples([
    { command: "everstate dead-letters redrive 12" },
    {
      command: `everstate dead-letters redrive --reason ${DEAD_LETTER_REASONS[0]} --yes --note "fixed in 1.4"`,
    },
  ]),
)

const discard = verb("discard", (what) => `Delete ${what} for ever?`).pipe(
  Command.withDescription("Deletes a dead letter, or all with a reason. Asks before."),
  Command.withExamples([
    { command: `everstate dead-letters discard 12 --note "sent by mistake"` },
    { command: `everstate dead-letters discard --reason ${DEAD_LETTER_REASONS[0]}` },
  ]),
)

export const deadLettersCommand = verbGroup({
  name: "dead-letters",
  description: "Lists what the system abandoned, looks into it, delivers it again, or deletes it.",
  short: "List, redrive and discard what was abandoned",
  first: "list",
  does: "lists what the system abandoned",
}).pipe(Command.withSubcommands([list, show, redrive, discard]))
