/**
 * Statecharts and sagas as a browser draws them, with its fonts, in both themes and at both widths.
 *
 * Pictures go to the folder `CONSOLE_PICTURES`, or to one that the test names, so that somebody can look at them.
 */
import { mkdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { charts } from "../../fixtures/console/Charts.ts"
import { CHROMIUM } from "./Browser.ts"
import { type Gallery, openGallery } from "./GalleryPage.ts"

const PICTURES = process.env["CONSOLE_PICTURES"] ?? join(tmpdir(), "everstate-console-pictures")

/** Themes in which a chart is drawn at a width: both for pictures, because themes differ in colours alone. */
const themesAt = (width: number): ReadonlyArray<"light" | "dark"> => {
  if (process.env["CONSOLE_PICTURES"] !== undefined) return ["light", "dark"]
  return width < 600 ? ["light"] : ["dark"]
}

/** Where the actor is in each chart. */
const LIT = {
  order: "fulfilling",
  payment: "authorising",
  fulfilment: "takePayment",
  parts: "{on:{sound:muted,picture:{playing:forward},light:dim}}",
  states60: "{group2:step4}",
  states300: "{group7:step3}",
} as const

type Name = keyof typeof LIT

/** What overlaps on the page, in words: labels, states, and texts that leave their box. Runs in the page. */
const FAULTS = `(() => {
  const faults = []
  const box = (element) => element.getBoundingClientRect()
  const overlap = (a, b) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1
  const labels = [...document.querySelectorAll(".sc-label > text")]
  const states = [...document.querySelectorAll(".sc-state:not(.is-container)")]
  labels.forEach((label, index) => {
    for (const other of labels.slice(index + 1)) {
      if (overlap(box(label), box(other))) faults.push(label.textContent + " over " + other.textContent)
    }
    for (const state of states) {
      if (overlap(box(label), box(state.querySelector(".sc-box")))) {
        faults.push(label.textContent + " over " + state.dataset.path)
      }
    }
    const reserved = box(label.parentElement.querySelector(".sc-hit"))
    if (box(label).width > reserved.width + 1) faults.push(label.textContent + " is wider than its place")
  })
  for (const state of states) {
    const frame = box(state.querySelector(".sc-box"))
    for (const text of state.querySelectorAll("text")) {
      if (box(text).right > frame.right + 1 || box(text).bottom > frame.bottom + 1) {
        faults.push(text.textContent + " leaves " + state.dataset.path)
      }
    }
  }
  return faults
})()`

const clicksOf = (page: Page) => page.evaluate<ReadonlyArray<string>>("globalThis.clicks")

const scaleOf = (page: Page) =>
  page.evaluate<number>("document.querySelector('.sc-svg > g').transform.baseVal.consolidate().matrix.a")

describe.skipIf(CHROMIUM === undefined)("drawings in a browser", () => {
  let gallery: Gallery

  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true })
    gallery = await openGallery()
  })

  afterAll(() => gallery?.close())

  const cases = (Object.keys(LIT) as Array<Name>).flatMap((name) =>
    [1_440, 390].flatMap((width) => themesAt(width).map((theme) => ({ name, width, theme }))),
  )

  const title = "of $name at $width px, $theme, have nothing over anything else"
  const haveNothingOverAnythingElse = async ({ name, width, theme }: (typeof cases)[number]) => {
    const chart = { chart: charts[name], lit: LIT[name], height: width < 600 ? 780 : 840 }
    const { page, faults } = await gallery.show({ theme, width, chart })
    await page.screenshot({ path: join(PICTURES, `chart-${name}-${width}-${theme}.png`) })
    expect(await page.evaluate(FAULTS)).toEqual([])
    expect(await page.locator(".sc-state.is-here").count()).toBe(name === "parts" ? 3 : 1)
    expect(await page.locator(".sc-map").count()).toBe(name.startsWith("states") ? 1 : 0)
    expect(faults).toEqual([])
  }
  const isLong = ({ name, width }: (typeof cases)[number]) => name === "states300" || width < 600

  it.each(cases.filter((drawn) => !isLong(drawn)))(title, haveNothingOverAnythingElse)
  it.each(cases.filter(isLong))(title, { tags: ["long"] }, haveNothingOverAnythingElse)

  it("show numbers and what was never reached, in the places kept for them", async () => {
    const [transition] = charts.order.states[0]?.transitions ?? []
    const chart = {
      chart: charts.order,
      counts: { placed: 12_400, delivered: 90_211, cancelled: 13 },
      traffic: { [transition?.key ?? ""]: 1_204 },
      coverage: { states: ["expired"], transitions: ["shipped --OrderRejected--> rejected"] },
      height: 840,
    }
    const { page, faults } = await gallery.show({ theme: "light", width: 1_440, chart })
    await page.screenshot({ path: join(PICTURES, "chart-heat-1440-light.png") })
    expect(await page.evaluate(FAULTS)).toEqual([])
    expect(await page.locator("[data-path=placed] .sc-count").textContent()).toBe("12.4K")
    expect(await page.locator(".sc-label .sc-traffic").allTextContents()).toEqual(["×1.2K"])
    expect(await page.locator(".sc-state.is-never").getAttribute("data-path")).toBe("expired")
    expect(await page.locator(".sc-edge.is-never").count()).toBe(1)
    expect(faults).toEqual([])
  })

  it("answer clicks and keys", async () => {
    const chart = { chart: charts.order, lit: "fulfilling", height: 840 }
    const { page } = await gallery.show({ theme: "light", width: 1_440, chart })
    await page.locator("[data-path=paid] .sc-box").click()
    await page.locator('[data-key="placed --OrderPaid--> paid"] text').click()
    expect(await clicksOf(page)).toEqual(["paid", "placed --OrderPaid--> paid"])
    await page.locator("[data-path=fulfilling]").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    expect((await clicksOf(page)).at(-1)).toBe("expired")
    const before = await scaleOf(page)
    await page.keyboard.press("+")
    expect(await scaleOf(page)).toBeGreaterThan(before)
    await page.keyboard.press("0")
    expect(await scaleOf(page)).toBeLessThan(1.2)
  })

  it("open and close what is inside of a state", async () => {
    const chart = { chart: charts.parts, height: 840 }
    const { page } = await gallery.show({ theme: "light", width: 1_440, chart })
    await page.locator("[data-path=on]").focus()
    await page.keyboard.press(" ")
    await page.locator('[data-path="on.sound"]').waitFor({ state: "detached" })
    expect(await page.locator("[data-path=on]").textContent()).toContain("15 states inside")
    await page.getByRole("button", { name: "Open all states" }).click()
    await page.locator('[data-path="on.sound"]').waitFor()
  })

  it("say which state a chart has not", async () => {
    const chart = { chart: charts.order, lit: "gone", height: 840 }
    const { page } = await gallery.show({ theme: "light", width: 1_440, chart })
    expect(await page.locator(".sc-notice").textContent()).toContain("no state gone")
  })

  const steps = [
    { key: "reserveStock/sku-1", status: "compensated", attempts: 1, undoAttempts: 1, durationMs: 120 },
    { key: "reserveStock/sku-2", status: "done", attempts: 2, undoAttempts: 0, durationMs: 5_300 },
    { key: "takePayment", status: "compensating", attempts: 1, undoAttempts: 2, undoDurationMs: 12_000 },
    { key: "confirmOrder", status: "rejected", attempts: 1, reason: "OrderCancelled: <b>too late</b>" },
    { key: "shipOrder", status: "waiting" },
  ]

  it.each([1_440, 390])("of a saga at %i px keep their texts, and show markup as text", async (width) => {
    const { page, faults } = await gallery.show({ theme: "dark", width, saga: { steps } })
    await page.screenshot({ path: join(PICTURES, `saga-${width}-dark.png`), fullPage: true })
    const wide =
      "[...document.querySelectorAll('.sp *')].filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0).map((one) => one.className)"
    expect(await page.evaluate(wide)).toEqual([])
    expect(await page.locator(".sp-reason").textContent()).toBe("OrderCancelled: <b>too late</b>")
    expect(await page.locator(".sp-backward .sp-step").count()).toBe(2)
    await page.locator(".sp-step", { hasText: "confirmOrder" }).click()
    expect(await clicksOf(page)).toEqual(["confirmOrder"])
    expect(faults).toEqual([])
  })
})
