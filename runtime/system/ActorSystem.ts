/**
 * The system: what a process starts, gets actors from, and stops.
 *
 * Owns the composition of the runtime on its ports ({@link SystemPorts}) and the order of stopping.
 * This is the Effect face. From here a command goes to ActorRef.ts → ../cell/Cells.ts → ../cell/Cell.ts.
 */
import { Clock, Context, Effect, Exit, Layer, Option, type Scope } from "effect"
import { makeCallRunner } from "../call/CallRunner.ts"
import { SystemStopped } from "../cell/AskError.ts"
import { makeCells } from "../cell/Cells.ts"
import type { Checkpoints } from "../checkpoint/Checkpoints.ts"
import { makeCluster } from "../cluster/Cluster.ts"
import { ClusterView } from "../cluster/ClusterView.ts"
import type { Leases } from "../cluster/Leases.ts"
import { type NodeOptions, THIS_RELEASE_READS } from "../cluster/Member.ts"
import { Ownership } from "../cluster/Ownership.ts"
import { ShardMap } from "../cluster/ShardMap.ts"
import { makeIds } from "../command/CommandIds.ts"
import { formatReadBy } from "../commit/Commit.ts"
import type { DeadLetters } from "../deadletter/DeadLetters.ts"
import type { AnyActor } from "../definition/Actor.ts"
import type { InvalidDefinition } from "../definition/InvalidDefinition.ts"
import { pruneCorrelations, type ReadCorrelation, readCorrelationOf } from "../directory/Correlations.ts"
import { type DirectorySettings, directoryTables } from "../directory/DirectoryTables.ts"
import { TransitionCounter } from "../directory/TransitionCounts.ts"
import { Health, type Unhealthy } from "../health/Health.ts"
import { makeInbox } from "../inbox/Inbox.ts"
import type { EventPublisher } from "../integration/EventPublisher.ts"
import { Journal, type JournalReadError } from "../journal/Journal.ts"
import { CurrentSampledLogs, SampledLogs } from "../log/SampledLog.ts"
import { Mailbox } from "../mailbox/Mailbox.ts"
import { type BulkJobs, makeBulkJobs } from "../office/BulkJobs.ts"
import { type DeadLetterOffice, makeDeadLetterOffice } from "../office/DeadLetterOffice.ts"
import { OperationLog, type OperationLogService } from "../operation/OperationLog.ts"
import { makeOperationLogMemory } from "../operation/OperationLogMemory.ts"
import { makeOutbox } from "../outbox/Outbox.ts"
import type { ProjectionDefinition } from "../projection/Projection.ts"
import { type ProjectionFailed, ReadModel, type ReadModelUnavailable } from "../projection/ReadModel.ts"
import type { ReactorDefinition } from "../reactor/Reactor.ts"
import { makeAskServer } from "../router/AskServer.ts"
import { ClientAsks } from "../router/ClientAsks.ts"
import { makeDirectDelivery } from "../router/DirectDelivery.ts"
import { LocalCells } from "../router/LocalCells.ts"
import { makeRouter } from "../router/Router.ts"
import { logSuspected } from "../router/SuspectedRequest.ts"
import { makeWatchRoutes } from "../router/WatchRoute.ts"
import type { AnySaga } from "../saga/Saga.ts"
import { countSagas } from "../saga/SagaCounts.ts"
import type { SingletonDefinition } from "../singleton/Singleton.ts"
import { SnapshotStore } from "../snapshot/SnapshotStore.ts"
import { makeDeadlineWheel } from "../time/DeadlineWheel.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { Transport } from "../transport/Transport.ts"
import { ChangeDoor, makeChangeFeeds } from "../watch/ChangeFeeds.ts"
import { type ActorRefs, makeActorRefs } from "./ActorRef.ts"
import type { RefContext } from "./Asker.ts"
import { type ClusterControl, makeClusterControl } from "./ClusterControl.ts"
import { countClusterEvents } from "./ClusterCounts.ts"
import { makeCutOff } from "./CutOff.ts"
import {
  definitionsOf,
  type Given,
  givenOf,
  hostedTypes,
  missingSagas,
  readsMore,
  typeLabelsOf,
} from "./Definitions.ts"
import { type DirectoryControl, makeDirectoryControl } from "./DirectoryControl.ts"
import { makeDirectoryFill } from "./DirectoryFill.ts"
import { answerMembers } from "./MemberAnswers.ts"
import { PastStates } from "./PastStates.ts"
import { type ReadSide, readSide } from "./ReadSide.ts"
import { makeServices } from "./Services.ts"
import { shardTenants } from "./ShardTenant.ts"
import { SYSTEM_DEFAULTS, type SystemSettings } from "./SystemSettings.ts"
import { type SystemStatus, statusOf } from "./SystemStatus.ts"
import { makeNodeTells } from "./Tell.ts"
import { traces } from "./Traced.ts"
import { makeWarmUp } from "./WarmUp.ts"

