/**
 * One drawing in a real Chromium, under the content security policy of the console.
 *
 * Owns the build of the gallery and the server of its files. The browser: Browser.ts.
 */
import { existsSync, mkdtempSync, readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { extname, join, normalize } from "node:path"
import type { Page } from "playwright-core"
import { build } from "vite"
import { launch } from "./Browser.ts"

const root = new URL("../../../", import.meta.url)

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
].join("; ")

const MEDIA: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".woff2": "font/woff2",
}

export interface Shown {
  readonly theme: "light" | "dark"
  readonly width: number
  readonly chart?: object
  readonly saga?: object
}

interface Opened {
  readonly page: Page
  /** Errors of the page since the drawing was asked for. */
  readonly faults: Array<string>
}

export interface Gallery {
  /** The page when the drawing is there. There is one page for each width, which shows one drawing after the other. */
  readonly show: (shown: Shown) => Promise<Opened>
  readonly close: () => Promise<void>
}

export const openGallery = async (): Promise<Gallery> => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-gallery-"))
  await build({
    configFile: new URL("infra/console/gallery/vite.config.ts", root).pathname,
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: true },
  })
  const server = createServer(({ url = "/" }, response) => {
    const { pathname } = new URL(url, "http://gallery")
    const file = join(folder, normalize(pathname === "/" ? "/index.html" : pathname))
    if (!existsSync(file)) return response.writeHead(404).end()
    const type = MEDIA[extname(file)] ?? "application/octet-stream"
    return response
      .writeHead(200, { "content-type": type, "content-security-policy": POLICY })
      .end(readFileSync(file))
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const { port } = server.address() as AddressInfo
  const browser = await launch()
  const open = async (width: number): Promise<Opened> => {
    const isPhone = width < 600
    const page = await browser.newPage({
      viewport: { width, height: isPhone ? 844 : 900 },
      deviceScaleFactor: isPhone ? 2 : 1,
    })
    const faults: Array<string> = []
    page.on("pageerror", (error) => faults.push(error.message))
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()))
    await page.goto(`http://127.0.0.1:${port}/`)
    // The script of the page is a module, which runs before the page counts as loaded.
    return { page, faults }
  }
  const opened = new Map<number, Promise<Opened>>()
  return {
    show: async ({ theme, width, ...drawing }) => {
      const known = opened.get(width) ?? open(width)
      opened.set(width, known)
      const { page, faults } = await known
      faults.length = 0
      await page.evaluate(`globalThis.show(${JSON.stringify({ theme, ...drawing })})`)
      await page.waitForSelector(".sc-svg, .sp", { timeout: 120_000 })
      return { page, faults }
    },
    close: async () => {
      await browser.close()
      server.close()
      server.closeAllConnections()
    },
  }
}
