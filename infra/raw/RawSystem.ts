/**
 * A system without definitions, for a gateway in this process: everything that nodes answer, and that NATS and
 * Postgres hold.
 *
 * Owns the composition. It is no member of the cluster, has no actors, and runs nothing. Commands and reads go to
 * the nodes, as those of a client do; nodes check commands against their definitions. What routes cannot be served
 * so: infra/bin/NeedsDefinitions.ts.
 */
import { Clock, Context, Effect, Layer } from "effect"
import { ActorClient } from "../../runtime/client/ActorClient.ts"
import { ShardMap } from "../../runtime/cluster/ShardMap.ts"
import { makeIds } from "../../runtime/command/CommandIds.ts"
import { readCorrelationOf } from "../../runtime/directory/Correlations.ts"
import { directoryTables } from "../../runtime/directory/DirectoryTables.ts"
import { TransitionCounter } from "../../runtime/directory/TransitionCounts.ts"
import { Journal } from "../../runtime/journal/Journal.ts"
import { Mailbox } from "../../runtime/mailbox/Mailbox.ts"
import { makeBulkJobs } from "../../runtime/office/BulkJobs.ts"
import { makeDeadLetterOffice } from "../../runtime/office/DeadLetterOffice.ts"
import { OperationLog } from "../../runtime/operation/OperationLog.ts"
import { ReadModel } from "../../runtime/projection/ReadModel.ts"
import type { ActorSystemService } from "../../runtime/system/ActorSystem.ts"
import { makeClusterControl } from "../../runtime/system/ClusterControl.ts"
import { makeDirectoryControl } from "../../runtime/system/DirectoryControl.ts"
import type { ProjectionTold } from "../../runtime/system/MemberAnswers.ts"
import { makeProjectionControl } from "../../runtime/system/ProjectionControl.ts"
import { readSide } from "../../runtime/system/ReadSide.ts"
import { Transport } from "../../runtime/transport/Transport.ts"
import { AskMeter } from "../metrics/AskMeter.ts"
import { MetricsHistory } from "../metrics/MetricsHistory.ts"
import { NatsConnection } from "../nats/connection/NatsConnection.ts"
import { TransportNats } from "../nats/connection/TransportNats.ts"
import { journalIdOf } from "../nats/journal/JournalLayout.ts"
import { LeasesNats } from "../nats/leases/LeasesNats.ts"
import { MailboxNats } from "../nats/mailbox/MailboxNats.ts"
import { CheckpointsNats } from "../nats/stores/CheckpointsNats.ts"
import { DeadLettersNats } from "../nats/stores/DeadLettersNats.ts"
import { layerOperationLogPostgres } from "../postgres/OperationLogPostgres.ts"
import { PostgresPool } from "../postgres/PostgresPool.ts"
import { layerReadModelPostgres } from "../postgres/ReadModelPostgres.ts"
import { keepStoredProgress } from "../system/StoredProgress.ts"
import { rawActor, rawSaga } from "./RawActor.ts"
import { type RawCluster, readCluster } from "./RawCluster.ts"
import { haveHostsEnded } from "./RawHosts.ts"
import { definitionsOf, runProjections, toldProjections } from "./RawProjections.ts"
import { type RawJournal, type RawType, rawTypes } from "./RawTypes.ts"

/** Why a store is not made where it is missing. */
const LOST = Effect.succeed("the journal is there")

/** All stores of a system whose journal is open. */
export const rawStores = Effect.fnUntraced(function* (
  { journal, connection, shardCount }: RawJournal,
  namespace: string,
  postgres: string,
) {
  const journalId = yield* journalIdOf(connection, namespace, journal.partitionCount)
  const mark = journalId === undefined ? {} : { mark: { journalId, marksOthers: false } }
  const options = { namespace, shards: shardCount, lost: LOST, ...mark }
  const onNats = Layer.mergeAll(
    MailboxNats.layerClient(options),
    CheckpointsNats.layer(options),
    DeadLettersNats.layer({ namespace }),
    LeasesNats.layer({ namespace }),
    TransportNats.layer({ namespace }),
  )
  const onPostgres = Layer.merge(layerReadModelPostgres({ namespace }), layerOperationLogPostgres(namespace))
  const given = Layer.merge(Layer.succeed(NatsConnection, connection), Layer.succeed(Journal, journal))
  return yield* Layer.build(
    Layer.merge(onNats, Layer.provideMerge(onPostgres, PostgresPool.layer({ url: postgres }))).pipe(
      Layer.provideMerge(given),
    ),
  )
})

