/** `everstate`: the promise face. Definitions, the system on NATS and Postgres, and every error by name. */
export * from "../runtime/index.ts"
export { ActorSystem, NAMESPACE_DEFAULT, type StartError, type StartOptions } from "./ActorSystem.ts"
export type { JournalNatsOptions } from "./nats/JournalNats.ts"
export { type NatsConnectionOptions, NatsUnreachable } from "./nats/NatsConnection.ts"
export { MigrationRefused } from "./postgres/Migrations.ts"
export { PostgresRefused, PostgresUnavailable } from "./postgres/PostgresErrors.ts"
export type { PostgresOptions } from "./postgres/PostgresPool.ts"
export { type ReadModelPlace, readModelTable } from "./postgres/ReadModelTables.ts"
