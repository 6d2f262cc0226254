/** A whole system on a journal of several streams: commands, snapshots, projections and reactors over all of them. */
import { expect, test } from "vitest"
import { makeGateway } from "../../../infra/http.ts"
import type { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { defineProjection, defineReactor, send } from "../../../runtime/index.ts"
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

/** Per counter what was added, and for all of them together: a row that every partition folds into. */
const sums = (name: string, keyOf: (id: string) => string) =>
  defineProjection({
    name,
    version: 1,
    from: [Counter],
    table: {
      name: "sums",
      columns: { id: "text not null", total: "bigint not null", counted: "bigint not null" },
      primaryKey: ["id"],
    },
    key: ({ id }) => ({ id: keyOf(id) }),
    fold: (row, { id, event }) => ({
      id: keyOf(id),
      total: (row?.total ?? 0) + (event.type === "Added" ? event.by : 0),
      counted: (row?.counted ?? 0) + 1,
    }),
  })

const Each = sums("each", (id) => id)
const All = sums("all", () => "all")

/** Every counter but the copies has one that follows it. */
const Copy = defineReactor({
  name: "copy",
  from: [Counter],
  on: {
    Added: ({ by }, { id }) =>
      id.startsWith("copy-")
        ? undefined
        : send.tell({ actor: Counter, id: `copy-${id}`, command: { type: "Add", by } }),
  },
})

test("keeps every promise over three streams, through a restart, and refuses another number of them", async () => {
  const namespace = freshNamespace()
  const options = {
    namespace,
    journal: { streams: 3 },
    projections: [Each, All],
    reactors: [Copy],
  }
  const acknowledged: Array<Load["acknowledged"][number]> = []
  for (const round of [1, 2]) {
    const system = await startSystem(servers(), options)
    const load = new Load(system, 20, 30)
    await load.more(600)
    await load.end()
    acknowledged.push(...load.acknowledged)
    for (let counter = 0; counter < 30; counter++) {
      const { sequence, version } = await system
        .get(Counter, `n${counter}`)
        .ask({ type: "Add", by: 0 }, { commandId: `last-${round}` })
      await system.waitFor(Each, sequence)
      const [row] = await servers().sql(
        `select counted::integer from everstate_${namespace}_each_v1.sums where id = $1`,
        [`n${counter}`],
      )
      expect(row?.["counted"]).toBeGreaterThanOrEqual(version)
    }
    await system.stop()
  }
  const system = await startSystem(servers(), options)
  expect(await audit(system, acknowledged)).toEqual(nothingWrong)
  const totals = () =>
    servers().sql(
      `select (select sum(total) from everstate_${namespace}_each_v1.sums where id like 'copy-%')::integer as copied,
        (select sum(total) from everstate_${namespace}_each_v1.sums where id not like 'copy-%')::integer as original,
        (select total from everstate_${namespace}_all_v1.sums)::integer as all`,
    )
  await eventually(async () => {
    const [row] = await totals()
    return row?.["copied"] === row?.["original"] && row?.["all"] === 2 * Number(row?.["original"])
  })
  const { projections, reactors } = await system.status()
  for (const { partitions } of [...projections, ...reactors]) expect(partitions).toHaveLength(3)

  await expect(startSystem(servers(), { ...options, journal: { streams: 2 } })).rejects.toMatchObject({
    _tag: "JournalRefused",
    reason: "Foreign",
  })
})

test("tells on every node how far projections and reactors are, whichever node runs them", async () => {
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const Slow = defineReactor({
    name: "slow",
    from: [Counter],
    on: {
      Added: async ({ by }) => {
        if (by === 2) await held
        return undefined
      },
    },
  })
  const options = {
    namespace: freshNamespace(),
    journal: { streams: 3 },
    projections: [Each],
    reactors: [Slow],
  }
  const north = await startSystem(servers(), { ...options, node: { name: "north" } })
  // So light that north runs everything.
  const south = await startSystem(servers(), { ...options, node: { name: "south", weight: 0.001 } })
  const documentOf = async (system: ActorSystem, path: string, name: string) => {
    const { fetch } = makeGateway(system, { authorize: () => ({ user: "ann" }) })
    const { items } = (await (await fetch(new Request(`http://localhost${path}`))).json()) as {
      items: ReadonlyArray<{ name: string; state: string; lag: number; position: number; offset: number }>
    }
    return items.find((each) => each.name === name)
  }
  const [id, ...others] = Array.from({ length: 12 }, (_, index) => `c${index}`)
  const add = (to = "", by = 1) => north.get(Counter, to).ask({ type: "Add", by })
  await add(id)
  await eventually(async () => (await documentOf(south, "/reactors", "slow"))?.lag === 0)
  await add(id, 2)
  await add(id)
  for (const other of others) await add(other)
  await eventually(async () => {
    const [here, there] = [
      await documentOf(north, "/reactors", "slow"),
      await documentOf(south, "/reactors", "slow"),
    ]
    return here !== undefined && here.lag >= 2 && here.lag === there?.lag && here.position === there.position
  })
  expect(await documentOf(south, "/reactors", "slow")).toMatchObject({ state: "elsewhere" })
  release()
  await eventually(async () => (await documentOf(south, "/reactors", "slow"))?.lag === 0)
  await eventually(async () => (await documentOf(south, "/projections", "each"))?.lag === 0)
  expect(await documentOf(south, "/projections", "each")).toMatchObject({ state: "elsewhere" })
})
