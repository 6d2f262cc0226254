/**
 * A real Chromium, and pages that remember everything that must not happen.
 *
 * Owns where Chromium is. `CHROMIUM` names another one. Its headless shell comes first: the same engine without the
 * windows, which starts a process for each page and no more.
 */
import { existsSync } from "node:fs"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"

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

/** A page of its own context. `expected`: console errors that the test is about. */
export const openPage = async (
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  expected: RegExp = /^$/,
): Promise<WatchedPage> => {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 }, ...options })
  const page = await context.newPage()
  const faults: Array<string> = []
  const { origin } = new URL(url)
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`))
  page.on("console", (message) => {
    const said = `${message.text()} ${message.location().url}`
    if (message.type() === "error" && !expected.test(said)) faults.push(`console: ${said}`)
  })
  page.on("request", (request) => {
    const asked = new URL(request.url())
    if (asked.protocol !== "data:" && asked.origin !== origin) faults.push(`elsewhere: ${request.url()}`)
  })
  await page.goto(url, { timeout: NAVIGATION_MS })
  return { page, faults, close: () => context.close() }
}
