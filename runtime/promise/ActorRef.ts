/**
 * A handle on one actor, with promises. An ask is one promise and no fiber of its own.
 *
 * Owns the translation for ActorSystem.ts and ActorClient.ts. What a handle does is in ../system/ActorRef.ts.
 */
import { Cause, Exit } from "effect"
import type { Accepted, CurrentState } from "../cell/Waiting.ts"
import type { AskOptions } from "../command/Ask.ts"
import type { AnyActor, CommandsOf, EventsOf, ReplyOf, StateOf } from "../definition/Actor.ts"
import type { ResultOf } from "../definition/ResultOf.ts"
import type { ProjectedEvent } from "../projection/Projection.ts"
import type { BearingOptions, ActorRef as EffectActorRef } from "../system/ActorRef.ts"
import type { Asker, ReadOptions } from "../system/Asker.ts"
import type { DryRun, DryRunOptions } from "../system/DryRun.ts"
import type { HistoryOptions, HistoryPage } from "../system/History.ts"
import type { PastMoment, PastState } from "../system/PastMoment.ts"
import type { PendingWork } from "../system/PendingWork.ts"
import type { ResultOptions } from "../system/Result.ts"
import type { When } from "../system/Scheduling.ts"
import type { Told } from "../system/Telling.ts"
import type { EventsOptions, WatchOptions } from "../system/Watch.ts"
import type { Watcher } from "../system/Watcher.ts"
import type { Change } from "../watch/Change.ts"
import { type Iteration, iterationOf } from "./Iteration.ts"
import type { LiveService } from "./LiveService.ts"

/** A handle on one actor of type `A`. */
export interface ActorRef<A extends AnyActor> {
  readonly type: string
  readonly id: string
  /**
   * Sends a command and resolves when its events are durable; rejects with an {@link AskError}. The command
   * is applied at most once for each `commandId`, however often it is sent. After `AskTimeout` or
   * `Unavailable` send it again with the same id. Aborting `signal` stops the wait, not the work.
   */
  readonly ask: <C extends CommandsOf<A>>(
    command: C,
    options?: BearingOptions<A> & { readonly signal?: AbortSignal },
  ) => Promise<Accepted<ReplyOf<A, C["type"]>>>
  /**
   * Sends a command that is applied once, even if nodes crash after this promise has resolved, in the order in which
   * this process told this actor. If this node has the actor, the promise resolves when the command is applied. If it
   * has not, or the actor cannot take the command now, it resolves when the command is stored in the actor's mailbox.
   * Rejects with a {@link TellError} if the command could not be stored. A command that the actor rejects becomes a
   * dead letter.
   */
  readonly tell: (command: CommandsOf<A>, options?: Omit<BearingOptions<A>, "ifVersion">) => Promise<Told>
  /**
   * Tells the actor a command at a certain time, or repeatedly. A schedule has a name, unique for the actor.
   * Setting it again replaces it; `unschedule` ends it, and after that it never fires. Every run is a
   * message, as of `tell`.
   */
  readonly schedule: (
    name: string,
    command: CommandsOf<A>,
    when: When,
    options?: AskOptions,
  ) => Promise<Accepted<undefined>>
  /** Ends a schedule. Rejected as `NotSet` if there is no such schedule (any more). */
  readonly unschedule: (name: string, options?: AskOptions) => Promise<Accepted<undefined>>
  /** The state after all earlier asks through this process. */
  readonly state: (options?: ReadOptions) => Promise<CurrentState<StateOf<A>>>
  /** One page of the actor's events, oldest first; the first page has its birth. */
  readonly history: (options?: HistoryOptions) => Promise<HistoryPage<EventsOf<A>>>
  /** The actor's state directly after a version, or at a time. */
  readonly stateAt: (moment: PastMoment) => Promise<PastState<StateOf<A>>>
  /**
   * What the actor waits for: timers, calls, answers to its requests; and the reason if it is in quarantine.
   * Read from the journal, on any node.
   */
  readonly pending: () => Promise<PendingWork>
  /**
   * What a command would store, send and answer, decided on a copy of the newest state, or of the state at
   * `at`. Stores and sends nothing. A refusal is a result, not a rejection of the promise.
   */
  readonly dryRun: <C extends CommandsOf<A>>(
    command: C,
    options?: DryRunOptions<A>,
  ) => Promise<DryRun<A, C["type"]>>
  /**
   * First the current state, then every change in order, wherever the actor moves: `for await (const { state, events }
   * of ref.watch())`. Leaving the loop, `return()` or aborting `signal` ends the watch. Waits for an actor whose birth
   * needs input. A reader that falls more than 256 versions behind gets `skipped`, the number of versions that it
   * missed, and goes on with the newest state. Keeps no actor in memory. `next()` rejects with a {@link WatchError}.
   */
  readonly watch: (
    options?: WatchOptions & { readonly signal?: AbortSignal },
  ) => Iteration<Change<StateOf<A>, EventsOf<A>>>
  /**
   * Every event once, in order: the history from a version on, and then live. Skips nothing. Ends as `watch` does.
   */
  readonly events: (
    options?: EventsOptions & { readonly signal?: AbortSignal },
  ) => Iteration<ProjectedEvent<EventsOf<A>>>
  /**
   * Resolves with the output of the machine once it is in a final state; for a saga, with what became of it. Rejects
   * with `ActorFailed` if the machine ended with an error, with `ResultTimeout` at the deadline, and with the signal's
   * reason when it is aborted. The actor goes on in any case.
   */
  readonly result: (options?: ResultOptions & { readonly signal?: AbortSignal }) => Promise<ResultOf<A>>
}

