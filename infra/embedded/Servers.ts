/**
 * The two servers that Everstate needs: a NATS server and a Postgres, embedded or the user's own. Owns which
 * of them is embedded; `NatsServer.ts` and `PostgresServer.ts` start them.
 */
import { join } from "node:path"
import type { NatsOptions } from "./NatsOptions.ts"
import { type NatsServer, startNats } from "./NatsServer.ts"
import { type PostgresOptions, type PostgresServer, startPostgres } from "./PostgresServer.ts"
import type { OnProgress } from "./Progress.ts"

/** Options of `startServers`. */
export interface ServersOptions {
  /** Folder in which `nats/` and `postgres/` are made. */
  readonly folder: string
  readonly nats?: Omit<NatsOptions, "folder" | "onProgress" | "env">
  readonly postgres?: Omit<PostgresOptions, "folder" | "onProgress" | "env">
  /**
   * True (the default): this process stays alive until the servers are stopped, as if it listened on a port.
   * False: it ends when it has nothing else to do, and the servers end with it.
   */
  readonly keepsProcess?: boolean
  readonly onProgress?: OnProgress
  /** Environment; `process.env` by default. */
  readonly env?: NodeJS.ProcessEnv
}

/** The addresses of nats-server and Postgres, and the servers that were started for them. */
export interface Servers {
  readonly natsUrl: string
  readonly postgresUrl: string
  /** Undefined if the user's own server is used. */
  readonly nats: NatsServer | undefined
  readonly postgres: PostgresServer | undefined
  /** Stops the embedded servers. */
  stop(): Promise<void>
  /** The same as `stop`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Both servers embedded. */
export interface EmbeddedServers extends Servers {
  readonly nats: NatsServer
  readonly postgres: PostgresServer
}

/** Starts both at once; if one fails, the other is stopped. Rejects as `startNats` and `startPostgres` do. */
export const startServers = async (options: ServersOptions): Promise<EmbeddedServers> => {
  const [nats, postgres] = await bothOrNeither(startNatsIn(options), startPostgresIn(options))
  return { ...together(nats.url, postgres.url, nats, postgres), nats, postgres }
}

/**
 * Uses the servers that `NATS_URL` and `DATABASE_URL` name, each on its own, and embeds a server that is not
 * named.
 */
export const serversFromEnv = async (
  folder: string,
  options: Omit<ServersOptions, "folder"> = {},
): Promise<Servers> => {
  const env = options.env ?? process.env
  const given = { ...options, folder }
  const [nats, postgres] = await bothOrNeither(
    env.NATS_URL ? Promise.resolve(undefined) : startNatsIn(given),
    env.DATABASE_URL ? Promise.resolve(undefined) : startPostgresIn(given),
  )
  return together(nats?.url ?? env.NATS_URL ?? "", postgres?.url ?? env.DATABASE_URL ?? "", nats, postgres)
}

const common = ({ onProgress, env, keepsProcess }: ServersOptions) => ({
  ...(keepsProcess === undefined ? {} : { keepsProcess }),
  ...(onProgress === undefined ? {} : { onProgress }),
  ...(env === undefined ? {} : { env }),
})

const startNatsIn = (options: ServersOptions): Promise<NatsServer> =>
  startNats({ ...options.nats, ...common(options), folder: join(options.folder, "nats") })

const startPostgresIn = (options: ServersOptions): Promise<PostgresServer> =>
  startPostgres({ ...options.postgres, ...common(options), folder: join(options.folder, "postgres") })

interface Stoppable {
  stop(): Promise<void>
}

const bothOrNeither = async <A extends Stoppable | undefined, B extends Stoppable | undefined>(
  first: Promise<A>,
  second: Promise<B>,
): Promise<[A, B]> => {
  const [a, b] = await Promise.allSettled([first, second])
  if (a.status === "fulfilled" && b.status === "fulfilled") return [a.value, b.value]
  if (a.status === "fulfilled") await a.value?.stop()
  if (b.status === "fulfilled") await b.value?.stop()
  return Promise.all([first, second]) // rejects with the error of the failed start
}

const together = (
  natsUrl: string,
  postgresUrl: string,
  nats: NatsServer | undefined,
  postgres: PostgresServer | undefined,
): Servers => {
  const stop = async (): Promise<void> => {
    await Promise.all([nats?.stop(), postgres?.stop()])
  }
  return { natsUrl, postgresUrl, nats, postgres, stop, [Symbol.asyncDispose]: stop }
}
