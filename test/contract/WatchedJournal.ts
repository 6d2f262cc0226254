/** Runs the contract of journals with vitest, and compares what the journal shows with the simulated journal. */
import { Effect, Layer } from "effect"
import { afterAll, describe, test } from "vitest"
import { journalContract } from "../../runtime/contract/JournalContract.ts"
import { Journal } from "../../runtime/journal/Journal.ts"
import { JournalBehaviours } from "./JournalBehaviours.ts"

/** `makeLayer` gives a fresh, empty journal of one partition or two each time. */
export const watchedJournalContract = (
  name: string,
  makeLayer: () => Layer.Layer<Journal, unknown>,
): void => {
  const behaviours = new JournalBehaviours()
  const layer = () =>
    Layer.effect(
      Journal,
      Effect.map(Journal, (journal) => behaviours.watch(journal)),
    ).pipe(Layer.provide(makeLayer()))

  describe("what it shows", () => {
    /** What simulations rest on shows all that this one does. */
    afterAll(() => behaviours.expectSimulated())

    journalContract({ describe, test }, { name, layer })
  })
}
