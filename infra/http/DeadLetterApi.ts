/**
 * The routes of dead letters, with their parameters and bodies. Dead letters are messages that the system
 * abandoned.
 *
 * What the routes do: DeadLetterRoutes.ts.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { DEAD_LETTER_PAGE_MAX, DEAD_LETTER_REASONS } from "../../runtime/deadletter/DeadLetters.ts"
import { BULK_VERBS } from "../../runtime/office/DeadLetterOffice.ts"
import { about, pageSize, wholeNumber } from "./CommandEndpoint.ts"
import { COMMAND_PROBLEMS, READ_PROBLEMS } from "./Problem.ts"

/** Letters on a page: the default, and the maximum. */
export const LETTERS_PER_PAGE = { default: 100, max: DEAD_LETTER_PAGE_MAX }

const letter = { params: { number: wholeNumber(1, Number.MAX_SAFE_INTEGER) } }

const Reason = Schema.Literals(DEAD_LETTER_REASONS)

const DeadLetter = Schema.Struct({
  number: Schema.Int,
  key: Schema.String.annotate({ description: "`type/token` of the receiver, or `reactor/<name>`" }),
  type: Schema.optionalKey(
    Schema.String.annotate({ description: "Type of the receiver, if it is an actor" }),
  ),
  id: Schema.optionalKey(Schema.String.annotate({ description: "Id of the receiver, if it is an actor" })),
  reason: Reason,
  detail: Schema.String,
  attempts: Schema.Int,
  at: Schema.String.annotate({ description: "When the message was abandoned", format: "date-time" }),
  messageId: Schema.String,
  original: Schema.String.annotate({ description: "Text of the message: JSON, unless it was malformed" }),
}).annotate({ identifier: "DeadLetter" })
export type DeadLetterDocument = typeof DeadLetter.Type

const LetterPage = Schema.Struct({
  items: Schema.Array(DeadLetter),
  next: Schema.optionalKey(Schema.String.annotate({ description: "Value of `cursor` for the next page" })),
}).annotate({ identifier: "DeadLetterPage" })

const LetterGroup = Schema.Struct({
  reason: Reason,
  count: Schema.Int,
  oldestAt: Schema.String.annotate({ format: "date-time" }),
  newestAt: Schema.String.annotate({ format: "date-time" }),
  receivers: Schema.Record(Schema.String, Schema.Int).annotate({
    description: "Letters by receiver: actor type, or `reactor/<name>`",
  }),
}).annotate({ identifier: "DeadLetterGroup" })
export type LetterGroup = typeof LetterGroup.Type

const LetterGroups = Schema.Struct({
  items: Schema.Array(LetterGroup),
  complete: Schema.Boolean.annotate({ description: "False: there are more letters than were counted" }),
}).annotate({ identifier: "DeadLetterGroups" })

const BulkReport = Schema.Struct({
  done: Schema.Int,
  keptCount: Schema.Int,
  kept: Schema.Array(Schema.Struct({ number: Schema.Int, why: Schema.String })),
  complete: Schema.Boolean.annotate({ description: "False: send the request again for the rest" }),
}).annotate({ identifier: "BulkReport" })

const Verb = Schema.Literals(BULK_VERBS)

const BulkJob = Schema.Struct({
  verb: Verb,
  reason: Reason,
  state: Schema.Literals(["running", "done", "cancelled", "failed", "interrupted"]).annotate({
    description: "`interrupted`: the node of the job went down; start the job again for the rest",
  }),
  done: Schema.Int,
  keptCount: Schema.Int,
  kept: Schema.Array(Schema.Struct({ number: Schema.Int, why: Schema.String })),
  startedAt: Schema.String.annotate({ format: "date-time" }),
  updatedAt: Schema.String.annotate({ format: "date-time" }),
  detail: Schema.optionalKey(Schema.String.annotate({ description: "Why the job failed" })),
}).annotate({ identifier: "BulkJob" })
export type BulkJobDocument = typeof BulkJob.Type

export const DeadLetterEndpoints = HttpApiGroup.make("deadLetters")
  .add(
    HttpApiEndpoint.get("letters", "/dead-letters", {
      query: {
        reason: Schema.optionalKey(Reason),
        cursor: Schema.optionalKey(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
        limit: pageSize(LETTERS_PER_PAGE),
      },
      success: LetterPage,
      error: READ_PROBLEMS,
    }).annotateMerge(about("Messages that were abandoned", "By number, ascending.")),
    HttpApiEndpoint.get("groups", "/dead-letters/groups", {
      success: LetterGroups,
      error: READ_PROBLEMS,
    }).annotateMerge(about("Dead letters by reason", "Counts and times of each reason that has letters.")),
    HttpApiEndpoint.get("letter", "/dead-letters/:number", {
      ...letter,
      success: DeadLetter,
      error: READ_PROBLEMS,
    }).annotateMerge(about("One dead letter")),
    HttpApiEndpoint.post("redrive", "/dead-letters/:number/redrive", {
      ...letter,
      success: HttpApiSchema.NoContent,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(
      about("Deliver a dead letter again", "Its receiver applies it once, even if it had applied it before."),
    ),
    HttpApiEndpoint.delete("discard", "/dead-letters/:number", {
      ...letter,
      success: HttpApiSchema.NoContent,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(about("Delete a dead letter")),
    HttpApiEndpoint.post("redriveAll", "/dead-letters/redrive", {
      payload: Schema.Struct({ reason: Reason }).annotate({ identifier: "OfReason" }),
      success: BulkReport,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(about("Deliver all dead letters with a reason again")),
    HttpApiEndpoint.delete("discardAll", "/dead-letters", {
      query: { reason: Reason },
      success: BulkReport,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(about("Delete all dead letters with a reason")),
  )
  .add(
    HttpApiEndpoint.get("bulkJobs", "/dead-letters/jobs", {
      success: Schema.Struct({ items: Schema.Array(BulkJob) }).annotate({ identifier: "BulkJobs" }),
      error: READ_PROBLEMS,
    }).annotateMerge(about("Progress of the jobs", "The latest job of each verb and reason, on any node.")),
    HttpApiEndpoint.post("startBulk", "/dead-letters/jobs", {
      payload: Schema.Struct({ verb: Verb, reason: Reason }).annotate({ identifier: "BulkTask" }),
      success: BulkJob.pipe(HttpApiSchema.status(202)),
      error: COMMAND_PROBLEMS,
    }).annotateMerge(
      about(
        "Redrive or discard all dead letters with a reason in the background",
        "A repeated request starts no second job.",
      ),
    ),
    HttpApiEndpoint.delete("cancelBulk", "/dead-letters/jobs", {
      query: { verb: Verb, reason: Reason },
      success: BulkJob,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(
      about("Cancel a job", "The letters that the job has handled stay redriven or discarded."),
    ),
  )
  .annotateMerge(OpenApi.annotations({ title: "Dead letters" }))
