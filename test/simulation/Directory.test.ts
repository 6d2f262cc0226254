/**
 * The directory is the fold of the journal: after each of its transactions every row is what the commits of its actor give,
 * under every fault of the servers and nodes. The mutations break that rule, and say within how many seeds it must be found.
 */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { ACTORS_TABLE_NAME } from "../../runtime/directory/ActorsTable.ts"
import type { ProjectedEvent } from "../../runtime/projection/Projection.ts"
import {
  type PortDoubles,
  PROMISES,
  type SimulateOptions,
  SimulationFailed,
  simulate,
} from "../../runtime/testing.ts"
import { scenarios } from "./scenarios/index.ts"

const orders = { ...scenarios.order, directory: true } satisfies SimulateOptions

/** Changes the commits of one batch in ten on their way into the table. */
const changing = (change: (events: ReadonlyArray<ProjectedEvent>) => ReadonlyArray<ProjectedEvent>) => {
  let count = 0
  const doubles: PortDoubles = {
    readModel: (readModel) => ({
      ...readModel,
      apply: (projection, batch) =>
        Effect.suspend(() => {
          const isChanged =
            projection.name === ACTORS_TABLE_NAME && batch.events.length > 0 && ++count % 10 === 0
          return readModel.apply(projection, isChanged ? { ...batch, events: change(batch.events) } : batch)
        }),
    }),
  }
  return doubles
}

const promiseBrokenBy = async (doubles: PortDoubles, more: Partial<SimulateOptions> = {}) => {
  const failed = await simulate({ ...orders, ...more, doubles, runs: 3, twice: 0, shrinks: false }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(failed instanceof SimulationFailed)) throw failed ?? new Error("not found in 3 seeds")
  return failed.regression.promise
}

describe("the directory", () => {
  it("is the fold of all commits, under every fault", async () => {
    await simulate({ ...orders, runs: 6, twice: 1 })
  })

  it("is the fold of all commits on nodes that shards move between", async () => {
    await simulate({ ...scenarios.cluster, directory: true, runs: 2, twice: 0 })
  })

  it("is the fold of all commits of sagas, timers and calls", async () => {
    await simulate({ ...scenarios.fulfilment, directory: true, runs: 2, twice: 0 })
  })

  it("is found wrong if it loses a commit", async () => {
    expect(await promiseBrokenBy(changing((events) => events.slice(1)))).toBe(PROMISES.readModel)
  })

  it("is found wrong if it names another state", async () => {
    const renamed = changing((events) =>
      events.map((one) => ({ ...one, event: { ...one.event, state: "nowhere" } })),
    )
    expect(await promiseBrokenBy(renamed)).toBe(PROMISES.readModel)
  })
})