/** The definitions that a system runs, and its settings. */
export interface SystemOptions extends Partial<SystemSettings> {
  readonly actors: ReadonlyArray<AnyActor>
  readonly sagas?: ReadonlyArray<AnySaga>
  readonly reactors?: ReadonlyArray<ReactorDefinition>
  readonly projections?: ReadonlyArray<ProjectionDefinition>
  /** Work that one node does for all. */
  readonly singletons?: ReadonlyArray<SingletonDefinition>
  /** How this node takes part in the cluster. */
  readonly node?: NodeOptions
  /**
   * What the directory of the system's actors keeps; `false`: there is none. The same on all nodes: a node with
   * `false` does not fill it, and its `actors` answers `DirectoryOff`.
   */
  readonly directory?: boolean | DirectorySettings
}

/** What a running system offers: refs to actors, the read side, its status, the cluster, and dead letters. */
export interface ActorSystemService extends ActorRefs, ReadSide {
  /** The definition of an actor type that was given, sagas' actors included: for callers that have its name only. */
  readonly actorNamed: (type: string) => AnyActor | undefined
  /** The log of what operators did. */
  readonly operations: OperationLogService
  /** Everything that this system was given to run. */
  readonly given: Given
  readonly status: Effect.Effect<SystemStatus>
  /** The actors of the whole system: which there are, and in which states. */
  readonly actors: DirectoryControl
  /** What one request has caused over all actors, messages, timers and calls, by its correlation id. */
  readonly correlation: ReadCorrelation
  /** The cluster that this node is a member of: who is in it, who has what, and what operators may wish for. */
  readonly cluster: ClusterControl
  /** What the system gave up on: list, show, redrive, discard. */
  readonly deadLetters: DeadLetterOffice & BulkJobs
  /**
   * Looks now. Succeeds while the journal is reachable and the one that was verified at start, and everything else that
   * the system needs is there and takes writes; else says which is not, by name.
   */
  readonly check: Effect.Effect<void, JournalReadError | Unhealthy>
  /** Takes no more commands, finishes those in work, writes snapshots. Bounded by `drainMs`; safe to call twice. */
  readonly stop: Effect.Effect<void>
}

/** What a system stands on. */
export type SystemPorts =
  | Journal
  | SnapshotStore
  | ReadModel
  | Mailbox
  | Checkpoints
  | DeadLetters
  | EventPublisher
  | Leases
  | Transport

/** The system of this process, as a service. */
export class ActorSystem extends Context.Service<ActorSystem, ActorSystemService>()(
  "everstate/system/ActorSystem",
) {
  /** A system on the given ports. The end of the layer's scope drains it. */
  static readonly layer = (
    options: SystemOptions,
  ): Layer.Layer<ActorSystem, InvalidDefinition | ReadModelUnavailable | ProjectionFailed, SystemPorts> =>
    Layer.effect(
      ActorSystem,
      Effect.provideService(makeActorSystem(options), CurrentSampledLogs, new SampledLogs()),
    )
}

