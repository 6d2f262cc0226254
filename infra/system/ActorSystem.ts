/**
 * The composition of a real system: the runtime on NATS JetStream and Postgres.
 *
 * Owns which adapter serves which port, and in which order things are built and torn down. Both faces start
 * here: `ActorSystem.start` (promises) and `layer` (Effect).
 */
import { Context, Effect, Layer } from "effect"
import { CheckpointsUnavailable } from "../../runtime/checkpoint/Checkpoints.ts"
import type { Leases, LeasesUnavailable } from "../../runtime/cluster/Leases.ts"
import type { DeadLettersUnavailable } from "../../runtime/deadletter/DeadLetters.ts"
import type { InvalidDefinition } from "../../runtime/definition/InvalidDefinition.ts"
import type { PublisherUnavailable } from "../../runtime/integration/EventPublisher.ts"
import {
  Journal,
  type JournalRefused,
  type JournalService,
  type JournalUnavailable,
} from "../../runtime/journal/Journal.ts"
import type { JournalRegisterUnavailable } from "../../runtime/journal/JournalRegister.ts"
import { type MailboxError, MailboxUnavailable } from "../../runtime/mailbox/Mailbox.ts"
import type { ProjectionFailed, ReadModelUnavailable } from "../../runtime/projection/ReadModel.ts"
import { ActorSystem as PromiseActorSystem } from "../../runtime/promise/ActorSystem.ts"
import { ClientAsks } from "../../runtime/router/ClientAsks.ts"
import {
  type ActorSystemService,
  ActorSystem as EffectActorSystem,
  type SystemOptions,
} from "../../runtime/system/ActorSystem.ts"
import { SYSTEM_DEFAULTS } from "../../runtime/system/SystemSettings.ts"
import { Transport } from "../../runtime/transport/Transport.ts"
import { AskMeter, metered } from "../metrics/AskMeter.ts"
import { MetricsHistory } from "../metrics/MetricsHistory.ts"
import {
  NatsConnection,
  type NatsConnectionOptions,
  type NatsUnavailable,
} from "../nats/connection/NatsConnection.ts"
import { TransportNats } from "../nats/connection/TransportNats.ts"
import { journalIdOf } from "../nats/journal/JournalLayout.ts"
import { JournalNats, type JournalNatsOptions } from "../nats/journal/JournalNats.ts"
import { LeasesNats } from "../nats/leases/LeasesNats.ts"
import { MailboxNats } from "../nats/mailbox/MailboxNats.ts"
import { CheckpointsNats } from "../nats/stores/CheckpointsNats.ts"
import { countDeadLetters, DeadLettersNats } from "../nats/stores/DeadLettersNats.ts"
import { EventPublisherNats } from "../nats/stores/EventPublisherNats.ts"
import { connectionOf } from "../nats/stores/NatsPermissions.ts"
import { leasesStream, neededStores } from "../nats/stores/NeededStores.ts"
import { StoreWatch } from "../nats/stores/StoreWatch.ts"
import { layerJournalRegisterPostgres } from "../postgres/JournalRegisterPostgres.ts"
import { type MigrationRefused, migrate } from "../postgres/Migrations.ts"
import { layerOperationLogPostgres } from "../postgres/OperationLogPostgres.ts"
import type { PostgresError } from "../postgres/PostgresErrors.ts"
import { type PostgresOptions, PostgresPool } from "../postgres/PostgresPool.ts"
import { layerReadModelPostgres } from "../postgres/ReadModelPostgres.ts"
import { layerSnapshotStorePostgres } from "../postgres/SnapshotStorePostgres.ts"
import { CurrentRequestMetrics, RequestMetrics } from "../telemetry/RequestMetrics.ts"
import { layerTracing } from "../telemetry/SafeTracer.ts"
import { type LogOptions, layerLog, loggingAs } from "../telemetry/SystemLog.ts"
import type { Telemetry } from "../telemetry/Telemetry.ts"
import { type InvalidStartOption, invalidStartOption } from "./InvalidStartOption.ts"
import { keepStoredProgress } from "./StoredProgress.ts"

/** Weight of a node that prepares, so small that it gets next to no slots. */
const PREPARATION_WEIGHT = 0.001

/** Namespace of a system whose options name none. */
export const NAMESPACE_DEFAULT = "everstate"

