/**
 * `everstate`: the promise face. It exports definitions, the system on NATS and Postgres, and every error by
 * name.
 */
export * from "../runtime/index.ts"
export { type NatsConnectionOptions, NatsUnavailable } from "./nats/connection/NatsConnection.ts"
export type { JournalNatsOptions } from "./nats/journal/JournalNats.ts"
export { MigrationRefused } from "./postgres/Migrations.ts"
export { PostgresRefused, PostgresUnavailable } from "./postgres/PostgresErrors.ts"
export type { PostgresOptions } from "./postgres/PostgresPool.ts"
export { type ReadModelPlace, readModelTable } from "./postgres/ReadModelTables.ts"
export { ActorClient, type ConnectError, type ConnectOptions } from "./system/ActorClient.ts"
export { ActorSystem, NAMESPACE_DEFAULT, type StartError, type StartOptions } from "./system/ActorSystem.ts"
export { InvalidStartOption } from "./system/InvalidStartOption.ts"
