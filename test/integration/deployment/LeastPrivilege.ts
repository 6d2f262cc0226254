/**
 * Servers on which everybody has exactly the rights of docs/deployment: nats-server reads the very accounts.conf, and
 * Postgres is given the very statements. What a test needs beyond that, an administrator of either does.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { connect, type NodeConnectionOptions } from "@nats-io/transport-node"
import pg from "pg"
import { inboxPrefixOf, type NatsRole } from "../../../infra/nats/connection/NatsRole.ts"
import { ActorSystem, type StartOptions } from "../../../infra/system/ActorSystem.ts"
import { startNatsOfConf } from "../../fixtures/nats/NatsOfConf.ts"
import { startNewPostgres } from "../../fixtures/postgres/NewDatabase.ts"
import { eventually } from "../system/SystemFixture.ts"

export const deployment = resolve(import.meta.dirname, "../../../docs/deployment")

/** The namespace of docs/deployment. */
export const NAMESPACE = "everstate"

const PASSWORD = "secret"

/** What accounts.conf takes from the environment. */
export const passwords = {
  SERVICE_PASSWORD: PASSWORD,
  CREATOR_PASSWORD: PASSWORD,
  CLIENT_PASSWORD: PASSWORD,
  EVENTS_PASSWORD: PASSWORD,
  SYSTEM_PASSWORD: PASSWORD,
}

export interface RestrictedNats {
  /** What NATS_URL is for a user of this kind. */
  readonly url: (role: NatsRole) => string
  /** The same for NATS's own client. */
  readonly login: (role: NatsRole) => NodeConnectionOptions
  /** One call of the JetStream API by a user of this kind; fails at once where it has no right to it. */
  readonly call: (role: NatsRole, api: string, body?: unknown) => Promise<Record<string, unknown>>
  /** What the server refused so far, a line each. */
  readonly violations: () => ReadonlyArray<string>
  /** Changes accounts.conf; resolves when the server has read it again. */
  readonly reload: (change: (conf: string) => string) => Promise<void>
  readonly stop: () => Promise<void>
}

/** A server with JetStream and the accounts of docs/deployment, `change`d where the test says so. */
export const restrictedNats = async (
  change: (conf: string) => string = (conf) => conf,
): Promise<RestrictedNats> => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-rights-"))
  const accounts = join(folder, "accounts.conf")
  cpSync(join(deployment, "nats/accounts.conf"), accounts)
  writeFileSync(accounts, change(readFileSync(accounts, "utf8")))
  const { server, url, logFile } = await startNatsOfConf(
    folder,
    `jetstream { store_dir: "${folder}" }\ninclude ./accounts.conf\n`,
    { ...process.env, ...passwords },
  )
  const user = (role: NatsRole) => `${NAMESPACE}-${role}`
  const login = (role: NatsRole) => ({
    servers: url,
    user: user(role),
    pass: PASSWORD,
    inboxPrefix: inboxPrefixOf(NAMESPACE, role),
  })
  return {
    url: (role) => url.replace("://", `://${user(role)}:${PASSWORD}@`),
    login,
    call: async (role, api, body = {}) => {
      const client = await connect(login(role))
      try {
        return (await client.request(`$JS.API.${api}`, JSON.stringify(body), { timeout: 5_000 })).json()
      } finally {
        await client.close()
      }
    },
    violations: () =>
      readFileSync(logFile, "utf8")
        .split("\n")
        .filter((line) => line.includes("Violation")),
    reload: async (change) => {
      const reloads = () => readFileSync(logFile, "utf8").split("Reloaded server configuration").length
      const before = reloads()
      writeFileSync(accounts, change(readFileSync(accounts, "utf8")))
      process.kill(server.pid, "SIGHUP")
      await eventually(() => reloads() > before)
    },
    stop: async () => {
      await server.stop()
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

export type PostgresRole = "owner" | "service" | "reader"

export interface RestrictedPostgres {
  readonly url: (role: PostgresRole) => string
  /** One statement. */
  readonly sql: (
    role: PostgresRole | "admin",
    text: string,
  ) => Promise<ReadonlyArray<Record<string, unknown>>>
  /** docs/deployment/postgres/after-preparation.sql */
  readonly afterPreparation: () => Promise<void>
  readonly stop: () => Promise<void>
}

export const restrictedPostgres = async (): Promise<RestrictedPostgres> => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-grants-"))
  const server = await startNewPostgres({ folder })
  const url = (role: PostgresRole): string => {
    const { host, pathname } = new URL(server.url)
    return `postgres://everstate_${role}:${PASSWORD}@${host}${pathname}`
  }
  const sql = async (role: PostgresRole | "admin", text: string) => {
    const client = new pg.Client(role === "admin" ? server.url : url(role))
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }
  const script = (name: string) => readFileSync(join(deployment, "postgres", name), "utf8")
  await sql("admin", script("roles.sql"))
  for (const role of ["owner", "service", "reader"]) {
    await sql("admin", `alter role everstate_${role} password '${PASSWORD}'`)
  }
  return {
    url,
    sql,
    afterPreparation: async () => void (await sql("owner", script("after-preparation.sql"))),
    stop: async () => {
      await server.stop()
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

export interface RestrictedServers {
  readonly nats: RestrictedNats
  readonly postgres: RestrictedPostgres
  readonly stop: () => Promise<void>
}

export const restrictedServers = async (change?: (conf: string) => string): Promise<RestrictedServers> => {
  const [nats, postgres] = await Promise.all([restrictedNats(change), restrictedPostgres()])
  return { nats, postgres, stop: async () => void (await Promise.all([nats.stop(), postgres.stop()])) }
}

type Definitions = Omit<StartOptions, "nats" | "postgres" | "namespace">

const optionsOf = (
  { nats, postgres }: RestrictedServers,
  role: "creator" | "service",
  definitions: Definitions,
): StartOptions => ({
  nats: nats.url(role),
  postgres: postgres.url(role === "creator" ? "owner" : "service"),
  namespace: NAMESPACE,
  ...definitions,
})

/** A node as docs/DEPLOYMENT.md has it: `creator` prepares, `service` runs. */
export const startNode = (
  servers: RestrictedServers,
  role: "creator" | "service",
  definitions: Definitions,
): Promise<ActorSystem> => ActorSystem.start(optionsOf(servers, role, definitions))

/** What an operator does once: streams, tables and the tables of projections. */
export const prepare = async (servers: RestrictedServers, definitions: Definitions): Promise<void> => {
  await ActorSystem.prepare(optionsOf(servers, "creator", definitions))
  await servers.postgres.afterPreparation()
}
