/**
 * Waits until an actor is done, and gives what came of it.
 *
 * Owns when an actor is done, the deadline, and asking again after trouble that passes. Nothing is stored for the
 * wait: a caller that was restarted waits again. It watches the actor (Watcher.ts).
 */
import { Effect, Exit, Schedule, Schema } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { AnyActor } from "../definition/Actor.ts"
import type { ResultOf } from "../definition/ResultOf.ts"
import { errorClass } from "../error/EverstateError.ts"
import { thrownText } from "../json/Thrown.ts"
import type { Change } from "../watch/Change.ts"
import type { WatchError } from "../watch/WatchError.ts"
import { ChangeWatcher, type WatcherContext } from "./Watcher.ts"

/** Pause before an actor whose owner gives no answer is asked again. */
const AGAIN_AFTER = "200 millis"

/** Options of waiting for a result. */
export interface ResultOptions {
  /**
   * Time to wait at most, in milliseconds; then the call fails with `ResultTimeout`. Without it there is no limit.
   */
  readonly deadlineMs?: number
}

/** The actor was not done in time. It goes on: wait again. */
export class ResultTimeout extends errorClass<ResultTimeout>()(
  "ResultTimeout",
  {
    actorType: Schema.String,
    id: Schema.String,
    deadlineMs: Schema.Number,
    /** Why the actor could not be asked; absent if it was asked, and was not done. */
    detail: Schema.optionalKey(Schema.String),
  },
  { kind: "transient", retry: "later", hint: "The actor goes on all the same: call result() again." },
) {
  override get message(): string {
    const why = this.detail === undefined ? "" : `: ${this.detail}`
    return `${this.actorType}/${this.id} was not done within ${this.deadlineMs} ms${why}`
  }
}

/** The actor's machine ended in status "error", so there is no result. */
export class ActorFailed extends errorClass<ActorFailed>()(
  "ActorFailed",
  {
    actorType: Schema.String,
    id: Schema.String,
    version: Schema.Number,
    /** The error of the machine, as text. */
    detail: Schema.String,
  },
  {
    kind: "terminal",
    retry: "never",
    hint: "The machine has no handler for the error that detail names; its history says what led there.",
  },
) {
  override get message(): string {
    return `${this.actorType}/${this.id} ended with an error at version ${this.version}: ${this.detail}`
  }
}

/** The errors of waiting for a result. */
export type ResultError = WatchError | ResultTimeout | ActorFailed

/** The result of an actor in this state, or its failure; `undefined` while it is not done. */
const outcomeOf = (
  actor: AnyActor,
  { type: actorType, id }: ActorAddress,
  { state, version, isBorn }: Change,
): { readonly result: unknown } | ActorFailed | undefined => {
  if (!isBorn) return undefined
  if (actor.outcome !== undefined) return actor.outcome(state)
  if (state.status === "done") return { result: state.output }
  return state.status === "error"
    ? new ActorFailed({ actorType, id, version, detail: thrownText(state.error) })
    : undefined
}

/** Completes with the result, as soon as the actor is done. `firstMs`: time for the first answer of an owner. */
export const resultOf = <A extends AnyActor>(
  context: WatcherContext,
  actor: A,
  address: ActorAddress,
  { deadlineMs }: ResultOptions,
  firstMs: number,
): Effect.Effect<ResultOf<A>, ResultError> => {
  let trouble: string | undefined
  const once = Effect.callback<ResultOf<A>, WatchError | ActorFailed>((resume) => {
    const watcher = new ChangeWatcher(context, actor, address, undefined, firstMs)
    let stop: () => void = () => undefined
    const next = (): void => {
      stop = watcher.pull((exit) => {
        if (Exit.isFailure(exit)) return resume(Effect.failCause(exit.cause))
        trouble = undefined
        for (const change of exit.value) {
          const outcome = outcomeOf(actor, address, change)
          if (outcome === undefined) continue
          return resume("result" in outcome ? Effect.succeed(outcome.result as never) : Effect.fail(outcome))
        }
        next()
      })
    }
    next()
    return Effect.sync(() => stop())
  })
  const patient = once.pipe(
    Effect.tapError((error) =>
      Effect.sync(() => {
        trouble = error.message
      }),
    ),
    Effect.retry({
      schedule: Schedule.spaced(AGAIN_AFTER),
      while: (error) => error.kind === "transient" && error._tag !== "SystemStopped",
    }),
  )
  if (deadlineMs === undefined) return patient
  const { type: actorType, id } = address
  return patient.pipe(
    Effect.timeoutOrElse({
      duration: deadlineMs,
      orElse: () => {
        const detail = trouble === undefined ? undefined : { detail: trouble }
        return Effect.fail(new ResultTimeout({ actorType, id, deadlineMs, ...detail }))
      },
    }),
  )
}
