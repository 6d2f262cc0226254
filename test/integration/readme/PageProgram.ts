/**
 * The TypeScript of a page as a program of its own, to be type-checked and run.
 *
 * Owns the folder that it is in: inside the checkout, so that `effect` and `xstate` resolve; git ignores it.
 */
import { execFile } from "node:child_process"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import path from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, "../../..")

const entries: Record<string, string> = {
  everstate: "infra/everstate.ts",
  "everstate/embedded": "infra/embedded.ts",
  "everstate/http": "infra/http.ts",
  "everstate/operations": "runtime/operations.ts",
  "everstate/saga": "runtime/saga.ts",
  "everstate/testing": "runtime/testing.ts",
}

/** The page's TypeScript as one module, with the package's names pointing at its sources. */
const programOf = (page: string): string =>
  [...page.matchAll(/```ts\n([\s\S]*?)```/g)]
    .map(([, code]) => code ?? "")
    .join("\n")
    .replace(/from "(everstate[^"]*)"/g, (_, name: string) => `from "../../${entries[name]}"`)

export class PageProgram {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** The program of a page, named by its path in the checkout; `replace` is what the page's text becomes first. */
  static async of(pagePath: string, replace = (page: string): string => page): Promise<PageProgram> {
    const page = replace(await readFile(path.join(root, pagePath), "utf8"))
    await mkdir(path.join(root, ".everstate"), { recursive: true })
    const folder = await mkdtemp(path.join(root, ".everstate", "page-"))
    await writeFile(path.join(folder, "Page.ts"), programOf(page))
    const config = { extends: "../../tsconfig.json", include: ["Page.ts"] }
    await writeFile(path.join(folder, "tsconfig.json"), JSON.stringify(config))
    return new PageProgram(folder)
  }

  /** Rejects with the complaints of the compiler. */
  async typeCheck(): Promise<void> {
    const tsc = path.join(root, "node_modules/typescript/bin/tsc")
    try {
      await run(process.execPath, [tsc, "-p", this.#folder, "--singleThreaded"])
    } catch (cause) {
      throw new Error((cause as { stdout?: string }).stdout, { cause })
    }
  }

  /** What it writes to standard output. Rejects where it fails. */
  async run(): Promise<string> {
    const { stdout } = await run(process.execPath, [path.join(this.#folder, "Page.ts")])
    return stdout
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true })
  }
}
