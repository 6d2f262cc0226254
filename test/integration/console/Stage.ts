/** What tests of the console share: the running shop, and pages of it. */
import type { BrowserContextOptions } from "playwright-core"
import type { WatchedPage } from "./Browser.ts"
import type { Shop } from "./Shop.ts"

/** Longest wait for anything on a loaded machine, in milliseconds. */
export const PATIENCE_MS = 60_000

export interface Stage {
  readonly shop: () => Shop
  /** Opens a page of the console. It is closed with the test. `url`: another gateway. */
  readonly open: (
    path: string,
    expected?: RegExp,
    options?: BrowserContextOptions,
    url?: string,
  ) => Promise<WatchedPage>
}
