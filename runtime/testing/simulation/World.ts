/**
 * The simulated world: one queue of ready tasks, one virtual time, one seed that decides what runs next.
 *
 * Owns the order of all steps. A step runs one ready task that the seed picks; if none is ready, time jumps
 * to the next timer. Nothing here waits for real time. Processes and network: SimulatedProcess.ts,
 * Network.ts.
 */
import { InvariantWatch } from "./InvariantWatch.ts"
import { Randomness } from "./Randomness.ts"
import { TimerHeap, type WorldTimer } from "./TimerHeap.ts"
import { Trace } from "./Trace.ts"

/** Virtual time at which every world begins, Unix milliseconds. */
export const WORLD_EPOCH_MS = Date.UTC(2026, 0, 1)

/** Owner of tasks: tasks of a paused process are held, those of a dead one dropped. */
export interface TaskOwner {
  readonly name: string
  readonly number: number
  readonly life: "running" | "paused" | "dead"
  /** Keeps a task until the process runs again. */
  readonly hold: (task: Task) => void
}

export interface Task {
  readonly run: () => void
  readonly owner: TaskOwner | undefined
  /** Number of the trace entry that led to it. */
  readonly cause: number
}

/** How a ready task is picked: by the seed, or in order of becoming ready. */
export type Interleaving = "seeded" | "fifo"

export type RunEnd = "done" | "idle" | "timeUp" | "stepsUp"

export interface RunLimits {
  /** Virtual milliseconds since the beginning of the world. */
  readonly untilMs: number
  readonly stepsMax: number
}

export class World {
  readonly random: Randomness
  readonly trace = new Trace()
  /** Assertions of the runtime that the steps check. */
  readonly invariants = new InvariantWatch()
  readonly interleaving: Interleaving
  /** Called after every step; throws to end the run. */
  afterStep: (() => void) | undefined
  /** Called when a task or timer comes while nothing runs, for a world that is driven from outside. */
  onWork: (() => void) | undefined
  /** Number of the trace entry that is the cause of the current steps. */
  cause = 0
  /** Operations of a fiber before it yields, drawn for every task. */
  operationBudget = OPERATION_BUDGET_USUAL
  readonly #picks: Randomness
  readonly #budgets: Randomness
  readonly #ready: Array<Task> = []
  readonly #readyLater: Array<Task> = []
  readonly #timers = new TimerHeap<Task>()
  readonly #marks = new Map<string, number>()
  #nowMs = 0
  #stepCount = 0
  #isRunning = false

  constructor(seed: number, interleaving: Interleaving = "seeded") {
    this.random = new Randomness(seed, "world")
    this.interleaving = interleaving
    this.#picks = this.random.stream("picks")
    this.#budgets = this.random.stream("budgets")
  }

  /** Virtual milliseconds since the beginning. */
  get nowMs(): number {
    return this.#nowMs
  }

  get stepCount(): number {
    return this.#stepCount
  }

  /** Reached marks, with counts. */
  get marks(): ReadonlyMap<string, number> {
    return this.#marks
  }

  /** Records that a mark of the suite was reached. */
  mark(name: string): void {
    this.#marks.set(name, (this.#marks.get(name) ?? 0) + 1)
  }

  /** Records a step, which becomes the cause of later steps in the same task. */
  note(place: string, what: string): void {
    this.cause = this.trace.add(this.cause, this.#nowMs, place, what)
  }

  /** Adds a task to the ready queue; tasks with a priority over 0 run when no others are ready. */
  enqueue(owner: TaskOwner | undefined, run: () => void, priority = 0): void {
    const queue = priority > 0 ? this.#readyLater : this.#ready
    queue.push({ run, owner, cause: this.cause })
    if (!this.#isRunning) this.onWork?.()
  }

  /** Puts a task back into the ready queue unchanged. */
  release(task: Task): void {
    this.#ready.push(task)
  }

  /** Runs `run` after `delayMs` of virtual time. */
  after(delayMs: number, owner: TaskOwner | undefined, run: () => void): WorldTimer {
    const timer = this.#timers.add(this.#nowMs + Math.max(0, delayMs), { run, owner, cause: this.cause })
    if (!this.#isRunning) this.onWork?.()
    return timer
  }

  /** Steps until `isDone`, a limit, or no work is left. */
  run(limits: RunLimits, isDone: () => boolean): RunEnd {
    this.#isRunning = true
    try {
      return this.invariants.during(() => this.#stepUntil(limits, isDone))
    } finally {
      this.#isRunning = false
    }
  }

  #stepUntil(limits: RunLimits, isDone: () => boolean): RunEnd {
    while (!isDone()) {
      if (this.#stepCount >= limits.stepsMax) return "stepsUp"
      const task = this.#next(limits.untilMs)
      if (task === undefined) return this.#timers.size === 0 ? "idle" : "timeUp"
      this.#step(task)
    }
    return "done"
  }

  #next(untilMs: number): Task | undefined {
    const queue = this.#ready.length > 0 ? this.#ready : this.#readyLater
    if (queue.length > 0) return this.#pick(queue)
    const dueMs = this.#timers.nextMs
    if (dueMs === undefined || dueMs > untilMs) {
      this.#nowMs = Math.max(this.#nowMs, Math.min(untilMs, dueMs ?? this.#nowMs))
      return undefined
    }
    this.#nowMs = dueMs
    return this.#timers.take()
  }

  #pick(queue: Array<Task>): Task | undefined {
    if (queue.length === 1) return queue.pop()
    if (this.interleaving === "fifo") return queue.shift()
    const index = this.#picks.index(queue.length)
    const task = queue[index]
    const last = queue.pop()
    if (index < queue.length && last !== undefined) queue[index] = last
    return task
  }

  #step(task: Task): void {
    this.#stepCount++
    const { owner } = task
    if (owner !== undefined && owner.life !== "running") {
      if (owner.life === "paused") owner.hold(task)
      return
    }
    this.trace.hashNumber(Math.imul(this.#nowMs * 1024, 31) ^ (owner?.number ?? 0))
    this.cause = task.cause
    this.operationBudget =
      this.interleaving === "seeded" && this.#budgets.chance(PREEMPTION_CHANCE)
        ? 1 + this.#budgets.index(OPERATION_BUDGET_SHORT_MAX)
        : OPERATION_BUDGET_USUAL
    task.run()
    this.cause = 0
    this.afterStep?.()
    this.invariants.check()
  }
}

/** Effect's own number of operations before a fiber yields. */
const OPERATION_BUDGET_USUAL = 2_048

/** Probability that a task's fibers yield early, and the most operations before they do. */
const PREEMPTION_CHANCE = 0.1
const OPERATION_BUDGET_SHORT_MAX = 48
