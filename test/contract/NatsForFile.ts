/**
 * One embedded nats-server, or a cluster of three, for a test file of contracts. It starts before the first test in a
 * temporary folder, and stops after the last.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import {
  type NatsCluster,
  type NatsOptions,
  type NatsServer,
  startNats,
  startNatsCluster,
} from "../../infra/embedded.ts"

/** What a test file gets; the server is there from the first test on. */
export interface NatsForFile<Server> {
  readonly server: Server
  /** A namespace that no other fact of the file has. */
  readonly freshNamespace: () => string
}

const forFile = <Server extends { readonly stop: () => Promise<void> }>(
  start: (folder: string) => Promise<Server>,
): NatsForFile<Server> => {
  let running: Server | undefined
  let folder: string | undefined
  let namespaceCount = 0
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "everstate-contract-"))
    running = await start(folder)
  })
  afterAll(async () => {
    await running?.stop()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })
  return {
    get server() {
      if (running === undefined) throw new Error("the server has not been started yet")
      return running
    },
    freshNamespace: () => `contract${namespaceCount++}`,
  }
}

/** Call at the top of a test file. The server does not sync each write. */
export const natsForFile = (options: Omit<NatsOptions, "folder"> = {}): NatsForFile<NatsServer> =>
  forFile((folder) => startNats({ folder, syncAlways: false, ...options }))

/** Call at the top of a test file. The servers do not sync each write. */
export const natsClusterForFile = (): NatsForFile<NatsCluster> =>
  forFile((folder) => startNatsCluster({ folder, syncAlways: false }))
