/**
 * What an actor waits for: timers, calls, answers to its requests; or the reason why it takes nothing.
 *
 * Owns the form that operators read. It comes from the journal, so every node gives the same result.
 */
import { Effect } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { ActorQuarantined } from "../cell/AskError.ts"
import type { Pending, PendingCall, PendingTimer } from "../cell/Pending.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { AnyEvent } from "../event/Event.ts"
import type { JournalReadError, JournalService } from "../journal/Journal.ts"
import { decodeValue } from "../json/StoredValue.ts"
import { foldActor, type OpenRequest } from "./PastFold.ts"

/** What an actor waits for at its newest version. */
export interface PendingWork {
  readonly version: number
  /** Journal sequence of the actor's newest commit; 0 without one. */
  readonly sequence: number
  /** Timers that are set, the next one first. `at`: due time, Unix milliseconds. */
  readonly timers: ReadonlyArray<{ readonly name: string; readonly at: number; readonly event: AnyEvent }>
  /** Durable calls whose outcome has not come. `source`: name of the call's logic in the machine. */
  readonly calls: ReadonlyArray<{ readonly name: string; readonly source: string; readonly input: unknown }>
  /** Requests to other actors whose answer has not come, the oldest first. */
  readonly requests: ReadonlyArray<OpenRequest>
  /**
   * Set if the code of this node cannot read the actor's history. Everything else here is as of the last
   * commit that it can read.
   */
  readonly quarantine?: ActorQuarantined
}

export const pendingWork = (
  journal: JournalService,
  definition: ActorDefinition,
  address: ActorAddress,
): Effect.Effect<PendingWork, JournalReadError | ActorQuarantined> =>
  foldActor(journal, definition, address, undefined).pipe(
    Effect.map(({ confirmed, requests, quarantine }) => ({
      version: confirmed.version,
      sequence: confirmed.sequence,
      timers: timersOf(confirmed.pending),
      calls: Array.from(confirmed.pending.calls, callOf),
      requests,
      ...(quarantine === undefined ? undefined : { quarantine }),
    })),
    // Without a moment none is invalid.
    Effect.catchTag("InvalidMoment", Effect.die),
  )

const timersOf = ({ timers }: Pending): PendingWork["timers"] =>
  Array.from(timers, timerOf).sort((left, right) => left.at - right.at)

const timerOf = ([name, { at, e, raw }]: readonly [string, PendingTimer]) => ({
  name,
  at,
  event: raw === undefined ? e : (decodeValue(raw) as AnyEvent),
})

const callOf = ([name, { src, in: input, raw }]: readonly [string, PendingCall]) => ({
  name,
  source: src,
  input: raw === undefined ? input : decodeValue(raw),
})
