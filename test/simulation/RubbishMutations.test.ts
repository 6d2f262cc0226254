/**
 * The simulator finds runtimes that rubbish in a port stops. As in Mutations.test.ts each test takes a guard away from
 * outside, and says within how many seeds that must be found.
 */
import { Effect, Stream } from "effect"
import { afterEach, describe, expect, it, vi } from "vitest"
import { CheckpointsUnavailable } from "../../runtime/checkpoint/Checkpoints.ts"
import { decodeCommit } from "../../runtime/commit/Commit.ts"
import { decodeMessage } from "../../runtime/mailbox/Message.ts"
import { stepsOf } from "../../runtime/testing/simulation/Shrink.ts"
import { SimulatedCheckpoints } from "../../runtime/testing/simulation/SimulatedCheckpoints.ts"
import {
  PROMISES,
  type SimulateOptions,
  SimulationFailed,
  simulate,
  type Workload,
} from "../../runtime/testing.ts"
import { Clerk, Desk } from "../fixtures/memory/Desk.ts"
import { clusterScenarios } from "./scenarios/Clusters.ts"
import { deskCalls, deskWorkload } from "./scenarios/DeskWorkload.ts"

/** Steps (requests and faults) that a shrunk case may have. */
const SHRUNK_STEPS_MAX = 15

const small = {
  actors: [Desk, Clerk],
  calls: deskCalls,
  workload: deskWorkload(3, 40),
  nodes: 1,
  twice: 0,
  until: { convergeMs: 60_000 },
} satisfies SimulateOptions

const stamping: Workload = function* ({ random }) {
  for (let index = 0; index < 20; index++) {
    yield { actor: Clerk, id: `c-${random.index(6)}`, command: { type: "Stamp", sheet: `s-${index}` } }
  }
}

/** Everything that can be put into a port of one node. */
const RUBBISH = {
  "rubbish message": 6,
  "rubbish record": 4,
  "rubbish checkpoint": 3,
  "rubbish dead letter": 2,
  "snapshot rubbish": 0.2,
} as const

/** The failure that is found within `seeds` seeds. */
const found = async (seeds: number, options: Partial<SimulateOptions>): Promise<SimulationFailed> => {
  const outcome = await simulate({ ...small, ...options, runs: seeds }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(outcome instanceof SimulationFailed)) throw outcome ?? new Error(`not found in ${seeds} seeds`)
  if (options.shrinks !== false) expect(stepsOf(outcome.regression)).toBeLessThanOrEqual(SHRUNK_STEPS_MAX)
  return outcome
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe("FAULT 70: the simulator finds a runtime", () => {
  it("whose shard stops at a message that cannot be read, in 2 seeds", async () => {
    const { regression } = await found(2, {
      faults: RUBBISH,
      doubles: {
        mailbox: (mailbox) => ({
          ...mailbox,
          receive: (...of) =>
            Stream.tap(mailbox.receive(...of), ({ data }) => Effect.sync(() => decodeMessage(data))),
        }),
      },
    })
    expect(regression.promise).toBe(PROMISES.converges)
    expect(regression.faults).toEqual([expect.stringContaining("rubbish message")])
  })

  it("whose outbox stops at a record that cannot be read, in 5 seeds", async () => {
    const { regression } = await found(5, {
      faults: { ...RUBBISH, "node crashes": 4 },
      doubles: {
        journal: (journal) => ({
          ...journal,
          scan: (range) =>
            Effect.tap(journal.scan(range), (page) => Effect.sync(() => page.map(decodeCommit))),
        }),
      },
    })
    expect([PROMISES.converges, PROMISES.delivered]).toContain(regression.promise)
    expect(regression.faults).toContainEqual(expect.stringContaining("rubbish record"))
  })

  it("that waits for a checkpoint which is none to become one, in 5 seeds", async () => {
    // What went back to 0 was advanced before: where none is lost, it is rubbish that was there.
    const advanced = new WeakMap<SimulatedCheckpoints, Set<string>>()
    const { connect } = SimulatedCheckpoints.prototype
    vi.spyOn(SimulatedCheckpoints.prototype, "connect").mockImplementation(function (
      this: SimulatedCheckpoints,
      host,
    ) {
      const names = advanced.get(this) ?? new Set<string>()
      advanced.set(this, names)
      const checkpoints = connect.call(this, host)
      return {
        ...checkpoints,
        advance: (name, position) =>
          Effect.tap(checkpoints.advance(name, position), () => Effect.sync(() => names.add(name))),
        position: (name) =>
          Effect.flatMap(checkpoints.position(name), (position) =>
            position === 0 && names.has(name)
              ? Effect.fail(new CheckpointsUnavailable({ detail: "it is no position" }))
              : Effect.succeed(position),
          ),
      }
    })
    const { regression } = await found(5, {
      faults: { "rubbish checkpoint": 30, "node crashes": 6 },
      workload: deskWorkload(3, 300),
      // It takes many requests to have one at the right time; making them few takes longest.
      shrinks: false,
    })
    expect([PROMISES.converges, PROMISES.delivered]).toContain(regression.promise)
    expect(regression.faults).toContainEqual(expect.stringContaining("rubbish checkpoint"))
  })

  it("whose members stop at a record of the lease store that is none, in 5 seeds", async () => {
    const { regression } = await found(5, {
      ...clusterScenarios.cluster,
      actors: [Clerk],
      projections: [],
      workload: stamping,
      faults: "none",
      always: { "rubbish lease": 4, "node crashes": 2 },
      doubles: {
        leases: (leases) => ({
          ...leases,
          all: Effect.tap(leases.all, (records) =>
            Effect.sync(() => {
              for (const { key, value } of records) if (value === null) throw new Error(`${key} is null`)
            }),
          ),
        }),
      },
    })
    expect(regression.promise).toBe(PROMISES.converges)
    expect(regression.faults).toContainEqual(expect.stringContaining("rubbish lease"))
  })

  it("that throws at its transport for a request that is none, in 3 seeds", async () => {
    const decoder = new TextDecoder()
    const { regression } = await found(3, {
      ...clusterScenarios.cluster,
      actors: [Clerk],
      projections: [],
      workload: stamping,
      faults: "none",
      always: { "rubbish request": 6 },
      doubles: {
        transport: (transport) => ({
          ...transport,
          serve: (subject, handle) =>
            transport.serve(subject, (request, reply) => {
              JSON.parse(decoder.decode(request))
              handle(request, reply)
            }),
        }),
      },
    })
    expect(regression.promise).toBe(PROMISES.harmless)
    expect(regression.faults).toEqual([expect.stringContaining("rubbish request")])
  })
})

describe("what no node writes", () => {
  it("is put into every port of a node, found and named, and everything else goes on", async () => {
    const report = await simulate({ ...small, runs: 3, faults: RUBBISH })
    const reached = (mark: string) => report.marks.get(mark) ?? 0
    for (const kind of Object.keys(RUBBISH).slice(0, 4)) expect(reached(kind)).toBeGreaterThan(0)
    expect(reached("a rubbish message became a dead letter")).toBeGreaterThan(0)
    expect(reached("rubbish was found and named")).toBeGreaterThan(0)
  })
})
