import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { jetstream, jetstreamManager } from "@nats-io/jetstream"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { expect, onTestFinished, test } from "vitest"
import { commandLine, isAlive } from "../../../infra/embedded/ProcessTable.ts"
import { type NatsOptions, type NatsServer, ServerFailedToStart, startNats } from "../../../infra/embedded.ts"
import { temporaryFolder } from "./TemporaryFolder.ts"

const start = async (options: Partial<NatsOptions> = {}): Promise<NatsServer> => {
  const server = await startNats({ folder: temporaryFolder(), ...options })
  onTestFinished(() => server.stop())
  return server
}

const withConnection = async <A>(server: NatsServer, use: (nc: NatsConnection) => Promise<A>): Promise<A> => {
  const connection = await connect(server.login)
  try {
    return await use(connection)
  } finally {
    await connection.close()
  }
}

const store = (server: NatsServer): Promise<unknown> =>
  withConnection(server, async (nc) => {
    const manager = await jetstreamManager(nc)
    await manager.streams.add({ name: "kept", subjects: ["kept.>"] })
    return jetstream(nc).publish("kept.one", "hello")
  })

const storedCount = (server: NatsServer): Promise<number> =>
  withConnection(
    server,
    async (nc) => (await (await jetstreamManager(nc)).streams.info("kept")).state.messages,
  )

test("keeps port and data over kill -9, over stop, and over another start", async () => {
  const folder = temporaryFolder()
  const server = await start({ folder })
  const { port, pid } = server
  await store(server)
  await server.kill()
  expect(isAlive(pid)).toBe(false)
  await server.restart()
  expect(server.port).toBe(port)
  expect(server.pid).not.toBe(pid)
  expect(await storedCount(server)).toBe(1)
  await server.stop()
  expect(isAlive(server.pid)).toBe(false)
  await server.restart()
  expect(await storedCount(server)).toBe(1)
  await server.stop()
  const next = await start({ folder })
  expect(await storedCount(next)).toBe(1)
})

test("a paused server is silent, a resumed one answers, a paused one can be stopped", async () => {
  const server = await start()
  await withConnection(server, async (nc) => {
    server.pause()
    await expect(nc.request("$JS.API.INFO", undefined, { timeout: 300 })).rejects.toThrow()
    server.resume()
    expect((await nc.request("$JS.API.INFO", undefined, { timeout: 5_000 })).json()).toHaveProperty("limits")
  })
  server.pause()
  await server.stop()
  expect(isAlive(server.pid)).toBe(false)
})

test("takes name, limits and more of its configuration", async () => {
  const server = await start({
    serverName: "named",
    maxPayloadBytes: 4_096,
    storeFileMaxBytes: 64 * 1024 * 1024,
    extraConfig: { max_connections: 7, jetstream: { max_outstanding_catchup: 1_048_576 } },
  })
  await withConnection(server, async (nc) => {
    expect(nc.info).toMatchObject({ server_name: "named", max_payload: 4_096, jetstream: true })
  })
})

test("a server that refuses its configuration fails with the end of its log, and frees the folder", async () => {
  const folder = temporaryFolder()
  const failure = await startNats({ folder, extraConfig: { no_such_setting: true } }).catch(
    (error: unknown) => error,
  )
  expect(failure).toBeInstanceOf(ServerFailedToStart)
  expect(failure).toMatchObject({
    _tag: "ServerFailedToStart",
    server: "nats",
    reason: "it ended with exit 1",
  })
  expect(String(failure)).toContain("no_such_setting")
  await start({ folder })
})

/** What the server says to a client of this login: that it may, or why not. */
const refusalOf = async (login: NatsServer["login"]): Promise<string> => {
  try {
    await (await connect({ ...login, reconnect: false })).close()
    return "none"
  } catch (error) {
    return String(error)
  }
}

test("asks for the password that is kept in its folder, over restarts and for data that had none", async () => {
  const folder = temporaryFolder()
  const open = await start({ folder, auth: "none" })
  expect(open.url).toBe(`nats://127.0.0.1:${open.port}`)
  await store(open)
  await open.stop()

  const server = await start({ folder })
  const { servers, user, pass } = server.login
  expect(server.url).toBe(`nats://${user}:${pass}@127.0.0.1:${server.port}`)
  expect(await storedCount(server)).toBe(1)
  expect(await refusalOf({ servers })).toMatch(/authorization/i)
  expect(await refusalOf({ servers, user: "everstate", pass: "guessed" })).toMatch(/authorization/i)
  expect(await refusalOf(server.login)).toBe("none")
  await server.restart()
  expect(await refusalOf(server.login)).toBe("none")
  await server.stop()
  expect((await start({ folder })).login.pass).toBe(pass)
  const other = await start()
  expect(other.login.pass).not.toBe(pass)
})

test("shows its password to nobody else on the machine", async () => {
  const folder = temporaryFolder("open")
  // As an earlier release, or a careless hand, may have left them.
  for (const name of ["nats.conf", "password"]) writeFileSync(join(folder, name), "", { mode: 0o644 })
  const server = await start({ folder })
  const secret = server.login.pass ?? ""
  expect(secret.length).toBeGreaterThan(20)
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || (statSync(path).mode & 0o077) === 0) continue
    expect([path, readFileSync(path).includes(secret)]).toEqual([path, false])
  }
  expect(statSync(join(folder, "password")).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, "nats.conf")).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, "ports")).mode & 0o077).toBe(0)
  expect(commandLine(server.pid)).not.toContain(secret)
})

test("leaves it to an extraConfig who may connect", async () => {
  const server = await start({ extraConfig: { authorization: { user: "own", password: "word" } } })
  expect(server.login).toEqual({ servers: server.url })
  expect(await refusalOf(server.login)).toMatch(/authorization/i)
  expect(await refusalOf({ ...server.login, user: "own", pass: "word" })).toBe("none")
})

test.runIf(process.getuid?.() === 0)("never runs as root, and keeps data that root made", async () => {
  for (const access of ["open", "closed"] as const) {
    const folder = temporaryFolder(access)
    // A stream of an earlier release, whose server ran as root.
    const store = join(folder, "jetstream", "$G", "streams")
    mkdirSync(store, { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, "nats.pid"), "")
    const server = await start({ folder })
    const uid = (pid: number) => /^Uid:\t(\d+)\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))
    expect(uid(server.pid)?.slice(1, 3)).not.toContain("0")
    expect(statSync(store).uid).toBe(Number(uid(server.pid)?.[1]))
    expect(statSync(folder).uid).toBe(0)
    expect(statSync(join(folder, "password")).uid).toBe(0)
    await withConnection(server, async (nc) => {
      await (await jetstreamManager(nc)).streams.add({ name: "kept", subjects: ["kept.>"] })
      await jetstream(nc).publish("kept.one", "hello")
    })
    await server.kill()
    await server.restart()
    expect(await storedCount(server)).toBe(1)
    await server.stop()
    expect(await storedCount(await start({ folder }))).toBe(1)
  }
})

test("several servers live in one process, whose exit listener goes with the last", async () => {
  const before = process.listenerCount("exit")
  const [one, two] = await Promise.all([start(), start()])
  expect(one.port).not.toBe(two.port)
  expect(process.listenerCount("exit")).toBe(before + 1)
  await one.stop()
  expect(process.listenerCount("exit")).toBe(before + 1)
  await two.stop()
  expect(process.listenerCount("exit")).toBe(before)
})
