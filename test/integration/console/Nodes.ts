/**
 * A second node: the verbs on the cluster, by clicking, and a node that is killed while its pages are open.
 *
 * Owns these tests, which run on the shop of Console.test.ts, last.
 */
import { afterAll, beforeAll, expect, test } from "vitest"
import { runVerb } from "../../fixtures/bin/RunVerb.ts"
import type { Operator } from "./Operator.ts"
import type { South } from "./Shop.ts"
import type { Stage } from "./Stage.ts"

/** Verbs whose dialogs show a line of `everstate`. */
const EXPECTED = [
  "cluster drain",
  "cluster move",
  "cluster pause",
  "cluster resume",
  "cluster undrain",
  "cluster unpin",
  "dead-letters discard",
  "dead-letters redrive",
  "projections rebuild",
  "sagas abort",
  "sagas cancel",
  "sagas resolve",
  "sagas retry",
  "sagas skip",
]

/** Exit code of a line that `everstate` does not understand. */
const WRONG_USE = 2

/** Words of a line as a shell reads them. */
const wordsOf = (line: string): ReadonlyArray<string> =>
  [...line.matchAll(/'((?:[^']|'\\'')*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll("'\\''", "'") ?? plain ?? "",
  )

/** Errors that a browser reports while the service of a page is gone. */
const GONE = /net::ERR_|Failed to (fetch|load)/

export const nodeTests = ({ shop, open }: Stage, operator: Operator): void => {
  const { act, logged, twins } = operator
  let south: South

  beforeAll(async () => {
    south = await shop().startSouth()
  })
  afterAll(() => south?.kill())

  test("pauses a type and resumes it, drains a node and takes it back, moves a slot and lets it go", async () => {
    const page = await operator.visit("cluster?slot=shard.7")
    const row = page.getByRole("listitem").filter({ hasText: "notification" })
    await act(page, "Pause", "mails are wrong", { place: row })
    await act(page, "Resume", "mails are right", { place: row })
    await row.getByText("paused").waitFor({ state: "detached" })
    const node = page.locator("section").filter({ has: page.getByRole("heading", { name: /^south/ }) })
    await act(page, "Drain", "its disk is replaced", { place: node })
    await node.getByText("drained").waitFor()
    await act(page, "Undrain", "its disk is new", { place: node })
    await node.getByText("up", { exact: true }).waitFor()
    const choose = () => page.getByRole("combobox", { name: "Member" }).selectOption("south")
    await act(page, "Move and pin", "near its data", { before: choose })
    await page.getByTitle(/^shard.7: south, .*pinned/).waitFor()
    await act(page, "Unpin", "anywhere will do")
    await page.getByTitle(/^shard.7:.*pinned/).waitFor({ state: "detached" })
    await Promise.all([
      logged("cluster.pause", "mails are wrong"),
      logged("cluster.resume", "mails are right"),
      logged("cluster.drain", "its disk is replaced"),
      logged("cluster.undrain", "its disk is new"),
      logged("cluster.move", "near its data"),
      logged("cluster.unpin", "anywhere will do"),
    ])
  })

  test("shows twins that `everstate` understands", async () => {
    const verbs = [...twins].map((line) => wordsOf(line).slice(2, 4).join(" "))
    expect([...new Set(verbs)].sort()).toEqual(EXPECTED)
    for (const line of twins) {
      const words = wordsOf(line).slice(2)
      const address = words.indexOf("--url")
      // Nobody listens there, so that nothing happens again.
      const { exitCode, stderr } = await runVerb(...words.with(address + 1, "http://127.0.0.1:1"), "--yes")
      expect(exitCode, `${line}\n${stderr}`).not.toBe(WRONG_USE)
    }
  })

  test("says that the node of a page was killed, and goes on with another node at its address", async () => {
    const { origin, port } = new URL(south.url)
    const actor = await open("actors/order/o-1", GONE, {}, origin)
    const other = await open("actors/order/o-2", GONE, {}, origin)
    const cluster = await open("cluster")
    await actor.page.getByText("live", { exact: true }).waitFor()
    await other.page.getByRole("button", { name: "OrderPlaced", exact: true }).first().waitFor()
    await cluster.page.getByRole("heading", { name: /^south/ }).waitFor()
    await south.kill()
    for (const { page } of [actor, other]) {
      await page.getByText("The service does not answer.").waitFor()
      await page.getByRole("button", { name: "OrderPlaced", exact: true }).first().waitFor()
    }
    await actor.page.getByText("connecting again").waitFor()
    // The code of this page is not loaded yet.
    await other.page.getByRole("link", { name: "Projections" }).click()
    await other.page.getByText("Loading", { exact: true }).first().waitFor({ state: "attached" })
    expect(other.page.url()).toBe(`${origin}/console/projections`)
    await cluster.page.getByRole("heading", { name: /^south/ }).waitFor({ state: "detached" })

    expect(await shop().open({}, Number(port))).toBe(origin)
    for (const { page } of [actor, other]) {
      await page.getByText("The service does not answer.").waitFor({ state: "detached" })
    }
    await other.page.getByRole("heading", { name: "order_summary" }).waitFor()
    await actor.page.getByText("live", { exact: true }).waitFor()
    await shop().post("/actors/order/o-1/Deliver", {})
    await actor.page.getByText("version 4", { exact: true }).waitFor()
    expect([...actor.faults, ...other.faults, ...cluster.faults]).toEqual([])
  })
}
