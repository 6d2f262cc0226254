/**
 * Builds the console of a clone where it is missing or older than its sources.
 *
 * Owns when it is built, and what is said meanwhile. The build itself: infra/console/vite.config.ts. A package has
 * its console built already.
 */
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { oneAtATime } from "./OneAtATime.ts"

const FOLDER = fileURLToPath(new URL("../console/", import.meta.url))
const ROOT = fileURLToPath(new URL("../../", import.meta.url))
const SITE = join(FOLDER, "site")
/** File beside the built ones: the digest of the sources from which they were built. */
const DIGEST_FILE = join(SITE, "sources.txt")
/** Lock of the build, because two builds at once would delete each other's files. */
const LOCK_FILE = join(ROOT, "node_modules", ".cache", "everstate-console.lock")

/** Digest of all sources, and of the versions of the packages in the build. */
const digestOfSources = (): string => {
  const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => !file.startsWith(join(SITE, "/")))
    .sort()
  const hash = createHash("sha256")
  for (const file of [...files, join(ROOT, "package-lock.json")]) {
    hash
      .update(`${relative(ROOT, file)}\0`)
      .update(readFileSync(file))
      .update("\0")
  }
  return hash.digest("hex")
}

const isBuiltFrom = (digest: string): boolean =>
  existsSync(join(SITE, "index.html")) &&
  existsSync(DIGEST_FILE) &&
  readFileSync(DIGEST_FILE, "utf8") === digest

const runVite = (): Promise<string | undefined> =>
  new Promise((resolve) => {
    const vite = join(ROOT, "node_modules", "vite", "bin", "vite.js")
    const child = spawn(process.execPath, [vite, "build", FOLDER, "--logLevel", "error"], {
      cwd: ROOT,
      stdio: ["ignore", "ignore", "pipe"],
    })
    let said = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text
    })
    child.once("error", ({ message }) => resolve(message))
    child.once("exit", (code) => resolve(code === 0 ? undefined : said.trim() || `exit code ${code}`))
  })

/** Time between two signs of life of the build, in milliseconds. */
const SIGN_MS = 1_000

/** True if the console is there. False if it cannot be built: `stream` says why. */
export const buildConsole = async (stream: NodeJS.WriteStream): Promise<boolean> => {
  const digest = digestOfSources()
  if (isBuiltFrom(digest)) return true
  return oneAtATime(LOCK_FILE, async () => isBuiltFrom(digest) || build(digest, stream))
}

const build = async (digest: string, stream: NodeJS.WriteStream): Promise<boolean> => {
  const startedAt = performance.now()
  const seconds = () => Math.round((performance.now() - startedAt) / 1_000)
  stream.write("console  building it once\n")
  const signs = setInterval(() => {
    if (stream.isTTY) stream.write(`console  ${seconds()} s\r`)
  }, SIGN_MS)
  const failure = await runVite()
  clearInterval(signs)
  if (failure === undefined) {
    writeFileSync(DIGEST_FILE, digest)
    stream.write(`console  built in ${seconds()} s\n`)
    return true
  }
  stream.write(`console  not built, so there is none: ${failure}\n`)
  return false
}
