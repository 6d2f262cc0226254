/** Servers that are there and say nothing, and two systems that both believe they own everything. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { Order } from "../../../actors/order/Order.ts"
import { OrderSummary } from "../../../actors/projections/OrderSummary.ts"
import { startNats } from "../../../infra/embedded.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import {
  audit,
  eventually,
  freshNamespace,
  Load,
  nothingWrong,
  serversOfFile,
  startSystem,
  wholeHistory,
} from "./SystemFixture.ts"

const servers = serversOfFile()

const add = { type: "Add", by: 1 } as const

it("FAULT 10: two systems that both write leave contiguous versions and every command once", async () => {
  const namespace = freshNamespace()
  const one = await startSystem(servers(), { namespace })
  const two = await startSystem(servers(), { namespace })
  const loads = [new Load(one, 12, 4), new Load(two, 12, 4)]
  await Promise.all(loads.map((load) => load.more(300)))
  await Promise.all(loads.map((load) => load.end()))
  // Both loads use the same command ids: whoever comes second gets the first one's answer.
  expect(
    await audit(
      one,
      loads.flatMap((load) => load.acknowledged),
    ),
  ).toEqual(nothingWrong)
  for (const actor of ["n0", "n1", "n2", "n3"]) {
    const { length } = await wholeHistory(two, actor)
    expect(await two.get(Counter, actor).ask(add)).toMatchObject({ reply: { total: length + 1 } })
    expect(await one.get(Counter, actor).ask(add)).toMatchObject({ reply: { total: length + 2 } })
  }
})

it("FAULT 51: a silent Postgres holds up neither new actors nor stop", async () => {
  const namespace = freshNamespace()
  const system = await startSystem(servers(), {
    namespace,
    actors: [Counter, Order],
    projections: [OrderSummary],
    drainMs: 2_000,
  })
  for (let index = 0; index < 15; index++) await system.get(Counter, "known").ask(add)
  servers().postgres.pause()
  try {
    await system.get(Counter, "known").ask(add)
    // The first look-up finds out, later ones do not wait for it again and again.
    await Promise.all(Array.from({ length: 300 }, (_, index) => system.get(Counter, `new-${index}`).ask(add)))
    await Promise.all(
      Array.from({ length: 300 }, (_, index) => system.get(Counter, `more-${index}`).ask(add)),
    )
    await system.stop()
  } finally {
    servers().postgres.resume()
  }
  const again = await startSystem(servers(), { namespace })
  expect(await again.get(Counter, "known").state()).toMatchObject({ version: 16 })
  expect(await again.get(Counter, "more-299").state()).toMatchObject({ version: 1 })
})

it("FAULT 17: without NATS a system stops in time, and whoever waits is told", async () => {
  const folder = await mkdtemp(join(tmpdir(), "everstate-silence-"))
  const nats = await startNats({ folder, syncAlways: false })
  try {
    const own = { natsUrl: nats.url, postgresUrl: servers().postgresUrl }
    const system = await startSystem(own, { namespace: freshNamespace(), drainMs: 1_000 })
    await system.get(Counter, "a").ask(add)
    await nats.kill()
    const asked = system
      .get(Counter, "a")
      .ask(add, { deadlineMs: 3_600_000 })
      .catch((error) => error)
    // Sent, and of unknown outcome.
    await eventually(async () => (await system.status()).routed.sentCount > 0)
    await expect(system.check()).rejects.toMatchObject({ _tag: "JournalUnavailable" })
    await system.stop()
    expect(await asked).toMatchObject({ _tag: "Unavailable", stored: "Unknown" })
  } finally {
    await nats.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
