/** The verbs that look into a running system and operate it, against a gateway on a system in memory. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { courseOf, historyText } from "../../../infra/bin/HistoryText.ts"
import { plain } from "../../../infra/bin/Output.ts"
import { followVerb, runVerb } from "../../fixtures/bin/RunVerb.ts"
import { asUser, startGateway } from "../gateway/GatewayFixture.ts"

/** Waits until the expectations hold. */
const eventually = (expectations: () => Promise<void>): Promise<void> =>
  vi.waitFor(expectations, { timeout: 60_000, interval: 20 })

/** A gateway that answers every fetch of the test, and verbs against it. */
const started = async () => {
  const { gateway } = await startGateway({ authorize: asUser("ann") }, { directory: true })
  vi.stubGlobal("fetch", gateway.fetch)
  onTestFinished(() => void vi.unstubAllGlobals())
  const verb = (...args: ReadonlyArray<string>) => runVerb(...args, "--url", "http://localhost")
  const json = async (...args: ReadonlyArray<string>) => JSON.parse((await verb(...args, "--json")).stdout)
  const lines = (...args: ReadonlyArray<string>) => followVerb(...args, "--url", "http://localhost")
  return { verb, json, lines }
}

describe("everstate actors", () => {
  it("asks, and shows what became of the actor", async () => {
    const { verb, json } = await started()
    const asked = await verb("actors", "ask", "counter", "a", "Add", '{"by":3}', "--by", "ann")
    expect(asked).toMatchObject({ exitCode: 0, stderr: "" })
    expect(asked.stdout).toContain('{"total": 3}')
    expect(await json("actors", "show", "counter", "a")).toMatchObject({
      state: "open",
      version: 1,
      pending: { timers: [], calls: [] },
    })
    const { items } = await json("actors", "history", "counter", "a")
    expect(items).toMatchObject([{ version: 1, type: "Added", user: "ann" }])
    expect((await verb("actors", "at", "counter", "a", "--version-at", "1")).stdout).toContain("open")
  })

  it("applies a command once under one id", async () => {
    const { json } = await started()
    const ask = () => json("actors", "ask", "counter", "a", "Add", '{"by":3}', "--command-id", "c-1")
    expect(await ask()).toMatchObject({ version: 1, duplicate: false, commandId: "c-1" })
    expect(await ask()).toMatchObject({ version: 1, duplicate: true })
  })

  it("lists actors by their state", async () => {
    const { verb, json } = await started()
    await verb("actors", "ask", "counter", "a", "Add", '{"by":3}')
    await verb("actors", "ask", "counter", "b", "Add", '{"by":3}')
    await eventually(async () => {
      const { items } = await json("actors", "list", "counter", "--state", "open", "--limit", "1")
      expect(items).toMatchObject([{ id: "a", state: "open" }])
    })
    const { stdout, stderr } = await verb("actors", "list", "counter", "--limit", "1")
    expect(stdout.split("\n")[0]).toMatch(/^id +state +version +updated$/)
    expect(stderr).toContain("There are more")
    expect((await json("actors", "list", "counter", "--idle", "1h")).items).toEqual([])
    expect((await json("actors", "list", "counter", "--except", "open,closed")).items).toEqual([])
    expect((await json("actors", "list", "counter", "--where", '{"by":1}')).items).toEqual([])
    expect((await verb("actors", "list", "counter", "--where", "by")).exitCode).toBe(2)
  })

  it("decides without storing, and stores a message", async () => {
    const { verb, json } = await started()
    expect(await json("actors", "dry-run", "counter", "a", "Add", '{"by":3}')).toMatchObject({
      outcome: "stored",
      fromVersion: 0,
      version: 1,
    })
    expect((await verb("actors", "show", "counter", "a")).exitCode).toBe(4)
    expect((await verb("actors", "tell", "counter", "a", "Add", '{"by":3}')).stdout).toContain("stored")
    const conditional = await verb("actors", "tell", "counter", "a", "Add", '{"by":3}', "--if-version", "9")
    expect(conditional).toMatchObject({ exitCode: 2, stdout: "" })
    await eventually(async () =>
      expect(await json("actors", "show", "counter", "a")).toMatchObject({ version: 1 }),
    )
  })

  it("follows an actor, change by change", async () => {
    const { verb, lines } = await started()
    await verb("actors", "ask", "counter", "a", "Add", '{"by":3}')
    const watch = lines("actors", "watch", "counter", "a", "--json")
    await eventually(async () => expect(watch.written()).toHaveLength(1))
    await verb("actors", "ask", "counter", "a", "Add", '{"by":4}')
    await eventually(async () => expect(watch.written()).toHaveLength(2))
    await watch.end()
    expect(watch.written().map((line) => JSON.parse(line))).toMatchObject([
      { version: 1, state: "open", events: [] },
      { version: 2, events: [{ type: "Added", data: { by: 4 } }] },
    ])
  })

  it("ends with 3 for a rejection, 4 for what is not there, 2 for a wrong payload", async () => {
    const { verb } = await started()
    await verb("actors", "ask", "counter", "a", "Add", '{"by":3}')
    const runs = await Promise.all([
      verb("actors", "ask", "counter", "a", "Refuse"),
      verb("actors", "ask", "counter", "a", "Add", '{"by":3}', "--if-version", "7"),
      verb("actors", "ask", "counter", "a", "Nope"),
      verb("actors", "show", "nothing", "a"),
      verb("actors", "ask", "counter", "a", "Add", '{"by":"x"}'),
      verb("actors", "ask", "counter", "a", "Add", "{by:3}"),
    ])
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([3, 3, 4, 4, 2, 2])
    for (const { stdout, stderr } of runs) expect([stdout, stderr === ""]).toEqual(["", false])
  })

  it("names the types and commands that there are", async () => {
    const { verb } = await started()
    expect((await verb("actors", "list", "conter")).stderr).toContain("there are counter")
    expect((await verb("actors", "ask", "counter", "a", "Ad")).stderr).toContain("Add")
  })

  it("says a hint once", async () => {
    const { verb } = await started()
    const [title, hint] = ["Unavailable for now", "Try again with the same commandId."]
    const problem = { type: "urn:everstate:problem:unavailable", title, detail: `No node. ${hint}`, hint }
    vi.stubGlobal("fetch", async () => Response.json(problem, { status: 503 }))
    const { stderr, exitCode } = await verb("actors", "ask", "counter", "a", "Add")
    expect([exitCode, stderr.split(hint).length - 1]).toEqual([5, 1])
  })

  it("keeps the note of a command with its events", async () => {
    const { verb, json } = await started()
    await verb("actors", "ask", "counter", "a", "Add", '{"by":3}', "--note", "counted twice — 두 번")
    expect(await json("actors", "history", "counter", "a")).toMatchObject({
      items: [{ type: "Added", note: "counted twice — 두 번" }],
    })
    const { stdout } = await verb("actors", "history", "counter", "a")
    expect(stdout).toContain("counted twice — 두 번")
  })

  it("refuses a note, a name and an id of a command that are not one line", async () => {
    const { verb } = await started()
    for (const flag of ["--note", "--by", "--command-id"]) {
      const asked = await verb("actors", "ask", "counter", "a", "Add", '{"by":3}', flag, "two\nlines")
      expect([asked.exitCode, asked.stderr]).toEqual([2, expect.stringContaining(flag)])
    }
    expect((await verb("actors", "show", "counter", "a")).exitCode).toBe(4)
  })

  it("refuses names that a path would lose", async () => {
    const { verb } = await started()
    await verb("actors", "ask", "counter", "pending", "Add", '{"by":3}')
    for (const id of ["", ".", ".."]) {
      const shown = await verb("actors", "show", "counter", id)
      expect([shown.exitCode, shown.stdout]).toEqual([2, ""])
      expect(shown.stderr).toContain(`"${id}"`)
    }
  })

  it("gives the problem of a refusal as JSON", async () => {
    const { verb } = await started()
    const { stderr } = await verb("actors", "ask", "counter", "a", "Refuse", "--json")
    expect(JSON.parse(stderr)).toMatchObject({ exitCode: 3, facts: { status: 422 } })
  })
})