/** Options of `ActorSystem.start`: definitions, servers, and settings that have defaults. */
export interface StartOptions extends SystemOptions, LogOptions {
  /** NATS server of the journal, `nats://host:port`, or all connection options. */
  readonly nats: string | NatsConnectionOptions
  /** Postgres of snapshots and read models, `postgres://...`, or all pool options. */
  readonly postgres: string | PostgresOptions
  /** Keeps systems on the same servers apart: lower-case letters, digits, `_`, `-`. Default `everstate`. */
  readonly namespace?: string
  /**
   * Options of the journal: number of streams, size limit, time-out, and replicas, which also hold for the
   * mailbox and the other streams.
   */
  readonly journal?: Omit<JournalNatsOptions, "namespace" | "shards" | "isPreparation">
  /** Traces and metrics of the system; `openTelemetry()` of `everstate/telemetry`. */
  readonly telemetry?: Telemetry
  /**
   * True: this start prepares the namespace, because an operator asked for it ({@link ActorSystem.prepare}).
   * It makes again the stores that a namespace with commits has lost; other starts refuse to do that.
   */
  readonly isPreparation?: boolean
}

/** All errors that can keep a system from starting. */
export type StartError =
  | InvalidStartOption
  | InvalidDefinition
  | NatsUnavailable
  | PostgresError
  | MigrationRefused
  | JournalRefused
  | JournalUnavailable
  | JournalRegisterUnavailable
  | MailboxError
  | CheckpointsUnavailable
  | LeasesUnavailable
  | DeadLettersUnavailable
  | PublisherUnavailable
  | ReadModelUnavailable
  | ProjectionFailed

/** Options of the adapters on NATS. */
interface NatsAdapterOptions {
  readonly namespace: string
  readonly shards: number
  readonly replicas?: number
}

/** The adapters through which nodes know of each other. */
type Clustering = (
  options: NatsAdapterOptions,
) => Layer.Layer<Leases | Transport, LeasesUnavailable, NatsConnection>

const onNats: Clustering = (options) => Layer.merge(LeasesNats.layer(options), TransportNats.layer(options))

/** The system as an Effect layer, with its adapters, connected to real servers. */
export const layer = (options: StartOptions): Layer.Layer<EffectActorSystem, StartError> =>
  layerOn(options, onNats)

/**
 * The same with another clustering. A benchmark uses a system without a cluster to measure what the cluster
 * costs.
 */
export const layerOn = (
  options: StartOptions,
  clustering: Clustering,
): Layer.Layer<EffectActorSystem, StartError> => {
  const invalid = invalidStartOption(options)
  if (invalid !== undefined) return Layer.effect(EffectActorSystem, Effect.fail(invalid))
  const { nats, postgres, namespace = NAMESPACE_DEFAULT, journal, isPreparation = false, ...rest } = options
  const { telemetry, logger, logLevel, ...system } = rest
  const connection = NatsConnection.layer(connectionOf(nats, namespace, "service"))
  const pool = PostgresPool.layer(typeof postgres === "string" ? { url: postgres } : postgres)
  const migrated = Layer.provideMerge(Layer.effectDiscard(migrate()), pool)
  const { replicas, streams } = journal ?? {}
  const shards = system.shardCount ?? SYSTEM_DEFAULTS.shardCount
  const stream = { namespace, shards, ...(replicas === undefined ? undefined : { replicas }) }
  const journalLayer = JournalNats.layer({
    ...journal,
    namespace,
    shards,
    isPreparation,
  }).pipe(Layer.provide(Layer.mergeAll(connection, layerJournalRegisterPostgres)))
  const onUsed = Effect.gen(function* () {
    const used = usedAlready(yield* Journal)
    const journalId = yield* journalIdOf(yield* NatsConnection, namespace, streams)
    const mark = journalId === undefined ? {} : { mark: { journalId, marksOthers: isPreparation } }
    const lost = isPreparation ? Effect.undefined : used
    const orUnavailable = Effect.mapError(
      (detail: string) => new MailboxUnavailable({ reason: "Other", detail }),
    )
    return Layer.merge(
      MailboxNats.layer({
        ...stream,
        ...mark,
        lost: orUnavailable(lost),
        isNew: orUnavailable(Effect.map(used, (why) => why === undefined)),
      }),
      CheckpointsNats.layer({
        ...stream,
        ...mark,
        lost: Effect.mapError(lost, (detail) => new CheckpointsUnavailable({ detail })),
      }),
    )
  })
  const messaging = Layer.mergeAll(
    Layer.unwrap(onUsed),
    DeadLettersNats.layer(stream),
    EventPublisherNats.layer(stream),
    clustering(stream),
  ).pipe(Layer.provide(connection))
  const needed = neededStores(namespace, streams)
  // Another clustering has no bucket of leases.
  const watched =
    clustering === onNats ? needed : needed.filter(({ name }) => name !== leasesStream(namespace))
  const watch = Layer.provide(StoreWatch.layer(watched), connection)
  const ports = Layer.mergeAll(
    // The journal is opened first, because an operator must see its refusal first. The watch starts after all
    // stores are made, so that none counts as missing.
    Layer.provideMerge(watch, Layer.provideMerge(messaging, journalLayer)),
    layerSnapshotStorePostgres({ namespace, isWarm: true }),
    layerReadModelPostgres({ namespace }),
    layerOperationLogPostgres(namespace),
  )
  const metering = Layer.unwrap(
    Effect.map(Effect.context<never>(), (context) => {
      const durations = new RequestMetrics(context)
      const meter = new AskMeter(durations)
      return Layer.effect(EffectActorSystem, withHistory(namespace, meter)).pipe(
        Layer.provide(EffectActorSystem.layer({ ...system, namespace })),
        Layer.provide(Layer.succeed(ClientAsks, meter.clientAsk)),
        Layer.tap((built) => observed(telemetry, Context.get(built, EffectActorSystem), durations)),
        // A gateway of the system measures its requests there, too.
        Layer.merge(Layer.succeed(CurrentRequestMetrics, durations)),
      )
    }),
  )
  return metering.pipe(
    Layer.tap((context) => keepStoredProgress(Context.get(context, EffectActorSystem), namespace)),
    Layer.provide(Layer.merge(ports, connection)),
    Layer.provide(migrated),
    Layer.provide(layerTracing(telemetry?.tracer)),
    Layer.provide(layerLog(logger, logLevel)),
  )
}

