/**
 * What a reader does with lists: finds actors by columns and age, selects, takes back, and is not disturbed by new rows.
 *
 * Owns these tests. Console.test.ts runs them on its system.
 */
import type { Page } from "playwright-core"
import { expect, test } from "vitest"
import { type Shop, SILENT, STUCK } from "./Shop.ts"

interface Given {
  readonly shop: () => Shop
  readonly open: (path: string) => Promise<{ readonly page: Page; readonly faults: ReadonlyArray<string> }>
}

/** Sagas of the story: those of orders have ended, the others are stuck or wait. */
const SAGA_COUNT = 24 + STUCK.length + SILENT.length

/** The ids of the list in their order. */
const idsOf = (page: Page) => page.locator("[role=row] .id a").allTextContents()

export const testLists = ({ shop, open }: Given): void => {
  test("finds actors by the columns of the directory, and the address has them", async () => {
    const { page } = await open("actors/garden")
    await page.getByRole("columnheader", { name: "crop" }).waitFor()
    await page.getByLabel("crop", { exact: true }).fill("basil")
    await page.getByText("1 actor", { exact: true }).waitFor()
    await page.getByLabel("beds", { exact: true }).fill("3")
    await page.waitForURL(/where\.beds=3/)
    expect(page.url()).toBe(`${shop().url}/console/actors/garden?where.crop=basil&where.beds=3`)
    expect(await idsOf(page)).toEqual(["roof"])
    const sent = await open("actors/garden?where.planted=true&where.beds=1")
    await sent.page.getByRole("row", { name: "mint" }).first().waitFor()
    expect(await sent.page.getByLabel("planted").inputValue()).toBe("true")
    expect(await idsOf(sent.page)).not.toContain("roof")
  })

  test("a state of a chart leads to its actors, oldest first", async () => {
    const { page } = await open("types/order")
    await page.getByRole("link", { name: "placed" }).click()
    await page.waitForURL(/order=oldest/)
    await page.getByText("12 actors", { exact: true }).waitFor()
    const ids = Array.from({ length: 12 }, (_, index) => `draft-${index + 1}`)
    expect(await idsOf(page)).toEqual(ids)
    const parallel = await open("types/garden")
    await parallel.page.getByRole("link", { name: "beds.growing.sprouting + gate.open" }).click()
    await parallel.page.getByRole("link", { name: "roof" }).waitFor()
  })

  test("new rows wait behind a bar until they are asked for", async () => {
    const { page } = await open("actors/garden?id=b")
    await shop().post("/actors/garden/b-2/Plant", { crop: "dill", beds: 2 })
    await page.getByRole("link", { name: "b-2" }).waitFor()
    for (const id of ["b-1", "b-3"])
      await shop().post(`/actors/garden/${id}/Plant`, { crop: "dill", beds: 2 })
    const bar = page.getByRole("button", { name: "2 new: show" })
    await bar.waitFor()
    expect(await idsOf(page)).toEqual(["b-2"])
    await bar.click()
    await page.getByRole("link", { name: "b-1" }).waitFor()
    expect(await idsOf(page)).toEqual(["b-1", "b-2", "b-3"])
  })

  test("discards a selection of dead letters, with progress", async () => {
    const letters = async () => (await (await fetch(`${shop().url}/dead-letters`)).json()).items
    const before = Math.max(0, ...(await letters()).map(({ number }: { number: number }) => number))
    for (const beds of [7, 8]) {
      await shop().post("/actors/garden/roof/Harvest?via=tell", { crop: "thyme", kilograms: beds })
    }
    const { page } = await open("dead-letters")
    const numbers = [before + 1, before + 2]
    for (const number of numbers) await page.getByLabel(`Select letter ${number}`, { exact: true }).check()
    await page.getByText("2 selected").waitFor()
    expect(page.url()).toContain(`select=${encodeURIComponent(numbers.join())}`)
    await page.getByRole("button", { name: "Discard selected" }).click()
    const dialog = page.getByRole("dialog")
    await dialog.getByLabel("Reason").fill("sent twice")
    await dialog.getByRole("button", { name: "Discard selected" }).click()
    await dialog.getByText("2 of 2 done").waitFor()
    await dialog.getByRole("button", { name: "Close" }).click()
    await page.getByText("None selected").waitFor()
    await page.getByLabel(`Select letter ${numbers[1]}`, { exact: true }).waitFor({ state: "detached" })
    const left = (await letters()).map(({ number }: { number: number }) => number)
    expect(left).not.toContain(numbers[0])
    const { items } = await (await fetch(`${shop().url}/operations?limit=2`)).json()
    expect(items).toMatchObject(numbers.map(() => ({ verb: "deadLetters.discard", note: "sent twice" })))
  })

  test("offers to take a verb back after its dialog is closed", async () => {
    const { page, faults } = await open("cluster")
    const row = page.getByRole("listitem").filter({ hasText: "notification" }).first()
    await row.getByRole("button", { name: "Pause" }).click()
    const dialog = page.getByRole("dialog")
    await dialog.getByLabel("Reason").fill("a try")
    await dialog.getByRole("button", { name: "Pause" }).click()
    await dialog.getByRole("button", { name: "Close" }).click()
    await row.getByText("paused").waitFor()
    await page.getByRole("button", { name: "Undo: Resume" }).click()
    await page.getByText("Taken back").waitFor()
    await row.getByText("paused").waitFor({ state: "detached" })
    expect(faults).toEqual([])
  })

  test("shows how long the steps of a saga took, forwards and backwards", async () => {
    const { page } = await open("actors/fulfilment/o-5?step=takePayment")
    const steps = page.getByRole("region", { name: "Steps of the saga" })
    const step = steps.getByRole("button").filter({ hasText: "takePayment" })
    await step.getByText(/rejected · .*(ms|s) · 1 attempt/).waitFor()
    await steps
      .getByText(/undone · .*(ms|s) · 1 attempt/)
      .first()
      .waitFor()
    await page.getByText("CardDeclined").first().waitFor()
  })

  test("lists the sagas that run, and none that has ended", async () => {
    const { page } = await open("sagas?show=open")
    await page.getByText(`${SILENT.length} sagas`, { exact: true }).waitFor()
    await page.getByRole("link", { name: "All" }).click()
    await page.getByText(`${SAGA_COUNT} sagas`, { exact: true }).waitFor()
  })

  test("Ctrl-K takes the type and the id of an actor", async () => {
    const { page } = await open("sagas")
    await page.getByText(`${SAGA_COUNT} sagas`, { exact: true }).waitFor()
    await page.keyboard.press("Control+k")
    await page.getByRole("combobox", { name: "Jump to" }).fill("fulfilment/o-11")
    await page.getByRole("option", { name: "o-11 fulfilment" }).waitFor()
    await page.keyboard.press("Enter")
    await page.waitForURL(/actors\/fulfilment\/o-11$/)
  })
}
