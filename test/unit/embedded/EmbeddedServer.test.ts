/** The life of a data folder's lock: free after a stop, kept over a kill, given back where the server does not start. */
import { expect, it } from "vitest"
import type { DataFolder } from "../../../infra/embedded/DataFolder.ts"
import { type Launched, launchServer } from "../../../infra/embedded/EmbeddedServer.ts"

const launched = async (launch: () => Promise<Launched>) => {
  let releasedCount = 0
  const folder = { path: "data", release: () => releasedCount++ } as unknown as DataFolder
  const starting = launchServer({
    server: "nats",
    folder,
    logFile: "log",
    version: "2.14.5",
    urlOf: (port) => `nats://127.0.0.1:${port}`,
    port: undefined,
    launch,
  })
  const server = await starting.catch(() => undefined)
  return { server, releasedCount: () => releasedCount }
}

const process = {
  pid: 1,
  stop: () => Promise.resolve(),
  kill: () => Promise.resolve(),
} as unknown as Launched["process"]

it("a stop gives the folder back, a kill does not", async () => {
  const { server, releasedCount } = await launched(() => Promise.resolve({ process, port: 4_222 }))
  await server?.kill()
  expect(releasedCount()).toBe(0)
  await server?.stop()
  expect(releasedCount()).toBe(1)
})

it("a server that is restarted after a kill has the folder still", async () => {
  let launchCount = 0
  const { server, releasedCount } = await launched(() => {
    launchCount++
    return Promise.resolve({ process, port: 4_222 })
  })
  await server?.kill()
  await server?.restart()
  expect([launchCount, releasedCount()]).toEqual([2, 0])
})

it("a server that does not start gives the folder back", async () => {
  const { server, releasedCount } = await launched(() => Promise.reject(new Error("refused")))
  expect([server, releasedCount()]).toEqual([undefined, 1])
})
