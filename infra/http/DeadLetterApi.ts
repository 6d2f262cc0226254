/**
 * The routes of dead letters, their parameters and their bodies: the messages that the system gave up on.
 *
 * What the routes do: DeadLetterRoutes.ts.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { DEAD_LETTER_PAGE_MAX, DEAD_LETTER_REASONS } from "../../runtime/deadletter/DeadLetters.ts"
import { BULK_VERBS } from "../../runtime/office/DeadLetterOffice.ts"
import { about, pageSize, wholeNumber } from "./CommandEndpoint.ts"
import { COMMAND_PROBLEMS, READ_PROBLEMS } from "./Problem.ts"

/** Letters on a page, unless asked otherwise, and at most. */
export const LETTERS_PER_PAGE = { default: 100, max: DEAD_LETTER_PAGE_MAX }

const letter = { params: { number: wholeNumber(1, Number.MAX_SAFE_INTEGER) } }

const Reason = Schema.Literals(DEAD_LETTER_REASONS)

const DeadLetter = Schema.Struct({
  number: Schema.Int,
  key: Schema.String.annotate({ description: "`type/token` of the actor it was for, or `reactor/<name>`" }),
  reason: Reason,
  detail: Schema.String,
  attempts: Schema.Int,
  at: Schema.String.annotate({ description: "When it was given up", format: "date-time" }),
  messageId: Schema.String,
  original: Schema.String.annotate({ description: "The message as it was: JSON, unless malformed" }),
}).annotate({ identifier: "DeadLetter" })
export type DeadLetterDocument = typeof DeadLetter.Type

const LetterPage = Schema.Struct({
  letters: Schema.Array(DeadLetter),
  next: Schema.optionalKey(Schema.Int.annotate({ description: "Give it as `after` for the next page" })),
}).annotate({ identifier: "DeadLetterPage" })

const BulkReport = Schema.Struct({
  done: Schema.Int,
  keptCount: Schema.Int,
  kept: Schema.Array(Schema.Struct({ number: Schema.Int, why: Schema.String })),
  complete: Schema.Boolean.annotate({ description: "False: ask again for the rest" }),
}).annotate({ identifier: "BulkReport" })

const Verb = Schema.Literals(BULK_VERBS)

const BulkJob = Schema.Struct({
  verb: Verb,
  reason: Reason,
  state: Schema.Literals(["running", "done", "cancelled", "failed", "interrupted"]).annotate({
    description: "`interrupted`: its node went down; start it again for what is left",
  }),
  done: Schema.Int,
  keptCount: Schema.Int,
  kept: Schema.Array(Schema.Struct({ number: Schema.Int, why: Schema.String })),
  startedAt: Schema.String.annotate({ format: "date-time" }),
  updatedAt: Schema.String.annotate({ format: "date-time" }),
  detail: Schema.optionalKey(Schema.String.annotate({ description: "Why it failed" })),
}).annotate({ identifier: "BulkJob" })
export type BulkJobDocument = typeof BulkJob.Type

export const DeadLetterEndpoints = HttpApiGroup.make("deadLetters")
  .add(
    HttpApiEndpoint.get("letters", "/dead-letters", {
      query: {
        reason: Schema.optionalKey(Reason),
        after: Schema.optionalKey(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
        limit: pageSize(LETTERS_PER_PAGE),
      },
      success: LetterPage,
      error: READ_PROBLEMS,
    }).annotateMerge(about("Messages that were given up", "By number, ascending.")),
    HttpApiEndpoint.get("letter", "/dead-letters/:number", {
      ...letter,
      success: DeadLetter,
      error: READ_PROBLEMS,
    }).annotateMerge(about("One of them")),
    HttpApiEndpoint.post("redrive", "/dead-letters/:number/redrive", {
      ...letter,
      success: HttpApiSchema.NoContent,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(about("Deliver it again", "It is applied once, whatever happened to it before.")),
    HttpApiEndpoint.delete("discard", "/dead-letters/:number", {
      ...letter,
      success: HttpApiSchema.NoContent,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(about("Forget it for good")),
    HttpApiEndpoint.post("redriveAll", "/dead-letters/redrive", {
      payload: Schema.Struct({ reason: Reason }).annotate({ identifier: "OfReason" }),
      success: BulkReport,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(about("Deliver all of a reason again")),
    HttpApiEndpoint.delete("discardAll", "/dead-letters", {
      query: { reason: Reason },
      success: BulkReport,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(about("Forget all of a reason for good")),
  )
  .add(
    HttpApiEndpoint.get("bulkJobs", "/dead-letters/jobs", {
      success: Schema.Struct({ jobs: Schema.Array(BulkJob) }).annotate({ identifier: "BulkJobs" }),
      error: READ_PROBLEMS,
    }).annotateMerge(about("How far the jobs are", "The latest of each verb and reason, on any node.")),
    HttpApiEndpoint.post("startBulk", "/dead-letters/jobs", {
      payload: Schema.Struct({ verb: Verb, reason: Reason }).annotate({ identifier: "BulkTask" }),
      success: BulkJob.pipe(HttpApiSchema.status(202)),
      error: COMMAND_PROBLEMS,
    }).annotateMerge(
      about("Redrive or discard all of a reason in the background", "Asked twice, there is one job."),
    ),
    HttpApiEndpoint.delete("cancelBulk", "/dead-letters/jobs", {
      query: { verb: Verb, reason: Reason },
      success: BulkJob,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(about("End a job", "What it has done stays done.")),
  )
  .annotateMerge(OpenApi.annotations({ title: "Dead letters" }))
