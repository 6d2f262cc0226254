/**
 * A watcher as an async iterable.
 *
 * Owns the translation, without a fiber: an item is one promise. What a watcher does: ../system/Watcher.ts.
 */
import { Cause, Exit } from "effect"
import type { Items, Watcher } from "../system/Watcher.ts"
import type { WatchError } from "../watch/WatchError.ts"

/** Items of a watch, in order. `return()`, and so leaving a `for await`, ends the watch. */
export type Iteration<Item> = AsyncIterableIterator<Item> & AsyncDisposable

interface Reader<Item> {
  readonly resolve: (result: IteratorResult<Item>) => void
  readonly reject: (reason: unknown) => void
}

class WatchIteration<Item> implements Iteration<Item> {
  readonly #watcher: Watcher<Item> | Error
  readonly #signal: AbortSignal | undefined
  readonly #readers: Array<Reader<Item>> = []
  /** Items of the last answer that nobody has read yet, the next one last. */
  #ready: Array<Item> = []
  #stop: (() => void) | undefined
  #isEnded = false

  constructor(watcher: Watcher<Item> | Error, signal: AbortSignal | undefined) {
    this.#watcher = watcher
    this.#signal = signal
    if (signal?.aborted === true) this.#end()
    else signal?.addEventListener("abort", this.#end)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Item>> {
    const item = this.#ready.pop()
    if (item !== undefined) return Promise.resolve({ done: false, value: item })
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject })
      if (this.#stop === undefined) this.#pull()
    })
  }

  return(): Promise<IteratorResult<Item>> {
    this.#end()
    return Promise.resolve({ done: true, value: undefined })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end()
  }

  #pull(): void {
    if (this.#watcher instanceof Error) return this.#failed(this.#watcher)
    let isHere = false
    const stop = this.#watcher.pull((exit) => {
      isHere = true
      this.#stop = undefined
      this.#take(exit)
    })
    if (!isHere) this.#stop = stop
  }

  #take(exit: Exit.Exit<Items<Item>, WatchError>): void {
    if (Exit.isFailure(exit)) return this.#failed(Cause.squash(exit.cause))
    this.#ready = exit.value.toReversed()
    while (this.#readers.length > 0 && this.#ready.length > 0) {
      this.#readers.shift()?.resolve({ done: false, value: this.#ready.pop() as Item })
    }
    if (this.#readers.length > 0) this.#pull()
  }

  #failed(reason: unknown): void {
    const [first] = this.#readers.splice(0, 1)
    this.#end()
    first?.reject(reason)
  }

  readonly #end = (): void => {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#ready = []
    this.#signal?.removeEventListener("abort", this.#end)
    this.#stop?.()
    this.#stop = undefined
    for (const { resolve } of this.#readers.splice(0)) resolve({ done: true, value: undefined })
  }
}

/** The iteration over a watcher; an error instead of one is what its first `next()` rejects with. */
export const iterationOf = <Item>(
  watcher: Watcher<Item> | Error,
  signal: AbortSignal | undefined,
): Iteration<Item> => new WatchIteration(watcher, signal)
