import { Layer } from "effect"
import { describe, test } from "vitest"
import { layerOperationLogPostgres } from "../../infra/postgres/OperationLogPostgres.ts"
import { operationLogContract } from "../../runtime/contract/OperationLogContract.ts"
import { layerOperationLogMemory } from "../../runtime/operation/OperationLogMemory.ts"
import { postgresForFile } from "../integration/postgres/PostgresFixture.ts"

const postgres = postgresForFile()

operationLogContract({ describe, test }, { name: "in-memory", layer: () => layerOperationLogMemory })
operationLogContract(
  { describe, test },
  { name: "Postgres", layer: () => layerOperationLogPostgres("shop").pipe(Layer.provide(postgres.layer())) },
)
