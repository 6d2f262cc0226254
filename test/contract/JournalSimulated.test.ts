/** The simulator's journal, with no fault: what simulations rest on honours the same contract as the real one. */
import { Layer } from "effect"
import { Journal } from "../../runtime/journal/Journal.ts"
import { SimulatedJournal } from "../../runtime/testing/simulation/SimulatedJournal.ts"
import { drivenWorld } from "./DrivenWorld.ts"
import { watchedJournalContract } from "./WatchedJournal.ts"

const layer = Layer.sync(Journal, () => {
  const { network, host } = drivenWorld()
  return new SimulatedJournal(network).connect(host)
})

watchedJournalContract("simulated", () => layer)
