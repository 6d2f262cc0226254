/**
 * The composition of a real system: the runtime on NATS JetStream and Postgres.
 *
 * Owns which adapter serves which port, and in which order things are built and torn down. Both faces start here:
 * `ActorSystem.start` (promises) and `layer` (Effect).
 */
import { Layer } from "effect"
import type { CheckpointsUnavailable } from "../runtime/checkpoint/Checkpoints.ts"
import type { Leases, LeasesUnavailable } from "../runtime/cluster/Leases.ts"
import type { DeadLettersUnavailable } from "../runtime/deadletter/DeadLetters.ts"
import type { DefinitionError } from "../runtime/definition/DefinitionError.ts"
import type { PublisherUnavailable } from "../runtime/integration/EventPublisher.ts"
import type { JournalRefused, JournalUnavailable } from "../runtime/journal/Journal.ts"
import type { JournalRegisterUnavailable } from "../runtime/journal/JournalRegister.ts"
import type { MailboxError } from "../runtime/mailbox/Mailbox.ts"
import type { ProjectionFailed, ReadModelUnavailable } from "../runtime/projection/ReadModel.ts"
import { ActorSystem as PromiseActorSystem } from "../runtime/promise/ActorSystem.ts"
import { ActorSystem as EffectActorSystem, type SystemOptions } from "../runtime/system/ActorSystem.ts"
import { SYSTEM_DEFAULTS } from "../runtime/system/SystemSettings.ts"
import type { Transport } from "../runtime/transport/Transport.ts"
import { CheckpointsNats } from "./nats/CheckpointsNats.ts"
import { DeadLettersNats } from "./nats/DeadLettersNats.ts"
import { EventPublisherNats } from "./nats/EventPublisherNats.ts"
import { JournalNats, type JournalNatsOptions } from "./nats/JournalNats.ts"
import { LeasesNats } from "./nats/LeasesNats.ts"
import { MailboxNats } from "./nats/MailboxNats.ts"
import { NatsConnection, type NatsConnectionOptions, type NatsUnreachable } from "./nats/NatsConnection.ts"
import { connectionOf } from "./nats/NatsPermissions.ts"
import { TransportNats } from "./nats/TransportNats.ts"
import { layerJournalRegisterPostgres } from "./postgres/JournalRegisterPostgres.ts"
import { type MigrationRefused, migrate } from "./postgres/Migrations.ts"
import type { PostgresError } from "./postgres/PostgresErrors.ts"
import { type PostgresOptions, PostgresPool } from "./postgres/PostgresPool.ts"
import { layerReadModelPostgres } from "./postgres/ReadModelPostgres.ts"
import { layerSnapshotStorePostgres } from "./postgres/SnapshotStorePostgres.ts"

/** Namespace of a system that names none. */
export const NAMESPACE_DEFAULT = "everstate"

export interface StartOptions extends SystemOptions {
  /** Where the journal is: `nats://host:port`, or all connection options. */
  readonly nats: string | NatsConnectionOptions
  /** Where snapshots and read models are: `postgres://...`, or all pool options. */
  readonly postgres: string | PostgresOptions
  /** Keeps systems apart that share servers: lower-case letters, digits, `_`, `-`. Default `everstate`. */
  readonly namespace?: string
  /** Replicas (of the mailbox and the other streams, too), number of streams, size limit and time-out of the journal. */
  readonly journal?: Omit<JournalNatsOptions, "namespace" | "shards">
}

/** Everything that can keep a system from starting. */
export type StartError =
  | DefinitionError
  | NatsUnreachable
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

/** What the adapters on NATS are told. */
interface NatsAdapterOptions {
  readonly namespace: string
  readonly shards: number
  readonly replicas?: number
}

/** How nodes know of each other. */
type Clustering = (
  options: NatsAdapterOptions,
) => Layer.Layer<Leases | Transport, LeasesUnavailable, NatsConnection>

const onNats: Clustering = (options) => Layer.merge(LeasesNats.layer(options), TransportNats.layer(options))

/** The system as an Effect layer, with its adapters, connected to real servers. */
export const layer = (options: StartOptions): Layer.Layer<EffectActorSystem, StartError> =>
  layerOn(options, onNats)

/** The same with a clustering of the caller's choice: a system that knows of no other is the measure of its cost. */
export const layerOn = (
  options: StartOptions,
  clustering: Clustering,
): Layer.Layer<EffectActorSystem, StartError> => {
  const { nats, postgres, namespace = NAMESPACE_DEFAULT, journal, ...system } = options
  const connection = NatsConnection.layer(connectionOf(nats, namespace, "service"))
  const pool = PostgresPool.layer(typeof postgres === "string" ? { url: postgres } : postgres)
  const migrated = Layer.provideMerge(Layer.effectDiscard(migrate()), pool)
  const { replicas } = journal ?? {}
  const shards = system.shardCount ?? SYSTEM_DEFAULTS.shardCount
  const stream = { namespace, shards, ...(replicas === undefined ? undefined : { replicas }) }
  const journalLayer = JournalNats.layer({
    ...journal,
    namespace,
    shards,
  }).pipe(Layer.provide(Layer.mergeAll(connection, layerJournalRegisterPostgres)))
  const messaging = Layer.mergeAll(
    MailboxNats.layer(stream),
    CheckpointsNats.layer(stream),
    DeadLettersNats.layer(stream),
    EventPublisherNats.layer(stream),
    clustering(stream),
  ).pipe(Layer.provide(connection))
  const ports = Layer.mergeAll(
    // A journal that is refused is what an operator has to know first.
    Layer.provideMerge(messaging, journalLayer),
    layerSnapshotStorePostgres({ namespace, isWarm: true }),
    layerReadModelPostgres({ namespace }),
  )
  return EffectActorSystem.layer({ ...system, namespace }).pipe(Layer.provide(ports), Layer.provide(migrated))
}

/** A running system on promises. */
export type ActorSystem = PromiseActorSystem

export const ActorSystem = {
  /**
   * Connects, verifies the journal, migrates Postgres and starts projections. Rejects with a {@link StartError} and
   * leaves nothing behind if any of it fails.
   */
  start: (options: StartOptions): Promise<ActorSystem> => PromiseActorSystem.fromLayer(layer(options)),
}
