/** The command straight on NATS and Postgres without definitions: it says what a gateway says, or why it cannot. */
import { Effect, Layer, Schema } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { assign, setup } from "xstate"
import { makeGateway } from "../../../infra/http.ts"
import { NatsConnection } from "../../../infra/nats/connection/NatsConnection.ts"
import { LeasesNats } from "../../../infra/nats/leases/LeasesNats.ts"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { Leases } from "../../../runtime/cluster/Leases.ts"
import { subjectOfKey } from "../../../runtime/cluster/Member.ts"
import {
  defineActor,
  defineCall,
  defineEvent,
  defineProjection,
  defineReactor,
} from "../../../runtime/index.ts"
import { startEverstate } from "../../fixtures/bin/EverstateProcess.ts"
import { runVerb } from "../../fixtures/bin/RunVerb.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { Booking, Pair, Seat } from "../gateway/Seats.ts"
import { eventually, serversOfFile } from "../system/SystemFixture.ts"

const NAMESPACE = "raw"
const servers = serversOfFile()

const lockerEvents = {
  Opened: defineEvent({
    version: 2,
    schema: Schema.Struct({ owner: Schema.String }),
    upcast: { 1: (payload) => payload },
  }),
  Shut: defineEvent(Schema.Struct({})),
}

/** Lockers of a vault. One that does not know `Shut` any more cannot read the history of a locker that was shut. */
const lockerThat = (knowsShut: boolean) =>
  defineActor({
    type: "locker",
    nodeLabel: "vault",
    machine: setup({
      types: {} as {
        context: { owner: string; since: Map<string, Date> }
        events: { type: "Opened"; owner: string } | { type: "Shut" }
      },
    }).createMachine({
      context: { owner: "", since: new Map() },
      initial: "shut",
      states: {
        shut: {
          on: {
            Opened: {
              target: "open",
              actions: assign(({ event }) => ({
                owner: event.owner,
                since: new Map([[event.owner, new Date(0)]]),
              })),
            },
          },
        },
        open: { tags: ["airy"], on: knowsShut ? { Shut: "shut" } : {} },
      },
    }),
    directory: { columns: ({ context }) => ({ owner: context.owner }) },
    events: lockerEvents,
    commands: {
      Open: {
        schema: Schema.Struct({ owner: Schema.String }),
        decide: ({ payload }) => ({ type: "Opened" as const, ...payload }),
      },
      Shut: { schema: Schema.Struct({}), decide: () => ({ type: "Shut" as const }) },
    },
  })

/** Reads desks alone, so commits of other types are no lag. */
const Sheets = defineProjection({
  name: "sheets",
  version: 3,
  from: [Desk],
  table: { name: "sheets", columns: { desk: "text not null" }, primaryKey: ["desk"] },
  key: ({ id }) => ({ desk: id }),
  fold: (_, { id }) => ({ desk: id }),
})

/** Leaves a dead letter for every stamp. */
const Sour = defineReactor({ name: "sour", from: [Clerk], on: { Stamped: () => "no reaction" as never } })