export interface RawSystem {
  readonly service: ActorSystemService
  readonly types: ReadonlyArray<RawType>
  /** Projections that nodes say they can run. */
  readonly told: ReadonlyArray<ProjectionTold>
  /** Whether every node that hosts the type has ended, though its record is still there. */
  readonly haveHostsEnded: (type: string) => Effect.Effect<boolean>
}

/** What a system is opened for. */
export interface RawWish {
  /** A type that is asked for: there may be actors of it though neither a node nor the directory knows it. */
  readonly type: string | undefined
  /** Whether nodes are asked for their projections. */
  readonly projections: boolean
}

/** The system, with all types that are known. */
export const rawSystem = Effect.fnUntraced(function* (open: RawJournal, namespace: string, wish: RawWish) {
  const { journal, shardCount } = open
  const cluster = yield* readCluster
  const { view } = cluster
  const readModel = yield* ReadModel
  const transport = yield* Transport
  const clock = yield* Clock.Clock
  const types = yield* rawTypes({ seen: view.seen, readModel, open, namespace }, wish.type)
  const actors = types.map(({ type, nodeLabel }) => rawActor(type, nodeLabel))
  const byName = new Map(actors.map((actor) => [actor.type, actor]))
  const isSaga = new Set(types.filter((one) => one.isSaga).map(({ type }) => type))
  const client = Context.get(yield* Layer.build(ActorClient.layer({ actors, shardCount })), ActorClient)
  const told = wish.projections ? yield* toldProjections(view, transport) : []
  const members = { partitionCount: journal.partitionCount, view, transport }
  const service: ActorSystemService = {
    get: client.get,
    asker: client.asker,
    spawn: client.spawn,
    ...readSide(new Map(), readModel, members),
    projections: makeProjectionControl(runProjections(view), members),
    actorNamed: (type) => byName.get(type),
    given: {
      namespace,
      actors: actors.filter(({ type }) => !isSaga.has(type)),
      sagas: actors.filter(({ type }) => isSaga.has(type)).map(rawSaga),
      reactors: [],
      projections: definitionsOf(told),
    },
    actors: makeDirectoryControl({
      isOn: true,
      counter: new TransitionCounter(),
      clock,
      readModel,
      // Only a machine knows tags.
      actorNamed: () => undefined,
      view,
      transport,
    }),
    correlation: readCorrelationOf(directoryTables(true, clock).correlations, readModel),
    operations: yield* OperationLog,
    status: Effect.die("a system without definitions has no status"),
    cluster: yield* control(cluster, new ShardMap(actors, shardCount), (actor) => byName.has(actor.type)),
    deadLetters: yield* office(shardCount),
    check: client.check,
    stop: client.close,
  }
  yield* keepStoredProgress(service, namespace)
  const history = { service, meter: new AskMeter(), transport, deadLetterCount: Effect.undefined }
  MetricsHistory.ofOthers(history, clock)
  const hostsEnded = (type: string) => haveHostsEnded(view.seen, transport, type)
  return { service, types, told, haveHostsEnded: hostsEnded } satisfies RawSystem
})

const control = Effect.fnUntraced(function* (
  cluster: RawCluster,
  shardMap: ShardMap,
  knows: Parameters<typeof makeClusterControl>[0]["knows"],
) {
  const { view, refresh } = cluster
  const made = makeClusterControl({
    cluster: cluster.with(shardMap),
    nodeName: "",
    view,
    mailbox: yield* Mailbox,
    transport: yield* Transport,
    shardMap,
    knows,
  })
  return { ...made, status: Effect.andThen(Effect.ignore(refresh), made.status) }
})

/** The office: no reactors run here, so it takes no letter of theirs. */
const office = Effect.fnUntraced(function* (shardCount: number) {
  const { workPage, ...work } = yield* makeDeadLetterOffice({ shardCount, reactors: new Map() })
  return { ...work, ...(yield* makeBulkJobs(workPage, yield* makeIds)) }
})
