/**
 * Work that runs on one node of the cluster at a time: a poller, a scheduler, a bridge to somewhere else.
 *
 * Owns the definition and its life on the node that has it: it is started, started again when it ends, and
 * aborted when the node hands it off or is fenced. One at a time is best effort, as with every lease: around
 * a network partition two may overlap for a moment, so its work must tolerate being done twice. `epoch` rises
 * with every owner; pass it to systems that can compare it.
 */
import { Cause, Effect, Schedule, type Scope } from "effect"
import { InvalidDefinition } from "../definition/InvalidDefinition.ts"

/** Allowed names of singletons. */
const NAME_PATTERN = /^[a-z][a-z0-9_-]{0,63}$/

/** Pause before a singleton that ended is started again, in milliseconds; doubles while it keeps failing. */
const RESTART_FIRST_MS = 200
const RESTART_MAX_MS = 30_000

export interface SingletonContext {
  /** Aborted when this node loses the singleton, or stops. Return soon then. */
  readonly signal: AbortSignal
  /** Epoch of this node's ownership, for fencing. */
  readonly epoch: number
}

/** Work that one node does for all nodes: its name, and what runs. */
export interface SingletonDefinition {
  readonly name: string
  /** Does the work until `context.signal` is aborted. It runs again if it ends or fails before. */
  readonly run: (context: SingletonContext) => PromiseLike<void> | Effect.Effect<void, unknown>
}

/**
 * Defines work that one node does for all. It runs until its `signal` is aborted. If it ends before, it runs
 * again.
 */
export const defineSingleton = (definition: SingletonDefinition): SingletonDefinition => {
  if (!NAME_PATTERN.test(definition.name)) {
    throw new InvalidDefinition({
      actorType: definition.name,
      what: "the singleton's name",
      hint: `Use lower-case letters, digits, "-" and "_", starting with a letter, 64 at most: ${NAME_PATTERN}.`,
    })
  }
  return definition
}

/** Runs it until the scope ends. */
export const runSingleton = (
  { name, run }: SingletonDefinition,
  epoch: number,
): Effect.Effect<void, never, Scope.Scope> => {
  const once = Effect.scoped(
    Effect.gen(function* () {
      const controller = new AbortController()
      yield* Effect.addFinalizer(() => Effect.sync(() => controller.abort()))
      const work = yield* Effect.try(() => run({ signal: controller.signal, epoch }))
      yield* Effect.isEffect(work) ? work : Effect.tryPromise(() => work)
    }),
  )
  const pauses = Schedule.min([Schedule.exponential(RESTART_FIRST_MS), Schedule.spaced(RESTART_MAX_MS)])
  const forever = once.pipe(
    Effect.andThen(Effect.sleep(RESTART_FIRST_MS)),
    Effect.forever,
    Effect.sandbox,
    Effect.tapError((cause) =>
      Effect.logError(`Singleton ${name} failed and is run again.`, Cause.squash(cause)),
    ),
    Effect.retry(pauses),
    Effect.ignore,
  )
  return Effect.asVoid(Effect.forkScoped(forever))
}
