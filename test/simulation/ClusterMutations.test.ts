/**
 * The simulator finds clusters that do not keep to the rules. As in Mutations.test.ts each test breaks one of them from
 * outside, and says within how many seeds that must be found.
 */
import { afterEach, describe, expect, it, vi } from "vitest"
import { Ownership } from "../../runtime/cluster/Ownership.ts"
import { ShardOutbox } from "../../runtime/outbox/ShardOutbox.ts"
import { stepsOf } from "../../runtime/testing/simulation/Shrink.ts"
import {
  type PortDoubles,
  PROMISES,
  type SimulateOptions,
  SimulationFailed,
  simulate,
  type Workload,
} from "../../runtime/testing.ts"
import { Clerk } from "../fixtures/memory/Desk.ts"
import { clusterScenarios } from "./scenarios/Clusters.ts"
import { deskWorkload } from "./scenarios/DeskWorkload.ts"

/** Steps (requests and faults) that a shrunk case may have. */
const SHRUNK_STEPS_MAX = 15

/** What may be done any number of times. */
const stamping = (count: number): Workload =>
  function* ({ random }) {
    for (let index = 0; index < count; index++) {
      yield { actor: Clerk, id: `c-${random.index(6)}`, command: { type: "Stamp", sheet: `s-${index}` } }
    }
  }

/** The failure that is found within `seeds` seeds. */
const found = async (seeds: number, options: SimulateOptions): Promise<SimulationFailed> => {
  const outcome = await simulate({ ...options, twice: 0, runs: seeds }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(outcome instanceof SimulationFailed)) throw outcome ?? new Error(`not found in ${seeds} seeds`)
  return outcome
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe("the simulator finds a cluster", () => {
  it("FAULT 13: whose nodes go on when their lease is over, in 3 seeds", async () => {
    const { renewed } = Ownership.prototype
    vi.spyOn(Ownership.prototype, "renewed").mockImplementation(function (this: Ownership) {
      renewed.call(this, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
    })
    const { regression } = await found(3, {
      ...clusterScenarios["lease storm"],
      actors: [Clerk],
      projections: [],
      workload: stamping(400),
      nodes: 2,
      faults: "none",
      always: { "leases away": 2 },
      // It takes many requests to have one at the right time; making them few takes longest.
      shrinks: false,
    })
    expect(regression.promise).toBe(PROMISES.fenced)
  })

  it("that asks again under another commandId, in 5 seeds", async () => {
    let againCount = 0
    const another = (data: Uint8Array): Uint8Array => {
      const request = JSON.parse(new TextDecoder().decode(data)) as { again?: true; id: string }
      if (request.again === undefined) return data
      request.id = `${request.id}-again-${againCount++}`
      return new TextEncoder().encode(JSON.stringify(request))
    }
    const doubles: PortDoubles = {
      transport: (transport) => ({
        ...transport,
        send: (subject, data, ...rest) =>
          transport.send(subject, subject.startsWith("ask.") ? another(data) : data, ...rest),
      }),
    }
    const { regression } = await found(5, {
      ...clusterScenarios.cluster,
      actors: [Clerk],
      projections: [],
      workload: stamping(60),
      faults: "none",
      always: { "request answer lost": 0.2 },
      doubles,
    })
    expect([PROMISES.acknowledged, PROMISES.refused]).toContain(regression.promise)
    expect(stepsOf(regression)).toBeLessThanOrEqual(SHRUNK_STEPS_MAX)
  })

  it("that does not read on where a former owner left off, in 60 seeds", async () => {
    const { start } = ShardOutbox.prototype
    vi.spyOn(ShardOutbox.prototype, "start").mockImplementation(function (this: ShardOutbox, _, end) {
      start.call(this, end, end, Number.NEGATIVE_INFINITY)
    })
    const { regression, message } = await found(60, {
      ...clusterScenarios["cluster messages"],
      workload: deskWorkload(3, 60),
      faults: "none",
      always: { "node crashes": 4, "message lost": 0.3 },
      until: { convergeMs: 30_000 },
      shrinks: false,
    })
    expect([PROMISES.converges, PROMISES.delivered]).toContain(regression.promise)
    expect(message).toMatch(/was not sent|was not published|never reached|has no outcome/)
  })
})
