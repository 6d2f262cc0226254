/**
 * The system: what a process starts, gets actors from, and stops.
 *
 * Owns the composition of the runtime on its ports ({@link SystemPorts}) and the order of stopping.
 * This is the Effect face. From here a command goes to ActorRef.ts → ../cell/Cells.ts → ../cell/Cell.ts.
 */
import { Context, Effect, Layer, Random, Schema, type Scope } from "effect"
import { type CallRunner, makeCallRunner } from "../call/CallRunner.ts"
import type { ActorQuarantined } from "../cell/AskError.ts"
import { makeCells } from "../cell/Cells.ts"
import type { Checkpoints } from "../checkpoint/Checkpoints.ts"
import { type DeadLetterOffice, makeDeadLetterOffice } from "../deadletter/DeadLetterOffice.ts"
import type { DeadLetters } from "../deadletter/DeadLetters.ts"
import type { AnyActor } from "../definition/Actor.ts"
import { DefinitionError } from "../definition/DefinitionError.ts"
import { type InboxCounts, makeInbox } from "../inbox/Inbox.ts"
import type { EventPublisher } from "../integration/EventPublisher.ts"
import { Journal, type JournalReadError } from "../journal/Journal.ts"
import { Mailbox } from "../mailbox/Mailbox.ts"
import { makeOutbox, type OutboxCounts } from "../outbox/Outbox.ts"
import type { ProjectionDefinition } from "../projection/Projection.ts"
import { makeProjectionRunner, type ProjectionRunner } from "../projection/ProjectionRunner.ts"
import type { ProjectionStatus, ProjectionTimeout } from "../projection/ProjectionStatus.ts"
import type { ProjectionFailed, ReadModel, ReadModelUnavailable } from "../projection/ReadModel.ts"
import type { ReactorDefinition } from "../reactor/Reactor.ts"
import { makeReactorRunner, type ReactorRunner } from "../reactor/ReactorRunner.ts"
import type { ReactorStatus } from "../reactor/ReactorStatus.ts"
import type { AnySaga } from "../saga/Saga.ts"
import { starterOf } from "../saga/SagaStarter.ts"
import { Schedule } from "../schedule/Schedule.ts"
import type { SnapshotStore } from "../snapshot/SnapshotStore.ts"
import { makeDeadlineWheel } from "../time/DeadlineWheel.ts"
import { type ActorRef, Asker, makeActorRef, type RefContext } from "./ActorRef.ts"
import { SYSTEM_DEFAULTS, type SystemSettings } from "./SystemSettings.ts"

export interface SystemOptions extends Partial<SystemSettings> {
  readonly actors: ReadonlyArray<AnyActor>
  readonly sagas?: ReadonlyArray<AnySaga>
  readonly reactors?: ReadonlyArray<ReactorDefinition>
  readonly projections?: ReadonlyArray<ProjectionDefinition>
}

/** What a system says of itself. Counts are since start. */
export interface SystemStatus {
  readonly isStopping: boolean
  readonly residentCount: number
  readonly inFlightCount: number
  readonly activatedCount: number
  readonly passivatedCount: number
  readonly answeredCount: number
  readonly committedCount: number
  readonly eventCount: number
  readonly unknownOutcomeCount: number
  readonly actionFailedCount: number
  readonly snapshots: {
    readonly savedCount: number
    readonly droppedCount: number
    readonly failedCount: number
  }
  /** Messages of the mailbox; `openCount` are in work now. */
  readonly messages: InboxCounts & { readonly openCount: number }
  /** What commits carry; everything up to `watermark`, a place in the journal, is sent. */
  readonly outbox: OutboxCounts & { readonly pendingCount: number; readonly watermark: number }
  readonly calls: CallRunner["counts"] & { readonly runningCount: number }
  readonly quarantined: ReadonlyArray<ActorQuarantined>
  readonly projections: ReadonlyArray<ProjectionStatus>
  /** Sagas that start with an event have one each, `start-<type>`. */
  readonly reactors: ReadonlyArray<ReactorStatus>
}

export interface ActorSystemService {
  /** A handle on the actor `id` of a type that this system was given. Makes nothing; never fails. */
  readonly get: <A extends AnyActor>(actor: A, id: string) => ActorRef<A>
  /** The callback form of {@link get}, for hot paths and the promise face. */
  readonly asker: (actor: AnyActor, id: string) => Asker
  /** Waits until a projection has applied everything up to `sequence` (from an {@link Accepted}): read your writes. */
  readonly waitFor: (
    projection: ProjectionDefinition,
    sequence: number,
    timeoutMs?: number,
  ) => Effect.Effect<void, ProjectionTimeout | UnknownProjection>
  readonly status: Effect.Effect<SystemStatus>
  /** What the system gave up on: list, show, redrive, discard. */
  readonly deadLetters: DeadLetterOffice
  /** Succeeds while the journal is reachable and the one that was verified at start. */
  readonly check: Effect.Effect<void, JournalReadError>
  /** Takes no more commands, finishes those in work, writes snapshots. Bounded by `drainMs`; safe to call twice. */
  readonly stop: Effect.Effect<void>
}

/** The projection was not given to this system. Terminal. */
export class UnknownProjection extends Schema.TaggedError<UnknownProjection>()("UnknownProjection", {
  projection: Schema.String,
  hint: Schema.String,
}) {
  override get message(): string {
    return `No projection "${this.projection}" in this system. ${this.hint}`
  }
}

/** Default for how long {@link ActorSystemService.waitFor} waits, in milliseconds. */
export const WAIT_FOR_TIMEOUT_MS = 10_000

/** What a system stands on. */
export type SystemPorts =
  | Journal
  | SnapshotStore
  | ReadModel
  | Mailbox
  | Checkpoints
  | DeadLetters
  | EventPublisher

