import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { afterAll, expect, test } from "vitest"
import { isAlive } from "../../../infra/embedded/ProcessTable.ts"
import {
  acquireNats,
  acquireServers,
  DataFolderInUse,
  type Progress,
  serversFromEnv,
  startServers,
} from "../../../infra/embedded.ts"
import { temporaryFolder } from "./TemporaryFolder.ts"

const postgres = { durable: false }

/** Of every test that any data will do for: they are made once. */
const sharedFolder = mkdtempSync(join(tmpdir(), "everstate-servers-"))
afterAll(() => rmSync(sharedFolder, { recursive: true, force: true, maxRetries: 10 }))

test("starts both, tells its steps, and stops both", async () => {
  const steps: Array<Progress> = []
  const servers = await startServers({
    folder: temporaryFolder(),
    postgres,
    onProgress: (step) => void steps.push(step),
  })
  expect(servers.natsUrl).toBe(servers.nats.url)
  expect(servers.postgresUrl).toBe(servers.postgres.url)
  const stepsOf = (server: string) =>
    new Set(steps.filter((step) => step.server === server).map(({ step }) => step))
  expect([...stepsOf("postgres")]).toEqual(["find", "init", "start", "ready"])
  expect([...stepsOf("nats")]).toEqual(expect.arrayContaining(["find", "start", "ready"]))
  await servers.stop()
  expect([servers.nats.pid, servers.postgres.pid].some(isAlive)).toBe(false)
})

test("what NATS_URL and DATABASE_URL name is not embedded, each on its own", async () => {
  const real = { NATS_URL: "nats://nats.example:4222", DATABASE_URL: "postgres://db.example/orders" }
  const both = await serversFromEnv(temporaryFolder(), { env: { ...process.env, ...real } })
  expect(both).toMatchObject({ natsUrl: real.NATS_URL, postgresUrl: real.DATABASE_URL, nats: undefined })
  await both.stop()
  const { DATABASE_URL: _, ...withoutDatabase } = process.env
  const one = await serversFromEnv(sharedFolder, {
    postgres,
    env: { ...withoutDatabase, NATS_URL: real.NATS_URL },
  })
  expect(one.nats).toBeUndefined()
  expect(one.postgres?.url).toBe(one.postgresUrl)
  await one[Symbol.asyncDispose]()
  expect(isAlive(one.postgres?.pid ?? 0)).toBe(false)
})

test("when one of the two cannot start, the other does not stay", async () => {
  const folder = sharedFolder
  await expect(
    startServers({ folder, postgres: { ...postgres, extraConfig: { no_such_setting: 1 } } }),
  ).rejects.toThrow(/no_such_setting/)
  await (await startServers({ folder, postgres })).stop()
})

test("in an Effect program they live as long as the scope, and a refusal is a typed error", async () => {
  const folder = sharedFolder
  const program = Effect.scoped(
    Effect.gen(function* () {
      const servers = yield* acquireServers({ folder, postgres })
      const refusal = yield* Effect.flip(acquireNats({ folder: servers.nats.folder }))
      return { pids: [servers.nats.pid, servers.postgres.pid], refusal }
    }),
  )
  const { pids, refusal } = await Effect.runPromise(program)
  expect(refusal).toBeInstanceOf(DataFolderInUse)
  expect(pids.some(isAlive)).toBe(false)
})
