import { Layer } from "effect"
import { layerSnapshotStorePostgres } from "../../infra/postgres/SnapshotStorePostgres.ts"
import { layerSnapshotStoreMemory } from "../../runtime/snapshot/SnapshotStoreMemory.ts"
import { postgresForFile } from "../integration/postgres/PostgresFixture.ts"
import { snapshotStoreContract } from "./SnapshotStore.contract.ts"

const postgres = postgresForFile()

snapshotStoreContract("memory", () => layerSnapshotStoreMemory)
// A generous time-out: the suite is about answers, and this machine may be busy.
snapshotStoreContract("postgres", () =>
  layerSnapshotStorePostgres({ namespace: "shop", loadTimeoutMs: 20_000 }).pipe(
    Layer.provide(postgres.layer()),
  ),
)
