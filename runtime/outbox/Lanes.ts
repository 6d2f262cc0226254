/**
 * Jobs in lanes: the jobs of one lane run one after the other, in order of arrival. Lanes do not wait for
 * each other.
 *
 * Owns only the order. A lane of the outbox has one sender and one receiver, so items between them stay in
 * order.
 */

/** Runs a job; calls `done` once, at once or later. */
export type RunJob<Job> = (job: Job, done: () => void) => void

class Lane<Job> {
  isRunning = false
  #jobs: Array<Job> = []
  #headAt = 0

  get head(): Job | undefined {
    return this.#jobs[this.#headAt]
  }

  get behindHead(): ReadonlyArray<Job> {
    return this.#jobs.slice(this.#headAt + 1)
  }

  push(job: Job): void {
    this.#jobs.push(job)
  }

  /**
   * Drops the first job. Finished jobs are removed together, because removing each one would move all others.
   */
  drop(): void {
    this.#headAt++
    if (this.#headAt < COMPACT_AT) return
    this.#jobs = this.#jobs.slice(this.#headAt)
    this.#headAt = 0
  }
}

const COMPACT_AT = 1_024

export class Lanes<Job> {
  readonly #run: RunJob<Job>
  readonly #lanes = new Map<string, Lane<Job>>()

  constructor(run: RunJob<Job>) {
    this.#run = run
  }

  /** The first unfinished job of the lane; `undefined` if the lane is empty. */
  head(key: string): Job | undefined {
    return this.#lanes.get(key)?.head
  }

  /** The jobs of the lane after its first one. */
  behindHead(key: string): ReadonlyArray<Job> {
    return this.#lanes.get(key)?.behindHead ?? []
  }

  add(key: string, job: Job): void {
    const known = this.#lanes.get(key)
    const lane = known ?? new Lane<Job>()
    lane.push(job)
    if (known === undefined) this.#lanes.set(key, lane)
    if (!lane.isRunning) this.#work(key, lane)
  }

  /** A loop, because a job that finishes at once must not begin the next one inside its own call. */
  #work(key: string, lane: Lane<Job>): void {
    lane.isRunning = true
    for (let job = lane.head; job !== undefined; job = lane.head) {
      let isDone = false
      let isWaiting = false
      this.#run(job, () => {
        if (isDone) return
        isDone = true
        lane.drop()
        if (isWaiting) this.#work(key, lane)
      })
      isWaiting = true
      if (!isDone) return
    }
    lane.isRunning = false
    this.#lanes.delete(key)
  }
}
