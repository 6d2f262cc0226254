/**
 * The console in a real Chromium, on a real system with real servers: every page, live changes, attacks, roles.
 * Pictures of all pages go to the folder `CONSOLE_PICTURES`; without one, none is taken.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest"
import { buildConsole } from "../../../infra/cli/ConsoleBuild.ts"
import { metricsHistoryOf } from "../../../infra/metrics/MetricsHistory.ts"
import { SPAN_MS, SPANS_MAX } from "../../../infra/metrics/MetricsRing.ts"
import { effectFaceOf } from "../../../runtime/promise/ActorSystem.ts"
import type { ActorSystemService } from "../../../runtime/system/ActorSystem.ts"
import { CHROMIUM, launch, openPage, SharedPages } from "./Browser.ts"
import { hurdlesOf } from "./Hurdles.ts"
import { testLists } from "./ListTests.ts"
import { nodeTests } from "./Nodes.ts"
import { operatorOf } from "./Operator.ts"
import { MARKUP, openShop, type Shop, tellStory } from "./Shop.ts"
import { longReport, plantedReport } from "./SimulationReports.ts"
import { PATIENCE_MS } from "./Stage.ts"
import { stateTests } from "./States.ts"
import { verbTests } from "./Verbs.ts"

if (CHROMIUM === undefined) {
  process.stderr.write(
    "There is no Chromium here, so the console is not tested. Install it, or name one: CHROMIUM.\n",
  )
}

const PICTURES = process.env["CONSOLE_PICTURES"]

/** Screens that each page has to fit: without pictures, one of each width and of each theme. */
const SCREENS = (
  [
    [390, "light"],
    [1_920, "dark"],
    [1_920, "light"],
    [390, "dark"],
  ] as const
).slice(0, PICTURES === undefined ? 2 : 4)

/** Longest time until a change shows. It takes less than a second; the machine may be busy with other tests. */
const LIVE_MS = 20_000

/** Longest time to open and step through a report of 20,000 steps. It takes about a second on a machine at rest. */
const LONG_REPORT_MS = 60_000

/** Each page, and a text that it shows when it is there, and the page before it does not. */
const PAGES: ReadonlyArray<readonly [name: string, path: string, shows: string]> = [
  ["overview", "", "Needs somebody"],
  ["types", "types/order", "Actors by state"],
  ["types-parallel", "types/garden", "beds.growing.sprouting + gate.open"],
  ["actors", "actors/order", "draft-12"],
  ["actors-filtered", "actors/order?state=placed", "12 actors"],
  ["actors-none", "actors/notification", "No actors yet"],
  ["actor", "actors/order/o-1", "everpost"],
  ["actor-past", "actors/order/o-1?at=1", "What would a command do at version 1?"],
  ["actor-parallel", "actors/garden/roof", "timer"],
  ["actor-unborn", "actors/order/nobody", "Not born yet"],
  ["saga", "actors/fulfilment/o-5", "Steps"],
  ["saga-stuck", "actors/market/skip", "Stuck at rent"],
  ["sagas", "sagas", "Running for more than an hour"],
  ["correlation", "correlations/request-o-1", "request-o-1"],
  ["dead-letters", "dead-letters?letter=1", "Redrive all"],
  ["projections", "projections", "order_summary"],
  ["cluster", "cluster?slot=shard.7", "Move and pin"],
  ["simulation", "simulation", "No report is open"],
  ["no-page", "nowhere", "No such page"],
]

/** Answers that are no fault: the actor of the page is not born. */
const UNBORN = /404.*\/actors\/order\/nobody/