describe("everstate dead-letters", () => {
  it("names receivers as other verbs take them, whatever is in their ids", async () => {
    const { verb, json } = await started()
    const ids = ["a.b/c d", "주문", "two\nlines"]
    for (const id of ids) {
      await verb("actors", "tell", "counter", id, "Refuse")
      await eventually(async () =>
        expect((await json("dead-letters", "list")).items.at(-1)).toMatchObject({ id }),
      )
    }
    const { items } = await json("dead-letters", "list")
    expect(items).toMatchObject(ids.map((id) => ({ type: "counter", id })))
    const lines = (await verb("dead-letters", "list")).stdout.split("\n").slice(1)
    // A line break stays in its token, so that each letter has one line.
    const shown = ["counter/a.b/c d", "counter/주문", "counter/two%0Alines"]
    for (const [index, text] of shown.entries()) expect(lines[index]).toContain(text)
    expect((await verb("dead-letters", "show", String(items[1].number))).stdout).toMatch(
      /^receiver +counter\/주문$/m,
    )
  })
})

describe("everstate cluster history", () => {
  it("shows the last hour, with the course of each series", async () => {
    const { verb, json } = await started()
    const { nodes, series } = await json("cluster", "history", "--minutes", "5")
    expect(nodes).toMatchObject([{ self: true }])
    expect(Object.keys(series)).toContain("p99Ms")
    const { stdout, exitCode } = await verb("cluster", "history")
    expect([exitCode, stdout.split("\n").at(-1)]).toEqual([0, "1 of 1 nodes"])
    expect(stdout).toContain("accepted")
    expect((await verb("cluster", "history", "--minutes", "61")).exitCode).toBe(2)
  })

  it("draws rises, falls and gaps, and names what is missing", () => {
    expect(courseOf([0, 1, null, 3.5, 7])).toBe("▁▂ ▅█")
    expect(courseOf(Array.from({ length: 720 }, (_, index) => index)).length).toBe(60)
    expect(courseOf([0, 0])).toBe("▁▁")
    const text = historyText(
      {
        since: "2026-11-30T07:00:00.000Z",
        nodes: [{ name: "north" }, { name: "south", silent: "The node does not answer." }],
        series: { accepted: [1, 12.5], p50Ms: [2.25, null] },
        projections: { orders: [0, 1500] },
      },
      plain,
    )
    expect(text.split("\n")).toEqual([
      "series           now  largest  since 2026-11-30T07:00:00.000Z",
      "accepted       13 /s    13 /s  ▂█",
      "p50                –   2.3 ms  █",
      "lag of orders  1,500    1,500  ▁█",
      "",
      "1 of 2 nodes",
      "south is missing: The node does not answer.",
    ])
  })
})

