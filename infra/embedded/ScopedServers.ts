/**
 * The same starts for Effect programs: the servers live as long as the scope, and every typed error is in the
 * error channel. Any other error, for example a full disk, is a defect. A layer is `Layer.effect(Service,
 * acquireNats(...))`.
 */
import { Effect, type Scope } from "effect"
import {
  DataFolderInUse,
  type EmbeddedError,
  IntegrityMismatch,
  ServerBinaryNotFound,
  ServerFailedToStart,
} from "./EmbeddedErrors.ts"
import { type NatsCluster, type NatsClusterOptions, startNatsCluster } from "./NatsCluster.ts"
import type { NatsOptions } from "./NatsOptions.ts"
import { type NatsServer, startNats } from "./NatsServer.ts"
import { type PostgresOptions, type PostgresServer, startPostgres } from "./PostgresServer.ts"
import {
  type EmbeddedServers,
  type Servers,
  type ServersOptions,
  serversFromEnv,
  startServers,
} from "./Servers.ts"

type Acquired<A> = Effect.Effect<A, EmbeddedError, Scope.Scope>

/** Starts a nats-server, which stops with the scope. */
export const acquireNats = (options: NatsOptions): Acquired<NatsServer> => acquire(() => startNats(options))

/** Starts a cluster of nats-servers, which stops with the scope. */
export const acquireNatsCluster = (options: NatsClusterOptions): Acquired<NatsCluster> =>
  acquire(() => startNatsCluster(options))

/** Starts a Postgres, which stops with the scope. */
export const acquirePostgres = (options: PostgresOptions): Acquired<PostgresServer> =>
  acquire(() => startPostgres(options))

/** Starts a nats-server and a Postgres, which stop with the scope. */
export const acquireServers = (options: ServersOptions): Acquired<EmbeddedServers> =>
  acquire(() => startServers(options))

/**
 * Takes the servers that `NATS_URL` and `DATABASE_URL` name, and starts those that are not named. Started servers stop with the
 * scope.
 */
export const acquireServersFromEnv = (
  folder: string,
  options?: Omit<ServersOptions, "folder">,
): Acquired<Servers> => acquire(() => serversFromEnv(folder, options))

const acquire = <A extends { stop(): Promise<void> }>(start: () => Promise<A>): Acquired<A> =>
  Effect.acquireRelease(
    Effect.tryPromise({ try: start, catch: (error) => error }).pipe(
      Effect.catch((error) => (isEmbeddedError(error) ? Effect.fail(error) : Effect.die(error))),
    ),
    (server) => Effect.promise(() => server.stop()),
  )

const isEmbeddedError = (error: unknown): error is EmbeddedError =>
  error instanceof ServerBinaryNotFound ||
  error instanceof IntegrityMismatch ||
  error instanceof DataFolderInUse ||
  error instanceof ServerFailedToStart
