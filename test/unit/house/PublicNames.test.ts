/** The API reference is complete: every public name of every entry point has a docstring. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { publicNamesOf } from "../../house/PublicNames.ts"

const root = path.resolve(import.meta.dirname, "../../..")
const { exports } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"))

/** Sources of the entry points of package.json, `infra/everstate.ts` for instance. */
const entries: ReadonlyArray<string> = Object.values<{ readonly default: string } | string>(exports).flatMap(
  (target) =>
    typeof target === "string" ? [] : [target.default.replace("./dist/", "").replace(/[.]js$/, ".ts")],
)

describe("the public names", () => {
  it.each(entries)("of %s have docstrings", (entry) => {
    const names = publicNamesOf(root, entry)
    expect(names.length).toBeGreaterThan(3)
    const bare = names.filter(({ hasDocstring }) => !hasDocstring)
    expect(bare.map(({ name, file }) => `${file}: ${name}`)).toEqual([])
  })
})

describe("the walk", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "everstate-names-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it("finds names through lists, renames and imports, and each declaration of a name", () => {
    const files = {
      "entry.ts": `
        import { kept } from "./deep.ts"
        /** Of the module. */
        export * from "./all.ts"
        export { inner as outer, type Shape } from "./deep.ts"
        export { kept }
        /** Told. */
        export const here = 1`,
      "all.ts": `
        /** Told. */
        export function told(): void {}
        export function told(one: number): void
        // Not a docstring.
        export class Bare {}`,
      "deep.ts": `
        /** Told. */
        export type Shape = { a: 1 }
        export const Shape = 1
        export const inner = 2
        /** Not of the next one. */
        const other = 3
        export const kept = other`,
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text)
    const found = publicNamesOf(folder, "entry.ts").map(
      ({ name, hasDocstring }) => `${name} ${hasDocstring ? "told" : "bare"}`,
    )
    expect(found.toSorted()).toEqual([
      "Bare bare",
      "Shape bare",
      "Shape told",
      "here told",
      "kept bare",
      "outer bare",
      "told told",
    ])
  })
})
