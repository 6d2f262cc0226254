/**
 * What a person does on the pages of a full system, and how long each takes in a real Chromium.
 *
 * Owns the visits. Each is measured from the beginning of the page, or from the key or click, until what was asked for is
 * on the screen. Who fills the stores: Stores.ts.
 */
import type { Browser, Page } from "playwright-core"

export interface Figure {
  readonly what: string
  readonly ms: number
  /** Memory of the page's scripts after a collection, in MiB. */
  readonly heapMiB?: number
}

/** Longest wait for anything, in milliseconds. */
const PATIENCE_MS = 120_000

/** Milliseconds from the beginning of the page until the expression is true. Asked at each frame. */
const shownAfter = (page: Page, expression: string): Promise<number> =>
  page.evaluate<number>(`new Promise((done, failed) => {
    const look = () => {
      if (document.body !== null && (${expression})) done(performance.now())
      else if (performance.now() > ${PATIENCE_MS}) failed(new Error("never: " + ${JSON.stringify(expression)}))
      else requestAnimationFrame(look)
    }
    look()
  })`)

/** Milliseconds that `act` takes until the expression is true. */
const took = async (page: Page, act: () => Promise<unknown>, expression: string): Promise<number> => {
  const started = performance.now()
  await act()
  await shownAfter(page, expression)
  return performance.now() - started
}

const heapMiB = async (page: Page): Promise<number> => {
  const session = await page.context().newCDPSession(page)
  await session.send("HeapProfiler.collectGarbage")
  const { metrics } = await session
    .send("Performance.enable")
    .then(() => session.send("Performance.getMetrics"))
  return (metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? 0) / 2 ** 20
}

const ROWS = `document.querySelectorAll(".table-row").length`
const rowsShow = (words: string) =>
  `[...document.querySelectorAll(".table-row")].some((row) => row.textContent.includes(${JSON.stringify(words)}))`
const pageShows = (words: string) => `document.body.textContent.includes(${JSON.stringify(words)})`

/** A page of its own; `visit` gets it and returns what it has measured. */
export type Visit = (browser: Browser, url: string) => Promise<ReadonlyArray<Figure>>

const visiting =
  (path: string, visit: (page: Page) => Promise<ReadonlyArray<Figure>>): Visit =>
  async (browser, url) => {
    const context = await browser.newContext({ viewport: { width: 1_280, height: 900 } })
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    await page.goto(`${url}/console/${path}`, { waitUntil: "commit" })
    const figures = await visit(page)
    await context.close()
    return figures
  }

/** Screens of a list that are scrolled through. */
const SCREENS = 100

/** Mean time of a screen, and the memory after all of them. The table has the focus. */
const screensFurther = async (page: Page) => {
  const started = performance.now()
  for (let screen = 0; screen < SCREENS; screen++) {
    await page.keyboard.press("PageDown")
    await shownAfter(page, `${ROWS} > 5`)
  }
  return { ms: (performance.now() - started) / SCREENS, heapMiB: await heapMiB(page) }
}

const actors = visiting("actors/order", async (page) => {
  const first = await shownAfter(page, `${ROWS} > 5`)
  await page.getByRole("table").focus()
  const second = await took(page, () => page.keyboard.press("PageDown"), rowsShow("o-00000020"))
  const further = await screensFurther(page)
  const byState = (state: string) =>
    took(
      page,
      () => page.getByLabel("State").selectOption(state),
      `${ROWS} > 5 && [...document.querySelectorAll(".table-row")].every((row) => row.textContent.includes(${JSON.stringify(state)}))`,
    )
  const frequent = await byState("paid")
  const rare = await byState("returned")
  await page.getByLabel("State").selectOption("")
  const prefix = await took(page, () => page.getByLabel("Id begins with").fill("o-009"), rowsShow("o-009"))
  return [
    { what: "actors: first rows of the list", ms: first },
    { what: "actors: one screen further", ms: second },
    { what: `actors: each of ${SCREENS} screens further`, ...further },
    { what: "actors: only a frequent state", ms: frequent },
    { what: "actors: only a rare state (1 of 5,000)", ms: rare },
    { what: "actors: only ids that begin with a text, 250 ms after the last letter", ms: prefix },
  ]
})