/** Waits for a call that never answers. */
const Errand = defineActor({
  type: "errand",
  machine: setup({
    types: {} as { context: Record<string, never>; events: { type: "Go"; to: string } },
    actors: {
      walk: defineCall(({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", reject)), {
        timeoutMs: 600_000,
      }),
    },
  }).createMachine({
    context: {},
    initial: "home",
    states: {
      home: { on: { Go: "away" } },
      away: {
        invoke: { src: "walk", id: "walk", input: ({ event }) => (event as { to: string }).to as never },
      },
    },
  }),
})

let system: ActorSystem
let url = ""
const ends: Array<() => Promise<void>> = []

const node = (knowsShut: boolean) => {
  const locker = lockerThat(knowsShut)
  return ActorSystem.start({
    nats: servers().natsUrl,
    postgres: servers().postgresUrl,
    namespace: NAMESPACE,
    actors: [Desk, Clerk, Errand, Seat, locker],
    sagas: [Booking, Pair],
    projections: [Sheets],
    reactors: [Sour],
    node: { name: "cellar", labels: ["vault"] },
    askDeadlineMs: 30_000,
  }).then((started) => Object.assign(started, { locker: (id: string) => started.get(locker, id) }))
}

beforeAll(async () => {
  const before = await node(true)
  await before.locker("forgotten").ask({ type: "Open", owner: "bo" })
  await before.locker("forgotten").ask({ type: "Shut" })
  await before.stop()
  const now = await node(false)
  system = now
  await expect(now.locker("forgotten").ask({ type: "Shut" })).rejects.toThrow("quarantine")
  await now.locker("open").ask({ type: "Open", owner: "ann" })
  await now.get(Errand, "e").ask({ type: "Go", to: "town" })
  await now.get(Desk, "d").ask({ type: "Open", sheet: "s" })
  await now.get(Desk, "d").ask({ type: "AskToShelve", clerk: "c" })
  await now.get(Clerk, "c").ask({ type: "Stamp", sheet: "s" })
  const gateway = makeGateway(now)
  url = (await gateway.listen()).url
  ends.push(() => gateway.close())
})

afterAll(async () => {
  for (const end of ends.reverse()) await end()
  await system?.stop()
})

const place = () => {
  const { natsUrl, postgresUrl } = servers()
  return ["--nats", natsUrl, "--postgres", postgresUrl, "--namespace", NAMESPACE]
}

const raw = (...args: ReadonlyArray<string>) => runVerb(...args, ...place())

const documentOf = async (...args: ReadonlyArray<string>) => {
  const { stdout, stderr, exitCode } = await runVerb(...args, "--json")
  expect({ args, stderr, exitCode }).toEqual({ args, stderr: "", exitCode: 0 })
  return JSON.parse(stdout)
}

const json = (...args: ReadonlyArray<string>) => documentOf(...args, ...place())

const throughGateway = (...args: ReadonlyArray<string>) => documentOf(...args, "--url", url)

/** Without fields that only a node knows of itself, or that change from one look to the next. */
const comparable = (document: unknown): unknown =>
  JSON.parse(
    JSON.stringify(document, (key, value) => (["tags", "self", "load"].includes(key) ? undefined : value)),
  )

it("shows actors, what they wait for, their histories and lists as a gateway does", async () => {
  await eventually(async () => (await throughGateway("actors", "list", "locker")).items.length === 2)
  const looks = [
    ["actors", "show", "desk", "d"],
    ["actors", "show", "errand", "e"],
    ["actors", "show", "locker", "open"],
    ["actors", "history", "locker", "open"],
    ["actors", "history", "desk", "d"],
    ["actors", "list", "locker", "--where", '{"owner":"ann"}'],
    ["actors", "list", "locker", "--except", "open"],
    ["actors", "list", "locker", "--failed"],
    ["actors", "list", "locker", "--open", "--prefix", "o"],
    ["actors", "list", "locker", "--quarantined"],
    ["sagas", "list"],
    ["dead-letters", "list"],
    ["operations", "list"],
    ["cluster", "status", "--all"],
  ]
  for (const look of looks) {
    expect(comparable(await json(...look)), look.join(" ")).toEqual(comparable(await throughGateway(...look)))
  }
  const { pending, ...desk } = await json("actors", "show", "desk", "d")
  expect(desk).toMatchObject({ state: "open.waiting", context: { sheet: "s" } })
  expect(pending).toMatchObject({
    timers: [{}],
    requests: [{ name: "shelve", to: { type: "clerk", id: "c" } }],
  })
  const { pending: ofErrand } = await json("actors", "show", "errand", "e")
  expect(ofErrand).toMatchObject({ calls: [{ name: "walk", source: "walk", input: "town" }] })
  const { items } = await json("actors", "list", "locker", "--quarantined")
  expect(items).toMatchObject([{ id: "forgotten", quarantine: { reason: "EventNotAccepted" } }])
})

it("asks, tells and follows actors of types that need a label", async () => {
  const watch = startEverstate(["actors", "watch", "locker", "w", "--json", ...place()])
  await eventually(() => watch.stdout().includes("\n"))
  expect(await json("actors", "ask", "locker", "w", "Open", '{"owner":"cy"}')).toMatchObject({ version: 1 })
  await eventually(() => watch.stdout().split("\n").length === 3)
  expect(JSON.parse(watch.stdout().split("\n")[1] ?? "")).toMatchObject({
    version: 1,
    state: "open",
    context: { owner: "cy", since: [["cy", "1970-01-01T00:00:00.000Z"]] },
    events: [{ type: "Opened", data: { owner: "cy" } }],
  })
  watch.child.kill("SIGINT")
  expect(await watch.ended).toBe(130)
  expect(watch.stderr()).toBe("")
  expect(await raw("actors", "ask", "locker", "w", "Open", '{"owner":7}')).toMatchObject({ exitCode: 2 })
  expect(await raw("actors", "ask", "locker", "w", "Burn")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("Open, Shut"),
  })
  expect(await raw("actors", "ask", "loker", "w", "Open")).toMatchObject({
    exitCode: 4,
    stderr: expect.stringContaining("there are clerk, desk, errand, locker, seat"),
  })
})

