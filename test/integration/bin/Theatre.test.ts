/**
 * A stranger's actors, looked into and operated by the command alone: through a gateway, and straight on NATS and
 * Postgres.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { EXIT_CODES } from "../../../infra/bin/VerbFailed.ts"
import { makeGateway } from "../../../infra/http.ts"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { runDoctor } from "../../fixtures/bin/DoctorVerb.ts"
import { startEverstate } from "../../fixtures/bin/EverstateProcess.ts"
import { followVerb, runVerb } from "../../fixtures/bin/RunVerb.ts"
import { Booking, Bookings, Pair, Seat } from "../gateway/Seats.ts"
import { eventually, serversOfFile } from "../system/SystemFixture.ts"

const NAMESPACE = "theatre"
const module = join(import.meta.dirname, "../gateway/Seats.ts")
const servers = serversOfFile()
const running: Array<() => Promise<void>> = []
let url = ""

beforeAll(async () => {
  for (const name of ["box-office", "stage-door"]) {
    const system = await ActorSystem.start({
      nats: servers().natsUrl,
      postgres: servers().postgresUrl,
      namespace: NAMESPACE,
      actors: [Seat],
      sagas: [Booking, Pair],
      projections: [Bookings],
      node: { name },
    })
    running.push(() => system.stop())
    if (url !== "") continue
    const gateway = makeGateway(system)
    running.push(() => gateway.close())
    url = (await gateway.listen()).url
  }
})

afterAll(async () => {
  for (const stop of running.reverse()) await stop()
})

const straight = () => {
  const { natsUrl, postgresUrl } = servers()
  return ["--nats", natsUrl, "--postgres", postgresUrl, "--namespace", NAMESPACE]
}

const ways = [
  { way: "through a gateway", mark: "g", flags: () => ["--url", url] },
  { way: "straight on NATS and Postgres", mark: "s", flags: () => [...straight(), "--module", module] },
  { way: "straight without definitions", mark: "r", flags: straight, isRaw: true },
]

/** The verb, again where a node on a busy machine does not answer in time. */
const answered = async (...args: ReadonlyArray<string>) => {
  for (;;) {
    const run = await runVerb(...args)
    if (run.exitCode !== EXIT_CODES.unavailable) return run
  }
}

const documentOf = async (...args: ReadonlyArray<string>) => {
  const { stdout, stderr, exitCode } = await answered(...args, "--json")
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 })
  return JSON.parse(stdout)
}

/** What others see meanwhile: through the gateway, because a straight verb starts a node. */
const seen = (...args: ReadonlyArray<string>) => documentOf(...args, "--url", url)

const hold = (seat: string, guest: string) =>
  seen("actors", "ask", "seat", seat, "Hold", JSON.stringify({ guest }))

const book = (seat: string, guest: string) =>
  seen("actors", "ask", "seat", seat, "Book", JSON.stringify({ guest, priceMinor: 100 }))

const pairIsIn = (id: string, state: string) =>
  eventually(async () => (await seen("sagas", "show", "pair", id)).state === state)

const seatIsIn = (id: string, state: string) =>
  eventually(async () => (await seen("actors", "show", "seat", id)).state === state)

/** Who and why, as operators write it. */
const signed = ["--by", "ann", "--note", "the till is old"]

