/** What the nodes of these tests run: errands, a saga that takes several steps, a projection, and a singleton. */
import { appendFileSync } from "node:fs"
import { Schema } from "effect"
import { defineProjection, defineSaga } from "../../../runtime/index.ts"
import { defineSingleton } from "../../../runtime/singleton/Singleton.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { errandActors, Ledger } from "../system/Errands.ts"

const count = (sagaId: string, step: number) => ({
  actor: Ledger,
  id: `step${step}`,
  command: { type: "Count" as const, errand: `${sagaId}-${step}` },
})

/** Counts in a ledger for each step. */
export const Relay = defineSaga({
  type: "relay",
  input: Schema.Struct({}),
  steps: (saga) =>
    saga
      .step("one", {
        request: ({ sagaId }) => count(sagaId, 1),
        compensate: ({ sagaId }) => count(`${sagaId}-undone`, 1),
      })
      .step("two", {
        request: ({ sagaId }) => count(sagaId, 2),
        compensate: ({ sagaId }) => count(`${sagaId}-undone`, 2),
      })
      .step("three", { request: ({ sagaId }) => count(sagaId, 3) }),
})

export const Totals = defineProjection({
  name: "totals",
  version: 1,
  from: [Counter],
  table: { name: "totals", columns: { id: "text not null", total: "integer not null" }, primaryKey: ["id"] },
  key: ({ id }) => ({ id }),
  fold: (row, { id, event }) => ({ id, total: (row?.total ?? 0) + (event.type === "Added" ? event.by : 0) }),
})

const BEAT_MS = 20

/** Writes a line, `<node> <epoch>`, again and again, for as long as it runs. */
export const beacon = (file: string, node: string) =>
  defineSingleton({
    name: "beacon",
    run: async ({ signal, epoch }) => {
      while (!signal.aborted) {
        appendFileSync(file, `${node} ${epoch}\n`)
        await new Promise((resolve) => setTimeout(resolve, BEAT_MS))
      }
    },
  })

/** All that a node runs. `file` is where errands and the beacon leave their lines. */
export const rosterOf = (file: string, node: string) => ({
  actors: [Counter, ...errandActors],
  sagas: [Relay],
  projections: [Totals],
  singletons: [beacon(`${file}.beacon`, node)],
})
