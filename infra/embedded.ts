/**
 * `everstate/embedded`: real servers without an installation. Every public name is in this list.
 *
 * `startServers({ folder })` runs nats-server and Postgres 18 as child processes. They end with this process,
 * which stays alive until they are stopped. `serversFromEnv(folder)` starts only the servers that `NATS_URL`
 * and `DATABASE_URL` do not name. The `acquire*` functions are the same for Effect programs.
 *
 * @module everstate/embedded
 */
export {
  DataFolderInUse,
  type EmbeddedError,
  IntegrityMismatch,
  ServerBinaryNotFound,
  ServerFailedToStart,
  type ServerName,
} from "./embedded/EmbeddedErrors.ts"
export { type NatsCluster, type NatsClusterOptions, startNatsCluster } from "./embedded/NatsCluster.ts"
export type { NatsOptions } from "./embedded/NatsOptions.ts"
export { type NatsServer, startNats } from "./embedded/NatsServer.ts"
export { type PostgresOptions, type PostgresServer, startPostgres } from "./embedded/PostgresServer.ts"
export type { OnProgress, Progress } from "./embedded/Progress.ts"
export {
  acquireNats,
  acquireNatsCluster,
  acquirePostgres,
  acquireServers,
  acquireServersFromEnv,
} from "./embedded/ScopedServers.ts"
export {
  type EmbeddedServers,
  type Servers,
  type ServersOptions,
  serversFromEnv,
  startServers,
} from "./embedded/Servers.ts"
