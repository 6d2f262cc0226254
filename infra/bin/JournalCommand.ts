/**
 * `everstate journal`: follows, checks and exports the journal, straight on NATS. Owns the verbs.
 *
 * Without a module of definitions, events are shown as they are stored.
 */
import { once } from "node:events"
import { createWriteStream } from "node:fs"
import { rm } from "node:fs/promises"
import { Effect, Exit, Option, Schema, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { typeOfKey } from "../../runtime/address/ActorAddress.ts"
import type { JournalRecord } from "../../runtime/journal/Journal.ts"
import { partitionOfSequence, recordCountBetween } from "../../runtime/journal/Partition.ts"
import { type AuditReport, JournalAudit } from "./JournalAudit.ts"
import { recordDocument, recordText } from "./JournalRecordText.ts"
import { eachPage, natsUrl, type OpenJournal, openJournal, partitionsOf } from "./OpenJournal.ts"
import { type Paint, present, presentItem, remark } from "./Output.ts"
import { withProgress } from "./Progress.ts"
import { serverFlags } from "./RemoteFlags.ts"
import { factLines, textTable } from "./TextTable.ts"
import { VerbFailed, verbFailureOf, wrongUse } from "./VerbFailed.ts"
import { verbGroup } from "./VerbGroup.ts"

/** Records before the newest one that `tail` shows first. */
const LAST_DEFAULT = 10

const flags = {
  nats: serverFlags.nats,
  namespace: serverFlags.namespace,
}

const sequence = (name: string, description: string) =>
  Flag.Int(name).pipe(
    Flag.withSchema(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
    Flag.withDescription(description),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  )

const typeFlag = Flag.String("type").pipe(
  Flag.withDescription("Only actors of this type"),
  Flag.optional,
  Flag.map(Option.getOrUndefined),
)

const opened = Effect.fnUntraced(function* (input: {
  readonly nats: string | undefined
  readonly namespace: string
}) {
  return yield* openJournal(yield* natsUrl(input.nats), input.namespace)
})

/** First and last sequence of each partition that are read, and how many records may lie between. */
const rangesOf = Effect.fnUntraced(function* (
  { journal }: OpenJournal,
  from: number,
  to: number | undefined,
) {
  const { partitionCount } = journal
  const ranges = yield* Effect.forEach(partitionsOf(journal), (partition) =>
    Effect.map(Effect.mapError(journal.lastSequence(partition), verbFailureOf), (last) => {
      const upTo = to === undefined ? last : highestIn(partition, Math.min(last, to), partitionCount)
      return {
        after: Math.max(0, from - 1),
        upTo,
        count: recordCountBetween(Math.max(0, from - 1), upTo, partitionCount),
      }
    }),
  )
  return { ranges, total: ranges.reduce((sum, { count }) => sum + count, 0) }
})

/** The highest sequence of the partition that is not above `sequence`. */
const highestIn = (partition: number, sequence: number, partitionCount: number): number =>
  sequence - ((partitionOfSequence(sequence, partitionCount) - partition + partitionCount) % partitionCount)

const tail = Command.make(
  "tail",
  {
    ...flags,
    type: typeFlag,
    last: Flag.Int("last").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
      Flag.withDescription(`Records before the newest one to begin with (default ${LAST_DEFAULT})`),
      Flag.withDefault(LAST_DEFAULT),
    ),
    from: sequence("from", "Begin with this sequence, in place of --last"),
  },
  Effect.fnUntraced(function* ({ type, last, from, ...input }) {
    const { journal, shardCount } = yield* opened(input)
    const { partitionCount } = journal
    const follow = Effect.fnUntraced(function* (partition: number) {
      const newest = yield* Effect.mapError(journal.lastSequence(partition), verbFailureOf)
      const after = from === undefined ? newest - Math.ceil(last / partitionCount) * partitionCount : from - 1
      return journal.follow({
        types: type === undefined ? "all" : [type],
        after: Math.max(0, after),
        partition,
      })
    })
    const streams = partitionsOf(journal).map((partition) => Stream.unwrap(follow(partition)))
    yield* Stream.mergeAll(streams, { concurrency: "unbounded" }).pipe(
      Stream.mapError(verbFailureOf),
      Stream.runForEach((records) =>
        Effect.forEach(records, (record) => presentItem(recordDocument(record, shardCount), recordText), {
          discard: true,
        }),
      ),
    )
  }, Effect.scoped),
).pipe(
  Command.withDescription("Follows the journal: the newest commits, then every further one, until Ctrl-C."),
  Command.withExamples([
    { command: "everstate journal tail" },
    {
      command: "everstate journal tail --type account --from 1 --json",
      description: "All commits of a type",
    },
  ]),
)

const auditText = ({ recordCount, eventCount, actorCount, faultCount, faults }: AuditReport, paint: Paint) =>
  [
    factLines(
      [
        ["records", recordCount],
        ["events", eventCount],
        ["actors", actorCount],
        ["faults", faultCount === 0 ? paint("green", "none") : paint("red", String(faultCount))],
      ],
      paint,
    ),
    ...(faults.length === 0
      ? []
      : [
          textTable(
            faults,
            [
              { heading: "sequence", cell: ({ sequence }) => String(sequence), align: "right" },
              { heading: "actor", cell: ({ key }) => key },
              { heading: "fault", cell: ({ what }) => what },
            ],
            { paint, none: "" },
          ),
        ]),
  ].join("\n")

const verify = Command.make(
  "verify",
  flags,
  Effect.fnUntraced(function* (input) {
    const open = yield* opened(input)
    const { journal, shardCount } = open
    const audit = new JournalAudit({ shardCount, partitionCount: journal.partitionCount })
    const { ranges, total } = yield* rangesOf(open, 1, undefined)
    yield* withProgress("verify", total, (step) =>
      Effect.forEach(
        ranges,
        (range) =>
          eachPage(journal, range, (page) =>
            Effect.sync(() => {
              for (const record of page) {
                audit.check(record)
                step()
              }
            }),
          ),
        { discard: true },
      ),
    )
    const report = audit.report()
    yield* present(report, auditText)
    if (report.faultCount > 0) {
      return yield* new VerbFailed({
        exit: "failed",
        what: `The journal has ${report.faultCount} faults.`,
        hint: "Their actors are quarantined, and others go on. docs/RUNBOOK.md says what to do.",
      })
    }
  }, Effect.scoped),
).pipe(
  Command.withDescription(
    "Reads the whole journal and checks each commit: it can be read, its actor can exist, and it continues the actor's versions. Exits 1 on a fault.",
  ),
  Command.withExamples([{ command: "everstate journal verify" }]),
)

const exporting = Command.make(
  "export",
  {
    ...flags,
    type: typeFlag,
    from: sequence("from", "First sequence (default: the oldest)"),
    to: sequence("to", "Last sequence (default: the newest one at the start)"),
    out: Flag.String("out").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("File to write, which must not exist (default: standard output)"),
      Flag.optional,
      Flag.map(Option.getOrUndefined),
    ),
  },
  Effect.fnUntraced(function* ({ type, from = 1, to, out, ...input }) {
    const open = yield* opened(input)
    const { journal } = open
    const { ranges, total } = yield* rangesOf(open, from, to)
    let count = 0
    yield* Effect.acquireUseRelease(
      sinkOf(out),
      (sink) =>
        withProgress("export", total, (step) =>
          Effect.forEach(
            ranges,
            (range) =>
              eachPage(journal, range, (page) => {
                const wanted = page.filter(({ key }) => type === undefined || typeOfKey(key) === type)
                count += wanted.length
                for (let index = 0; index < page.length; index++) step()
                return wanted.length === 0 ? Effect.void : sink.write(wanted.map(exportLine).join(""))
              }),
            { discard: true },
          ),
        ),
      (sink, exit) => sink.end(Exit.isSuccess(exit)),
    )
    if (out !== undefined) {
      yield* present({ count, file: out }, () => `${count} commits are in ${out}.`)
    } else {
      yield* remark(`${count} commits.`)
    }
  }, Effect.scoped),
).pipe(
  Command.withDescription(
    "Writes commits as lines of JSON: { sequence, key, commit }, partition by partition, in their order. The commit is as it is stored (docs/ARCHITECTURE.md, Data on the wire).",
  ),
  Command.withExamples([
    { command: "everstate journal export --out journal.ndjson" },
    { command: "everstate journal export --type account --from 1000 --to 2000 | jq .commit.s" },
  ]),
)