describe.each(ways)("the command $way", ({ mark, flags, isRaw = false }) => {
  const verb = (...args: ReadonlyArray<string>) => answered(...args, ...flags())
  /** The document of a verb that has to succeed. */
  const json = (...args: ReadonlyArray<string>) => documentOf(...args, ...flags())
  const id = (name: string) => `${mark}-${name}`

  /** Starts a pair whose second seat is taken, so that the first one cannot be paid back. */
  const stuckPair = async (name: string) => {
    await hold(id(`${name}-2`), "Bo")
    const input = { guest: "Ann", first: id(`${name}-1`), second: id(`${name}-2`) }
    await seen("actors", "ask", "pair", id(name), "Start", JSON.stringify({ input }))
    await pairIsIn(id(name), "stuck")
  }

  /** The newest event of the saga that an operator caused. */
  const lastSigned = async (name: string) => {
    const { items } = await seen("actors", "history", "pair", id(name))
    return items.findLast(({ data }: { data?: { by?: string } }) => data?.by !== undefined)
  }

  it("asks, shows, lists, dry-runs and follows seats", async () => {
    const watch = followVerb("actors", "watch", "seat", id("a"), "--json", ...flags())
    await json("actors", "ask", "seat", id("a"), "Hold", '{"guest":"김누리"}')
    const taken = await verb("actors", "ask", "seat", id("a"), "Hold", '{"guest":"Bo"}')
    expect(taken).toMatchObject({ exitCode: 3, stdout: "", stderr: expect.stringContaining("Taken") })
    expect(taken.stderr).toContain('by: "김누리"')

    const sale = JSON.stringify({ guest: "김누리", priceMinor: 100 })
    if (!isRaw) {
      expect(await json("actors", "dry-run", "seat", id("a"), "Book", sale)).toMatchObject({
        outcome: "stored",
        actor: { state: "booked" },
      })
    }
    expect(await json("actors", "show", "seat", id("a"))).toMatchObject({
      state: "held",
      context: { guest: "김누리" },
      pending: { timers: [{ at: expect.stringMatching(/^\d{4}-/) }] },
    })
    const booked = await json(
      "actors",
      "ask",
      "seat",
      id("a"),
      "Book",
      sale,
      "--by",
      "till-3",
      "--note",
      "paid in coins — 동전",
      "--command-id",
      id("sale"),
    )
    expect(booked).toMatchObject({ version: 2, reply: { ticket: `${id("a")}/김누리` } })
    if (!isRaw) {
      const past = await json("actors", "at", "seat", id("a"), "--version-at", "1")
      expect(past).toMatchObject({ state: "held" })
    }
    expect((await json("actors", "history", "seat", id("a"))).items).toMatchObject([
      { version: 1, type: "SeatHeld", data: { guest: "김누리" } },
      { version: 2, type: "SeatBooked", user: "till-3", note: "paid in coins — 동전" },
    ])
    await eventually(() => watch.written().some((line) => JSON.parse(line).state === "booked"))
    await watch.end()

    const told = ["actors", "tell", "seat", id("b"), "Hold", '{"guest":"Bo"}', "--note", "by post"]
    expect(await json(...told)).toMatchObject({ commandId: expect.any(String) })
    await eventually(async () => {
      const { items } = await seen("actors", "list", "seat", "--state", "held", "--prefix", id("b"))
      return items.length === 1
    })
    const { items: ofB } = await json("actors", "history", "seat", id("b"))
    expect(ofB).toMatchObject([{ type: "SeatHeld", note: "by post" }])
    const table = await verb("actors", "list", "seat", "--prefix", `${mark}-`)
    expect(table.stdout).toMatch(/^id +state +version +updated$/m)
    expect(table.stdout).toContain(`${id("a")}  booked        2  `)
  })

  it("retries, skips, resolves, aborts and cancels sagas, which keep who and why", async () => {
    await stuckPair("retry")
    await eventually(async () => {
      const { items } = await seen("sagas", "list", "--state", "stuck", "--prefix", id("retry"))
      return items[0]?.type === "pair"
    })
    expect((await json("sagas", "list", "pair", "--state", "stuck")).items).not.toEqual([])
    const { items: stuck } = await json("sagas", "list", "--state", "stuck", "--prefix", id("retry"))
    expect(stuck).toMatchObject([{ type: "pair", id: id("retry") }])
    const { stdout } = await verb("sagas", "show", "pair", id("retry"))
    expect(stdout).toContain(`everstate sagas retry pair ${id("retry")} first`)
    await book(id("retry-1"), "Ann")
    await json("sagas", "retry", "pair", id("retry"), "first", ...signed, "--command-id", id("retry"))
    await pairIsIn(id("retry"), "compensated")
    await seatIsIn(id("retry-1"), "free")
    expect(await lastSigned("retry")).toMatchObject({
      type: "SagaRetried",
      data: { item: "first", by: "ann", note: "the till is old" },
    })

    await stuckPair("skip")
    await json("sagas", "skip", "pair", id("skip"), "first", "--yes", ...signed, "--command-id", id("skip"))
    await pairIsIn(id("skip"), "compensated")
    expect(await lastSigned("skip")).toMatchObject({ data: { item: "first", by: "ann" } })
    await seatIsIn(id("skip-1"), "held")

    await stuckPair("resolve")
    await json(
      "sagas",
      "resolve",
      "pair",
      id("resolve"),
      "first",
      '{"paid":true}',
      "--yes",
      ...signed,
      "--command-id",
      id("resolve"),
    )
    await pairIsIn(id("resolve"), "compensated")
    expect(await lastSigned("resolve")).toMatchObject({
      data: { item: "first", by: "ann", result: { paid: true } },
    })

    await stuckPair("abort")
    await json("sagas", "abort", "pair", id("abort"), "--yes", ...signed, "--command-id", id("abort"))
    await pairIsIn(id("abort"), "aborted")
    expect(await lastSigned("abort")).toMatchObject({ data: { by: "ann", note: "the till is old" } })
    const again = await verb("sagas", "abort", "pair", id("abort"), "--yes")
    expect(again).toMatchObject({ exitCode: 3, stdout: "" })

    // A pause keeps the second seat from answering, so that there is a saga to cancel.
    await seen("cluster", "pause", "seat", "--yes")
    const input = { guest: "Ann", first: id("c-1"), second: id("c-2") }
    await seen("actors", "ask", "pair", id("cancel"), "Start", JSON.stringify({ input }))
    await json("sagas", "cancel", "pair", id("cancel"), "--yes", ...signed, "--command-id", id("cancel"))
    expect(await lastSigned("cancel")).toMatchObject({ data: { by: "ann", note: "the till is old" } })
    await seen("cluster", "resume", "seat")
    await eventually(async () =>
      ["compensated", "stuck"].includes((await seen("sagas", "show", "pair", id("cancel"))).state),
    )
  })

  it("delivers dead letters again, and deletes them", async () => {
    const letters = async () =>
      (await seen("dead-letters", "list")).items.filter(
        ({ key }: { key: string }) => key === `seat/${id("d")}`,
      )
    await json("actors", "tell", "seat", id("d"), "Refund", "--command-id", id("refund-1"))
    await eventually(async () => (await letters()).length === 1)
    const [{ number }] = await letters()
    expect((await json("dead-letters", "list")).items).toEqual(await letters())
    expect(await json("dead-letters", "show", String(number))).toMatchObject({ reason: "Rejected" })
    await hold(id("d"), "Ann")
    await book(id("d"), "Ann")
    await json("dead-letters", "redrive", String(number), "--yes", ...signed)
    await seatIsIn(id("d"), "free")
    expect(await letters()).toEqual([])

    await json("actors", "tell", "seat", id("d"), "Refund", "--command-id", id("refund-2"))
    await eventually(async () => (await letters()).length === 1)
    const job = await json("dead-letters", "discard", "--reason", "Rejected", "--yes", ...signed)
    expect(job).toMatchObject({ verb: "discard", state: "done" })
    expect(await letters()).toEqual([])
  })

  it("drains and undrains members, moves and unpins slots, and pauses types", async () => {
    const status = () => seen("cluster", "status", "--all")
    const member = async (name: string) =>
      (await status()).members.find((each: { name: string }) => each.name === name)
    const { id: stageDoor } = await member("stage-door")
    await json("cluster", "drain", "stage-door", "--yes", ...signed)
    await eventually(async () => (await member("stage-door")).slots === 0)
    await json("cluster", "undrain", "stage-door", ...signed)
    await eventually(async () => (await member("stage-door")).slots > 0)

    await json("cluster", "move", "shard.7", "stage-door", "--yes", ...signed)
    await eventually(async () => {
      const { slots, pins } = await status()
      const { member } = slots.find(({ slot }: { slot: string }) => slot === "shard.7")
      return member === stageDoor && pins["shard.7"] === stageDoor
    })
    await json("cluster", "unpin", "shard.7", ...signed)
    await eventually(async () => (await status()).pins["shard.7"] === undefined)

    await json("cluster", "pause", "seat", "--yes", ...signed)
    await eventually(async () => (await status()).paused.includes("seat"))
    expect((await verb("cluster", "status")).stdout).toContain("paused types: seat")
    expect((await runDoctor("--url", url)).of("types")).toMatchObject([
      { health: "warning", detail: "paused: seat", hint: expect.stringContaining("resume") },
    ])
    const paused = await runVerb("actors", "ask", "seat", id("p"), "Hold", '{"guest":"Ann"}', "--url", url)
    expect(paused.exitCode).toBe(EXIT_CODES.unavailable)
    await json("cluster", "resume", "seat", ...signed)
    await hold(id("p"), "Ann")
  })

  it("waits for projections, and lists what operators did", async () => {
    await json("projections", "wait", "bookings")
    const { items } = await json("projections", "list")
    expect(items).toContainEqual(expect.objectContaining({ name: "bookings", lag: 0 }))

    const { items: operations } = await json("operations", "list", "--limit", "500")
    const done = new Set(
      operations
        .filter(({ by, note }: { by: string; note: string }) => by === "ann" && note === "the till is old")
        .map(({ verb, outcome }: { verb: string; outcome: string }) => `${verb} ${outcome}`),
    )
    for (const name of ["redrive", "startBulk"]) expect(done).toContain(`deadLetters.${name} done`)
    for (const name of ["drain", "undrain", "move", "unpin", "pause", "resume"]) {
      expect(done).toContain(`cluster.${name} done`)
    }
    const doctor = await runDoctor(...flags())
    expect(doctor.having("fault")).toEqual([])
    expect(doctor.exitCode).toBe(0)
  })

  it("refuses to destroy without being asked to, and changes nothing", async () => {
    await stuckPair("kept")
    const destroying = [
      ["sagas", "skip", "pair", id("kept"), "first"],
      ["sagas", "resolve", "pair", id("kept"), "first"],
      ["sagas", "abort", "pair", id("kept")],
      ["sagas", "cancel", "pair", id("kept")],
      ["dead-letters", "redrive", "1"],
      ["dead-letters", "discard", "1"],
      ["cluster", "drain", "stage-door"],
      ["cluster", "move", "shard.7", "box-office"],
      ["cluster", "pause", "seat"],
    ]
    const { version } = await seen("sagas", "show", "pair", id("kept"))
    for (const args of destroying) {
      expect(await verb(...args)).toMatchObject({
        exitCode: 6,
        stdout: "",
        stderr: expect.stringContaining("--yes"),
      })
    }
    expect((await seen("sagas", "show", "pair", id("kept"))).version).toBe(version)
    expect(await seen("cluster", "status")).toMatchObject({ paused: [], pins: {} })
  })
})

describe("the journal of strangers", () => {
  const place = () => ["--nats", servers().natsUrl, "--namespace", NAMESPACE]

  it("is checked and exported, as a process that ends by itself", async () => {
    const verify = startEverstate(["journal", "verify", ...place()])
    expect(await verify.ended).toBe(0)
    expect(verify.stdout()).toMatch(/^faults +none$/m)
    const folder = mkdtempSync(join(tmpdir(), "everstate-seats-"))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, "seats.ndjson")
    const exported = await runVerb("journal", "export", "--type", "seat", "--out", file, ...place(), "--json")
    const lines = readFileSync(file, "utf8").trim().split("\n")
    expect(JSON.parse(exported.stdout)).toEqual({ count: lines.length, file })
    for (const line of lines) expect(JSON.parse(line).key).toMatch(/^seat\//)
  })

  it("is followed from its beginning", async () => {
    const tail = followVerb("journal", "tail", "--from", "1", "--json", ...place())
    await eventually(() => tail.written().some((line) => JSON.parse(line).id === "g-a"))
    await tail.end()
  })
})
