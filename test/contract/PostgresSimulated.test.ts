/** The simulator's Postgres, with no fault, honours the contracts of the snapshot store and the read model. */
import { Effect, Layer } from "effect"
import { SnapshotStore } from "../../runtime/snapshot/SnapshotStore.ts"
import { SimulatedPostgres } from "../../runtime/testing/simulation/SimulatedPostgres.ts"
import { drivenWorld } from "./DrivenWorld.ts"
import { readModelContract } from "./ReadModel.contract.ts"
import { snapshotStoreContract } from "./SnapshotStore.contract.ts"

const snapshotStore = Layer.sync(SnapshotStore, () => {
  const { network, host } = drivenWorld()
  return new SimulatedPostgres(network).connectSnapshots(host)
})

snapshotStoreContract("simulated", () => snapshotStore)

readModelContract("simulated", (body) => {
  const { network, host } = drivenWorld()
  const postgres = new SimulatedPostgres(network)
  return Effect.runPromise(
    body({
      readModel: postgres.connectReadModel(host),
      rows: (projection) =>
        Effect.sync(() =>
          postgres.readModel
            .rows(projection)
            .toSorted((a, b) => (String(a["id"]) < String(b["id"]) ? -1 : 1)),
        ),
      deadLetters: (projection) =>
        Effect.sync(() =>
          postgres.readModel.deadLetters(projection).map(({ event, reason }) => ({
            sequence: event.sequence,
            version: event.version,
            reason,
          })),
        ),
    }),
  )
})
