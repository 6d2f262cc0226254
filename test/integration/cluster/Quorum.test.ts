/** Nodes on three NATS servers: a leader that is killed, a quorum that is lost and comes back. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest"
import { type NatsCluster, type PostgresServer, startNatsCluster } from "../../../infra/embedded.ts"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { startNewPostgres } from "../../fixtures/postgres/NewDatabase.ts"
import { leaderOf } from "../../nemesis/StreamLeader.ts"
import { audit, eventually, Load, nothingWrong } from "../system/SystemFixture.ts"
import { untilShares } from "./ClusterFixture.ts"

let folder: string
let nats: NatsCluster
let postgres: PostgresServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "everstate-quorum-"))
  nats = await startNatsCluster({ folder: join(folder, "nats"), syncAlways: false })
  postgres = await startNewPostgres({ folder: join(folder, "postgres") })
})
afterAll(async () => {
  await nats.stop()
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Few: each is a consumer with three copies, which choose a leader of their own. */
const SHARD_COUNT = 16
const EVEN = { one: SHARD_COUNT / 2, two: SHARD_COUNT / 2 }

/** Three servers that have just come together may take longer to make streams than a start waits: once more then. */
const start = async (namespace: string, name: string): Promise<ActorSystem> => {
  const options = {
    nats: { servers: nats.urls },
    postgres: postgres.url,
    namespace,
    actors: [Counter],
    shardCount: SHARD_COUNT,
    node: { name },
  }
  const system = await ActorSystem.start(options).catch(() => ActorSystem.start(options))
  onTestFinished(() => system.stop())
  return system
}

it("FAULT 16 and FAULT 19: the journal's leader is killed under load; asks go on, nothing is lost or repeated", async () => {
  const [one, two] = [await start("leader", "one"), await start("leader", "two")]
  await untilShares(one, EVEN)
  const loads = [one, two].map((system) => new Load(system, 8, 20))
  for (const load of loads) await load.more(150)
  const leader = await leaderOf(nats.servers, "leader-journal")
  await leader?.kill()
  for (const load of loads) await load.more(150)
  await leader?.restart()
  await nats.whenReady()
  for (const load of loads) await load.more(150)
  await Promise.all(loads.map((load) => load.end()))
  // Both loads use the same command ids: what one of them stored, the other was told.
  for (const { acknowledged, errors } of loads) {
    expect(await audit(one, acknowledged)).toEqual(nothingWrong)
    for (const tag of errors.keys()) expect(["AskTimeout", "Unavailable"]).toContain(tag)
  }
})

it("FAULT 17: without a quorum asks fail as unavailable and queues stay bounded; with it they go on by themselves", async () => {
  const [one, two] = [await start("quorum", "one"), await start("quorum", "two")]
  await untilShares(one, EVEN)
  const load = new Load(one, 8, 20)
  await load.more(100)
  const [first, second] = nats.servers
  await first?.kill()
  await second?.kill()
  const tags = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      two
        .get(Counter, `c${index % 20}`)
        .ask({ type: "Add", by: 1 }, { deadlineMs: 3_000 })
        .then(
          () => "answered",
          ({ _tag, kind }) => `${_tag} ${kind}`,
        ),
    ),
  )
  for (const tag of new Set(tags)) expect(["AskTimeout transient", "Unavailable transient"]).toContain(tag)
  await eventually(async () => (await two.status()).inFlightCount === 0)
  await first?.restart()
  await second?.restart()
  await nats.whenReady()
  await load.more(100)
  await untilShares(one, EVEN)
  await load.end()
  expect(await audit(two, load.acknowledged)).toEqual(nothingWrong)
})
