/**
 * Bulk verbs in the background: all dead letters of a reason are redriven or discarded, while the operator
 * does other work and checks the progress.
 *
 * Owns that there is one job for each verb and reason, whichever node is asked. The state of a job is a note
 * in the checkpoints, which every node reads. A job whose node crashed is interrupted; started again, it
 * continues with the remaining letters. What happens to a letter: DeadLetterOffice.ts.
 */
import { Clock, Effect, FiberMap, Schedule, type Scope, Semaphore } from "effect"
import { Checkpoints, type CheckpointsUnavailable } from "../checkpoint/Checkpoints.ts"
import { DEAD_LETTER_REASONS, type DeadLettersUnavailable } from "../deadletter/DeadLetters.ts"
import type { MailboxError } from "../mailbox/Mailbox.ts"
import { BULK_VERBS, type BulkPage, type BulkProgress, type BulkTask } from "./DeadLetterOffice.ts"

/** Time without a note after which a job counts as interrupted, in milliseconds. */
export const BULK_SILENCE_MS_MAX = 60_000

/**
 * Attempts at a page that the dead letters or the mailbox refuse, and the first pause between them, doubling.
 */
const PAGE_TRIES_MAX = 8
const PAGE_PAUSE_FIRST_MS = 250

/** Progress of a bulk verb in the background. Counts are of letters. */
export interface BulkJob extends BulkTask {
  /**
   * `interrupted`: its node crashed, or has noted nothing for a minute. Start it again for the remaining
   * letters.
   */
  readonly state: "running" | "done" | "cancelled" | "failed" | "interrupted"
  readonly doneCount: number
  /** Letters that could not be redriven and stay. */
  readonly keptCount: number
  /** The first of these letters. */
  readonly kept: ReadonlyArray<{ readonly number: number; readonly why: string }>
  /** Unix milliseconds. */
  readonly startedAtMs: number
  readonly updatedAtMs: number
  /** Why the job failed. */
  readonly detail?: string
}

export interface BulkJobs {
  /** Starts a job, or finds the running one. Returns at once. */
  readonly startBulk: (task: BulkTask) => Effect.Effect<BulkJob, CheckpointsUnavailable>
  /** The latest job of each verb and reason, on any node. */
  readonly bulkJobs: Effect.Effect<ReadonlyArray<BulkJob>, CheckpointsUnavailable>
  /** Ends a job after the current letters; finished work stays. `undefined`: there was no job. */
  readonly cancelBulk: (task: BulkTask) => Effect.Effect<BulkJob | undefined, CheckpointsUnavailable>
}

/** Note of a job in the checkpoints. `id` names this run of the job. Only its node writes the note. */
interface Note {
  readonly id: string
  readonly job: BulkJob
}

/** Cancels the run with this id. It is a separate note, so that no progress overwrites it. */
interface Cancellation {
  readonly id: string
  /** Unix milliseconds. */
  readonly atMs: number
}

type WorkPage = (
  task: BulkTask,
  progress?: BulkProgress,
) => Effect.Effect<BulkPage, DeadLettersUnavailable | MailboxError>

const noteName = ({ verb, reason }: BulkTask): string => `bulk.${verb}.${reason}`

const cancellationName = (task: BulkTask): string => `${noteName(task)}.cancelled`

const noteOf = (stored: unknown): Note | undefined => {
  const note = stored as Partial<Note> | null | undefined
  return typeof note?.id === "string" && typeof note.job?.state === "string" ? (note as Note) : undefined
}

/** The note with the job's state; cancelled if the cancellation is for this run. */
const withCancellation = (note: Note | undefined, stored: unknown): Note | undefined => {
  const { id, atMs } = (stored ?? {}) as Partial<Cancellation>
  if (note === undefined || note.id !== id || note.job.state !== "running") return note
  const updatedAtMs = Math.max(note.job.updatedAtMs, Number(atMs) || 0)
  return { id, job: { ...note.job, state: "cancelled", updatedAtMs } }
}

const pagePauses = Schedule.exponential(PAGE_PAUSE_FIRST_MS)

