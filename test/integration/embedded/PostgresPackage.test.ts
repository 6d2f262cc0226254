import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { reachableNative } from "../../../infra/embedded/PostgresPackage.ts"
import { canReach, type RunAs } from "../../../infra/embedded/RunAs.ts"
import { temporaryFolder } from "./TemporaryFolder.ts"

const stranger: RunAs = { uid: 65_534, gid: 65_534 }

/** A package whose install script did not run: its one link is only in the list. */
const packageWithoutLinks = (folder: string): string => {
  mkdirSync(join(folder, "native", "lib"), { recursive: true })
  writeFileSync(join(folder, "package.json"), '{"version":"18.0.0"}')
  writeFileSync(join(folder, "native", "lib", "libone.so.1.2"), "one")
  const links = [{ source: "native/lib/libone.so.1.2", target: "native/lib/libone.so.1" }]
  writeFileSync(join(folder, "native", "pg-symlinks.json"), JSON.stringify(links))
  return folder
}

const linked = (native: string): string => readFileSync(join(native, "lib", "libone.so.1"), "utf8")

test("makes the links of a package whose install script did not run, once and again", async () => {
  const folder = packageWithoutLinks(join(temporaryFolder(), "package"))
  const first = await reachableNative(folder, undefined, process.env)
  expect(linked(first)).toBe("one")
  expect(await reachableNative(folder, undefined, process.env)).toBe(first)
})

test("copies a package out of a closed folder into a cache that the server's user can reach, once", async () => {
  const folder = packageWithoutLinks(join(temporaryFolder("closed"), "package"))
  const env = { ...process.env, XDG_CACHE_HOME: temporaryFolder("open") }
  const starts = await Promise.all([
    reachableNative(folder, stranger, env),
    reachableNative(folder, stranger, env),
  ])
  const [copy] = starts
  expect(starts[1]).toBe(copy)
  expect(copy.startsWith(env.XDG_CACHE_HOME)).toBe(true)
  expect(canReach(join(copy, "lib", "libone.so.1"), stranger)).toBe(true)
  expect(statSync(join(copy, "lib", "libone.so.1.2")).mode & 0o004).not.toBe(0)
  expect(linked(copy)).toBe("one")
  expect(await reachableNative(folder, stranger, env)).toBe(copy)
  writeFileSync(join(copy, "lib", "libone.so.1.2"), "replaced")
  expect(await reachableNative(folder, stranger, env)).toBe(copy)
  expect(linked(copy)).toBe("one")
})
