/**
 * The simulator finds deliveries that lose, repeat or reorder messages when a store is lost or an item cannot be sent. Each
 * test breaks one rule of the outbox or of the receiver's memory, and says within how many seeds that must be found.
 */
import { afterEach, describe, expect, it, vi } from "vitest"
import { Origins } from "../../runtime/cell/Origins.ts"
import { Exceptions } from "../../runtime/outbox/Exceptions.ts"
import { ShardOutbox } from "../../runtime/outbox/ShardOutbox.ts"
import { Watermark } from "../../runtime/outbox/Watermark.ts"
import {
  type FaultRates,
  type PortDoubles,
  PROMISES,
  type SimulateOptions,
  SimulationFailed,
  simulate,
} from "../../runtime/testing.ts"
import { scenarios } from "./scenarios/index.ts"

const small = { ...scenarios.stores, always: {}, twice: 0, shrinks: false } satisfies SimulateOptions

/** What is sent again from the journal. */
const losing: FaultRates = {
  "node crashes": 4,
  "checkpoints lost": 2,
  "message lost": 0.3,
  "request lost": 0.1,
  unsendable: 4,
}

/** What waits in the mailbox, and what may overtake it. */
const parking: FaultRates = { "node crashes": 2, "type pauses": 4 }

/** What waits in a mailbox that another one takes the place of. */
const replacing: FaultRates = { "type pauses": 4, "mailbox lost": 4 }
const replacingAll: FaultRates = { "type pauses": 4, "stores restored": 4 }

const landingLate: FaultRates = { "node crashes": 4, "append lands late": 0.15 }

/** What takes both roads. */
const crossing: FaultRates = { "request answer lost": 0.1, "request slow": 0.1 }

const failureOf = async (options: SimulateOptions): Promise<SimulationFailed> => {
  const outcome = await simulate(options).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(outcome instanceof SimulationFailed)) throw outcome ?? new Error(`not found in ${options.runs} seeds`)
  return outcome
}

/** The promise that is broken within `seeds` seeds. */
const found = async (seeds: number, faults: FaultRates, options: Partial<SimulateOptions> = {}) => {
  const { regression } = await failureOf({ ...small, ...options, faults, runs: seeds })
  return regression.promise
}

const getterOf = <Of>(prototype: Of, name: keyof Of): ((this: Of) => number) => {
  const getter = Object.getOwnPropertyDescriptor(prototype, name)?.get
  if (getter === undefined) throw new Error(`no getter ${String(name)}`)
  return getter
}

/** Messages that take the mailbox say nothing of where they come from. */
const withoutOrigins: PortDoubles = {
  mailbox: (mailbox) => ({
    ...mailbox,
    publish: (message) => {
      const {
        o: _,
        f: __,
        ...body
      } = JSON.parse(new TextDecoder().decode(message.data)) as {
        readonly o?: unknown
        readonly f?: unknown
      }
      return mailbox.publish({ ...message, data: new TextEncoder().encode(JSON.stringify(body)) })
    },
  }),
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe("the simulator finds an outbox", () => {
  it("whose watermark is ahead by one, in 10 seeds", async () => {
    for (const name of ["settledUpTo", "passedUpTo"] as const) {
      const real = getterOf(Watermark.prototype, name)
      vi.spyOn(Watermark.prototype, name, "get").mockImplementation(function (this: Watermark) {
        return real.call(this) + 1
      })
    }
    expect([PROMISES.converges, PROMISES.delivered]).toContain(await found(10, losing))
  })

  it("that loses an exception, in 10 seeds", async () => {
    vi.spyOn(Exceptions.prototype, "park").mockImplementation(function (
      this: Exceptions,
      ...[, , commit, id]: Parameters<Exceptions["park"]>
    ) {
      this.settled(commit, id)
    })
    const promises = [PROMISES.converges, PROMISES.delivered, PROMISES.ordered]
    expect(promises).toContain(await found(10, parking))
  })

  it("that lets an item overtake a parked one, in 10 seeds", async () => {
    vi.spyOn(Exceptions.prototype, "lowestTo").mockReturnValue(Number.POSITIVE_INFINITY)
    expect(await found(10, parking)).toBe(PROMISES.ordered)
  })

  it("that does not notice that the mailbox was made anew, in 20 seeds", async () => {
    const real = Exceptions.prototype.acknowledged
    vi.spyOn(Exceptions.prototype, "acknowledged").mockImplementation(function (
      this: Exceptions,
      ...[shard, { first, last }]: Parameters<Exceptions["acknowledged"]>
    ) {
      real.call(this, shard, { first, last })
    })
    vi.spyOn(Exceptions.prototype, "doubt").mockReturnValue()
    expect([PROMISES.converges, PROMISES.delivered]).toContain(await found(20, replacing))
  })

  it("that believes an older mailbox which has grown, in 60 seeds", async () => {
    vi.spyOn(Exceptions.prototype, "doubt").mockReturnValue()
    const faults: FaultRates = { "type pauses": 4, "mailbox restored": 2 }
    expect([PROMISES.converges, PROMISES.delivered]).toContain(await found(60, faults))
  })

  it("whose next owner believes a note of what an older mailbox does not have, in 20 seeds", async () => {
    const real = Object.getOwnPropertyDescriptor(Exceptions.prototype, "unproven")?.get
    vi.spyOn(Exceptions.prototype, "unproven", "get").mockImplementation(function (this: Exceptions) {
      const unproven: Exceptions["unproven"] = real?.call(this) ?? []
      for (const { proven } of unproven) proven(true)
      return []
    })
    expect([PROMISES.converges, PROMISES.delivered]).toContain(await found(20, replacingAll))
  })

  it("that skips appends of a former owner which land late, in 20 seeds", async () => {
    const real = ShardOutbox.prototype.beginFound
    vi.spyOn(ShardOutbox.prototype, "beginFound").mockImplementation(function (
      this: ShardOutbox,
      sequence: number,
      itemCount: number,
    ) {
      return sequence > this.takenAt ? undefined : real.call(this, sequence, itemCount)
    })
    expect([PROMISES.converges, PROMISES.delivered]).toContain(await found(20, landingLate))
  })
})

it("the same faults break no promise where nothing else is broken, in 4 seeds each", async () => {
  for (const faults of [losing, parking, landingLate, crossing]) await simulate({ ...small, faults, runs: 4 })
})

describe("the simulator finds a receiver", () => {
  it("that forgets where messages came from, in 10 seeds", async () => {
    vi.spyOn(Origins.prototype, "has").mockReturnValue(false)
    expect(await found(10, losing)).toBe(PROMISES.once)
  })

  it("that applies a message of both roads, in 10 seeds", async () => {
    expect(await found(10, crossing, { doubles: withoutOrigins })).toBe(PROMISES.once)
  })
})
