/** Nodes that are killed: what they remembered goes on elsewhere, and nobody has to ask for it. */
import { appendFileSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { readModelTable } from "../../../infra/postgres/ReadModelTables.ts"
import type { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { COUNTERS, Errand, Ledger, Tally, work } from "../system/Errands.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "../system/SystemFixture.ts"
import { holderOf, recordsOf, slotOf, startHost, testFolder, untilShares } from "./ClusterFixture.ts"
import { Relay, rosterOf, Totals } from "./Roster.ts"

const servers = serversOfFile()

/** A node in this process and one that can be killed, each with half of the shards. */
const pair = async () => {
  const folder = testFolder()
  const namespace = freshNamespace()
  const file = join(folder, "work")
  work.file = file
  appendFileSync(`${file}.beacon`, "")
  const [doomed, system] = await Promise.all([
    startHost(servers(), namespace, "doomed", folder),
    startSystem(servers(), { namespace, node: { name: "witness" }, ...rosterOf(file, "witness") }),
  ])
  await untilShares(system, { doomed: 32, witness: 32 })
  return { doomed, system, namespace, file }
}

/** What counters have counted, read from the journal: no actor is asked. */
const countedOf = async (
  system: ActorSystem,
  actor: typeof Tally | typeof Ledger,
  ids: ReadonlyArray<string>,
) => {
  const pages = await Promise.all(
    ids.map((id) => system.get(actor as typeof Tally, id).history({ limit: 1_000 })),
  )
  return pages.flatMap(({ events }) => events.map(({ event }) => event.errand)).sort()
}

it("FAULT 14: messages, calls, timers and sagas of a killed node go on elsewhere by themselves", async () => {
  const { doomed, system } = await pair()
  const errands = Array.from({ length: 60 }, (_, index) => `e${index}`)
  const sagas = Array.from({ length: 20 }, (_, index) => `s${index}`)
  await Promise.all([
    ...errands.map((errand) =>
      system.get(Errand, errand).tell({ type: "Begin", errand }, { commandId: `begin-${errand}` }),
    ),
    ...sagas.map((saga) => system.get(Relay, saga).ask({ type: "Start", input: {} } as never)),
  ])
  await doomed.kill()
  const tallies = Array.from({ length: COUNTERS }, (_, index) => `n${index}`)
  await eventually(async () => (await countedOf(system, Tally, tallies)).length >= errands.length)
  expect(await countedOf(system, Tally, tallies)).toEqual([...errands].sort())
  for (const step of [1, 2, 3]) {
    const wanted = sagas.map((saga) => `${saga}-${step}`).sort()
    await eventually(async () => (await countedOf(system, Ledger, [`step${step}`])).length >= wanted.length)
    expect(await countedOf(system, Ledger, [`step${step}`])).toEqual(wanted)
  }
  expect(await system.deadLetters.list()).toEqual([])
})

it("a projection of a killed node goes on elsewhere, and nothing is counted twice", async () => {
  const { doomed, system, namespace } = await pair()
  await system.cluster.move("projection.totals.v1.p0", "doomed")
  await eventually(async () => (await holderOf(system, "projection.totals.v1.p0")) === "doomed")
  const add = (id: string) => system.get(Counter, id).ask({ type: "Add", by: 1 })
  const before = await Promise.all(Array.from({ length: 200 }, (_, index) => add(`c${index % 10}`)))
  await system.waitFor(Totals, Math.max(...before.map(({ sequence }) => sequence)))
  await doomed.kill()
  const after = await Promise.all(Array.from({ length: 200 }, (_, index) => add(`c${index % 10}`)))
  await system.waitFor(Totals, Math.max(...after.map(({ sequence }) => sequence)))
  const table = readModelTable({ schema: "everstate", namespace }, Totals, "totals")
  const rows = await servers().sql(`select id, total from ${table} order by id`)
  expect(rows).toEqual(Array.from({ length: 10 }, (_, index) => ({ id: `c${index}`, total: 40 })))
})

it("a singleton runs on one node, and on another when that one is killed, under a higher epoch", async () => {
  const { doomed, system, file } = await pair()
  const beats = () => readFileSync(`${file}.beacon`, "utf8").trim().split("\n")
  await system.cluster.move("singleton.beacon", "doomed")
  await eventually(() => beats().at(-1)?.startsWith("doomed ") === true)
  const [, epoch = ""] = beats().at(-1)?.split(" ") ?? []
  await doomed.kill()
  const beatsOfDead = beats().filter((beat) => beat.startsWith("doomed ")).length
  await eventually(() => beats().at(-1)?.startsWith("witness ") === true)
  expect(beats().filter((beat) => beat.startsWith("doomed "))).toHaveLength(beatsOfDead)
  expect(Number(beats().at(-1)?.split(" ")[1])).toBeGreaterThan(Number(epoch))
})

it("FAULT 7, FAULT 9 and FAULT 10: a frozen node's actors answer elsewhere; when it goes on, its appends are refused and it asks others", async () => {
  const { doomed, system } = await pair()
  const ids = Array.from({ length: 200 }, (_, index) => `z${index}`)
  const own: Array<string> = []
  for (const id of ids) if ((await holderOf(system, slotOf(Counter, id))) === "doomed") own.push(id)
  const [id = ""] = own
  const add = (commandId: string) =>
    system.get(Counter, id).ask({ type: "Add", by: 1 }, { commandId, deadlineMs: 20_000 })
  await add("before")
  doomed.freeze()
  // Some reach the frozen process and wait in its socket: it answers them when it is too late.
  const during = Promise.all(Array.from({ length: 20 }, (_, index) => add(`during-${index}`)))
  await during
  expect(await holderOf(system, slotOf(Counter, id))).toBe("witness")
  doomed.thaw()
  await eventually(async () => (await system.cluster.status()).members.length === 2)
  await add("after")
  const { events } = await system.get(Counter, id).history({ limit: 1_000 })
  expect(events.map(({ commandId }) => commandId).sort()).toEqual(
    ["before", "after", ...Array.from({ length: 20 }, (_, index) => `during-${index}`)].sort(),
  )
  expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1))
})

it("FAULT 15: a node that is told to end hands over at once, and fails nobody", async () => {
  const { doomed, system, namespace } = await pair()
  let isOver = false
  let askedCount = 0
  const asking = Array.from({ length: 16 }, async (_, client) => {
    for (let index = 0; !isOver; index++) {
      await system.get(Counter, `c${(client * 7 + index) % 100}`).ask({ type: "Add", by: 1 })
      askedCount++
    }
  })
  await eventually(() => askedCount > 200)
  const { members } = await system.cluster.status()
  const id = members.find(({ name }) => name === "doomed")?.id ?? "none"
  expect((await recordsOf(servers(), namespace, "slot.")).join()).toContain(id)
  await doomed.stop()
  // Nobody has to wait for the end of its leases.
  expect((await recordsOf(servers(), namespace, "slot.")).join()).not.toContain(id)
  await untilShares(system, { witness: 64 })
  const before = askedCount
  await eventually(() => askedCount > before + 200)
  isOver = true
  await Promise.all(asking)
})
