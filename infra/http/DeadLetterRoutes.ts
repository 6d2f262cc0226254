/** Handlers of the routes in DeadLetterApi.ts. What the verbs mean: runtime/office/DeadLetterOffice.ts. */
import { Effect } from "effect"
import type { HttpApiBuilder } from "effect/http-api"
import { addressNamed } from "../../runtime/address/ActorAddress.ts"
import type {
  BulkJob,
  BulkReport,
  BulkTask,
  DeadLetterReason,
  StoredDeadLetter,
} from "../../runtime/operations.ts"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
import {
  type BulkJobDocument,
  type DeadLetterDocument,
  type DeadLetterEndpoints,
  LETTERS_PER_PAGE,
} from "./DeadLetterApi.ts"
import { isoTime } from "./IsoTime.ts"
import { keptAnswer } from "./KeptAnswer.ts"
import { LETTERS_COUNTED_MAX, LetterGroups } from "./LetterGroups.ts"
import { problem } from "./Problem.ts"
import { orProblem, problemResponse } from "./ProblemResponses.ts"

const letterDocument = ({ atMs, attemptCount, ...letter }: StoredDeadLetter): DeadLetterDocument => ({
  ...letter,
  ...receiverOf(letter),
  attempts: attemptCount,
  at: isoTime(atMs),
})

/** The actor that the letter's message is for; nothing for a reactor's event, and for a key of no actor. */
const receiverOf = ({ key, reason }: Pick<StoredDeadLetter, "key" | "reason">) => {
  const address = reason === "ReactorFailed" ? undefined : addressNamed(key, 1)
  return address && { type: address.type, id: address.id }
}

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

interface LetterQuery {
  readonly reason?: DeadLetterReason
  readonly cursor?: number
  readonly limit?: number
}

const noJob = ({ verb, reason }: BulkTask) =>
  problem("deadLetterNotFound", `There is no job to ${verb} dead letters with the reason ${reason}.`)

/** Handles the group `deadLetters` of any API that has `DeadLetterEndpoints`. */
export const deadLetterHandlers = Effect.fnUntraced(function* (
  handlers: HttpApiBuilder.Handlers.FromGroup<typeof DeadLetterEndpoints>,
) {
  const { deadLetters } = yield* ActorSystem
  const page = Effect.fnUntraced(function* ({
    reason,
    cursor,
    limit = LETTERS_PER_PAGE.default,
  }: LetterQuery) {
    const letters = yield* deadLetters.list({
      limit,
      ...(cursor === undefined ? {} : { after: cursor }),
      ...(reason === undefined ? {} : { reason }),
    })
    const last = letters.at(-1)
    const isFull = letters.length === limit && last !== undefined
    return { items: letters.map(letterDocument), ...(isFull ? { next: String(last.number) } : {}) }
  })
  // Every open console asks for the groups, and they take some time with thousands of letters.
  const groups = keptAnswer(
    Effect.gen(function* () {
      const counted = new LetterGroups()
      let after = 0
      let isFull = true
      while (isFull && counted.letterCount < LETTERS_COUNTED_MAX) {
        const letters = yield* deadLetters.list({ after, limit: LETTERS_PER_PAGE.max })
        for (const letter of letters) counted.add(letter)
        after = letters.at(-1)?.number ?? after
        isFull = letters.length === LETTERS_PER_PAGE.max
      }
      return { items: counted.groups(), complete: !isFull }
    }),
  )
  const changing = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.ensuring(effect, groups.forget)
  return handlers.handleAll({
    letters: ({ query }) => orProblem(page(query)),
    groups: () => orProblem(groups.answer),
    letter: ({ params }) => orProblem(Effect.map(deadLetters.show(params.number), letterDocument)),
    redrive: ({ params }) => orProblem(changing(deadLetters.redrive(params.number))),
    discard: ({ params }) => orProblem(changing(deadLetters.discard(params.number))),
    redriveAll: ({ payload }) =>
      orProblem(changing(Effect.map(deadLetters.redriveAll(payload), bulkDocument))),
    bulkJobs: () => orProblem(Effect.map(deadLetters.bulkJobs, (jobs) => ({ items: jobs.map(jobDocument) }))),
    startBulk: ({ payload }) => orProblem(changing(Effect.map(deadLetters.startBulk(payload), jobDocument))),
    cancelBulk: ({ query }) =>
      orProblem(
        Effect.map(deadLetters.cancelBulk(query), (job) =>
          job === undefined ? problemResponse(noJob(query)) : jobDocument(job),
        ),
      ),
    discardAll: ({ query }) => orProblem(changing(Effect.map(deadLetters.discardAll(query), bulkDocument))),
  })
})
