import { Layer } from "effect"
import { describe, test } from "vitest"
import { layerJournalRegisterPostgres } from "../../infra/postgres/JournalRegisterPostgres.ts"
import { journalRegisterContract } from "../../runtime/contract/JournalRegisterContract.ts"
import { layerJournalRegisterMemory } from "../../runtime/journal/JournalRegisterMemory.ts"
import { postgresForFile } from "../integration/postgres/PostgresFixture.ts"

const postgres = postgresForFile()

journalRegisterContract({ describe, test }, { name: "in-memory", layer: () => layerJournalRegisterMemory })
journalRegisterContract(
  { describe, test },
  { name: "Postgres", layer: () => layerJournalRegisterPostgres.pipe(Layer.provide(postgres.layer())) },
)
