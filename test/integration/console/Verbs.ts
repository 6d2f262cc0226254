/**
 * Verbs on sagas, dead letters, projections and actors, by clicking: each happens, and who and why are kept.
 *
 * Owns these tests, which run on the shop of Console.test.ts. Verbs on the cluster: Nodes.ts.
 */
import { expect, test } from "vitest"
import type { Operator } from "./Operator.ts"
import type { Stage } from "./Stage.ts"

export const verbTests = ({ shop }: Stage, { visit, act, logged, ended }: Operator): void => {
  test("helps a saga that is stuck: retries, skips, gives a result, ends it", async () => {
    await shop().post("/actors/stall/retry/Soften", {})
    const page = await visit("actors/market/retry")
    await page.getByText("Stuck at rent").waitFor()
    await act(page, "Retry", "the stall is soft now")
    await page.getByText("compensated", { exact: true }).first().waitFor()
    await ended("retry", "compensated", "SagaRetried", "the stall is soft now")
    const skip = await visit("actors/market/skip")
    await act(skip, "Skip", "given back by hand")
    await ended("skip", "compensated", "SagaSkipped", "given back by hand")
    const resolve = await visit("actors/market/resolve")
    await act(resolve, "Resolve", "they called", {
      before: () => resolve.getByRole("textbox", { name: "JSON" }).fill('{"paid":"by hand"}'),
    })
    await ended("resolve", "compensated", "SagaResolved", "they called")
    const abort = await visit("actors/market/abort")
    await act(abort, "Abort", "the market is closed")
    await ended("abort", "aborted", "SagaAborted", "the market is closed")
    await abort.getByRole("button", { name: "Abort", exact: true }).waitFor({ state: "detached" })
  })

  test("helps a saga that waits: gives the result of a silent step, or cancels it and skips the step", async () => {
    const resolve = await visit("actors/market/slow-resolve")
    await resolve.getByRole("button", { name: "Cancel the saga" }).waitFor()
    expect(await resolve.getByRole("button", { name: "Abort", exact: true }).count()).toBe(0)
    await act(resolve, "Resolve", "sold on paper", {
      before: () => resolve.getByRole("textbox", { name: "JSON" }).fill("{}"),
    })
    await ended("slow-resolve", "completed", "SagaResolved", "sold on paper")
    const cancel = await visit("actors/market/slow-cancel")
    await act(cancel, "Cancel the saga", "it rains")
    await act(cancel, "Skip", "nobody will answer")
    await ended("slow-cancel", "compensated", "SagaSkipped", "nobody will answer")
  })

  test("redrives one letter, then all of a reason, then discards all, and shows how far it is", async () => {
    const page = await visit("dead-letters?letter=2")
    await act(page, "Redrive", "try number two")
    await logged("deadLetters.redrive", "try number two")
    await act(page, "Redrive all", "try all of them")
    const jobs = page.locator("section").filter({ has: page.getByRole("heading", { name: "Bulk actions" }) })
    await jobs.getByText(/redrive Rejected: \d+ done, 0 kept/).waitFor()
    await logged("deadLetters.startBulk", "try all of them")
    await act(page, "Discard all", "they are too old")
    await jobs.getByText(/discard Rejected: \d+ done, 0 kept/).waitFor()
    await logged("deadLetters.startBulk", "they are too old")
  })

  test("stops a job in the middle, on whichever node it runs", async () => {
    await shop().beginElsewhere("redrive", "Failed", 40)
    const page = await visit("dead-letters")
    const job = page.getByRole("listitem").filter({ hasText: "redrive Failed: 40 done, 0 kept" })
    await job.getByText("running", { exact: true }).waitFor()
    await act(page, "Stop", "the receiver is down", { place: job })
    await job.getByText("cancelled", { exact: true }).waitFor()
    await job.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" })
    await logged("deadLetters.cancelBulk", "the receiver is down")
  })

  test("lets a stopped projection pass the record at which it is stopped, and rebuilds another one", async () => {
    await shop().post("/actors/garden/ice/Plant", { crop: "mint", beds: 1 })
    await shop().post("/actors/garden/ice/Freeze", {})
    const page = await visit("projections")
    await page.getByText(/^Stopped at sequence/).waitFor()
    await page.getByText("Nobody counts frosts of ice.").first().waitFor()
    await act(page, "Skip the record", "frosts do not matter")
    await page.getByText(/^Stopped at sequence/).waitFor({ state: "detached" })
    await logged("cluster.skip", "frosts do not matter")
    const summary = page.locator("section.panel").filter({ hasText: "order_summary" })
    await act(page, "Rebuild", "rows were changed by hand", { place: summary })
    await logged("projections.rebuild", "rows were changed by hand")
  })

  test("tells an actor a command, and tries one out", async () => {
    const page = await visit("actors/garden/told")
    await page.getByRole("combobox", { name: "Command" }).selectOption("Open")
    await page.getByRole("textbox", { name: "JSON" }).fill("{}")
    await page.getByRole("button", { name: "Try out" }).click()
    await page.getByText("Would be stored after version 0").waitFor()
    await page.getByRole("button", { name: "Tell" }).click()
    await page.getByText("version 1", { exact: true }).waitFor()
    const { items } = await (await fetch(`${shop().url}/actors/garden/told/history`)).json()
    expect(items).toMatchObject([{ type: "Open", user: "olga" }])
  })
}
