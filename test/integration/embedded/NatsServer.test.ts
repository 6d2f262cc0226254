import { jetstream, jetstreamManager } from "@nats-io/jetstream"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { expect, onTestFinished, test } from "vitest"
import { isAlive } from "../../../infra/embedded/ProcessTable.ts"
import { type NatsOptions, type NatsServer, ServerFailedToStart, startNats } from "../../../infra/embedded.ts"
import { temporaryFolder } from "./TemporaryFolder.ts"

const start = async (options: Partial<NatsOptions> = {}): Promise<NatsServer> => {
  const server = await startNats({ folder: temporaryFolder(), ...options })
  onTestFinished(() => server.stop())
  return server
}

const withConnection = async <A>(server: NatsServer, use: (nc: NatsConnection) => Promise<A>): Promise<A> => {
  const connection = await connect({ servers: server.url })
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
