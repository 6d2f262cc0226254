import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Client } from "pg"
import { afterAll, expect, onTestFinished, test } from "vitest"
import { childrenOf, isAlive } from "../../../infra/embedded/ProcessTable.ts"
import {
  type PostgresOptions,
  type PostgresServer,
  ServerFailedToStart,
  startPostgres,
} from "../../../infra/embedded.ts"
import { temporaryFolder } from "./TemporaryFolder.ts"

/** Of every test that any data will do for: they are made once. */
const sharedFolder = mkdtempSync(join(tmpdir(), "everstate-postgres-"))
afterAll(() => rmSync(sharedFolder, { recursive: true, force: true, maxRetries: 10 }))

const start = async (options: Partial<PostgresOptions> = {}): Promise<PostgresServer> => {
  const server = await startPostgres({ folder: temporaryFolder(), durable: false, ...options })
  onTestFinished(() => server.stop())
  return server
}

const query = async (url: string, sql: string): Promise<ReadonlyArray<Record<string, unknown>>> => {
  const client = new Client({ connectionString: url })
  client.on("error", () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

const keep = (server: PostgresServer) => query(server.url, "create table kept as select 1 as value")
const kept = (server: PostgresServer) => query(server.url, "select value from kept")

test("keeps port, password and data over kill -9, over stop, and over another start", async () => {
  const folder = sharedFolder
  const server = await start({ folder, durable: true })
  const { url, pid } = server
  await keep(server)
  await server.kill()
  expect(isAlive(pid)).toBe(false)
  await server.restart()
  expect(server.url).toBe(url)
  expect(server.pid).not.toBe(pid)
  expect(await kept(server)).toEqual([{ value: 1 }])
  await server.stop()
  await server.restart()
  expect(await kept(server)).toEqual([{ value: 1 }])
  await server.stop()
  const next = await start({ folder })
  expect(await kept(next)).toEqual([{ value: 1 }])
})

test("is UTF-8 in the C locale and UTC, fsyncs unless told not to, and asks for the password", async () => {
  const server = await start({
    folder: sharedFolder,
    durable: true,
    connectionCountMax: 20,
    extraConfig: { work_mem: "8MB" },
  })
  const settings = `select current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
    current_setting('timezone') as zone, current_setting('max_connections') as connections,
    current_setting('work_mem') as work_mem, current_setting('unix_socket_directories') as sockets,
    (select datcollate from pg_database where datname = current_database()) as collation`
  expect(await query(server.url, settings)).toEqual([
    {
      encoding: "UTF8",
      fsync: "on",
      zone: "UTC",
      connections: "20",
      work_mem: "8MB",
      sockets: "",
      collation: "C",
    },
  ])
  const wrong = new URL(server.url)
  wrong.password = "wrong"
  await expect(query(wrong.href, "select 1")).rejects.toThrow(/password/)
})

test("trust needs no password, and the volatile mode skips fsync", async () => {
  const server = await start({ auth: "trust", user: "somebody", database: "odd name" })
  expect(new URL(server.url).password).toBe("")
  expect(
    await query(
      server.url,
      "select current_user as who, current_database() as db, current_setting('fsync') as f",
    ),
  ).toEqual([{ who: "somebody", db: "odd name", f: "off" }])
})

test("a paused server is silent on old connections too, a resumed one answers, a paused one can be stopped", async () => {
  const server = await start({ folder: sharedFolder })
  const client = new Client({ connectionString: server.url })
  client.on("error", () => undefined)
  await client.connect()
  server.pause()
  let answered = false
  const answer = client.query("select 1 as one").then(({ rows }) => {
    answered = true
    return rows
  })
  const late = new Client({ connectionString: server.url, connectionTimeoutMillis: 300 })
  late.on("error", () => undefined)
  await expect(late.connect()).rejects.toThrow()
  expect(answered).toBe(false)
  server.resume()
  expect(await answer).toEqual([{ one: 1 }])
  server.pause()
  await Promise.allSettled([server.stop(), client.end()])
  expect(isAlive(server.pid)).toBe(false)
})

test("a kill of a paused server leaves no backend behind, busy or idle", async () => {
  const server = await start({ folder: sharedFolder })
  const clients = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const client = new Client({ connectionString: server.url })
      client.on("error", () => undefined)
      await client.connect()
      return client
    }),
  )
  const [busy] = clients
  const ended = busy?.query("select pg_sleep(600)").catch((error: unknown) => error)
  const { rows } = (await clients[1]?.query<{ pid: number }>("select pid from pg_stat_activity")) ?? {
    rows: [],
  }
  const backends = rows.map(({ pid }) => pid)
  expect(backends.length).toBeGreaterThan(clients.length)
  server.pause()
  // Every child of the server, those that serve nobody included.
  const children = childrenOf(server.pid)
  expect(children).toEqual(expect.arrayContaining(backends))
  expect(children.every(isAlive)).toBe(true)
  await server.kill()
  expect([server.pid, ...children].filter(isAlive)).toEqual([])
  expect(await ended).toBeInstanceOf(Error)
  await server.restart()
  expect(await query(server.url, "select 1 as value")).toEqual([{ value: 1 }])
})

test("runs as somebody else when this process is root, below a closed folder as below an open one", async () => {
  const root = process.getuid?.() === 0
  for (const access of ["open", "closed"] as const) {
    const server = await start({ folder: join(temporaryFolder(access), "postgres") })
    const { uid } = statSync(join(server.folder, "data"))
    expect(uid === 0).toBe(false)
    expect(uid === process.getuid?.()).toBe(!root)
    expect(await query(server.url, "select 1 as one")).toEqual([{ one: 1 }])
  }
})

test("an interrupted making of the data is thrown away", async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, "data.partial", "base"), { recursive: true })
  const server = await start({ folder })
  expect(await query(server.url, "select 1 as one")).toEqual([{ one: 1 }])
})

test("a server that refuses a setting fails with the end of its log, and frees the folder", async () => {
  const folder = sharedFolder
  const failure = await startPostgres({ folder, durable: false, extraConfig: { no_such_setting: 1 } }).catch(
    (error: unknown) => error,
  )
  expect(failure).toBeInstanceOf(ServerFailedToStart)
  expect(String(failure)).toContain("no_such_setting")
  await start({ folder })
})
