/** One command at a time, against one raw append at a time: what the runtime adds to a round trip. */
import { ActorSystem } from "../../infra/everstate.ts"
import { Account, paidCommit, pay } from "./Account.ts"
import { quantile, rowOf } from "./Measure.ts"
import { openRawJournal } from "./RawJournal.ts"
import type { Bench } from "./Stage.ts"

/** Samples of one side before it is the other's turn. */
const TURN_COUNT = 100

/** Samples of each side that are thrown away. */
const WARM_UP_COUNT = 2_000

const timed = async (samples: Array<number>, once: () => Promise<unknown>): Promise<void> => {
  for (let index = 0; index < TURN_COUNT; index++) {
    const startMs = performance.now()
    await once()
    samples.push((performance.now() - startMs) * 1000)
  }
}

export const askLatency: Bench = {
  name: "ask.latency",
  rows: ["ask.latency"],
  run: async (stage) => {
    const servers = await stage.servers()
    const raw = await openRawJournal(servers.natsUrl, "raw", { create: true })
    const { natsUrl: nats, postgresUrl: postgres } = servers
    const system = await ActorSystem.start({ directory: false, nats, postgres, actors: [Account] })
    const account = system.get(Account, "only")
    const data = paidCommit(10_000)
    let last = 0
    const append = () =>
      new Promise<void>((resolve, reject) => {
        raw.append("raw.evt.0.raw.latency", last, data, (failure, sequence) => {
          last = sequence
          if (failure === undefined) resolve()
          else reject(failure)
        })
      })
    const ask = () => account.ask(pay)
    for (let index = 0; index < WARM_UP_COUNT; index++) {
      await append()
      await ask()
    }
    const appends: Array<number> = []
    const asks: Array<number> = []
    const untilMs = performance.now() + stage.seconds * 2_000
    while (performance.now() < untilMs) {
      await timed(appends, append)
      await timed(asks, ask)
    }
    await system.stop()
    await raw.close()
    const p99s = `p99 ${Math.round(quantile(asks, 0.99))} µs, raw ${Math.round(quantile(appends, 0.99))} µs`
    return [
      rowOf("ask.latency", quantile(asks, 0.5), "µs p50", quantile(appends, 0.5), {
        target: { of: "ratio", op: "<=", limit: 1.3 },
        note: `one at a time, ${asks.length} samples; ${p99s}`,
      }),
    ]
  },
}
