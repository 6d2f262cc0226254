/**
 * Somebody signed in as the operator olga, who presses buttons and gives reasons.
 *
 * Owns what the console is seen to do for a verb: its dialog, its twins, and what the logs keep of it.
 */
import type { Locator, Page } from "playwright-core"
import { expect, vi } from "vitest"
import { Market } from "./Market.ts"
import { PATIENCE_MS, type Stage } from "./Stage.ts"

const TOKEN = "o".repeat(32)

export interface Where {
  /** Part of the page that has the button. */
  readonly place?: Page | Locator
  /** More that the dialog asks for. */
  readonly before?: () => Promise<unknown>
}

export interface Operator {
  readonly visit: (path: string) => Promise<Page>
  /** Presses the button, gives the reason, sees that it is done, and leaves the dialog. */
  readonly act: (page: Page, verb: string, note: string, where?: Where) => Promise<void>
  /** The log of operations has the verb with who and why. */
  readonly logged: (verb: string, note: string) => Promise<void>
  /** The saga ends in this state, and its history has an event of this type with who and why. */
  readonly ended: (id: string, state: string, event: string, note: string) => Promise<void>
  /** Lines of `everstate` that the dialogs showed. */
  readonly twins: ReadonlySet<string>
}

export const operatorOf = ({ shop, open }: Stage): Operator => {
  const twins = new Set<string>()
  let gateway: Promise<string> | undefined
  const url = (): Promise<string> => {
    process.env["CONSOLE_VERBS_TOKENS"] = `operator olga ${TOKEN}`
    gateway ??= shop().open({ tokens: { env: "CONSOLE_VERBS_TOKENS" } })
    return gateway
  }
  return {
    twins,
    visit: async (path) => {
      const options = { extraHTTPHeaders: { authorization: `Bearer ${TOKEN}` } }
      return (await open(path, /^$/, options, await url())).page
    },
    act: async (page, verb, note, { place = page, before } = {}) => {
      await place.getByRole("button", { name: verb, exact: true }).first().click()
      const dialog = page.getByRole("dialog")
      await before?.()
      await dialog.getByLabel("Reason").fill(note)
      for (const line of await dialog.locator(".twin pre").allTextContents()) {
        if (line.startsWith("npx everstate ")) twins.add(line)
      }
      await dialog.getByRole("button", { name: verb, exact: true }).click()
      await page
        .getByText(/^Done\.$|^Done: /)
        .first()
        .waitFor()
      // The dialog goes with its part of the page: a saga that is not stuck any more cannot be retried.
      const gone = dialog.waitFor({ state: "detached" })
      const close = dialog.getByRole("button", { name: "Close" })
      await Promise.race([gone, close.waitFor()])
      await Promise.race([gone, close.click().catch(() => gone)])
      await gone
    },
    logged: async (verb, note) => {
      const { items } = await (await fetch(`${shop().url}/operations?limit=50`)).json()
      const found = items.find((one: { note: string }) => one.note === note)
      expect(found).toMatchObject({ verb, by: "olga", outcome: "done" })
    },
    ended: async (id, state, event, note) => {
      const saga = shop().system.get(Market, id)
      await vi.waitFor(async () => expect((await saga.state()).state.value).toBe(state), {
        timeout: PATIENCE_MS,
        interval: 50,
      })
      const { items } = await (await fetch(`${shop().url}/actors/market/${id}/history?limit=200`)).json()
      const found = items.find((one: { data: { note?: string } }) => one.data.note === note)
      expect(found).toMatchObject({ type: event, data: { by: "olga", note } })
    },
  }
}
