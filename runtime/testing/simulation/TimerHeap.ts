/** Timers of a world, the earliest first; equal times in the order in which they were set. A binary heap. */

export interface WorldTimer {
  /** Cancels the timer; has no effect after it has fired. */
  readonly cancel: () => void
}

class Entry<Task> implements WorldTimer {
  readonly atMs: number
  readonly order: number
  task: Task | undefined

  constructor(atMs: number, order: number, task: Task) {
    this.atMs = atMs
    this.order = order
    this.task = task
  }

  cancel = (): void => {
    this.task = undefined
  }
}

const isEarlier = <Task>(left: Entry<Task>, right: Entry<Task>): boolean =>
  left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order)

export class TimerHeap<Task> {
  readonly #heap: Array<Entry<Task>> = []
  #order = 0

  /** Number of set timers, including cancelled ones that are not removed yet. */
  get size(): number {
    this.#dropCancelled()
    return this.#heap.length
  }

  get nextMs(): number | undefined {
    this.#dropCancelled()
    return this.#heap[0]?.atMs
  }

  add(atMs: number, task: Task): WorldTimer {
    const entry = new Entry(atMs, this.#order++, task)
    this.#heap.push(entry)
    this.#up(this.#heap.length - 1)
    return entry
  }

  /** Removes and returns the earliest timer. */
  take(): Task | undefined {
    this.#dropCancelled()
    return this.#removeFirst()?.task
  }

  #dropCancelled(): void {
    while (this.#heap[0] !== undefined && this.#heap[0].task === undefined) this.#removeFirst()
  }

  #removeFirst(): Entry<Task> | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last
      this.#down(0)
    }
    return first
  }

  #up(start: number): void {
    let index = start
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#swapIfEarlier(index, parent)) return
      index = parent
    }
  }

  #down(start: number): void {
    let index = start
    while (true) {
      const left = 2 * index + 1
      const right = left + 1
      const heap = this.#heap
      const [one, other] = [heap[left], heap[right]]
      if (one === undefined) return
      const child = other !== undefined && isEarlier(other, one) ? right : left
      if (!this.#swapIfEarlier(child, index)) return
      index = child
    }
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const [below, above] = [this.#heap[child], this.#heap[parent]]
    if (below === undefined || above === undefined || !isEarlier(below, above)) return false
    this.#heap[child] = above
    this.#heap[parent] = below
    return true
  }
}
