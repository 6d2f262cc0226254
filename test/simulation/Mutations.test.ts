/**
 * The simulator finds what it is there for: each test breaks one promise of the runtime from outside, by a stand-in
 * for a port or a definition that remembers nothing, and says within how many seeds that must be found.
 */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { Order } from "../../actors/order/Order.ts"
import { OrderSummary } from "../../actors/projections/OrderSummary.ts"
import type { AnyActor } from "../../runtime/index.ts"
import {
  type AppendUnknown,
  type JournalRecord,
  JournalRefused,
  type JournalService,
} from "../../runtime/journal/Journal.ts"
import type { FaultKind } from "../../runtime/testing/simulation/FaultKind.ts"
import { stepsOf } from "../../runtime/testing/simulation/Shrink.ts"
import {
  type SimulateOptions,
  SimulationFailed,
  simulate,
} from "../../runtime/testing/simulation/Simulate.ts"
import type { PortDoubles } from "../../runtime/testing/simulation/SimulatedNode.ts"
import { PROMISES } from "../../runtime/testing/simulation/Violation.ts"
import type { Workload } from "../../runtime/testing/simulation/Workload.ts"
import { orderWorkload } from "./scenarios/OrderWorkload.ts"

/** Steps (requests and faults) that a shrunk case may have. */
const SHRUNK_STEPS_MAX = 15

const small = { actors: [Order], workload: orderWorkload(6, 80), twice: 0, settings: { idleMs: 1_000 } }

/** The failure that is found within `seeds` seeds. */
const found = async (seeds: number, options: Partial<SimulateOptions>): Promise<SimulationFailed> => {
  const outcome = await simulate({ ...small, ...options, runs: seeds }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(outcome instanceof SimulationFailed)) throw outcome ?? new Error(`not found in ${seeds} seeds`)
  expect(stepsOf(outcome.regression)).toBeLessThanOrEqual(SHRUNK_STEPS_MAX)
  expect(outcome.message).toContain("seed ")
  return outcome
}

/** The same requests to another definition. */
const asking = (actor: AnyActor, workload: Workload): Workload =>
  function* (draw) {
    for (const request of workload(draw)) yield { ...request, actor }
  }

const journalDouble = (change: (journal: JournalService) => Partial<JournalService>): PortDoubles => ({
  journal: (journal) => ({ ...journal, ...change(journal) }),
})

const ackFaults: ReadonlyArray<FaultKind> = [
  "ack lost",
  "append lost",
  "append lands late",
  "append in flight lands",
]

