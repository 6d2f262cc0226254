/**
 * A real Chromium, and pages that remember everything that must not happen.
 *
 * Owns where Chromium is. `CHROMIUM` names another one. Its headless shell comes first: the same engine without the
 * windows, which starts a process for each page and no more.
 */
import { existsSync } from "node:fs"
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core"

const CANDIDATES = [
  process.env["CHROMIUM"] ?? "",
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
]

/** Path of Chromium; undefined where there is none. */
export const CHROMIUM = CANDIDATES.find((path) => path !== "" && existsSync(path))

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM ?? "", args: ["--no-sandbox", "--disable-gpu"] })

/** Longest load of a page on a busy machine, in milliseconds. */
const NAVIGATION_MS = 60_000

export interface WatchedPage {
  readonly page: Page
  /** Errors on the page, errors in its console, and requests to other hosts. */
  readonly faults: ReadonlyArray<string>
  readonly close: () => Promise<void>
}

const VIEWPORT = { width: 1_280, height: 900 }

interface Sink {
  readonly origin: string
  readonly expected: RegExp
  readonly faults: Array<string>
}

/** Remembers what happens on the page, in the sink of who has it at the time. */
const watch = (page: Page, sink: () => Sink): void => {
  page.on("pageerror", (error) => sink().faults.push(`error: ${error.message}`))
  page.on("console", (message) => {
    const said = `${message.text()} ${message.location().url}`
    if (message.type() === "error" && !sink().expected.test(said)) sink().faults.push(`console: ${said}`)
  })
  page.on("request", (request) => {
    const asked = new URL(request.url())
    const isElsewhere = !["data:", "about:"].includes(asked.protocol) && asked.origin !== sink().origin
    if (isElsewhere) sink().faults.push(`elsewhere: ${request.url()}`)
  })
}

const sinkOf = (url: string, expected = /^$/): Sink => ({ origin: new URL(url).origin, expected, faults: [] })

/** A page of its own context. `expected`: console errors that the test is about. */
export const openPage = async (
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  expected?: RegExp,
): Promise<WatchedPage> => {
  const context = await browser.newContext({ viewport: VIEWPORT, ...options })
  const page = await context.newPage()
  const sink = sinkOf(url, expected)
  watch(page, () => sink)
  await page.goto(url, { timeout: NAVIGATION_MS })
  return { page, faults: sink.faults, close: () => context.close() }
}

/** Pages of one context for tests of somebody who is not signed in: the next test takes the page of the one before. */
export class SharedPages {
  readonly #browser: Browser
  #context: Promise<BrowserContext> | undefined
  readonly #idle: Array<{ readonly page: Page; sink: Sink }> = []

  constructor(browser: Browser) {
    this.#browser = browser
  }

  async open(url: string, expected?: RegExp): Promise<WatchedPage> {
    this.#context ??= this.#browser.newContext({ viewport: VIEWPORT })
    const sink = sinkOf(url, expected)
    const held = this.#idle.pop() ?? (await this.#made(sink))
    const { page } = held
    held.sink = sink
    await page.goto(url, { timeout: NAVIGATION_MS })
    return { page, faults: sink.faults, close: () => this.#takeBack(held) }
  }

  async #made(sink: Sink) {
    const page = await (await (this.#context as Promise<BrowserContext>)).newPage()
    const held = { page, sink }
    watch(page, () => held.sink)
    return held
  }

  /** Leaves the console, so that the page asks for nothing while nobody looks. */
  async #takeBack(held: { readonly page: Page; sink: Sink }): Promise<void> {
    const { page } = held
    await page.unrouteAll({ behavior: "ignoreErrors" })
    await page.goto("about:blank")
    await page.setViewportSize(VIEWPORT)
    this.#idle.push(held)
  }
}
