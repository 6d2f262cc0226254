/** One fact about a journal: a program that is run on a fresh one, with all that the journal shows noted. */
import { Effect, type Layer, References } from "effect"
import { it } from "vitest"
import { type ActorAddress, addressOf } from "../../runtime/address/ActorAddress.ts"
import { Journal, type JournalService } from "../../runtime/journal/Journal.ts"
import type { JournalBehaviours } from "./JournalBehaviours.ts"

/** Shards that the contract's journals are made with. */
export const CONTRACT_SHARD_COUNT = 8

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** An address whose shard is odd, and so of the same partition as all of these, in a journal of one or two. */
export const mate = (type: string, name: string): ActorAddress => {
  for (let count = 0; ; count++) {
    const address = addressOf(type, count === 0 ? name : `${name}~${count}`, CONTRACT_SHARD_COUNT)
    if (address.shard % 2 === 1) return address
  }
}

/** The partition of {@link mate}s. */
export const homeOf = (journal: JournalService): number => 1 % journal.partitionCount

export type JournalFact = (title: string, program: Effect.Effect<void, unknown, Journal>) => void

export const journalFact =
  (behaviours: JournalBehaviours, makeLayer: () => Layer.Layer<Journal, unknown>): JournalFact =>
  (title, program) => {
    const quiet = Effect.provideService(References.MinimumLogLevel, "Error")
    const watched = Effect.flatMap(Journal, (journal) =>
      Effect.provideService(program, Journal, behaviours.watch(journal)),
    )
    it(title, () => Effect.runPromise(quiet(Effect.scoped(Effect.provide(watched, makeLayer())))))
  }
