/**
 * What is read for watchers: the end of an actor's history, its state, and changes that are not in memory.
 *
 * Owns each read, and what the feed learns from it. When it is read: ChangeFeeds.ts.
 */
import { Effect, Exit } from "effect"
import type { ReadError } from "../cell/AskError.ts"
import type { Cells } from "../cell/Cells.ts"
import { type CurrentState, WaitingRead } from "../cell/Waiting.ts"
import type { JournalReadError } from "../journal/Journal.ts"
import type { DeadlineWheel } from "../time/DeadlineWheel.ts"
import type { StoredChange } from "./Change.ts"
import type { ChangeFeed, Need } from "./ChangeFeed.ts"
import { changesBehind, eventsBehind, type HistoryPorts, lastPosition } from "./ChangeHistory.ts"

/** Longest wait for the state of an actor, in milliseconds, before it is asked for once more. */
const READ_MS = 5_000

export interface ReadPorts extends HistoryPorts {
  readonly cells: Pick<Cells, "offer">
  readonly wheel: DeadlineWheel
}

export class WatchReads {
  readonly #ports: ReadPorts

  constructor(ports: ReadPorts) {
    this.#ports = ports
  }

  /** Reads what is needed and tells the feed. A page of events is returned, because one waiter gets it. */
  meet(
    feed: ChangeFeed,
    need: Need,
  ): Effect.Effect<ReadonlyArray<StoredChange> | undefined, JournalReadError | ReadError> {
    const { definition, address } = feed
    switch (need._tag) {
      case "End":
        return Effect.flatMap(lastPosition(this.#ports, address), (position) =>
          position === undefined
            ? this.#state(feed)
            : Effect.as(
                tell(() => feed.checked(position)),
                undefined,
              ),
        )
      case "State":
        return this.#state(feed)
      case "Fill":
        return Effect.flatMap(changesBehind(this.#ports, definition, address, need.at), (changes) =>
          Effect.as(
            tell(() => feed.filled(need.at, changes)),
            undefined,
          ),
        )
      case "Page":
        return eventsBehind(this.#ports, address, need.waiter.at, need.waiter.sequence)
    }
  }

  /** Reads the state from the actor's cell, which brings the actor into memory. */
  #state(feed: ChangeFeed): Effect.Effect<undefined, ReadError> {
    const { cells, wheel } = this.#ports
    const read = Effect.callback<CurrentState, ReadError>((resume) => {
      const item = new WaitingRead(resume)
      // The item does not follow the shard to another node.
      item.isRemote = true
      const giveUp = () => item.settle(Exit.interrupt())
      item.giveUpAt(wheel.schedule(READ_MS, giveUp), READ_MS)
      cells.offer(feed.definition, feed.address, item)
      return Effect.sync(() => item.abandon())
    })
    return read.pipe(
      Effect.flatMap(({ version, sequence, isBorn, state }) =>
        tell(() => feed.sawState({ position: isBorn ? version + 1 : 0, sequence, state })),
      ),
      Effect.catchTag("ActorUnborn", () => tell(() => feed.sawUnborn())),
      Effect.as(undefined),
    )
  }
}

const tell = (work: () => void): Effect.Effect<void> => Effect.sync(work)
