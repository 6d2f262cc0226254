/**
 * What following costs: CPU per delivered change, with 10,000 watchers on one node. Commands move the actors meanwhile;
 * what they cost is in the figure.
 */
import { ActorClient, type ActorRef, ActorSystem } from "../../infra/everstate.ts"
import { Account, pay } from "./Account.ts"
import { load, median, type Row, rowOf } from "./Measure.ts"
import type { Bench, Stage } from "./Stage.ts"

const WATCHER_COUNT = 10_000

/** Actors of the row in which many follow the same ones. */
const FEW_ACTORS = 100

/** Commands in flight. */
const IN_FLIGHT = 32

const ROUND_COUNT = 5

interface Side {
  readonly actorCount: number
  /** Where the watchers are. */
  readonly from: { readonly get: (actor: typeof Account, id: string) => ActorRef<typeof Account> }
}

/** Watchers of `actorCount` actors in turn, and how many changes they got. */
const follow = async (prefix: string, { actorCount, from }: Side) => {
  const abort = new AbortController()
  const counted = { delivered: 0, skipped: 0 }
  const watches = Array.from({ length: WATCHER_COUNT }, (_, index) =>
    from.get(Account, `${prefix}-${index % actorCount}`).watch({ signal: abort.signal, deadlineMs: 120_000 }),
  )
  await Promise.all(watches.map((watch) => watch.next()))
  const ended = watches.map(async (watch) => {
    for await (const { skipped } of watch) {
      counted.delivered++
      counted.skipped += skipped
    }
  })
  const end = async () => {
    abort.abort()
    await Promise.all(ended)
  }
  return { counted, end }
}

const watchRow = async (stage: Stage, system: ActorSystem, name: string, side: Side): Promise<Row> => {
  stage.say(`${name}: ${WATCHER_COUNT} watchers of ${side.actorCount} actors`)
  const { actorCount } = side
  const perCommand = WATCHER_COUNT / actorCount
  const { counted, end } = await follow(name, side)
  let next = 0
  let expected = 0
  const rounds: Array<{ readonly cpuUs: number; readonly perSecond: number }> = []
  for (let round = 0; round <= ROUND_COUNT; round++) {
    const before = counted.delivered
    const cpuBefore = process.cpuUsage()
    const startMs = performance.now()
    const { count } = await load(IN_FLIGHT, (stage.seconds * 1_000) / ROUND_COUNT, (_, done) =>
      system
        .get(Account, `${name}-${next++ % actorCount}`)
        .ask(pay)
        .then(() => done(), done),
    )
    expected += count * perCommand
    while (
      counted.delivered + counted.skipped * perCommand < expected &&
      performance.now() < startMs + 60_000
    )
      await new Promise((resolve) => setTimeout(resolve, 1))
    const { user, system: kernel } = process.cpuUsage(cpuBefore)
    const delivered = counted.delivered - before
    // The first round warms up.
    if (round === 0) continue
    const seconds = (performance.now() - startMs) / 1_000
    rounds.push({ cpuUs: (user + kernel) / delivered, perSecond: delivered / seconds })
  }
  await end()
  return rowOf(name, median(rounds.map(({ cpuUs }) => cpuUs)), "µs/change", null, {
    note: `${WATCHER_COUNT} watchers of ${actorCount} actors, ${Math.round(median(rounds.map(({ perSecond }) => perSecond)))} changes/s; CPU with commands${counted.skipped > 0 ? `; ${counted.skipped} versions skipped` : ""}`,
  })
}

export const watchDelivery: Bench = {
  name: "watch",
  rows: ["watch.shared", "watch.own", "watch.client"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres } = await stage.servers()
    const system = await ActorSystem.start({ nats, postgres, actors: [Account] })
    const client = await ActorClient.connect({ nats, actors: [Account] })
    const rows = [
      await watchRow(stage, system, "watch.shared", { actorCount: FEW_ACTORS, from: system }),
      await watchRow(stage, system, "watch.own", { actorCount: WATCHER_COUNT, from: system }),
      await watchRow(stage, system, "watch.client", { actorCount: FEW_ACTORS, from: client }),
    ]
    await client.close()
    await system.stop()
    return rows
  },
}
