/** The promise that a verb of a story returns; it knows whether the story has awaited it. */

export class VerbPromise<A> extends Promise<A> {
  what = ""
  isAwaited = false

  static of<A>(what: string, promise: Promise<A>): VerbPromise<A> {
    const verb = new VerbPromise<A>((resolve, reject) => void promise.then(resolve, reject))
    verb.what = what
    return verb
  }

  /** A promise that is chained to it is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  override then<B = A, C = never>(
    onFulfilled?: ((value: A) => B | PromiseLike<B>) | null,
    onRejected?: ((reason: unknown) => C | PromiseLike<C>) | null,
  ): Promise<B | C> {
    this.isAwaited = true
    return super.then(onFulfilled, onRejected)
  }
}
