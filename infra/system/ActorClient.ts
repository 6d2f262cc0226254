/**
 * The composition of a real client: the runtime's client on NATS alone. It is no member of the cluster and
 * needs no Postgres.
 *
 * Owns finding the system: a journal's streams say how many shards and streams it has. A client creates no
 * journal. It fails if there is none, or if another journal replaces the one that it found.
 */
import { Effect, Layer } from "effect"
import { type ClientOptions, ActorClient as EffectActorClient } from "../../runtime/client/ActorClient.ts"
import type { InvalidDefinition } from "../../runtime/definition/InvalidDefinition.ts"
import { Journal, JournalRefused, type JournalUnavailable } from "../../runtime/journal/Journal.ts"
import { JournalRegister } from "../../runtime/journal/JournalRegister.ts"
import type { MailboxError } from "../../runtime/mailbox/Mailbox.ts"
import { ActorClient as PromiseActorClient } from "../../runtime/promise/ActorClient.ts"
import {
  NatsConnection,
  type NatsConnectionOptions,
  type NatsUnavailable,
} from "../nats/connection/NatsConnection.ts"
import { TransportNats } from "../nats/connection/TransportNats.ts"
import { findJournal, journalIdOf } from "../nats/journal/JournalLayout.ts"
import { JournalNats } from "../nats/journal/JournalNats.ts"
import { MailboxNats } from "../nats/mailbox/MailboxNats.ts"
import { connectionOf } from "../nats/stores/NatsPermissions.ts"
import { storesOfClients } from "../nats/stores/NeededStores.ts"
import { StoreWatch } from "../nats/stores/StoreWatch.ts"
import { layerTracing } from "../telemetry/SafeTracer.ts"
import { type LogOptions, layerLog, loggingAs } from "../telemetry/SystemLog.ts"
import type { Telemetry } from "../telemetry/Telemetry.ts"
import { NAMESPACE_DEFAULT } from "./ActorSystem.ts"
import { type InvalidStartOption, invalidConnectOption } from "./InvalidStartOption.ts"

/** Options of `ActorClient.connect`. */
export interface ConnectOptions extends ClientOptions, LogOptions {
  /** Address of the system's NATS, `nats://host:port`, or all connection options. */
  readonly nats: string | NatsConnectionOptions
  /** Namespace of the nodes. Default `everstate`. */
  readonly namespace?: string
  /** Traces of the client; `openTelemetry()` of `everstate/telemetry`. A client reports no metrics. */
  readonly telemetry?: Pick<Telemetry, "tracer">
}

/** All errors that can keep a client from connecting. */
export type ConnectError =
  | InvalidStartOption
  | InvalidDefinition
  | NatsUnavailable
  | JournalRefused
  | JournalUnavailable
  | MailboxError

/** The client as an Effect layer, connected to real servers. */
export const layerClient = (options: ConnectOptions): Layer.Layer<EffectActorClient, ConnectError> => {
  const invalid = invalidConnectOption(options)
  if (invalid !== undefined) return Layer.effect(EffectActorClient, Effect.fail(invalid))
  const { nats, namespace = NAMESPACE_DEFAULT, telemetry, logger, logLevel, ...client } = options
  const onConnection = Effect.gen(function* () {
    const connection = yield* NatsConnection
    const identity = yield* findJournal(connection, namespace)
    if (identity === undefined) return yield* noJournal(namespace)
    const layout = { namespace, shards: identity.shards, streams: identity.streams.length }
    const journalId = yield* journalIdOf(connection, namespace, layout.streams)
    const mark = journalId === undefined ? {} : { mark: { journalId, marksOthers: false } }
    // The client registers the journal that it just found: if it is gone already, it counts as missing and is
    // not made again.
    const register = Layer.succeed(JournalRegister, {
      load: () => Effect.succeed(identity),
      record: () => Effect.void,
    })
    const journal = JournalNats.layer(layout).pipe(
      Layer.provide(register),
      // This register never fails.
      Layer.catchTag("JournalRegisterUnavailable", (error) => Layer.effect(Journal, Effect.die(error))),
    )
    const ports = Layer.mergeAll(
      journal,
      MailboxNats.layerClient({ ...layout, ...mark, lost: Effect.succeed("there is a journal") }),
      TransportNats.layer(layout),
    )
    const watch = StoreWatch.layer(storesOfClients(namespace, layout.streams))
    return EffectActorClient.layer({ ...client, shardCount: identity.shards }).pipe(
      Layer.provide(Layer.provideMerge(watch, ports)),
    )
  })
  const connection = NatsConnection.layer(connectionOf(nats, namespace, "client"))
  return Layer.unwrap(onConnection).pipe(
    Layer.provide(connection),
    Layer.provide(layerTracing(telemetry?.tracer)),
    Layer.provide(layerLog(logger, logLevel)),
  )
}

const noJournal = (namespace: string): JournalRefused =>
  new JournalRefused({
    reason: "Missing",
    detail: `namespace "${namespace}" has no journal at these NATS servers`,
    hint: "Start a node of the system first (`ActorSystem.start`), or check `nats` and `namespace`.",
  })

/** A connected client on promises. */
export type ActorClient = PromiseActorClient

/** Connects clients: processes that ask actors and host none. */
export const ActorClient = {
  /**
   * Connects to the system that nodes run in this namespace. Rejects with a {@link ConnectError}, and leaves
   * nothing open then. No node has to be up yet: asks then wait until their deadline.
   */
  connect: (options: ConnectOptions): Promise<ActorClient> =>
    PromiseActorClient.fromLayer(loggingAs(options, layerClient(options))),
}
