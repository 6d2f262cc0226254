/**
 * What it costs an actor at home that there is a cluster: a member with two others beside it, against a system of the
 * same code that keeps its leases in memory and knows of nobody.
 */
import type { ChildProcess } from "node:child_process"
import { ActorSystem } from "../../infra/everstate.ts"
import { Account } from "./Account.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { type Round, rowOf } from "./Measure.ts"
import { type Bench, said } from "./Stage.ts"

/** Short: a machine that others use, too, changes its pace within seconds. What comes now and then is in the totals. */
const ROUND_MS = 200

const WARM_UP_MS = 3_000

/** As many seconds a side as other rows get in all: what is to be told apart is small. */
const SECONDS_FACTOR = 10

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
    const mine = totalOf(rounds.member)
    const theirs = totalOf(rounds.alone)
    const cpuRatio = (mine.cpuUs / theirs.cpuUs).toFixed(3)
    return [
      rowOf("cluster.local", mine.perSecond, "commands/s", theirs.perSecond, {
        cpuUs: mine.cpuUs,
        serverCpuUs: mine.serverCpuUs,
        target: { of: "ratio", op: ">=", limit: 0.97 },
        note: `${IN_FLIGHT} actors in flight at home, two more members; ceiling: a system without a cluster; ${pairCount} rounds of ${ROUND_MS} ms each in turn; node CPU ${cpuRatio} of theirs`,
      }),
    ]
  },
}

/** All rounds as one. */
const totalOf = (rounds: ReadonlyArray<Round>): Round => {
  const sumOf = (figure: (round: Round) => number) => rounds.reduce((sum, round) => sum + figure(round), 0)
  const count = sumOf((round) => round.count)
  return {
    count,
    perSecond: count / sumOf((round) => round.count / round.perSecond),
    cpuUs: sumOf((round) => round.cpuUs * round.count) / count,
    serverCpuUs: sumOf((round) => round.serverCpuUs * round.count) / count,
  }
}