describe("the simulator finds a runtime", () => {
  it("whose journal does not check the sequence, in 3 seeds", async () => {
    const doubles = journalDouble((journal) => ({
      append: (address, _expected, data) =>
        journal.last(address).pipe(
          Effect.orElseSucceed(() => undefined),
          Effect.flatMap((last) => journal.append(address, last?.sequence ?? 0, data)),
        ),
    }))
    const { regression } = await found(3, { doubles, seed: 3 })
    expect(regression.promise).toBe(PROMISES.contiguous)
  })

  it("that forgets which commands it has applied, in 5 seeds", async () => {
    const forgetful = { ...Order, commandsRememberedCount: 1 }
    const workload = asking(forgetful, orderWorkload(6, 80))
    // About one seed in fifty shows it: a repeat has to meet a command that the order still accepts.
    const { regression } = await found(5, { actors: [forgetful], workload, seed: 16 })
    expect([PROMISES.once, PROMISES.refused, PROMISES.acknowledged, PROMISES.linearizable]).toContain(
      regression.promise,
    )
  })

  it("that takes an append of unknown outcome for stored, in 5 seeds", async () => {
    const doubles = journalDouble((journal) => ({
      append: (address, expected, data) =>
        journal
          .append(address, expected, data)
          .pipe(
            Effect.catchTag("AppendUnknown", (error: AppendUnknown) =>
              error.reason === "WrongSequence" ? Effect.fail(error) : Effect.succeed(expected + 1),
            ),
          ),
    }))
    const { regression } = await found(5, { doubles, faults: ackFaults })
    expect(regression.promise).toBe(PROMISES.acknowledged)
  })

  it("that takes an append of unknown outcome for not stored, in 5 seeds", async () => {
    const refused = new JournalRefused({ reason: "NotPermitted", detail: "not stored", hint: "" })
    const doubles = journalDouble((journal) => ({
      append: (address, expected, data) =>
        journal.append(address, expected, data).pipe(Effect.mapError(() => refused)),
    }))
    const { regression } = await found(5, { doubles, faults: ackFaults, seed: 32 })
    expect(regression.promise).toBe(PROMISES.refused)
  })

  it("that does not read again after an append of unknown outcome, in 5 seeds", async () => {
    const doubles = journalDouble((journal) => {
      const lastSeen = new Map<string, JournalRecord | undefined>()
      const isUnknown = new Set<string>()
      return {
        last: (address) =>
          isUnknown.delete(address.key)
            ? Effect.succeed(lastSeen.get(address.key))
            : Effect.tap(journal.last(address), (last) => Effect.sync(() => lastSeen.set(address.key, last))),
        append: (address, expected, data) =>
          journal
            .append(address, expected, data)
            .pipe(Effect.tapError(() => Effect.sync(() => isUnknown.add(address.key)))),
      }
    })
    const { regression } = await found(5, { doubles, faults: ackFaults, nodes: 1 })
    expect(regression.promise).toBe(PROMISES.converges)
  })

  it("that ends a replay where a lagging follower ends, in 10 seeds", async () => {
    const doubles = journalDouble((journal) => ({
      last: (address) =>
        Effect.map(journal.last(address), (last) =>
          last === undefined || last.sequence % 3 > 0 ? last : undefined,
        ),
    }))
    const { regression } = await found(10, { doubles, faults: ["node crashes"], nodes: 1, seed: 100 })
    const promises = [PROMISES.linearizable, PROMISES.refused, PROMISES.converges, PROMISES.fold]
    expect(promises).toContain(regression.promise)
  })

  it("that moves a projection's offset in a transaction of its own, in 3 seeds", async () => {
    const doubles: PortDoubles = {
      readModel: (readModel) => ({
        ...readModel,
        apply: (projection, { partition, events, deadLetters, from, to }) =>
          Effect.andThen(
            readModel.apply(projection, { partition, events, deadLetters, from, to: from }),
            readModel.apply(projection, { partition, events: [], deadLetters: [], from, to }),
          ),
      }),
    }
    const { regression } = await found(3, { doubles, projections: [OrderSummary] })
    expect(regression.promise).toBe(PROMISES.readModel)
  })

  it("that rests on the offset in its memory after a fail-over, in 10 seeds", async () => {
    const doubles: PortDoubles = {
      readModel: (readModel) => ({
        ...readModel,
        offset: () => Effect.succeed({ sequence: Number.MAX_SAFE_INTEGER }),
      }),
    }
    const faults: ReadonlyArray<FaultKind> = ["postgres loses its tail"]
    // No snapshots among the last transactions.
    const settings = { idleMs: 60_000 }
    const { regression } = await found(10, {
      doubles,
      faults,
      settings,
      nodes: 1,
      projections: [OrderSummary],
    })
    expect(regression.promise).toBe(PROMISES.converges)
  })

  it("that restores a snapshot without the tail, in 5 seeds", async () => {
    const doubles: PortDoubles = {
      snapshots: (snapshots) => ({
        ...snapshots,
        save: (rows) =>
          snapshots.save(
            rows.map((row) => ({ ...row, version: row.version + 1, sequence: row.sequence + 1 })),
          ),
      }),
    }
    const { regression } = await found(5, { doubles, faults: "none" })
    expect([PROMISES.snapshot, PROMISES.fold, PROMISES.healthy, PROMISES.contiguous]).toContain(
      regression.promise,
    )
  })

  it("that writes what it cannot read, in 3 seeds", async () => {
    const journal = journalDouble((journal) => ({
      append: (address, expected, data) => {
        const text = new TextDecoder().decode(data).replace(/^\{"v":\d,/, '{"v":9,')
        return journal.append(address, expected, expected > 0 ? new TextEncoder().encode(text) : data)
      },
    }))
    // A snapshot would hide it.
    const snapshots: PortDoubles["snapshots"] = (store) => ({ ...store, load: () => Effect.undefined })
    const doubles = { ...journal, snapshots }
    const { regression } = await found(3, { doubles, faults: "none", until: { convergeMs: 30_000 } })
    expect([PROMISES.healthy, PROMISES.converges]).toContain(regression.promise)
  })

  it("whose actor reads the clock or draws on chance, at once and with the place", async () => {
    const place = Order.commands?.Place
    if (place === undefined) throw new Error("Order has no Place")
    const restless = {
      ...Order,
      commands: {
        ...Order.commands,
        Place: {
          ...place,
          decide: (input: Parameters<typeof place.decide>[0]) =>
            Math.random() < 2 && Date.now() > 0 ? place.decide(input) : [],
        },
      },
    }
    const workload = asking(restless, orderWorkload(2, 20))
    const { message } = await found(1, { actors: [restless], workload, faults: "none" })
    expect(message).toMatch(/Math\.random was called during a simulated run .*Mutations\.test\.ts/)
  })

  it("that breaks a rule of the user's own, in 1 seed", async () => {
    const invariants = {
      "an order has three events at most": ({ version }: { version: number }) => version <= 3,
    }
    const { regression, message } = await found(1, { invariants })
    expect(regression.promise).toBe("an order has three events at most")
    expect(regression.requests.length).toBeLessThanOrEqual(5)
    expect(message).toContain("shrunk in")
  })
})
