/**
 * Who asked for timers that are found overdue when their actor comes into memory.
 *
 * Owns the search in the actor's history: an actor remembers of a timer when it is due and what it says, and the metadata
 * is in the commit that set it. Which timers: WaitingTimers.ts. CommitIntake.ts sends them.
 */
import { Effect, Semaphore } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { decodeCommit, type Metadata } from "../commit/Commit.ts"
import { carryingOf, itemsOf, type PlacedItem } from "../commit/PlacedItem.ts"
import type { JournalRecord, JournalService } from "../journal/Journal.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import { timerSlot } from "./Dispatcher.ts"

/** Searches that run at once on a node, because many actors may wake after all nodes were down. */
const SEARCHES_MAX = 4

/** Longest search, in milliseconds, without the wait for its turn. Then the timers go without their causes, because they are late already. */
const SEARCH_MS_MAX = 5_000

export class TimerCauses {
  readonly #journal: Pick<JournalService, "read">
  readonly #turn = Semaphore.makeUnsafe(SEARCHES_MAX)

  constructor(journal: Pick<JournalService, "read">) {
    this.#journal = journal
  }

  /**
   * The timers with the metadata of the commits that set them. Reads one page of the actor's history, from its begin up to
   * the sequence `upTo`. Timers that no commit of the page sets stay as they are, and so do all if the page
   * cannot be read now, or the journal throws.
   */
  of(
    from: ActorAddress,
    timers: ReadonlyArray<PlacedItem>,
    upTo: number,
  ): Effect.Effect<ReadonlyArray<PlacedItem>> {
    return Effect.suspend(() => this.#journal.read(from, { after: 0, upTo })).pipe(
      Effect.timeout(SEARCH_MS_MAX),
      this.#turn.withPermit,
      Effect.flatMap((page) => Effect.try(() => causesIn(from, page))),
      Effect.map((causes) => timers.map((timer) => ({ ...timer, metadata: causes.get(slotOf(timer.item)) }))),
      Effect.orElseSucceed(() => timers),
      Effect.catchDefect((defect) =>
        Effect.as(Effect.logWarning(`Timers of ${from.key} are sent without their causes.`, defect), timers),
      ),
    )
  }
}

/** Metadata of the timers that are set in some commits of an actor, by slot. Throws CommitUnreadable. */
const causesIn = (
  from: ActorAddress,
  records: ReadonlyArray<JournalRecord>,
): ReadonlyMap<string, Metadata | undefined> => {
  const causes = new Map<string, Metadata | undefined>()
  for (const record of records) {
    const commit = decodeCommit(record)
    addCauses(causes, itemsOf(from, record.sequence, commit.at, carryingOf(commit)))
  }
  return causes
}

/** Adds the metadata of the timers among the items, by slot. */
export const addCauses = (
  causes: Map<string, Metadata | undefined>,
  items: ReadonlyArray<PlacedItem>,
): void => {
  for (const { item, metadata } of items) if (item.k === "timer") causes.set(slotOf(item), metadata)
}

const slotOf = (item: OutboxItem): string => (item.k === "timer" ? timerSlot(item.n, item.g) : "")
