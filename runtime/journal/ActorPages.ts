/**
 * All records of one actor between two sequences, page by page.
 *
 * Owns reading ahead: long histories are read while the page before is used, so two pages are in memory at most.
 * ../system/History.ts and ../system/PastFold.ts read through here.
 */
import { Effect, Fiber } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { JournalReadError, JournalRecord, JournalService } from "./Journal.ts"
import { somePage } from "./RecordPage.ts"

/**
 * Calls `use` with each page of the actor's records with `after < sequence <= upTo`, until it succeeds with false. The
 * leader must have told `upTo` as a sequence of the actor.
 */
export const forEachPage = Effect.fnUntraced(function* <E>(
  journal: JournalService,
  address: ActorAddress,
  { after, upTo }: { readonly after: number; readonly upTo: number },
  use: (page: ReadonlyArray<JournalRecord>) => Effect.Effect<boolean, E>,
): Effect.fn.Return<void, E | JournalReadError> {
  if (after >= upTo) return
  const pageAfter = (from: number) =>
    somePage(journal.read(address, { after: from, upTo }), `${address.key} after ${from}`)
  let page = yield* pageAfter(after)
  for (let pageCount = 1; ; pageCount++) {
    const end = page.at(-1)?.sequence ?? upTo
    // Most histories end on the first page, or are left there.
    const isAhead = pageCount > 1 && end < upTo
    const ahead = isAhead ? yield* Effect.forkChild(pageAfter(end), { startImmediately: true }) : undefined
    if (ahead !== undefined) yield* Effect.yieldNow
    if (!(yield* use(page))) return ahead === undefined ? undefined : yield* Fiber.interrupt(ahead)
    if (end >= upTo) return
    page = ahead === undefined ? yield* pageAfter(end) : yield* Fiber.join(ahead)
  }
})
