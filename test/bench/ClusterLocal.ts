/**
 * What it costs an actor at home that there is a cluster: a member with two others beside it, against a system of the
 * same code that keeps its leases in memory and knows of nobody.
 */
import type { ChildProcess } from "node:child_process"
import { ActorSystem } from "../../infra/everstate.ts"
import { RENEWALS_PER_LEASE } from "../../runtime/cluster/Membership.ts"
import { SYSTEM_DEFAULTS } from "../../runtime/system/SystemSettings.ts"
import { Account } from "./Account.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { median, medianRound, type Round, rowOf } from "./Measure.ts"
import type { Bench } from "./Stage.ts"

/** The time from one renewal to the next, so that each round has one: a machine that others use changes its pace soon. */
const ROUND_MS = SYSTEM_DEFAULTS.leaseMs / RENEWALS_PER_LEASE

const WARM_UP_MS = 3_000

/** As many seconds a side as other rows get in all: what is to be told apart is small. */
const SECONDS_FACTOR = 10

/** What the child says next. */
const said = <Message>(child: ChildProcess): Promise<Message> =>
  new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`local.ts ended with ${code}`))
    child.once("exit", onExit)
    child.once("message", (message) => {
      child.off("exit", onExit)
      resolve(message as Message)
    })
  })

const round = (side: ChildProcess, ms: number): Promise<Round> => {
  side.send(ms)
  return said(side)
}

export const clusterLocal: Bench = {
  name: "cluster.local",
  rows: ["cluster.local"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres, nats: server } = await stage.servers()
    const open = (mode: string) => stage.fork("local.ts", [nats, postgres, String(server.pid), mode])
    const [alone, member] = [open("alone"), open("member")]
    await Promise.all([said(alone), said(member)])
    const others: Array<ActorSystem> = []
    for (const name of ["second", "third"]) {
      const node = { name, weight: 1e-6 }
      const other = await ActorSystem.start({ nats, postgres, namespace: "member", actors: [Account], node })
      await other.cluster.drain(name)
      others.push(other)
    }
    for (const side of [alone, member]) await round(side, WARM_UP_MS)
    const rounds = { alone: [] as Array<Round>, member: [] as Array<Round> }
    const pairCount = Math.ceil((stage.seconds * SECONDS_FACTOR * 1_000) / ROUND_MS)
    for (let pair = 0; pair < pairCount; pair++) {
      const isAloneFirst = pair % 2 === 0
      if (isAloneFirst) rounds.alone.push(await round(alone, ROUND_MS))
      rounds.member.push(await round(member, ROUND_MS))
      if (!isAloneFirst) rounds.alone.push(await round(alone, ROUND_MS))
    }
    for (const other of others) await other.stop()
    const ratioOf = (figure: (round: Round) => number): number =>
      median(rounds.member.map((mine, pair) => figure(mine) / figure(rounds.alone[pair] as Round)))
    const { perSecond, cpuUs, serverCpuUs } = medianRound(rounds.member)
    const cpuRatio = ratioOf((each) => each.cpuUs).toFixed(3)
    return [
      {
        ...rowOf("cluster.local", perSecond, "commands/s", medianRound(rounds.alone).perSecond),
        ratio: ratioOf((each) => each.perSecond),
        cpuUs,
        serverCpuUs,
        target: { of: "ratio", op: ">=", limit: 0.97 },
        note: `${IN_FLIGHT} actors in flight at home, two more members; ceiling: a system without a cluster; ${pairCount} pairs of ${ROUND_MS} ms, medians of their ratios; CPU ${cpuRatio}`,
      },
    ]
  },
}