const decoder = new TextDecoder()

/** A line of the export. The commit stays the text that is stored, so nothing of it is lost. */
const exportLine = ({ sequence, key, data }: JournalRecord): string => {
  const text = decoder.decode(data)
  return `{"sequence":${sequence},"key":${JSON.stringify(key)},"commit":${isJson(text) ? text : JSON.stringify(text)}}\n`
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return !text.includes("\n")
  } catch {
    return false
  }
}

interface Sink {
  readonly write: (text: string) => Effect.Effect<void, VerbFailed>
  /** Closes the file, and removes it if it is not whole: after Ctrl-C, or when the journal cannot be read. */
  readonly end: (isWhole: boolean) => Effect.Effect<void, VerbFailed>
}

/** The file or standard output. Writes wait until the other side has taken them. */
const sinkOf = Effect.fnUntraced(function* (out: string | undefined): Effect.fn.Return<Sink, VerbFailed> {
  const stream = out === undefined ? process.stdout : createWriteStream(out, { flags: "wx" })
  const failed = (error: unknown) =>
    (error as NodeJS.ErrnoException).code === "EEXIST"
      ? wrongUse(`The file ${out} exists.`, "Name a new file; nothing is written over.")
      : new VerbFailed({
          exit: "failed",
          what: `${out ?? "Standard output"} cannot be written: ${error}`,
          hint: "",
        })
  if (out !== undefined) yield* Effect.tryPromise({ try: () => once(stream, "open"), catch: failed })
  const written = (send: (done: (error?: Error | null) => void) => void) =>
    Effect.callback<void, VerbFailed>((resume) =>
      send((error) => resume(error ? Effect.fail(failed(error)) : Effect.void)),
    )
  return {
    write: (text) => written((done) => void stream.write(text, done)),
    end: (isWhole) => {
      if (out === undefined) return Effect.void
      const closed = written((done) => void stream.end(done))
      return isWhole
        ? closed
        : Effect.andThen(
            closed,
            Effect.promise(() => rm(out, { force: true })),
          )
    },
  }
})

export const journalCommand = verbGroup({
  name: "journal",
  description: "Follows, checks and exports the journal, straight on NATS (--nats or NATS_URL).",
  short: "Follow, check and export the journal",
  first: "tail",
  does: "follows the journal",
}).pipe(Command.withSubcommands([tail, verify, exporting]))