/** Makes the jobs. The end of the scope interrupts jobs that run here. */
export const makeBulkJobs = Effect.fnUntraced(function* (
  workPage: WorkPage,
  newId: () => string,
): Effect.fn.Return<BulkJobs, never, Checkpoints | Scope.Scope> {
  const checkpoints = yield* Checkpoints
  const clock = yield* Clock.Clock
  /** Jobs that run here, by name of their note. */
  const running = yield* FiberMap.make<string, void>()
  const run = yield* FiberMap.runtime(running)()

  const read = (task: BulkTask) =>
    Effect.map(
      Effect.all([checkpoints.note(noteName(task)), checkpoints.note(cancellationName(task))]),
      ([note, cancellation]) => withCancellation(noteOf(note), cancellation),
    )

  const seen = (job: BulkJob): BulkJob =>
    job.state === "running" && clock.currentTimeMillisUnsafe() - job.updatedAtMs > BULK_SILENCE_MS_MAX
      ? { ...job, state: "interrupted" }
      : job

  /** Writes the current state. False: the job was cancelled, or another node runs it. */
  const tell = (id: string, job: BulkJob): Effect.Effect<boolean> =>
    Effect.gen(function* () {
      const note = yield* read(job)
      const isOurs = note?.id === id
      // The note was written before this job began, so it is outdated.
      if (note !== undefined && !isOurs && note.job.startedAtMs >= job.startedAtMs) return false
      if (isOurs && note.job.state !== "running") return false
      yield* checkpoints.write(noteName(job), { id, job })
      return true
    }).pipe(Effect.orElseSucceed(() => true))

  const carryOut = Effect.fnUntraced(function* (id: string, begun: BulkJob) {
    const { verb, reason } = begun
    let job = begun
    let progress: BulkProgress | undefined
    const end = (state: BulkJob["state"], detail?: string) => {
      const updatedAtMs = clock.currentTimeMillisUnsafe()
      return tell(id, { ...job, state, updatedAtMs, ...(detail === undefined ? undefined : { detail }) })
    }
    while (true) {
      const page = yield* Effect.result(
        Effect.retry(workPage({ verb, reason }, progress), { times: PAGE_TRIES_MAX, schedule: pagePauses }),
      )
      if (page._tag === "Failure") return yield* Effect.asVoid(end("failed", page.failure.message))
      const { doneCount, kept, isLast } = page.success
      progress = page.success.progress
      job = {
        ...job,
        doneCount: job.doneCount + doneCount,
        keptCount: job.keptCount + kept.length,
        kept: [...job.kept, ...kept].slice(0, BULK_KEPT_SHOWN_MAX),
        updatedAtMs: clock.currentTimeMillisUnsafe(),
      }
      if (isLast) return yield* Effect.asVoid(end("done"))
      if (!(yield* tell(id, job))) return
    }
  })

  const start: BulkJobs["startBulk"] = Effect.fnUntraced(function* (task) {
    const name = noteName(task)
    const note = yield* read(task)
    if (note !== undefined && seen(note.job).state === "running") return note.job
    const nowMs = clock.currentTimeMillisUnsafe()
    const counts = { doneCount: 0, keptCount: 0, kept: [] }
    const { verb, reason } = task
    const job: BulkJob = {
      verb,
      reason,
      state: "running",
      ...counts,
      startedAtMs: nowMs,
      updatedAtMs: nowMs,
    }
    const id = newId()
    yield* checkpoints.write(name, { id, job })
    run(name, carryOut(id, job))
    return job
  })

  const cancel: BulkJobs["cancelBulk"] = Effect.fnUntraced(function* (task) {
    const note = yield* read(task)
    if (note === undefined) return undefined
    if (note.job.state !== "running") return note.job
    const cancellation: Cancellation = { id: note.id, atMs: clock.currentTimeMillisUnsafe() }
    yield* checkpoints.write(cancellationName(task), cancellation)
    yield* FiberMap.remove(running, noteName(task))
    return withCancellation(note, cancellation)?.job
  })

  // One start at a time on a node, so that two requests start one job.
  const turn = yield* Semaphore.make(1)
  const tasks = BULK_VERBS.flatMap((verb) => DEAD_LETTER_REASONS.map((reason) => ({ verb, reason })))
  return {
    startBulk: (task) => turn.withPermit(start(task)),
    bulkJobs: Effect.map(Effect.forEach(tasks, read, { concurrency: tasks.length }), (notes) =>
      notes.flatMap((note) => (note === undefined ? [] : [seen(note.job)])),
    ),
    cancelBulk: (task) => turn.withPermit(cancel(task)),
  }
})

/** Kept letters that a job lists; further ones are only counted. */
const BULK_KEPT_SHOWN_MAX = 20
