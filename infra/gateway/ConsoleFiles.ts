/**
 * The files of the console: pages that a browser loads, and that then call the gateway's routes.
 *
 * Owns where the files are, which file answers a path, and how long browsers may keep it. The files hold no data,
 * so everybody may load them; the routes decide who sees and does what. The console itself: infra/console/.
 */
import { readdirSync, readFileSync } from "node:fs"
import { extname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** Path of the console below the gateway's base path. */
export const CONSOLE_PATH = "/console"

/** The built files: beside the sources after `npm run console`, in the package after `npm run build`. */
const SITE = fileURLToPath(new URL("../console/site/", import.meta.url))

const INDEX = "index.html"

/** What a page may load and call: this service alone. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ")

const CONTENT_TYPES: { readonly [extension: string]: string } = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
}

/** A file whose name has a hash of its content never changes. */
const HASHED = /^assets\//

interface ConsoleFile {
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The same, compressed by Brotli. */
  readonly brotli: Uint8Array<ArrayBuffer> | undefined
}

/** The files of the console in memory. */
export class ConsoleFiles {
  readonly #files: ReadonlyMap<string, ConsoleFile>

  private constructor(files: ReadonlyMap<string, ConsoleFile>) {
    this.#files = files
  }

  /** Reads all files; `undefined` if the console has not been built. */
  static load(folder = SITE): ConsoleFiles | undefined {
    const names = namesIn(folder)
    if (!names.includes(INDEX)) return undefined
    const read = (name: string) => new Uint8Array(readFileSync(join(folder, name)))
    const files = names
      .filter((name) => !name.endsWith(".br"))
      .map((name): [string, ConsoleFile] => {
        const brotli = names.includes(`${name}.br`) ? read(`${name}.br`) : undefined
        return [name, { name, bytes: read(name), brotli }]
      })
    return new ConsoleFiles(new Map(files))
  }

  /**
   * The answer for a path of the console, as in `/console/actors/order`. An address that is no file is a page:
   * it gets the index, which learns from the depth of the address where the console begins, whatever prefix a
   * proxy has put before it. `undefined` for a path that is not the console's.
   */
  answer({ method, headers }: Request, path: string): Response | undefined {
    if (method !== "GET" && method !== "HEAD") return undefined
    if (path === CONSOLE_PATH) return redirect("console/")
    if (!path.startsWith(`${CONSOLE_PATH}/`)) return undefined
    const name = path.slice(CONSOLE_PATH.length + 1)
    const file = this.#files.get(name)
    if (file !== undefined && name !== INDEX) return fileAnswer(file, headers, method)
    return HASHED.test(name) ? undefined : this.#page(name.split("/").length - 1, method)
  }

  #page(depth: number, method: string): Response {
    const index = Buffer.from(this.#files.get(INDEX)?.bytes ?? []).toString("utf8")
    const page = index.replace('<base href="./" />', `<base href="${"../".repeat(depth) || "./"}" />`)
    return new Response(method === "HEAD" ? null : Buffer.from(page), {
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": PAGE_POLICY,
        "cache-control": "no-cache",
      },
    })
  }
}

/** The way to the console from the root of the gateway. */
export const redirect = (location: string): Response =>
  new Response(null, { status: 302, headers: { location, "cache-control": "no-cache" } })

const fileAnswer = ({ name, bytes, brotli }: ConsoleFile, headers: Headers, method: string): Response => {
  const takesBrotli = /(^|[,\s])br(\s*;\s*q=(1|0\.0*[1-9])[\d.]*)?\s*(,|$)/.test(
    headers.get("accept-encoding") ?? "",
  )
  const body = takesBrotli && brotli !== undefined ? brotli : bytes
  return new Response(method === "HEAD" ? null : body, {
    headers: {
      "content-type": CONTENT_TYPES[extname(name)] ?? "application/octet-stream",
      "content-length": String(body.byteLength),
      "cache-control": HASHED.test(name) ? "public, max-age=31536000, immutable" : "no-cache",
      ...(brotli === undefined ? {} : { vary: "accept-encoding" }),
      ...(body === brotli ? { "content-encoding": "br" } : {}),
    },
  })
}

const namesIn = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length))
      .map((name) => name.replaceAll("\\", "/").replace(/^\//, ""))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return []
    throw cause
  }
}