/** The promise face of a handle. */
export const promiseRef = <A extends AnyActor>(
  asker: Asker,
  ref: EffectActorRef<A>,
  run: LiveService<unknown>["run"],
): ActorRef<A> => {
  return {
    type: ref.type,
    id: ref.id,
    ask: (command, options = {}) =>
      new Promise((resolve, reject) => {
        // Malformed options are refused later, with a typed error.
        const signal = options?.signal
        if (signal?.aborted) return reject(signal.reason)
        const onAbort = () => {
          item?.abandon()
          reject(signal?.reason)
        }
        // Added before the ask, so that an immediate answer can remove it: a signal may outlive a million
        // commands.
        signal?.addEventListener("abort", onAbort)
        const item = asker.ask(command, options, (exit) => {
          signal?.removeEventListener("abort", onAbort)
          settle(exit, resolve as (accepted: Accepted) => void, reject)
        })
      }),
    tell: (command, options = {}) =>
      new Promise((resolve, reject) => {
        asker.tell(command, options, (exit) => {
          if (Exit.isSuccess(exit)) resolve(exit.value)
          else reject(Cause.squash(exit.cause))
        })
      }),
    schedule: (...given) => run(ref.schedule(...given)),
    unschedule: (...given) => run(ref.unschedule(...given)),
    state: (options = {}) =>
      new Promise<CurrentState>((resolve, reject) => {
        asker.read(options, (exit) => settle(exit, resolve, reject))
      }) as Promise<CurrentState<never>>,
    history: (options) => run(ref.history(options)),
    stateAt: (moment) => run(ref.stateAt(moment)),
    pending: () => run(ref.pending()),
    dryRun: (command, options) => run(ref.dryRun(command, options)),
    watch: ({ signal, ...options } = {}) =>
      iterationOf(asker.watcher(options) as Watcher<Change<StateOf<A>, EventsOf<A>>> | Error, signal),
    events: ({ signal, ...options } = {}) =>
      iterationOf(asker.eventWatcher(options) as Watcher<ProjectedEvent<EventsOf<A>>> | Error, signal),
    result: ({ signal, ...options } = {}) => untilAborted(signal, run(ref.result(options), signal)),
  }
}

/** Ends a promise as the callback form of a handle has ended. */
const settle = <B>(
  exit: Exit.Exit<B, unknown>,
  resolve: (value: B) => void,
  reject: (cause: unknown) => void,
): void => {
  if (Exit.isSuccess(exit)) resolve(exit.value)
  else reject(Cause.squash(exit.cause))
}

/** The promise of work that the signal interrupts; rejects with the signal's reason then. */
const untilAborted = <B>(signal: AbortSignal | undefined, work: Promise<B>): Promise<B> =>
  work.catch((cause: unknown) => {
    throw signal?.aborted === true ? signal.reason : cause
  })
