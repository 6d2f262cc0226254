/** What a cluster's changes cost those who ask meanwhile: a killed node, a rolling restart, one more node. */
import { ActorSystem } from "../../infra/everstate.ts"
import { SYSTEM_DEFAULTS } from "../../runtime/system/SystemSettings.ts"
import { actorName, Clients } from "../nemesis/Clients.ts"
import type { Fleet } from "../nemesis/Fleet.ts"
import { isDone, type Operation } from "../nemesis/Operation.ts"
import { nemesisActors } from "../nemesis/Register.ts"
import { backAfter } from "../nemesis/Report.ts"
import { Watch } from "../nemesis/Watch.ts"
import { quantile, type Row, rowOf } from "./Measure.ts"
import type { Bench, Stage } from "./Stage.ts"

const NODE_COUNT = 3
const KILL_COUNT = 12
const ACTOR_COUNT = 200
/** Mean pause of one who asks. */
const LANE_PAUSE_MS = 500
/** The same while nodes restart: a starting process takes a core, and on two of them the others need room beside it. */
const LANE_PAUSE_ROLLING_MS = 1_000
const WARM_UP_MS = 5_000
const QUIET_MS = 6_000
/** Before each of the nodes, and after the last: the machine's own pace changes from minute to minute. */
const QUIET_ROLLING_MS = 4_000

/** Between two nodes of a rolling restart, as docs/DEPLOYMENT.md has it. */
const MIN_READY_MS = 10_000

interface Scene {
  readonly fleet: Fleet
  readonly watch: Watch
  readonly clients: Clients
  readonly actors: ReadonlyArray<string>
}

/** Three nodes as processes, and clients that ask their actors from a node that has nothing. */
const onScene = async (
  stage: Stage,
  play: (scene: Scene) => Promise<ReadonlyArray<Row>>,
  lanePauseMs: number,
) => {
  const fleet = await stage.fleet({ nodeCount: NODE_COUNT, natsCount: 1, isWired: false })
  for (let index = 0; index < NODE_COUNT; index++) await fleet.join(`node${index + 1}`)
  const node = { name: "asker", weight: 1e-6 }
  const system = await ActorSystem.start({ ...fleet.direct, actors: nemesisActors, node })
  const watch = new Watch(system, fleet)
  await watch.drain("asker")
  await watch.calm()
  const laneOptions = { actorCount: ACTOR_COUNT, laneCount: ACTOR_COUNT, pauseMs: lanePauseMs, seed: 1 }
  const clients = new Clients(system, laneOptions)
  await pause(WARM_UP_MS)
  const actors = Array.from({ length: ACTOR_COUNT }, (_, index) => actorName(index))
  const rows = await play({ fleet, watch, clients, actors })
  await clients.stop()
  watch.close()
  await system.stop()
  return rows
}

const latenciesOf = (operations: ReadonlyArray<Operation>): ReadonlyArray<number> =>
  operations.filter(isDone).map(({ invokedMs, returnedMs }) => returnedMs - invokedMs)

const failuresOf = (operations: ReadonlyArray<Operation>): number =>
  operations.filter(({ outcome }) => outcome !== undefined && "error" in outcome).length

const takeover = async ({ fleet, watch, clients, actors }: Scene): Promise<ReadonlyArray<Row>> => {
  const backMs: Array<number> = []
  for (let kill = 0; kill < KILL_COUNT; kill++) {
    const name = `node${(kill % NODE_COUNT) + 1}`
    const hit = await watch.actorsOf(name, actors)
    const beganMs = performance.now()
    await fleet.node(name).kill()
    await pause(QUIET_MS / 2)
    await fleet.node(name).start()
    await watch.calm()
    backMs.push(...backAfter({ actors: hit, beganMs }, clients.operations))
    await pause(QUIET_MS / 3)
  }
  const p50 = quantile(backMs, 0.5).toFixed(0)
  const most = Math.max(...backMs).toFixed(0)
  return [
    rowOf("cluster.takeover", quantile(backMs, 0.99), "ms p99", null, {
      target: { of: "value", op: "<=", limit: 2_000 },
      note: `SIGKILL until each of its actors answers again, ${KILL_COUNT} kills, ${backMs.length} actors; p50 ${p50}, at most ${most} ms`,
    }),
  ]
}

const rolling = async ({ fleet, watch, clients }: Scene): Promise<ReadonlyArray<Row>> => {
  const asked = async (work: () => Promise<void>): Promise<ReadonlyArray<Operation>> => {
    const from = clients.operations.length
    await work()
    return clients.operations.slice(from)
  }
  const before: Array<Operation> = []
  const during: Array<Operation> = []
  for (const { name } of fleet.nodes) {
    before.push(...(await asked(() => pause(QUIET_ROLLING_MS))))
    const restart = async () => {
      await fleet.node(name).stop()
      await fleet.node(name).start()
      await watch.calm()
      await pause(MIN_READY_MS)
    }
    during.push(...(await asked(restart)))
  }
  before.push(...(await asked(() => pause(QUIET_ROLLING_MS))))
  const quiet = latenciesOf(before)
  const slow = latenciesOf(during)
  return [
    rowOf("cluster.rolling", quantile(slow, 0.99), "ms p99", quantile(quiet, 0.5), {
      target: { of: "ratio", op: "<=", limit: 10 },
      note: `asks while ${NODE_COUNT} nodes are restarted in turn, ${MIN_READY_MS / 1_000} s apart; ceiling: p50 when none is; ${failuresOf(during)} of ${during.length} failed, p50 ${quantile(slow, 0.5).toFixed(1)}, at most ${Math.max(...slow).toFixed(0)} ms; quiet p99 ${quantile(quiet, 0.99).toFixed(1)} ms`,
    }),
  ]
}

const rebalance = async ({ fleet, watch, clients }: Scene): Promise<ReadonlyArray<Row>> => {
  const before = await watch.takenCount()
  const from = clients.operations.length
  await fleet.join("guest")
  await watch.calm()
  await pause(QUIET_MS / 2)
  const moved = (await watch.takenCount()) - before
  const share = Math.ceil(SYSTEM_DEFAULTS.shardCount / (NODE_COUNT + 1))
  const during = clients.operations.slice(from)
  await fleet.leave("guest")
  await watch.calm()
  return [
    rowOf("cluster.rebalance", moved, "slots moved", share, {
      target: { of: "value", op: "<=", limit: share + 1 },
      note: `a fourth node joins; ceiling: its share of ${SYSTEM_DEFAULTS.shardCount} shards; ${failuresOf(during)} of ${during.length} asks failed, p99 ${quantile(latenciesOf(during), 0.99).toFixed(0)} ms`,
    }),
  ]
}

const bench = (
  name: string,
  play: (scene: Scene) => Promise<ReadonlyArray<Row>>,
  lanePauseMs = LANE_PAUSE_MS,
): Bench => ({
  name,
  rows: [name],
  run: (stage) => onScene(stage, play, lanePauseMs),
})

export const clusterTakeover = bench("cluster.takeover", takeover)
export const clusterRolling = bench("cluster.rolling", rolling, LANE_PAUSE_ROLLING_MS)
export const clusterRebalance = bench("cluster.rebalance", rebalance)

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
