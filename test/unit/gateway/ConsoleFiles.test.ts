/** Which file of the console answers which address, and what browsers are told about it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { ConsoleFiles } from "../../../infra/gateway/ConsoleFiles.ts"

const site = () => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-site-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, "assets"))
  writeFileSync(join(folder, "index.html"), '<head><base href="./" /></head>')
  writeFileSync(join(folder, "assets", "index-1a2b.js"), "plain")
  writeFileSync(join(folder, "assets", "index-1a2b.js.br"), "small")
  const files = ConsoleFiles.load(folder)
  const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    files?.answer(new Request(`http://localhost${path}`, { method, headers }), path)
  return { folder, get }
}

test("a page's address gets the index, which finds the console from any depth and behind any prefix", async () => {
  const { get } = site()
  for (const [path, base] of [
    ["/console/", "./"],
    ["/console/cluster", "./"],
    ["/console/actors/order", "../"],
    ["/console/actors/order/a%2Fb", "../../"],
  ] as const) {
    const page = get(path)
    expect(page?.headers.get("content-type")).toBe("text/html; charset=utf-8")
    expect(await page?.text(), path).toContain(`<base href="${base}" />`)
  }
  expect(get("/console")?.headers.get("location")).toBe("console/")
})

test("a page may load and call nothing but this service, and nobody may frame it", () => {
  const policy = site().get("/console/")?.headers.get("content-security-policy") ?? ""
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toMatch(/unsafe|https?:|\*/)
})

test("a hashed file is kept for ever, and compressed for browsers that accept it", async () => {
  const { get } = site()
  const plain = get("/console/assets/index-1a2b.js", { "accept-encoding": "gzip, br;q=0" })
  expect(plain?.headers.get("cache-control")).toContain("immutable")
  expect(plain?.headers.get("content-encoding")).toBeNull()
  expect(await plain?.text()).toBe("plain")
  const small = get("/console/assets/index-1a2b.js", { "accept-encoding": "gzip, deflate, br" })
  expect(small?.headers.get("content-encoding")).toBe("br")
  expect(await small?.text()).toBe("small")
})

test("has no other files, no other methods, and nothing outside of the console", () => {
  const { get } = site()
  expect(get("/console/assets/gone-0000.js")).toBeUndefined()
  expect(get("/console/", {}, "POST")).toBeUndefined()
  expect(get("/consoles")).toBeUndefined()
  expect(get("/console/../package.json")?.headers.get("content-type")).toContain("text/html")
})

test("there is no console before it is built", () => {
  const { folder } = site()
  rmSync(join(folder, "index.html"))
  expect(ConsoleFiles.load(folder)).toBeUndefined()
  expect(ConsoleFiles.load(join(folder, "none"))).toBeUndefined()
})