const oldest = visiting("actors/order?age=7d&only=open", async (page) => [
  { what: "actors: not done, and unchanged for 7 days", ms: await shownAfter(page, `${ROWS} > 5`) },
])

const counts = visiting("types/order", async (page) => {
  const counted = await shownAfter(page, `document.querySelector(".state-list li") !== null`)
  const drawn = await shownAfter(page, `document.querySelector(".sc-state") !== null`)
  return [
    { what: "types: number of actors in each state", ms: counted },
    { what: "types: chart of orders with these numbers", ms: drawn, heapMiB: await heapMiB(page) },
  ]
})

const overview = visiting("", async (page) => [
  { what: "overview: what needs somebody", ms: await shownAfter(page, pageShows("Needs somebody")) },
  { what: "overview: dead letters among it", ms: await shownAfter(page, pageShows("dead letters")) },
])

const letters = visiting("dead-letters", async (page) => {
  const groups = await shownAfter(page, pageShows("Redrive all"))
  const first = await shownAfter(page, `${ROWS} > 5`)
  await page.getByRole("table").focus()
  const further = await screensFurther(page)
  const only = await took(
    page,
    () => page.getByRole("button", { name: "Show only these" }).last().click(),
    `${rowsShow("Failed")} || ${rowsShow("Unroutable")}`,
  )
  return [
    { what: "dead letters: groups", ms: groups },
    { what: "dead letters: first rows", ms: first },
    { what: `dead letters: each of ${SCREENS} screens further`, ...further },
    { what: "dead letters: only one reason", ms: only },
  ]
})

const history = visiting("actors/diary/long", async (page) => {
  const first = await shownAfter(page, rowsShow("Noted"))
  const table = page.getByRole("table").first()
  await table.focus()
  const second = await took(
    page,
    () => page.keyboard.press("PageDown"),
    `document.querySelectorAll(".table-row .link").length > 5`,
  )
  const end = await took(
    page,
    () => page.keyboard.press("End"),
    `${rowsShow("Noted")} && [...document.querySelectorAll(".table-row .number")].some((cell) => cell.textContent === "1")`,
  )
  return [
    { what: "an actor of 100,000 events: newest events", ms: first },
    { what: "its events: one screen further", ms: second },
    { what: "its events: from the newest to the oldest", ms: end, heapMiB: await heapMiB(page) },
  ]
})

const past = visiting("actors/diary/long?at=50000", async (page) => [
  { what: "its state at version 50,000", ms: await shownAfter(page, pageShows("line 5")) },
])

const chart = visiting("types/giant", async (page) => {
  const first = await shownAfter(page, `document.querySelector(".sc-state") !== null`)
  const layoutMs = () => page.locator(".sc-frame").getAttribute("data-layout-ms").then(Number)
  const closedMs = await layoutMs()
  const statesShown = `document.querySelectorAll(".sc-state").length`
  const opened = await took(
    page,
    () => page.getByRole("button", { name: "Open all states" }).click(),
    `${statesShown} > 250`,
  )
  const openMs = await layoutMs()
  const zoomed = await took(page, () => page.getByRole("button", { name: "Zoom in" }).click(), "true")
  return [
    { what: "a chart of 300 states: its outer states", ms: first },
    { what: "its layout with closed states", ms: closedMs },
    { what: "all states opened", ms: opened },
    { what: "its layout with all states open, in the background", ms: openMs, heapMiB: await heapMiB(page) },
    { what: "one step of zoom", ms: zoomed },
  ]
})

export const VISITS: { readonly [name: string]: Visit } = {
  overview,
  counts,
  actors,
  oldest,
  letters,
  history,
  past,
  chart,
}