describe("everstate projections wait", () => {
  const behind = { name: "balances", version: 1, state: "elsewhere", lag: 3, offset: 4, deadLetters: 0 }
  const slot = "projection.balances.v1.p0"
  const stopped = { sequence: 6, reason: "no such column" }
  const run = { slot, member: "m-1" }

  /** Waits for a projection that a gateway tells of. */
  const waits = async (projection: object, ...args: ReadonlyArray<string>) => {
    const { verb } = await started()
    vi.stubGlobal("fetch", async () => Response.json({ items: [{ ...behind, ...projection }] }))
    return verb("projections", "wait", "balances", ...args)
  }

  it.each([
    ["on another node", { owners: [{ ...run, stopped }] }, `${slot} at 6: no such column`],
    [
      "on the node that answers",
      { state: "stalled", lastError: "no such table", owners: [run] },
      "no such table",
    ],
  ])("fails at once where it is stopped %s, and says why", async (_, projection, why) => {
    const { exitCode, stdout, stderr } = await waits(projection)
    expect([exitCode, stdout]).toEqual([1, ""])
    expect(stderr).toContain(`balances is stopped: ${why}`)
    expect(stderr).toContain("Mend the projection")
  })

  it("goes on where the stop is after the sequence, and says at its end how it is", async () => {
    const projection = { state: "unavailable", lastError: "no room", owners: [{ ...run, stopped }] }
    const { exitCode, stderr } = await waits(projection, "--sequence", "5", "--timeout", "1")
    expect(exitCode).toBe(5)
    expect(stderr).toContain("has not reached 5 after 1 s; it is at 4 (unavailable: no room).")
  })

  it("waits for the version that a node runs, not for a former one", async () => {
    const { verb } = await started()
    const items = [
      { ...behind, version: 3, owners: [{ slot }] },
      { ...behind, version: 2, offset: 9, lag: 0, owners: [run] },
      { ...behind, version: 1, offset: 8, lag: 0, owners: [run] },
    ]
    vi.stubGlobal("fetch", async () => Response.json({ items }))
    expect(await verb("projections", "wait", "balances")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("everything up to 9"),
    })
  })

  it("says that no node runs it, before its time is up", async () => {
    const { exitCode, stderr } = await waits({ owners: [{ slot }] })
    expect(exitCode).toBe(5)
    expect(stderr).toContain("No node runs balances.")
    expect(stderr).toContain("Start a node")
  })
})