export class ActorSystem extends Context.Service<ActorSystem, ActorSystemService>()(
  "everstate/system/ActorSystem",
) {
  /** A system on the given ports. The end of the layer's scope drains it. */
  static readonly layer = (
    options: SystemOptions,
  ): Layer.Layer<ActorSystem, DefinitionError | ReadModelUnavailable | ProjectionFailed, SystemPorts> =>
    Layer.effect(ActorSystem, makeActorSystem(options))
}

const makeActorSystem = Effect.fnUntraced(function* (
  options: SystemOptions,
): Effect.fn.Return<
  ActorSystemService,
  DefinitionError | ReadModelUnavailable | ProjectionFailed,
  SystemPorts | Scope.Scope
> {
  const settings: SystemSettings = { ...SYSTEM_DEFAULTS, ...definedOf(options) }
  const sagas = options.sagas ?? []
  const allActors: ReadonlyArray<AnyActor> = [Schedule, ...options.actors, ...sagas.map(({ actor }) => actor)]
  const actors = yield* byName("actor type", allActors, (actor) => actor.type)
  const journal = yield* Journal
  const calls = yield* makeCallRunner
  const outbox = yield* makeOutbox({ ...settings, aborted: ({ key }, name) => calls.abort(key, name) })
  const cells = yield* makeCells({ ...settings, outbox })
  const inbox = yield* makeInbox({ actors, cells, calls, shardCount: settings.shardCount })
  const wheel = yield* makeDeadlineWheel
  const partitions = Array.from({ length: journal.partitionCount }, (_, partition) => partition)
  const projections = new Map<string, ProjectionRunner>()
  for (const projection of yield* byName("projection", options.projections ?? [], ({ name }) => name)) {
    const runner = yield* makeProjectionRunner(projection[1], settings)
    projections.set(projection[0], runner)
    for (const partition of partitions) yield* runner.open(partition)
  }

  const starters = sagas.map(starterOf).filter((starter) => starter !== undefined)
  const reactors = new Map<string, ReactorRunner>()
  for (const [name, reactor] of yield* byName(
    "reactor",
    [...starters, ...(options.reactors ?? [])],
    (reactor) => reactor.name,
  )) {
    const runner = yield* makeReactorRunner(reactor, settings)
    reactors.set(name, runner)
    for (const partition of partitions) yield* runner.open(partition)
  }
  const deadLetters = yield* makeDeadLetterOffice({ shardCount: settings.shardCount, reactors })

  let isStopping = false
  const context: RefContext = {
    cells,
    journal,
    mailbox: yield* Mailbox,
    wheel,
    shardCount: settings.shardCount,
    askDeadlineMs: settings.askDeadlineMs,
    knows: (actor) => actors.get(actor.type) === actor,
    nextCommandId: yield* makeIds,
    isStopped: () => isStopping,
  }

  const stop = Effect.suspend(() => {
    isStopping = true
    return Effect.andThen(inbox.stop, Effect.andThen(cells.drain, outbox.flush)).pipe(
      Effect.timeoutOption(settings.drainMs),
      Effect.asVoid,
    )
  })
  yield* Effect.addFinalizer(() => stop)

  return {
    get: (actor, id) => makeActorRef(context, actor, id),
    asker: (actor, id) => new Asker(context, actor, id),
    waitFor: (projection, sequence, timeoutMs = WAIT_FOR_TIMEOUT_MS) => {
      const runner = projections.get(projection.name)
      return runner === undefined
        ? Effect.fail(
            new UnknownProjection({
              projection: projection.name,
              hint: "Give its definition to the system at start (`projections: [...]`).",
            }),
          )
        : runner.waitFor(sequence, timeoutMs)
    },
    status: Effect.sync(() => {
      const { unknownCount, ...counts } = cells.counts
      return {
        isStopping,
        residentCount: cells.residentCount(),
        inFlightCount: cells.inFlightCount(),
        ...counts,
        unknownOutcomeCount: unknownCount,
        snapshots: { ...cells.snapshotWriter.counts },
        messages: { ...inbox.counts, openCount: inbox.openCount() },
        outbox: { ...outbox.counts, pendingCount: outbox.pendingCount(), watermark: outbox.watermark() },
        calls: { ...calls.counts, runningCount: calls.runningCount() },
        quarantined: cells.quarantined(),
        projections: Array.from(projections.values(), (runner) => runner.status()),
        reactors: Array.from(reactors.values(), (runner) => runner.status()),
      }
    }),
    deadLetters,
    check: journal.check,
    stop,
  }
})

/** Options without those that are present but `undefined`, so that defaults apply to them too. */
const definedOf = (options: SystemOptions): Partial<SystemSettings> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))

const byName = <A>(
  what: string,
  definitions: ReadonlyArray<A>,
  nameOf: (definition: A) => string,
): Effect.Effect<ReadonlyMap<string, A>, DefinitionError> => {
  const named = new Map<string, A>()
  for (const definition of definitions) {
    const name = nameOf(definition)
    if (named.has(name)) {
      const hint = `Two definitions given to the system have this name; names are unique in a system.`
      return Effect.fail(new DefinitionError({ actorType: name, what: `${what} given twice`, hint }))
    }
    named.set(name, definition)
  }
  return Effect.succeed(named)
}

/** Command ids for callers that give none: a random prefix per system and a counter. */
const makeIds: Effect.Effect<() => string> = Effect.gen(function* () {
  const random = () =>
    Effect.map(Random.nextIntBetween(0, 2 ** 48), (part) => part.toString(36).padStart(10, "0"))
  const prefix = (yield* random()) + (yield* random())
  let count = 0
  return () => `${prefix}-${(count++).toString(36)}`
})
