import { Layer } from "effect"
import { describe, test } from "vitest"
import { layerSnapshotStorePostgres } from "../../infra/postgres/SnapshotStorePostgres.ts"
import { snapshotStoreContract } from "../../runtime/contract/SnapshotStoreContract.ts"
import { layerSnapshotStoreMemory } from "../../runtime/snapshot/SnapshotStoreMemory.ts"
import { postgresForFile } from "../integration/postgres/PostgresFixture.ts"

const postgres = postgresForFile()

snapshotStoreContract({ describe, test }, { name: "in-memory", layer: () => layerSnapshotStoreMemory })
// A generous time-out: the suite is about answers, and this machine may be busy.
snapshotStoreContract(
  { describe, test },
  {
    name: "Postgres",
    layer: () =>
      layerSnapshotStorePostgres({ namespace: "shop", loadTimeoutMs: 20_000 }).pipe(
        Layer.provide(postgres.layer()),
      ),
  },
)