describe("everstate projections rebuild", () => {
  it("asks before, waits until it has caught up, and is recorded with who and why", async () => {
    const { verb, json } = await started()
    await verb("actors", "ask", "counter", "a", "Add", '{"by":3}')
    const asked = await verb("projections", "rebuild", "everstate_actors")
    expect([asked.exitCode, asked.stderr.includes("--yes")]).toEqual([6, true])
    const signed = ["--yes", "--note", "rows were changed by hand"]
    const rebuilt = await json("projections", "rebuild", "everstate_actors", ...signed)
    expect(rebuilt).toMatchObject({ projection: "everstate_actors", lag: 0, untold: [] })
    expect((await json("actors", "list", "counter")).items).toMatchObject([{ id: "a" }])
    const begun = await verb("projections", "rebuild", "everstate_actors", "--no-wait", ...signed)
    expect(begun).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("fills again") })
    expect((await verb("projections", "rebuild", "nothing", "--yes")).exitCode).toBe(4)
    const unknown = await verb("projections", "rebuild", "nothing", "--yes", "--no-wait")
    expect([unknown.exitCode, unknown.stderr.includes("everstate_actors")]).toEqual([4, true])
    const { items } = await json("operations", "list")
    expect(items.map(({ verb, note, outcome }: Record<string, string>) => [verb, note, outcome])).toEqual([
      ["projections.rebuild", "", expect.stringMatching(/^404 /)],
      ["projections.rebuild", "rows were changed by hand", "done"],
      ["projections.rebuild", "rows were changed by hand", "done"],
    ])
  })
})

describe("everstate cluster", () => {
  it("shows members, and asks before it stops anything", async () => {
    const { verb, json } = await started()
    const { members } = await json("cluster", "status")
    expect((await verb("cluster", "status")).stdout).toContain(members[0].name)
    const unasked = await verb("cluster", "pause", "counter")
    expect(unasked).toMatchObject({ exitCode: 6, stdout: "" })
    expect(unasked.stderr).toContain("--yes")
    expect(await json("cluster", "status")).toMatchObject({ paused: [] })
    expect((await verb("cluster", "pause", "counter", "--yes", "--note", "test")).exitCode).toBe(0)
    await eventually(async () =>
      expect(await json("cluster", "status")).toMatchObject({ paused: ["counter"] }),
    )
    expect((await verb("cluster", "resume", "counter")).exitCode).toBe(0)
    await eventually(async () => expect(await json("cluster", "status")).toMatchObject({ paused: [] }))
  })
})

describe("everstate dead-letters", () => {
  const rejected = async () => {
    const { verb, json } = await started()
    await verb("actors", "tell", "counter", "a", "Refuse")
    await eventually(async () => expect((await json("dead-letters", "list")).items).toHaveLength(1))
    return { verb, json }
  }

  it("lists, shows and discards one", async () => {
    const { verb, json } = await rejected()
    const [{ number, reason }] = (await json("dead-letters", "list")).items
    expect((await verb("dead-letters", "list")).stdout).toContain("counter/a")
    expect((await verb("dead-letters", "show", String(number))).stdout).toContain(reason)
    expect((await verb("dead-letters", "discard", String(number))).exitCode).toBe(6)
    expect((await verb("dead-letters", "discard", String(number), "--yes")).exitCode).toBe(0)
    expect((await json("dead-letters", "list")).items).toEqual([])
    expect((await verb("dead-letters", "show", String(number))).exitCode).toBe(4)
  })

  it("discards all with a reason", async () => {
    const { verb, json } = await rejected()
    const [{ reason }] = (await json("dead-letters", "list")).items
    const { stdout, exitCode } = await verb("dead-letters", "discard", "--reason", reason, "--yes")
    expect({ stdout, exitCode }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("done: 1 of 1"),
    })
    expect((await json("dead-letters", "list")).items).toEqual([])
  })
})

describe("a verb on a running system", () => {
  it("ends with 5 where nobody answers", async () => {
    const { exitCode, stderr } = await runVerb("actors", "list", "counter", "--url", "http://127.0.0.1:1")
    expect(exitCode).toBe(5)
    expect(stderr).toContain("--url")
  })

  it("refuses addresses that are none, and both roads at once", async () => {
    expect((await runVerb("cluster", "status", "--url", "localhost:3000")).exitCode).toBe(2)
    const both = await runVerb(
      "cluster",
      "status",
      "--url",
      "http://127.0.0.1:1",
      "--nats",
      "nats://127.0.0.1:1",
    )
    expect(both.exitCode).toBe(2)
  })
})

it("shows no password in the address of a gateway", async () => {
  const { exitCode, stderr } = await runVerb(
    "actors",
    "list",
    "counter",
    "--url",
    "http://ann:secret@localhost",
  )
  expect([exitCode, stderr]).toEqual([2, expect.not.stringContaining("secret")])
})

it("shows nothing of a token that is no text of one line", async () => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-token-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, "token")
  writeFileSync(file, "secret\n# the till's token\n")
  const args = ["--url", "http://127.0.0.1:1", "--token-file", file]
  const { exitCode, stderr } = await runVerb("actors", "list", "counter", ...args)
  expect([exitCode, stderr]).toEqual([2, expect.not.stringContaining("secret")])
})
