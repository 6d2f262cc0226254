/**
 * What pages show in place of an answer: unknown, empty, loading, failed, forbidden. And the keyboard alone.
 *
 * Owns these tests, which run on the shop of Console.test.ts.
 */
import type { Page } from "playwright-core"
import { expect, test } from "vitest"
import { refuseAccess } from "../../../infra/http.ts"
import type { Stage } from "./Stage.ts"

/** Addresses about nothing, and what they show. */
const UNKNOWN: ReadonlyArray<readonly [path: string, shows: string]> = [
  ["types/nothing", "No type nothing"],
  ["actors/nothing", "No type nothing"],
  ["actors/nothing/o-1", "No type nothing"],
  ["actors/market/nothing", "Not born yet"],
  ["actors/order/o-1?at=99", "version 3"],
  ["correlations/nothing", "Nothing is known of this correlation"],
  ["sagas?show=compensating", "No saga is like this"],
  ["dead-letters?letter=999", "Letter 999 is not there any more"],
  ["cluster?slot=shard.9999", "Shards"],
]

/** A viewer of a gateway that shows actors alone. */
const ONLY_READS = ({ verb }: { readonly verb: string }) =>
  ["inspect", "operate", "list"].includes(verb)
    ? refuseAccess("forbidden", "Not on Sundays.")
    : { user: "guest" }

/** Presses the key until the focus is on an element that the expression names `at`. */
const pressUntil = async (page: Page, key: string, condition: string): Promise<void> => {
  for (let count = 0; count < 120; count++) {
    await page.keyboard.press(key)
    if (await page.evaluate(`(({ activeElement: at }) => ${condition})(document)`)) return
  }
  throw new Error(`${key} does not lead to ${condition}`)
}

export const stateTests = ({ shop, open }: Stage): void => {
  test("says of what is unknown or empty what it is, on every page", async () => {
    const { page, faults } = await open("", /40[04]/)
    for (const [path, shows] of UNKNOWN) {
      await page.goto(`${shop().url}/console/${path}`)
      await page.getByText(shows, { exact: true }).first().waitFor()
    }
    await page.goto(`${shop().url}/console/dead-letters?reason=Bored`)
    await page.getByText("That did not work").waitFor()
    expect(faults).toEqual([])
  })

  test("says at a first start how to send the first command", async () => {
    const url = await shop().open({ expose: ["customer"] })
    const { page } = await open("", /^$/, {}, url)
    await page.getByText("No actors yet").waitFor()
    await page.getByText("/actors/customer/my-first/").waitFor()
    await page.getByRole("link", { name: "or send it from here" }).click()
    await page.getByText("Not born yet").waitFor()
    await page.getByRole("link", { name: "Sagas" }).click()
    await page.getByText("No sagas yet").waitFor()
  })

  test("shows that it loads, that it failed, and the answer when there is one", async () => {
    const { page } = await open("cluster", /net::ERR_FAILED/)
    await page.getByText("Move and pin").or(page.getByText("Shards")).first().waitFor()
    const isLetters = (url: URL) => url.pathname.startsWith("/dead-letters")
    const gate = Promise.withResolvers<void>()
    await page.route(isLetters, async (route) => {
      await gate.promise
      await route.abort()
    })
    await page.getByRole("link", { name: "Dead letters" }).click()
    await page.locator("#page .loading").first().waitFor()
    gate.resolve()
    await page.getByRole("heading", { name: "The service does not answer" }).waitFor()
    await page.unroute(isLetters)
    await page.getByRole("button", { name: "Ask again" }).click()
    await page
      .getByRole("button", { name: "Redrive all" })
      .or(page.getByText("No dead letters"))
      .first()
      .waitFor()
  })

  test("says what somebody may not see", async () => {
    const url = await shop().open({ authorize: ONLY_READS })
    const { page } = await open("cluster", /403/, {}, url)
    for (const path of ["cluster", "dead-letters", "projections", "sagas", "actors/order"]) {
      await page.goto(`${url}/console/${path}`)
      await page.getByText("Not for you").first().waitFor()
    }
    await page.goto(`${url}/console/actors/order/o-1`)
    await page.getByText("version 3", { exact: true }).waitFor()
    expect(await page.getByRole("button", { name: "Ask", exact: true }).isDisabled()).toBe(true)
  })

  test("is worked by the keyboard alone, on a wide screen and on a narrow one", async () => {
    const { page, faults } = await open("")
    await page.getByRole("link", { name: "Overview" }).waitFor()
    const places = await page.locator("nav a").allTextContents()
    expect(places).toHaveLength(9)
    for (const place of places) {
      await pressUntil(
        page,
        "Tab",
        `at.closest("nav") !== null && at.textContent === ${JSON.stringify(place)}`,
      )
      await page.keyboard.press("Enter")
      await page.getByRole("heading", { level: 1, name: place }).waitFor()
    }
    await page.goto(`${shop().url}/console/types/order`)
    await page.locator("[data-path=placed]").waitFor()
    await pressUntil(page, "Tab", "at.dataset?.path !== undefined")
    await pressUntil(page, "ArrowDown", '!["", "draft"].includes(at.dataset?.path ?? "")')
    const state = await page.evaluate<string>("document.activeElement.dataset.path")
    await page.keyboard.press("Enter")
    await page.waitForURL((url) => url.searchParams.get("state") === state)
    await page.goto(`${shop().url}/console/actors/order?state=placed`)
    await page.getByRole("row").nth(2).waitFor()
    await pressUntil(page, "Tab", 'at.getAttribute("role") === "table"')
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.waitForURL(/\/actors\/order\/draft-\d+$/)
    await page.goto(`${shop().url}/console/cluster`)
    await page.locator(".shard").first().waitFor()
    await pressUntil(page, "Tab", 'at.classList.contains("shard")')
    await page.keyboard.press("Enter")
    await page.waitForURL(/\?slot=shard\.0$/)
    await pressUntil(page, "Tab", 'at.textContent === "Move and pin"')
    await page.keyboard.press("Enter")
    await page.getByRole("dialog").waitFor()
    await page.keyboard.press("Escape")
    await page.getByRole("dialog").waitFor({ state: "detached" })
    await page.setViewportSize({ width: 390, height: 844 })
    await page.reload()
    await page.getByRole("button", { name: "Menu" }).waitFor()
    await pressUntil(page, "Tab", 'at.textContent === "Menu"')
    await page.keyboard.press("Enter")
    await pressUntil(page, "Tab", 'at.textContent === "Sagas"')
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { level: 1, name: "Sagas" }).waitFor()
    expect(faults).toEqual([])
  })
}