const makeActorSystem = Effect.fnUntraced(function* (
  options: SystemOptions,
): Effect.fn.Return<
  ActorSystemService,
  InvalidDefinition | ReadModelUnavailable | ProjectionFailed,
  SystemPorts | Scope.Scope
> {
  const settings: SystemSettings = { ...SYSTEM_DEFAULTS, ...definedOf(options) }
  const clock = yield* Clock.Clock
  const tables = directoryTables(options.directory, clock)
  const given = yield* definitionsOf({ ...options, builtIn: tables.projections })
  yield* Effect.forEach(missingSagas(options.sagas ?? []), (text) => Effect.logWarning(text))
  const { actors } = given
  const journal = yield* Journal
  const health = yield* Health
  const readModel = yield* ReadModel
  const mailbox = yield* Mailbox
  const transport = yield* Transport
  const wheel = yield* makeDeadlineWheel
  const shardMap = new ShardMap(actors.values(), settings.shardCount)
  const ownership = new Ownership(shardMap.all.length, transport.disconnectedAtMs)
  const view = yield* ClusterView.make(ownership)
  const localCells = new LocalCells()
  const types = hostedTypes(actors.values())
  let isStopping = false

  const cutOff = makeCutOff(ownership, health, clock)
  const slotOf = (shardIndex: number): string => shardMap.all[shardIndex]?.slot ?? ""
  const unhosted = (shardIndex: number, type: string): boolean =>
    view.surrender(slotOf(shardIndex), (member) => Object.hasOwn(member.types, type))

  const traced = yield* traces
  const calls = yield* traced.calls(makeCallRunner)
  const router = yield* makeRouter(transport, {
    shardMap,
    suspect: view.suspect,
    cutOff,
    cells: localCells,
  })
  const outbox = yield* makeOutbox({
    ...settings,
    shardMap,
    deliver: traced.deliver(
      makeDirectDelivery({
        actors,
        cells: localCells,
        router,
        shardMap,
        wheel,
        clock,
        isPaused: view.isPaused,
        members: view.members,
      }),
    ),
    isDirect: () => view.seen.readByAll().deliver >= 1,
    aborted: ({ key }, name) => calls.abort(key, name),
    overtaken: (shardIndex) => view.overtaken(slotOf(shardIndex)),
  })
  const counted = countSagas(options.sagas ?? [], outbox)
  const changes = new ChangeDoor()
  const counter = new TransitionCounter()
  const cells = yield* makeCells({
    ...settings,
    transitions: counter.count,
    outbox: traced.commits(counted.listener),
    changes,
    shardMap,
    ownership,
    elsewhere: (definition, address, item, wasTaken) => {
      // A message stays in the mailbox for the shard's owner; a request of another node goes back to that node.
      if (item._tag === "Pending" || (item._tag === "Command" && item.isMessage))
        item.settle(Exit.interrupt())
      else if (item.isRemote) item.settle(Exit.interrupt())
      else if (isStopping && !(item._tag === "Command" && item.mayBeStored))
        item.settle(Exit.fail(new SystemStopped({ actorType: address.type, id: address.id })))
      else router.route(definition, address, item, wasTaken && ownership.wasHeldUp(monotonicMs(clock)))
    },
    unreadable: ({ type }, shardIndex, error) => {
      if (view.surrender(slotOf(shardIndex), (member) => readsMore(type, member.types, types))) return true
      view.announce({ type: "ActorQuarantined", actor: `${type}/${error.id}`, detail: error.message })
      return false
    },
    withheld: router.withheld,
    isPaused: view.isPaused,
    commitFormat: () => formatReadBy(view.seen.readByAll().commit),
    markOf: outbox.markOf,
  })
  localCells.connect(cells)
  const feeds = yield* makeChangeFeeds(
    { cells, shardMap, journal, snapshots: yield* SnapshotStore, wheel, clock },
    changes,
  )
  const routes = makeWatchRoutes({
    shardMap,
    router,
    cells: localCells,
    feeds,
    isRead: () => (view.seen.readByAll().watch ?? 0) >= 1,
  })
  const inbox = yield* makeInbox({ actors, cells, calls, shardMap, unhosted, isPaused: view.isPaused })
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  const answer = makeAskServer({
    actors,
    cells,
    feeds,
    wheel,
    shardCount: settings.shardCount,
    replyBytesMax: transport.messageBytesMax,
    unhosted,
    cutOff,
    suspected: (request) => void runFork(logSuspected(request)),
    clientAsks: yield* ClientAsks,
  })

  const warmUp = yield* makeWarmUp({ ...settings, actors, shardMap, cells, wheel, transport })
  const services = yield* traced.readModel(makeServices(given, settings, journal.partitionCount))
  const tenants = new Map([
    ...shardTenants({
      ...settings,
      shardMap,
      ownership,
      cells,
      feeds,
      calls,
      inbox,
      outbox,
      warmUp,
      transport,
      journal,
      answer,
    }),
    ...services.tenants,
  ])
  if (tables.correlations !== undefined) {
    yield* pruneCorrelations(tables.correlations, readModel, tables.correlationsKeptMs)
  }
  const fill = tables.isOn
    ? yield* makeDirectoryFill({ ...settings, readModel, actors, cells, wheel })
    : undefined
  const { workPage, ...office } = yield* makeDeadLetterOffice({
    shardCount: settings.shardCount,
    reactors: services.reactors,
  })

  const { name, version = "", labels = [], weight = 1 } = options.node ?? {}
  const nextCommandId = yield* makeIds
  const bulkJobs = yield* makeBulkJobs(workPage, nextCommandId)
  const runs = [...services.tenants.keys()]
  const startedAt = clock.currentTimeMillisUnsafe()
  const nodeName = name ?? `node-${nextCommandId().slice(0, 6)}`
  const clusterCounts = yield* countClusterEvents(view.events, nodeName)
  const cluster = yield* makeCluster({
    about: {
      v: 1,
      name: nodeName,
      version,
      labels,
      weight,
      types,
      typeLabels: typeLabelsOf(actors.values()),
      reads: THIS_RELEASE_READS,
      runs,
      startedAt,
    },
    families: [...shardMap.families(), { name: "services", label: undefined, isShards: false, slots: runs }],
    tenants,
    view,
    leaseMs: settings.leaseMs,
    handoffMs: settings.handoffMs,
    asked: answerMembers({ cells, inbox, warmUp, ...services, view, counter, clock }),
    // A former owner that handed the slot off is still a member; the record of one that went silent was removed before.
    ownerChanged: (slot, former) =>
      router.ownerChanged(slot, former !== undefined && !view.seen.members().has(former)),
  })

  const tells = yield* makeNodeTells({
    ...{ mailbox, wheel, shardMap, cells, inbox, nextCommandId },
    askDeadlineMs: settings.askDeadlineMs,
    isPaused: view.isPaused,
  })
  const context: RefContext = {
    cells,
    routes,
    journal,
    past: new PastStates(),
    tells,
    wheel,
    shardCount: settings.shardCount,
    askDeadlineMs: settings.askDeadlineMs,
    knows: (actor) => actors.get(actor.type) === actor,
    nextCommandId,
    isStopped: () => isStopping,
    trace: traced.context,
  }

  const stop = Effect.suspend(() => {
    isStopping = true
    // Watchers wait for no end, so they would keep the router open.
    routes.end()
    return Effect.andThen(Effect.andThen(cluster.leave, cells.drain), router.drain).pipe(
      Effect.timeoutOption(settings.drainMs),
      Effect.asVoid,
    )
  })
  yield* Effect.addFinalizer(() => stop)

  return {
    ...makeActorRefs(context),
    ...readSide(services.projections, readModel, { ...journal, view, transport }),
    actorNamed: (type) => actors.get(type),
    actors: makeDirectoryControl({
      isOn: tables.isOn,
      counter,
      clock,
      readModel,
      actorNamed: (type) => actors.get(type),
      view,
      transport,
    }),
    correlation: readCorrelationOf(tables.correlations, readModel),
    given: givenOf(settings.namespace, options),
    operations: Option.getOrElse(yield* Effect.serviceOption(OperationLog), makeOperationLogMemory),
    status: Effect.sync(() =>
      statusOf({
        ...{ cells, inbox, tells, outbox, calls, router, feeds, transport, services, counted, health, fill },
        isStopping,
        clusterCounts,
      }),
    ),
    cluster: makeClusterControl({
      cluster,
      nodeName,
      view,
      transport,
      mailbox,
      shardMap,
      knows: context.knows,
    }),
    deadLetters: { ...office, ...bulkJobs },
    check: Effect.andThen(journal.check, health.check),
    stop,
  }
})

/** Options without those that are present but `undefined`, so that defaults apply to them too. */
const definedOf = (options: SystemOptions): Partial<SystemSettings> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
