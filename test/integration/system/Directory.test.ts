/** The directory on real servers: rows in Postgres, filled from commits in JetStream, the same on every node. */
import { readFile } from "node:fs/promises"
import { Schema } from "effect"
import { expect, test } from "vitest"
import { assign, setup } from "xstate"
import { ActorsTable, defineActor, defineEvent, type EventOf } from "../../../runtime/index.ts"
import { defineSaga } from "../../../runtime/saga.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "./SystemFixture.ts"

const servers = serversOfFile()

const events = {
  Booked: defineEvent(Schema.Struct({ guest: Schema.String, seats: Schema.Int })),
  Left: defineEvent(Schema.Struct({})),
}

const Table = defineActor({
  type: "table",
  machine: setup({
    types: { context: {} as { guest: string; seats: number }, events: {} as EventOf<typeof events> },
  }).createMachine({
    context: { guest: "", seats: 0 },
    initial: "free",
    states: {
      free: {
        on: {
          Booked: { target: "taken", actions: assign(({ event: { guest, seats } }) => ({ guest, seats })) },
        },
      },
      taken: {
        tags: "busy",
        initial: "eating",
        states: { eating: { after: { 100: "paying" } }, paying: {} },
        on: { Left: "free" },
      },
    },
  }),
  events,
  commands: {
    Book: {
      schema: Schema.Struct({ guest: Schema.String, seats: Schema.Int }),
      decide: ({ payload }) => ({ type: "Booked" as const, ...payload }),
    },
    Leave: { schema: Schema.Struct({}), decide: () => ({ type: "Left" as const }) },
  },
  directory: { columns: ({ context: { guest, seats } }) => ({ guest, seats }) },
})

const Party = defineSaga({
  type: "party",
  input: Schema.Struct({ guest: Schema.String, table: Schema.String }),
  steps: (saga) =>
    saga.step("book", {
      request: ({ input: { guest, table } }) => ({
        actor: Table,
        id: table,
        command: { type: "Book", guest, seats: 2 },
      }),
    }),
})

test("two nodes list the same actors by state, tag, column and prefix, page by page, before and after a restart", async () => {
  const options = { namespace: freshNamespace(), actors: [Table], sagas: [Party], journal: { streams: 2 } }
  const first = await startSystem(servers(), options)
  const second = await startSystem(servers(), options)
  for (let index = 0; index < 30; index++) {
    const id = `${index % 2 === 0 ? "a" : "b"}-${String(index).padStart(2, "0")}`
    const command = { type: "Book", guest: `g-${index % 3}`, seats: index } as const
    await first.waitFor(ActorsTable, await first.get(Table, id).ask(command))
  }
  const ids = async (system: typeof first, more: object) =>
    (await system.actors.list({ type: Table, ...more })).actors.map(({ id }) => id)
  await eventually(async () => (await ids(second, { state: "taken.paying" })).length === 30)
  await second.waitFor(ActorsTable, await second.get(Table, "a-00").ask({ type: "Leave" }))
  for (const system of [first, second]) {
    expect(await ids(system, { state: "free" })).toEqual(["a-00"])
    expect(await ids(system, { tag: "busy", idPrefix: "a-" })).toHaveLength(14)
    expect(await ids(system, { where: { guest: "g-1", seats: 4 } })).toEqual(["a-04"])
    expect(await ids(system, { state: "taken", updatedBefore: Date.now() - 3_600_000 })).toEqual([])
    const { byState } = await system.actors.count({ type: Table, by: "state" })
    expect(byState).toEqual({ free: 1, "{taken:paying}": 29 })
  }
  const seen: Array<string> = []
  let cursor: string | undefined
  do {
    const page = await second.actors.list({ type: "table", limit: 7, ...(cursor && { cursor }) })
    seen.push(...page.actors.map(({ id }) => id))
    cursor = page.next
  } while (cursor !== undefined)
  expect(seen).toEqual([...new Set(seen)].sort())
  expect(seen).toHaveLength(30)
  const { transitions } = await first.actors.transitions(Table)
  expect(transitions).toContainEqual(
    expect.objectContaining({ from: "free", event: "Booked", to: "{taken:eating}", count: 30 }),
  )
  await Promise.all([first.stop(), second.stop()])
  const third = await startSystem(servers(), options)
  expect(await ids(third, { state: "free" })).toEqual(["a-00"])
})

