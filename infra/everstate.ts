/**
 * `everstate`: define actors, start the system on NATS and Postgres, ask. On promises; the same as Effects is in effect.ts.
 *
 * Further entry points are `everstate/saga`, `everstate/operations`, `everstate/adapter`, `everstate/testing`, `everstate/embedded`.
 *
 * @module everstate
 */
export { CheckpointsUnavailable } from "../runtime/checkpoint/Checkpoints.ts"
export { LeasesUnavailable } from "../runtime/cluster/Leases.ts"
export { DeadLettersUnavailable } from "../runtime/deadletter/DeadLetters.ts"
export * from "../runtime/define.ts"
export { PublisherUnavailable } from "../runtime/integration/EventPublisher.ts"
export { JournalRegisterUnavailable } from "../runtime/journal/JournalRegister.ts"
export { MailboxRefused, MailboxUnavailable } from "../runtime/mailbox/Mailbox.ts"
export { ProjectionFailed, ReadModelUnavailable } from "../runtime/projection/ReadModel.ts"
export { type NatsConnectionOptions, NatsUnavailable } from "./nats/connection/NatsConnection.ts"
export type { JournalNatsOptions } from "./nats/journal/JournalNats.ts"
export { MigrationRefused } from "./postgres/Migrations.ts"
export { PostgresRefused, PostgresUnavailable } from "./postgres/PostgresErrors.ts"
export type { PostgresOptions } from "./postgres/PostgresPool.ts"
export { type ReadModelPlace, readModelTable } from "./postgres/ReadModelTables.ts"
export { ActorClient, type ConnectError, type ConnectOptions } from "./system/ActorClient.ts"
export { ActorSystem, type StartError, type StartOptions } from "./system/ActorSystem.ts"
export { InvalidStartOption } from "./system/InvalidStartOption.ts"
