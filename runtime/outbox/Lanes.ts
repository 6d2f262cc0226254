/**
 * Jobs in lanes: those of one lane are done one after the other, in the order in which they came; lanes wait for nobody.
 *
 * Owns the order alone. A lane of the outbox is one sender and one receiver: what goes between them is not overtaken.
 */

/** Does a job; calls `done` once, at once or later. */
export type RunJob<Job> = (job: Job, done: () => void) => void

interface Lane<Job> {
  readonly jobs: Array<Job>
  isRunning: boolean
}

export class Lanes<Job> {
  readonly #run: RunJob<Job>
  readonly #lanes = new Map<string, Lane<Job>>()

  constructor(run: RunJob<Job>) {
    this.#run = run
  }

  /** The first job of the lane that is not done; `undefined` where the lane is empty. */
  head(key: string): Job | undefined {
    return this.#lanes.get(key)?.jobs[0]
  }

  /** The jobs of the lane behind its first one. */
  behindHead(key: string): ReadonlyArray<Job> {
    return this.#lanes.get(key)?.jobs.slice(1) ?? []
  }

  add(key: string, job: Job): void {
    const known = this.#lanes.get(key)
    const lane = known ?? { jobs: [], isRunning: false }
    lane.jobs.push(job)
    if (known === undefined) this.#lanes.set(key, lane)
    if (!lane.isRunning) this.#work(key, lane)
  }

  /** A loop: a job that is done at once must not begin the next one inside its own call. */
  #work(key: string, lane: Lane<Job>): void {
    lane.isRunning = true
    while (lane.jobs.length > 0) {
      let isDone = false
      let isWaiting = false
      this.#run(lane.jobs[0] as Job, () => {
        if (isDone) return
        isDone = true
        lane.jobs.shift()
        if (isWaiting) this.#work(key, lane)
      })
      isWaiting = true
      if (!isDone) return
    }
    lane.isRunning = false
    this.#lanes.delete(key)
  }
}