it("knows how far projections are by the types that they read", async () => {
  await throughGateway("projections", "wait", "sheets")
  // No projection moves its offset over this commit at once, and it is no lag of one that reads desks.
  await throughGateway("actors", "ask", "clerk", "other", "Stamp", '{"sheet":"s"}')
  await json("projections", "wait", "sheets", "--timeout", "1")
  const { items } = await json("projections", "list")
  expect(items).toContainEqual(
    expect.objectContaining({ name: "sheets", version: 3, lag: 0, owners: [expect.objectContaining({})] }),
  )
  await json("projections", "rebuild", "sheets", "--yes", "--by", "ann", "--note", "it forgot")
  const { items: operations } = await json("operations", "list")
  expect(operations[0]).toMatchObject({
    verb: "projections.rebuild",
    by: "ann",
    note: "it forgot",
    outcome: "done",
  })
})

it("says in one sentence what needs definitions, a member or a reactor, and what to give", async () => {
  await eventually(async () => (await json("dead-letters", "list")).items.length > 0)
  const [letter] = (await json("dead-letters", "list")).items
  expect(letter).toMatchObject({ reason: "ReactorFailed" })
  const definitions = [
    ["actors", "at", "locker", "open", "--version-at", "1"],
    ["actors", "dry-run", "locker", "open", "Shut"],
    ["actors", "list", "locker", "--tag", "airy"],
    ["sagas", "list", "--tag", "airy"],
    ["cluster", "events"],
    ["reactors", "list"],
  ]
  for (const args of definitions) {
    expect(await raw(...args), args.join(" ")).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringMatching(
        /^[^\n]+[.]\nGive the definitions with --module, or a gateway with --url[.]$/,
      ),
    })
  }
  const redrives = [
    ["dead-letters", "redrive", String(letter.number), "--yes"],
    ["dead-letters", "redrive", "--reason", "ReactorFailed", "--yes"],
  ]
  for (const args of redrives) {
    expect(await raw(...args), args.join(" ")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/reactor.*\nGive a gateway with --url[.]$/),
    })
  }
  expect((await raw("dead-letters", "discard", String(letter.number), "--yes")).exitCode).toBe(0)
  expect((await raw("dead-letters", "discard", String(letter.number), "--yes")).exitCode).toBe(4)
})

