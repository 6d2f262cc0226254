/**
 * The tables of docs/XSTATE.md: what each construct of XState does here, as the set of machines says.
 *
 * Owns their text and their place in the page. That the set says the truth: Conformance.test.ts.
 */
import type { Construct } from "./ConformanceCase.ts"
import { CONSTRUCT_GROUPS } from "./ConformanceSet.ts"

const BEGIN = "<!-- constructs: made by test/conformance/XStatePage.test.ts -->"
const END = "<!-- end of constructs -->"

/** The page with its tables as the set has them now. */
export const withTables = (page: string): string => {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error("docs/XSTATE.md has no place for the tables")
  return `${page.slice(0, begin)}${BEGIN}\n\n${tables()}\n${page.slice(end)}`
}

const tables = (): string =>
  Object.entries(CONSTRUCT_GROUPS)
    .map(
      ([group, constructs]) =>
        `### ${group}\n\n| construct | machines | here |\n|---|---|---|\n${rows(constructs)}`,
    )
    .join("\n")

const rows = (constructs: ReadonlyArray<Construct>): string =>
  constructs.map((row) => `| ${row.construct} | ${row.cases.length} | ${verdict(row)} |\n`).join("")

const verdict = ({ cases }: Construct): string => {
  const isSame = cases.some(({ refused, differs }) => refused === undefined && differs === undefined)
  const refused = cases.flatMap(({ refused }) =>
    refused === undefined ? [] : [`**refused**: ${refused.why}`],
  )
  const different = cases.flatMap(({ differs }) =>
    differs === undefined ? [] : [`**different**: ${differs.why}`],
  )
  return [...(isSame ? ["same"] : []), ...refused, ...different].join("<br>")
}
