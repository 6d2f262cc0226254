/** The simulator's Postgres, with no fault, honours the contracts of the snapshot store and the read model. */
import { Effect, Layer } from "effect"
import { describe, test } from "vitest"
import { readModelContract } from "../../runtime/contract/ReadModelContract.ts"
import { snapshotStoreContract } from "../../runtime/contract/SnapshotStoreContract.ts"
import type { ProjectionDefinition } from "../../runtime/projection/Projection.ts"
import { SnapshotStore } from "../../runtime/snapshot/SnapshotStore.ts"
import { SimulatedPostgres } from "../../runtime/testing/simulation/SimulatedPostgres.ts"
import { drivenWorld } from "./DrivenWorld.ts"

const snapshotStore = Layer.sync(SnapshotStore, () => {
  const { network, host } = drivenWorld()
  return new SimulatedPostgres(network).connectSnapshots(host)
})

snapshotStoreContract({ describe, test }, { name: "simulated", layer: () => snapshotStore })

const open = () =>
  Effect.sync(() => {
    const { network, host } = drivenWorld()
    const postgres = new SimulatedPostgres(network)
    return {
      readModel: postgres.connectReadModel(host),
      rows: (projection: ProjectionDefinition) =>
        Effect.sync(() =>
          postgres.readModel
            .rows(projection)
            .toSorted((a, b) => (String(a["id"]) < String(b["id"]) ? -1 : 1)),
        ),
      deadLetters: (projection: ProjectionDefinition) =>
        Effect.sync(() =>
          postgres.readModel.deadLetters(projection).map(({ event, reason }) => ({
            sequence: event.sequence,
            version: event.version,
            reason,
          })),
        ),
    }
  })

readModelContract({ describe, test }, { name: "simulated", open })
