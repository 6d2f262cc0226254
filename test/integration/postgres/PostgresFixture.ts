/**
 * One embedded Postgres for a test file, and a migrated schema of its own for each test.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll } from "vitest"
import { type PostgresServer, startPostgres } from "../../../infra/embedded.ts"
import { migrate } from "../../../infra/postgres/Migrations.ts"
import { type PostgresOptions, PostgresPool } from "../../../infra/postgres/PostgresPool.ts"
import { startNewPostgres } from "../../fixtures/postgres/NewDatabase.ts"

export interface PostgresFixture {
  readonly server: PostgresServer
  /** A pool on a fresh, migrated schema. */
  readonly layer: (options?: Partial<PostgresOptions>) => Layer.Layer<PostgresPool>
  /** A fresh schema name. */
  readonly freshSchema: () => string
}

/** Call at the top of a test file. Without `durable`, kill -9 loses the last commits: faster, and wrong for outages. */
export const postgresForFile = ({ durable = false } = {}): PostgresFixture => {
  let server: PostgresServer | undefined
  let folder: string | undefined
  let schemaCount = 0
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "everstate-postgres-"))
    server = await (durable ? startPostgres({ folder }) : startNewPostgres({ folder }))
  })
  afterAll(async () => {
    await server?.stop()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })
  const running = (): PostgresServer => {
    if (server === undefined) throw new Error("Postgres has not been started yet")
    return server
  }
  const freshSchema = () => `test_${++schemaCount}`
  return {
    get server() {
      return running()
    },
    freshSchema,
    layer: (options) =>
      Layer.unwrap(
        Effect.sync(() =>
          Layer.effectDiscard(migrate()).pipe(
            Layer.provideMerge(PostgresPool.layer({ url: running().url, schema: freshSchema(), ...options })),
            Layer.orDie,
          ),
        ),
      ),
  }
}