/** The system with a meter on its asks, and with the last hour of its metrics in memory. */
const withHistory = Effect.fnUntraced(function* (namespace: string, meter: AskMeter) {
  const connection = yield* NatsConnection
  const service = metered(yield* EffectActorSystem, meter)
  const deadLetterCount = countDeadLetters(connection, namespace)
  yield* MetricsHistory.make({ service, meter, transport: yield* Transport, deadLetterCount })
  return service
})

/** Reports the metrics of the system until its scope ends. */
const observed = (
  telemetry: Telemetry | undefined,
  { status, cluster }: ActorSystemService,
  durations: RequestMetrics,
) => telemetry?.observe({ status, standing: cluster.standing, durations }) ?? Effect.void

/**
 * Why a missing store has been lost; `undefined` before the first commit, because no store can have been lost
 * then. Fails with a text.
 */
const usedAlready = ({
  lastSequence,
  partitionCount,
}: JournalService): Effect.Effect<string | undefined, string> =>
  Effect.forEach(
    Array.from({ length: partitionCount }, (_, partition) => partition),
    lastSequence,
  ).pipe(
    Effect.mapError(({ message }) => message),
    Effect.map((last) => (last.some((sequence) => sequence > 0) ? "the journal has commits" : undefined)),
  )

/** A running system on promises. */
export type ActorSystem = PromiseActorSystem

/** Starts systems on NATS and Postgres, and makes what they need on these servers. */
export const ActorSystem = {
  /**
   * Connects, verifies the journal, migrates Postgres and starts projections. Rejects with a {@link
   * StartError}, and leaves nothing open then.
   */
  start: (options: StartOptions): Promise<ActorSystem> =>
    PromiseActorSystem.fromLayer(loggingAs(options, layer(options))),
  /**
   * Makes the streams, buckets and tables that the system needs, then ends. An operator runs it before the
   * nodes of a release start, and after a store other than the journal was lost. It needs the rights to
   * create. It is safe beside running nodes: its weight is so small that it takes no slots from them.
   */
  prepare: async (options: StartOptions): Promise<void> => {
    // Not the name of a node, because that node would count as evicted when the preparation ends.
    const node = { ...options?.node, name: "prepare", weight: PREPARATION_WEIGHT }
    const system = await PromiseActorSystem.fromLayer(layer({ ...options, node, isPreparation: true }))
    await system.stop()
  },
}
