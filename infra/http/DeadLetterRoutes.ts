/** Handlers of the routes in DeadLetterApi.ts. What the verbs mean: runtime/office/DeadLetterOffice.ts. */
import { Effect } from "effect"
import type { HttpApiBuilder } from "effect/http-api"
import type { BulkJob, BulkReport, BulkTask, StoredDeadLetter } from "../../runtime/operations.ts"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
import {
  type BulkJobDocument,
  type DeadLetterDocument,
  type DeadLetterEndpoints,
  LETTERS_PER_PAGE,
} from "./DeadLetterApi.ts"
import { isoTime } from "./IsoTime.ts"
import { problem, problemOf, type ServiceError } from "./Problem.ts"
import { problemResponse } from "./ProblemResponses.ts"

const letterDocument = ({ atMs, attemptCount, ...letter }: StoredDeadLetter): DeadLetterDocument => ({
  ...letter,
  attempts: attemptCount,
  at: isoTime(atMs),
})

const bulkDocument = ({ doneCount, isComplete, ...report }: BulkReport) => ({
  done: doneCount,
  ...report,
  complete: isComplete,
})

const jobDocument = ({ doneCount, startedAtMs, updatedAtMs, ...job }: BulkJob): BulkJobDocument => ({
  ...job,
  done: doneCount,
  startedAt: isoTime(startedAtMs),
  updatedAt: isoTime(updatedAtMs),
})

const noJob = ({ verb, reason }: BulkTask) =>
  problem("deadLetterNotFound", `There is no job to ${verb} dead letters with the reason ${reason}.`)

const orProblem = <A, E extends ServiceError, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.catch(effect, (error) => Effect.succeed(problemResponse(problemOf(error))))

/** Handles the group `deadLetters` of any API that has `DeadLetterEndpoints`. */
export const deadLetterHandlers = Effect.fnUntraced(function* (
  handlers: HttpApiBuilder.Handlers.FromGroup<typeof DeadLetterEndpoints>,
) {
  const { deadLetters } = yield* ActorSystem
  const page = Effect.fnUntraced(function* (query: Parameters<typeof deadLetters.list>[0]) {
    const limit = query?.limit ?? LETTERS_PER_PAGE.default
    const letters = yield* deadLetters.list({ ...query, limit })
    const last = letters.at(-1)
    const isFull = letters.length === limit && last !== undefined
    return { letters: letters.map(letterDocument), ...(isFull ? { next: last.number } : {}) }
  })
  return handlers.handleAll({
    letters: ({ query }) => orProblem(page(query)),
    letter: ({ params }) => orProblem(Effect.map(deadLetters.show(params.number), letterDocument)),
    redrive: ({ params }) => orProblem(deadLetters.redrive(params.number)),
    discard: ({ params }) => orProblem(deadLetters.discard(params.number)),
    redriveAll: ({ payload }) => orProblem(Effect.map(deadLetters.redriveAll(payload), bulkDocument)),
    bulkJobs: () => orProblem(Effect.map(deadLetters.bulkJobs, (jobs) => ({ jobs: jobs.map(jobDocument) }))),
    startBulk: ({ payload }) => orProblem(Effect.map(deadLetters.startBulk(payload), jobDocument)),
    cancelBulk: ({ query }) =>
      orProblem(
        Effect.map(deadLetters.cancelBulk(query), (job) =>
          job === undefined ? problemResponse(noJob(query)) : jobDocument(job),
        ),
      ),
    discardAll: ({ query }) => orProblem(Effect.map(deadLetters.discardAll(query), bulkDocument)),
  })
})