describe.skipIf(CHROMIUM === undefined)("the console", () => {
  let shop: Shop
  let browser: Browser
  let shared: SharedPages

  beforeAll(async () => {
    expect(await buildConsole(process.stderr)).toBe(true)
    if (PICTURES !== undefined) mkdirSync(PICTURES, { recursive: true })
    ;[shop, browser] = await Promise.all([openShop(), launch()])
    shared = new SharedPages(browser)
    await tellStory(shop)
    // The directory follows the journal.
    await vi.waitFor(
      async () => {
        const counts = await (await fetch(`${shop.url}/types/order?counts=true`)).json()
        expect(counts.counts).toMatchObject({ total: 36, unknown: 0 })
        expect(counts.counts.byState).toMatchObject({ placed: 12 })
        expect(counts.counts.byState.fulfilling ?? 0).toBe(0)
      },
      { timeout: PATIENCE_MS, interval: 100 },
    )
  })
  afterAll(async () => {
    await browser?.close()
    await shop?.close()
  })

  const open = async (path: string, expected?: RegExp, options = {}, url = shop.url) => {
    const address = `${url}/console/${path}`
    const isShared = url === shop.url && Object.keys(options).length === 0
    const opened = isShared
      ? await shared.open(address, expected)
      : await openPage(browser, address, options, expected)
    onTestFinished(opened.close)
    opened.page.setDefaultTimeout(PATIENCE_MS)
    return opened
  }

  const showsEachPage = async (width: number, colorScheme: "light" | "dark") => {
    const viewport = { width, height: width === 390 ? 844 : 1_080 }
    const { page, faults } = await open("", UNBORN, { viewport, colorScheme })
    for (const [name, path, shows] of PAGES) {
      // As a link does it: the code of the console and its layouts of charts stay.
      await page.evaluate(`history.pushState(null, "", "${shop.url}/console/${path}")`)
      await page.getByText(shows, { exact: false }).first().waitFor()
      if (PICTURES !== undefined) {
        // The plots of the overview need some points to be worth a look.
        const waits = () => page.locator(".sc-wait, .loading").count()
        await expect.poll(waits, { timeout: PATIENCE_MS }).toBe(0)
        await page.waitForTimeout(name === "overview" ? 6_000 : 500)
        const picture = await page.screenshot({ fullPage: true })
        writeFileSync(join(PICTURES, `${name}-${width}-${colorScheme}.png`), picture)
      }
      const excess = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
      expect(excess, `${name} is wider than the screen`).toBeLessThanOrEqual(0)
      expect(await hurdlesOf(page), name).toEqual([])
      expect(faults, name).toEqual([])
    }
  }
  const title = "shows each page without a fault, to everybody, at %i px, %s"

  test.each(SCREENS.slice(0, 1))(title, showsEachPage)
  test.each(SCREENS.slice(1))(title, { tags: ["long"] }, showsEachPage)

  test("shows a change of an actor within a second", async () => {
    await shop.post("/actors/garden/lawn/Plant", { crop: "grass", beds: 1 })
    const { page } = await open("actors/garden/lawn")
    await page.getByText("live", { exact: true }).waitFor()
    const changed = page.getByText("version 2", { exact: true }).waitFor()
    const started = performance.now()
    await shop.post("/actors/garden/lawn/Open", {})
    await changed
    expect(performance.now() - started).toBeLessThan(LIVE_MS)
  })

  test("goes back to any version by an address, and forward again", async () => {
    const { page } = await open("actors/order/o-1?at=1")
    await page.getByText("1 of 3").waitFor()
    await page.getByText("Back to now").click()
    await page.getByText("Send a command").waitFor()
    expect(page.url()).toBe(`${shop.url}/console/actors/order/o-1`)
    await page.getByRole("button", { name: "OrderConfirmed" }).click()
    await page.getByText("2 of 3").waitFor()
    expect(page.url()).toBe(`${shop.url}/console/actors/order/o-1?at=2`)
  })

  test("shows the note of an event as text, whatever is in it", async () => {
    const { page, faults } = await open("actors/garden/roof?at=1")
    const note = page.getByRole("definition").filter({ hasText: "the frost is over" })
    await note.waitFor()
    expect(await note.textContent()).toBe(`the frost is over ${MARKUP}`)
    expect(await note.locator("*").count()).toBe(0)
    expect(faults).toEqual([])
  })

  test("tries a command out at a past version, and stores nothing", async () => {
    await shop.post("/actors/garden/yard/Grow", {})
    const { page } = await open("actors/garden/yard?at=1")
    await page.getByRole("combobox", { name: "Command" }).selectOption("Open")
    await page.getByRole("button", { name: "Try out" }).click()
    await page.getByText("Would be stored after version 1").waitFor()
    await page.getByText("beds.growing.sprouting + gate.open").first().waitFor()
    expect((await (await fetch(`${shop.url}/actors/garden/yard`)).json()).version).toBe(2)
  })

  test("sends a command made from its schema", async () => {
    const { page } = await open("actors/inventory/pen")
    await page.getByText("Not born yet").waitFor()
    await page.getByRole("combobox", { name: "Command" }).selectOption("Receive")
    await page.getByLabel("deliveryId").fill("d-9")
    await page.getByLabel("quantity").fill("12")
    await page.getByRole("button", { name: "Ask", exact: true }).click()
    await page.getByText("version 1").first().waitFor()
    const pen = await (await fetch(`${shop.url}/actors/inventory/pen`)).json()
    expect(pen.context).toMatchObject({ receivedCount: 12 })
  })

  test("redrives and discards with a reason, and the log of operations has it", async () => {
    const { page } = await open("dead-letters?letter=1")
    await page.getByRole("button", { name: "Discard", exact: true }).click()
    const dialog = page.getByRole("dialog")
    await dialog.getByText("cannot be undone").waitFor()
    await dialog.getByLabel("Reason").fill("zu spät: 遅い")
    await dialog.getByRole("button", { name: "Discard", exact: true }).click()
    await dialog.getByText("Done.", { exact: true }).waitFor()
    const { items } = await (await fetch(`${shop.url}/operations`)).json()
    expect(items[0]).toMatchObject({ verb: "deadLetters.discard", note: "zu spät: 遅い", outcome: "done" })
    expect((await fetch(`${shop.url}/dead-letters/1`)).status).toBe(404)
  })

  test("pauses a type, and takes it back", async () => {
    const { page } = await open("cluster")
    const row = page.getByRole("listitem").filter({ hasText: "customer" })
    await row.getByRole("button", { name: "Pause" }).click()
    const dialog = page.getByRole("dialog")
    await dialog.getByLabel("Reason").fill("a try")
    await dialog.getByRole("button", { name: "Pause" }).click()
    await row.getByText("paused").waitFor()
    await dialog.getByText("Undo: Resume").click()
    await dialog.getByText("Taken back.").waitFor()
    await row.getByText("paused").waitFor({ state: "detached" })
  })

  test("has the plots of the last hour as soon as the overview opens", async () => {
    const ring = metricsHistoryOf(effectFaceOf(shop.system)?.service as ActorSystemService)?.ring
    const newest = Math.floor(Date.now() / SPAN_MS) - 1
    // A system that has run for an hour.
    for (let span = newest - SPANS_MAX + 1; span <= newest; span++) {
      ring?.record(span, {
        series: { accepted: 20 + (span % 7), resident: 60, members: 1, commits: 30, deadLetters: 3 },
        latencies: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 60, 20, 2],
        projections: new Map(),
      })
    }
    const { page, faults } = await open("")
    const plot = page.getByRole("img", { name: /^Commands over time, (719|720) values, now \d/ })
    await plot.waitFor()
    // The line begins at the left end of the plot: an hour ago.
    const hasLineAtLeft = () =>
      plot.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
        const { width, height } = canvas
        const pixels = canvas.getContext("2d")?.getImageData(0, 0, width / 4, height).data ?? []
        for (let at = 0; at < pixels.length; at += 4) {
          const [red = 0, green = 0, blue = 0] = pixels.slice(at, at + 3)
          if (Math.max(red, green, blue) - Math.min(red, green, blue) > 80) return true
        }
        return false
      })
    await expect.poll(hasLineAtLeft).toBe(true)
    await page.getByText("The last hour over 1 node.", { exact: false }).waitFor()
    // It goes on by itself. Another test may have discarded one of the letters.
    await page.getByRole("img", { name: /^Dead letters over time, \d+ values, now [23]/ }).waitFor()
    expect(faults).toEqual([])
  })

  test("Ctrl-K jumps to an actor by the beginning of its id", async () => {
    const { page } = await open("")
    await page.getByText("Needs somebody").waitFor()
    await page.keyboard.press("Control+k")
    await page.getByRole("combobox").fill("draft-12")
    await page.getByRole("option", { name: "draft-12 order" }).waitFor()
    await page.keyboard.press("Enter")
    await page.getByText("version 1").first().waitFor()
    expect(page.url()).toBe(`${shop.url}/console/actors/order/draft-12`)
  })

  test("shows markup of payloads as text", async () => {
    const { page, faults } = await open("actors/order/o-7?at=1")
    await page.getByText(MARKUP, { exact: false }).first().waitFor()
    const letters = await open("dead-letters?letter=2")
    await letters.page.getByText(MARKUP, { exact: false }).first().waitFor()
    for (const one of [page, letters.page]) expect(await one.title()).toBe("Everstate")
    expect([...faults, ...letters.faults]).toEqual([])
  })

  const openReport = async (page: Page, name: string, content: string) =>
    page
      .locator("input[type=file]")
      .setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(content) })

  test("opens a failing report of simulations, and goes through it step by step", async () => {
    const { page, faults } = await open("simulation")
    const { report, seed } = await plantedReport()
    await openReport(page, "report.json", report)
    await page.getByText(`violated with seed ${seed}`).waitFor()
    const lanes = page.getByRole("img", { name: "Nodes, servers and clients" })
    await lanes.getByText("broken promise").waitFor()
    await page.getByRole("button", { name: "Last" }).and(page.locator(":disabled")).waitFor()
    // A failing run is read from its end, back to what caused it.
    const stepHere = () => new URL(page.url()).searchParams.get("step")
    await page.keyboard.press("ArrowLeft")
    const before = page.locator(".sim-step").getByText("append order/", { exact: false }).first()
    await before.waitFor()
    const previous = stepHere()
    await page.keyboard.press("Home")
    await expect.poll(stepHere).not.toBe(previous)
    await page.getByRole("button", { name: "Next" }).click()
    await expect.poll(() => page.getByRole("status").filter({ hasText: / of / }).innerText()).toMatch(/^2 of/)
    const second = stepHere()
    await page.keyboard.press("End")
    await expect.poll(stepHere).not.toBe(second)
    await page.getByRole("button", { name: "Previous" }).click()
    await expect.poll(stepHere).toBe(previous)
    const counted = async () =>
      Number(/of ([\d,]+)/.exec(await page.getByRole("status").filter({ hasText: / of / }).innerText())?.[1])
    const told = await counted()
    await page.getByLabel("Node or server").selectOption("node 1")
    await expect.poll(counted).toBeLessThan(told)
    await page.getByLabel("Actor").selectOption("order/o-2")
    expect(page.url()).toContain("actor=order%2Fo-2")
    // The part that no run reached is dashed, in the legend and in a list.
    await page.locator(".sc-state.is-never").first().waitFor()
    await page.getByText("States of order that were never reached").waitFor()
    await page.getByText("never reached", { exact: true }).first().waitFor()
    // The report stays open while other pages are shown.
    await page.getByRole("link", { name: "Cluster" }).click()
    await page.getByText("answers this page").waitFor()
    await page.goBack()
    await page.getByText(`violated with seed ${seed}`).waitFor()
    expect(await hurdlesOf(page)).toEqual([])
    expect(faults).toEqual([])
  })

  test.runIf(PICTURES !== undefined)("has pictures of an opened report", async () => {
    const { report } = await plantedReport()
    for (const [width, colorScheme] of SCREENS) {
      const viewport = { width, height: width === 390 ? 844 : 1_080 }
      const { page, close } = await open("simulation?zoom=1", undefined, { viewport, colorScheme })
      await openReport(page, "report.json", report)
      await page.locator(".sc-state.is-never").first().waitFor()
      const picture = await page.screenshot({ fullPage: true })
      writeFileSync(join(PICTURES ?? "", `simulation-open-${width}-${colorScheme}.png`), picture)
      await openReport(page, "long.json", longReport(20_000))
      await page.getByRole("heading", { name: "Step by step: long" }).waitFor()
      const long = await page.screenshot({ fullPage: true })
      writeFileSync(join(PICTURES ?? "", `simulation-long-${width}-${colorScheme}.png`), long)
      await close()
    }
  })

  test("says of a file that it is no report, and shows a long report at once", async () => {
    const { page, faults } = await open("simulation?step=7&steps=all")
    await page.getByText("This address is of step 7 of a report.").waitFor()
    await openReport(page, "notes.txt", MARKUP)
    await page.getByText("notes.txt is no report of simulations").waitFor()
    await openReport(page, "case.json", JSON.stringify({ scenario: "order", seed: 3, promise: "once" }))
    await page.getByText("It is a saved case", { exact: false }).waitFor()
    const started = performance.now()
    await openReport(page, "long.json", longReport(20_000))
    await page.getByRole("heading", { name: "Step by step: long" }).waitFor()
    await page.getByText("7 of 20,000").waitFor()
    await page.keyboard.press("End")
    await page.getByText("20,000 of 20,000").waitFor()
    expect(performance.now() - started).toBeLessThan(LONG_REPORT_MS)
    await openReport(page, "cut.json", longReport(2_000, 18_000))
    await page.getByText("its last 2,000 steps. 18,000 earlier steps are not in it.").waitFor()
    // The rows in sight alone are in the page.
    expect(await page.getByRole("row").count()).toBeLessThan(100)
    expect(faults).toEqual([])
  })

  test("asks for a token, and a viewer sees but does not act", async () => {
    process.env["CONSOLE_TEST_TOKENS"] = `viewer vera ${"v".repeat(32)}\noperator olga ${"o".repeat(32)}`
    const url = await shop.open({ tokens: { env: "CONSOLE_TEST_TOKENS" }, basePath: "/ops" })
    const signIn = async (token: string) => {
      const { page } = await open("cluster", /401/, {}, `${url}/ops`)
      await page.getByLabel("Token").fill(token)
      await page.getByRole("button", { name: "Sign in" }).click()
      return page
    }
    const refused = await signIn("x".repeat(32))
    await refused.getByText("does not know this token").waitFor()
    const viewer = await signIn("v".repeat(32))
    await viewer.getByText("vera · viewer").waitFor()
    expect(await viewer.getByRole("button", { name: "Drain" }).isDisabled()).toBe(true)
    const operator = await signIn("o".repeat(32))
    await operator.getByText("olga · operator").waitFor()
    expect(await operator.getByRole("button", { name: "Drain" }).isDisabled()).toBe(false)
  })

  const stage = { shop: () => shop, open }
  const operator = operatorOf(stage)
  describe("lists", () => testLists({ shop: () => shop, open: (path) => open(path) }))
  describe("in every state", () => stateTests(stage))
  describe("verbs", { tags: ["long"] }, () => verbTests(stage, operator))
  describe("with a second node", { tags: ["long"] }, () => nodeTests(stage, operator))
})
