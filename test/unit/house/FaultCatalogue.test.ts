/** docs/FAULTS.md lists the faults that test titles name by number. */
import { readdirSync, readFileSync } from "node:fs"
import { expect, it } from "vitest"

/** Folders with tests: those of this repository, and the suites that adapters of others run, too. */
const folders = [new URL("../../", import.meta.url), new URL("../../../runtime/contract/", import.meta.url)]
const catalogue = new URL("../../../docs/FAULTS.md", import.meta.url)

/** Numbers of the rows of the catalogue, in order. */
const listed = [...readFileSync(catalogue, "utf8").matchAll(/^\| (\d+) \| .+ \| .+ \|$/gm)].map(
  ([, number]) => Number(number),
)

/** Numbers that any test names, as `FAULT 7`, `FAULT 7, 9` or `FAULTS 7 and 9`. */
const named = (): ReadonlySet<number> => {
  const numbers = new Set<number>()
  for (const [folder, path] of folders.flatMap((each) =>
    readdirSync(each, { recursive: true, encoding: "utf8" }).map((found) => [each, found] as const),
  )) {
    if (!path.endsWith(".ts")) continue
    const text = readFileSync(new URL(path.replaceAll("\\", "/"), folder), "utf8")
    for (const [, list = ""] of text.matchAll(/\bFAULTS? (\d+(?:(?:, | and )\d+)*)/g)) {
      for (const number of list.split(/, | and /)) numbers.add(Number(number))
    }
  }
  return numbers
}

it("numbers its rows from 1 on, without a gap", () => {
  expect(listed.length).toBeGreaterThan(0)
  expect(listed).toEqual(listed.map((_, index) => index + 1))
})

it("has a row for each number in a test, and a test for each row", () => {
  expect([...named()].toSorted((a, b) => a - b)).toEqual(listed)
})