it("cancels a job on dead letters at Ctrl-C, because the job ends with the verb", async () => {
  const letters = async () => (await system.deadLetters.list({ reason: "Rejected", limit: 1_000 })).length
  const refunds = Array.from({ length: 1_000 }, (_, index) => index)
  await Promise.all(
    refunds.map((index) =>
      system.get(Seat, `s-${index % 20}`).tell({ type: "Refund" }, { deadlineMs: 60_000 }),
    ),
  )
  await eventually(async () => (await letters()) === 1_000)
  const job = ["dead-letters", "redrive", "--reason", "Rejected", "--yes", ...place()]
  const redrive = startEverstate(job)
  await eventually(() => redrive.stderr().includes("/1000"))
  redrive.child.kill("SIGINT")
  expect(await redrive.ended).toBe(130)
  expect(redrive.stderr()).toContain("The job is cancelled")
  const jobs = await fetch(`${url}/dead-letters/jobs`).then((answer) => answer.json())
  expect(jobs).toMatchObject({ items: [{ verb: "redrive", reason: "Rejected", state: "cancelled" }] })
})

/** Runs the body while the records of the nodes that are up now are there, as if the nodes had been killed. */
const afterKill = async (end: () => Promise<void>, body: () => Promise<void>) => {
  const layer = LeasesNats.layer({ namespace: NAMESPACE }).pipe(
    Layer.provide(NatsConnection.layer({ servers: servers().natsUrl })),
  )
  await Effect.gen(function* () {
    const leases = yield* Leases
    const records = (yield* leases.all).filter(({ key, value }) => isMember(key) && value !== undefined)
    yield* Effect.promise(end)
    for (const { key, value } of records) {
      const removed = yield* leases.get(key)
      const revision = yield* leases.write(key, value, removed?.revision ?? 0)
      yield* Effect.addFinalizer(() => Effect.orDie(leases.remove(key, revision)))
    }
    expect(records).not.toEqual([])
    yield* Effect.promise(body)
  }).pipe(Effect.scoped, Effect.provide(layer), Effect.runPromise)
}

const isMember = (key: string): boolean => subjectOfKey(key)?.kind === "member"

it("does not wait for nodes that were killed", () =>
  afterKill(
    () => system.stop(),
    async () => {
      expect(await json("actors", "show", "locker", "open")).toMatchObject({
        state: "open",
        version: 1,
        onlyStored: expect.stringContaining("Every node that hosts locker has ended"),
      })
      expect((await raw("actors", "show", "locker", "none")).exitCode).toBe(4)
    },
  ))

it("shows the newest commits, and stores messages, while no node is up", async () => {
  await system.stop()
  expect(await json("actors", "show", "locker", "open")).toMatchObject({
    state: "open",
    version: 1,
    onlyStored: expect.stringContaining("No node hosts locker"),
  })
  const shown = await raw("actors", "show", "desk", "d")
  expect(shown.stdout).toMatch(/^timer .* fires at/m)
  expect(shown.stdout).toContain("No node hosts desk")
  expect(await raw("actors", "show", "locker", "none")).toMatchObject({ exitCode: 4 })
  expect((await json("actors", "history", "locker", "open")).items).toHaveLength(1)
  const asked = await raw("actors", "ask", "locker", "open", "Shut")
  expect(asked).toMatchObject({ exitCode: 5, stdout: "" })
  expect(asked.stderr).toContain("No node hosts locker now.")
  expect(asked.stderr).not.toContain("outcome is unknown")
  expect(await raw("actors", "watch", "locker", "open")).toMatchObject({ exitCode: 5 })
  const held = await raw("actors", "list", "locker", "--quarantined")
  expect(held).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("only nodes know") })
  expect((await raw("actors", "tell", "locker", "later", "Open", '{"owner":"di"}')).exitCode).toBe(0)
  const status = await raw("cluster", "status")
  expect(status.stdout).toContain("No members.")
  // Of the slots, only those where something waits.
  const slots = status.stdout.split("\n").filter((line) => line.includes("nobody"))
  for (const slot of slots) expect(slot).toMatch(/ [1-9]\d*$/)
  const list = await raw("projections", "list")
  expect(list.stdout).toMatch(/^sheets +3 +not run/m)
  expect(list.stderr).toContain("no node says which types are read")
  system = await node(false)
  await eventually(async () => (await raw("actors", "show", "locker", "later")).exitCode === 0)
})
