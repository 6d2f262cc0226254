/** One command at a time to an actor of another node, against what cannot be left out: a request and an append. */
import { ActorSystem } from "../../infra/everstate.ts"
import type { Fleet } from "../nemesis/Fleet.ts"
import { nemesisActors, Register } from "../nemesis/Register.ts"
import { paidCommit } from "./Account.ts"
import { quantile, rowOf } from "./Measure.ts"
import { openRawJournal } from "./RawJournal.ts"
import type { Bench } from "./Stage.ts"

/** Samples of one side before it is the other's turn. */
const TURN_COUNT = 50

/** Turns of each side that are thrown away. */
const WARM_UP_COUNT = 30

const PING = new TextEncoder().encode(JSON.stringify({ k: "ping" }))
const PING_TIMEOUT_MS = 5_000

const timed = async (samples: Array<number>, once: () => Promise<unknown>): Promise<void> => {
  for (let index = 0; index < TURN_COUNT; index++) {
    const startMs = performance.now()
    await once()
    samples.push((performance.now() - startMs) * 1_000)
  }
}

/** A node in a process of its own, and this one beside it, which has nothing. */
const measure = async (fleet: Fleet, seconds: number) => {
  await fleet.join("owner")
  const node = { name: "asker", weight: 1e-6 }
  const system = await ActorSystem.start({ ...fleet.direct, actors: nemesisActors, node })
  await system.cluster.drain("asker")
  const owner = await ownerOf(system)
  const raw = await openRawJournal(fleet.direct.nats.servers.join(), "raw", { create: true })
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
  const request = () =>
    new Promise<void>((resolve, reject) => {
      raw.connection.requests.send(
        `${fleet.direct.namespace}.node.${owner}`,
        PING,
        undefined,
        PING_TIMEOUT_MS,
        {
          onReply: () => {
            resolve()
            return true
          },
          onFailure: reject,
        },
      )
    })
  const register = system.get(Register, "only")
  const ask = () => register.ask({ type: "Add", by: 1 })
  const samples = { append: [] as Array<number>, request: [] as Array<number>, ask: [] as Array<number> }
  const turn = async (): Promise<void> => {
    await timed(samples.append, append)
    await timed(samples.request, request)
    await timed(samples.ask, ask)
  }
  for (let index = 0; index < WARM_UP_COUNT; index++) await turn()
  for (const side of Object.values(samples)) side.length = 0
  const untilMs = performance.now() + seconds * 3_000
  while (performance.now() < untilMs) await turn()
  await raw.close()
  await system.stop()
  return samples
}

const ownerOf = async (system: ActorSystem): Promise<string> => {
  while (true) {
    const { members } = await system.cluster.status()
    const asker = members.find(({ isSelf }) => isSelf)
    const owner = members.find(({ isSelf }) => !isSelf)
    if (owner !== undefined && asker?.slotCount === 0) return owner.id
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

export const clusterAsk: Bench = {
  name: "cluster.remote_ask",
  rows: ["cluster.remote_ask"],
  run: async (stage) => {
    const fleet = await stage.fleet({ nodeCount: 1, natsCount: 1, isWired: false })
    const { append, request, ask } = await measure(fleet, stage.seconds)
    const floor = quantile(request, 0.5) + quantile(append, 0.5)
    const parts = `request ${quantile(request, 0.5).toFixed(0)} µs and append ${quantile(append, 0.5).toFixed(0)} µs`
    return [
      rowOf("cluster.remote_ask", quantile(ask, 0.5), "µs p50", floor, {
        target: { of: "ratio", op: "<=", limit: 1.5 },
        note: `one at a time to another process, ${ask.length} samples; ceiling: ${parts}; p99 ${quantile(ask, 0.99).toFixed(0)} µs`,
      }),
    ]
  },
}
