/** Systems and servers that die under load. */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"
import { Order } from "../../../actors/order/Order.ts"
import { OrderSummary } from "../../../actors/projections/OrderSummary.ts"
import type { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import {
  audit,
  eventually,
  freshNamespace,
  Load,
  nothingWrong,
  serversOfFile,
  startSystem,
} from "./SystemFixture.ts"

const servers = serversOfFile()

it("FAULT 14 and FAULT 34: kill -9 of nats-server under load loses and repeats nothing, and asks resume by themselves", async () => {
  const system = await startSystem(servers(), { namespace: freshNamespace() })
  const load = new Load(system, 64, 20)
  for (let round = 0; round < 2; round++) {
    await load.more(600)
    await servers().nats.kill()
    await servers().nats.restart()
  }
  await load.more(600)
  await load.end()
  expect(await audit(system, load.acknowledged)).toEqual(nothingWrong)
  for (const tag of load.errors.keys()) expect(["AskTimeout", "Unavailable", "Busy"]).toContain(tag)
})

it("FAULT 17 and FAULT 34: a nats-server that is silent for a while costs time-outs and nothing else", async () => {
  const system = await startSystem(servers(), {
    namespace: freshNamespace(),
    askDeadlineMs: 500,
    journal: { appendTimeoutMs: 300 },
  })
  const load = new Load(system, 16, 5)
  await load.more(100)
  servers().nats.pause()
  await eventually(() => (load.errors.get("AskTimeout") ?? 0) > 16)
  servers().nats.resume()
  await load.more(200)
  await load.end()
  expect(await audit(system, load.acknowledged)).toEqual(nothingWrong)
})

const order = (id: string, system: ActorSystem) =>
  system.get(Order, id).ask({
    type: "Place",
    customerId: "c-1",
    currency: "KRW",
    lines: [{ sku: "TEA", quantity: 1, unitPriceMinor: 9_000 }],
  })

it("FAULT 51: without Postgres commands go on; projections and snapshots catch up when it is back", async () => {
  const namespace = freshNamespace()
  const system = await startSystem(servers(), {
    namespace,
    actors: [Order, Counter],
    projections: [OrderSummary],
  })
  const load = new Load(system, 8, 40)
  await system.waitFor(OrderSummary, (await order("before", system)).sequence)
  await servers().postgres.kill()
  const errorsBefore = [...load.errors.values()].reduce((sum, count) => sum + count, 0)
  await load.more(800)
  const during = await Promise.all(Array.from({ length: 50 }, (_, index) => order(`during-${index}`, system)))
  const sequence = Math.max(...during.map((answer) => answer.sequence))
  await expect(system.waitFor(OrderSummary, sequence, { deadlineMs: 50 })).rejects.toMatchObject({
    _tag: "ProjectionTimeout",
  })
  await servers().postgres.restart()
  await system.waitFor(OrderSummary, sequence, { deadlineMs: 120_000 })
  const savedBefore = (await system.status()).snapshots.savedCount
  await eventually(async () => (await system.status()).snapshots.savedCount > savedBefore)
  await load.end()
  expect([...load.errors.values()].reduce((sum, count) => sum + count, 0)).toBe(errorsBefore)
  expect(await audit(system, load.acknowledged)).toEqual(nothingWrong)
})

const loadedSystem = fileURLToPath(new URL("LoadedSystem.ts", import.meta.url))

interface Acknowledged {
  readonly actor: string
  readonly commandId: string
  readonly version: number
}

/** A loaded process, ended by `signal` after so many acknowledgements; what it acknowledged and how it ended. */
const runLoaded = async (run: string, signal: "SIGKILL" | "SIGTERM", count: number) => {
  const args = ["--no-warnings", loadedSystem, servers().natsUrl, servers().postgresUrl, run]
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })
  onTestFinished(() => void child.kill("SIGKILL"))
  const ended = new Promise<unknown>((resolve) => child.once("exit", (code, by) => resolve(by ?? code)))
  const acknowledged: Array<Acknowledged> = []
  let hasStopped = false
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "stopped") hasStopped = true
    else if (line.endsWith("}")) acknowledged.push(JSON.parse(line))
    if (acknowledged.length === count) child.kill(signal)
  }
  return { acknowledged, hasStopped, ended: await ended }
}

it("FAULT 14: kill -9 of a loaded process loses and repeats nothing; FAULT 15: SIGTERM drains it in time", async () => {
  const killed = [await runLoaded("first", "SIGKILL", 400), await runLoaded("second", "SIGKILL", 400)]
  expect(killed.map(({ ended }) => ended)).toEqual(["SIGKILL", "SIGKILL"])
  const drained = await runLoaded("third", "SIGTERM", 400)
  expect(drained).toMatchObject({ ended: 0, hasStopped: true })
  const system = await startSystem(servers(), { namespace: "killed" })
  const acknowledged = [...killed, drained].flatMap((run) => run.acknowledged)
  expect(await audit(system, acknowledged)).toEqual(nothingWrong)
  for (const { actor, commandId, version } of acknowledged.slice(0, 50)) {
    expect(await system.get(Counter, actor).ask({ type: "Add", by: 1 }, { commandId })).toMatchObject({
      version,
      duplicate: true,
    })
  }
})
