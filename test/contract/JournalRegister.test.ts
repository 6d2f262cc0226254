import { Layer } from "effect"
import { layerJournalRegisterPostgres } from "../../infra/postgres/JournalRegisterPostgres.ts"
import { layerJournalRegisterMemory } from "../../runtime/journal/JournalRegisterMemory.ts"
import { postgresForFile } from "../integration/postgres/PostgresFixture.ts"
import { journalRegisterContract } from "./JournalRegister.contract.ts"

const postgres = postgresForFile()

journalRegisterContract("memory", () => layerJournalRegisterMemory)
journalRegisterContract("postgres", () => layerJournalRegisterPostgres.pipe(Layer.provide(postgres.layer())))