test("a saga is listed, and one correlation has what it did", async () => {
  const system = await startSystem(servers(), {
    namespace: freshNamespace(),
    actors: [Table],
    sagas: [Party],
  })
  const input = { guest: "ann", table: "t-1" }
  await system.get(Party, "p-1").ask({ type: "Start", input }, { metadata: { correlationId: "r-1" } })
  await eventually(
    async () => (await system.actors.list({ type: Party, state: "completed" })).actors.length === 1,
  )
  const [party] = (await system.actors.list({ type: Party, createdBefore: Date.now() + 1 })).actors
  expect(party).toMatchObject({ type: "party", id: "p-1", state: "completed", failed: false })
  await eventually(async () => (await system.correlation("r-1")).commands.length >= 4)
  const { commands } = await system.correlation("r-1")
  expect(commands.map(({ type, id }) => `${type}/${id}`)).toEqual(
    expect.arrayContaining(["party/p-1", "table/t-1"]),
  )
  const table = commands.find(({ type }) => type === "table")
  expect(table).toMatchObject({ events: ["Booked"], versions: { first: 1, last: 1 } })
})

test("a list by state and age, and one by column, use indexes", async () => {
  const system = await startSystem(servers(), { namespace: freshNamespace(), actors: [Table] })
  await system.waitFor(
    ActorsTable,
    await system.get(Table, "t").ask({ type: "Book", guest: "ann", seats: 1 }),
  )
  const table = system.tableOf(ActorsTable)
  await servers().sql(`insert into ${table} (type, id, state, done, failed, version, sequence, created, updated, columns)
    select 'table', 'x-' || n, case when n % 1000 = 0 then 'free' else 'taken' end, false, false, 1, 1, n, n,
      jsonb_build_object('guest', 'g-' || n) from generate_series(1, 20000) n`)
  await servers().sql(`analyze ${table}`)
  const planOf = async (where: string) => {
    const rows = await servers().sql(`explain select * from ${table} where ${where} order by id limit 100`)
    return rows.map((row) => Object.values(row).join()).join("\n")
  }
  expect(await planOf(`type = 'table' and state = any('{free}') and updated < 9000`)).toMatch(
    /actors_type_state_updated/,
  )
  expect(await planOf(`type = 'table' and columns @> '{"guest":"g-77"}'`)).toMatch(/columns_idx/)
  const named = await system.actors.list({ type: Table, where: { guest: "g-77" } })
  expect(named.actors).toMatchObject([{ id: "x-77" }])
})

test("its table is found by the query of docs/OPERATIONS.md, and has the columns that are listed there", async () => {
  const namespace = freshNamespace()
  const system = await startSystem(servers(), { namespace, actors: [Table] })
  const booked = await system.get(Table, "t-1").ask({ type: "Book", guest: "ann", seats: 2 })
  await system.waitFor(ActorsTable, booked)
  const page = await readFile(new URL("../../../docs/OPERATIONS.md", import.meta.url), "utf8")
  const section = page.slice(
    page.indexOf("### The directory in Postgres"),
    page.indexOf("### The log of operations"),
  )
  const [find = "", query = ""] = Array.from(section.matchAll(/```sql\n(.*?)```/gs), ([, sql]) => sql)
  const [found, ...others] = await servers().sql(find.replace("'shop'", `'${namespace}'`))
  expect(others).toEqual([])
  const name = String(found?.["actors"])
  expect(name.replaceAll('"', "")).toBe(system.tableOf(ActorsTable).replaceAll('"', ""))
  const [row] = await servers().sql(`select * from ${name}`)
  const listed = Array.from(section.matchAll(/^\| (`.*?) \|/gm), ([, cell = ""]) =>
    cell.replaceAll("`", "").split(", "),
  )
  const columns = Object.keys(row ?? {}).filter((column) => column !== "columns_version")
  expect(columns.sort()).toEqual(listed.flat().sort())
  expect(row).toMatchObject({ type: "table", id: "t-1", done: false, columns: { guest: "ann", seats: 2 } })
  const own = query.replace("everstate_shop_everstate_actors_v1.actors", name)
  expect(await servers().sql(own.replace('"customerId":"c-1"', '"guest":"ann"'))).toMatchObject([
    { type: "table", count: "1", idle_since: expect.any(Date) },
  ])
})
