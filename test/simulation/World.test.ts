import { Clock, Effect, Fiber, Queue, Random } from "effect"
import { describe, expect, it } from "vitest"
import { EscapeTrap, SimulationEscape } from "../../runtime/testing/simulation/EscapeTrap.ts"
import { Randomness } from "../../runtime/testing/simulation/Randomness.ts"
import { SimulatedProcess } from "../../runtime/testing/simulation/SimulatedProcess.ts"
import { World } from "../../runtime/testing/simulation/World.ts"

const noLimit = { untilMs: 1e12, stepsMax: 1e7 }

/** Three processes that pass tokens around, sleep and draw; returns what happened in which order. */
const tokens = (seed: number) => {
  const world = new World(seed)
  const seen: Array<string> = []
  const queue = Effect.runSync(Queue.unbounded<string>())
  for (const name of ["a", "b", "c"]) {
    new SimulatedProcess(world, name).fork(
      Effect.gen(function* () {
        const child = yield* Effect.forkChild(
          Effect.forEach([1, 2, 3], (turn) =>
            Effect.andThen(Effect.yieldNow, Queue.offer(queue, `${name}${turn}`)),
          ),
        )
        for (let turn = 0; turn < 3; turn++) {
          yield* Effect.sleep(yield* Random.nextIntBetween(1, 100))
          const token = yield* Queue.take(queue)
          const at = yield* Clock.currentTimeMillis
          seen.push(`${name}<${token}@${at}`)
          world.note(name, token)
        }
        yield* Fiber.join(child)
      }),
    )
  }
  const end = world.run(noLimit, () => seen.length === 9)
  return { end, seen, hash: world.trace.hash }
}

describe("the simulated world", () => {
  it("takes the same steps for the same seed and others for another", () => {
    const seeds = Array.from({ length: 40 }, (_, index) => index)
    const first = seeds.map(tokens)
    expect(seeds.map(tokens)).toEqual(first)
    expect(first.every(({ end }) => end === "done")).toBe(true)
    expect(new Set(first.map(({ hash }) => hash)).size).toBe(40)
    expect(
      new Set(first.map(({ seen }) => seen.map((line) => line.slice(0, 4)).join())).size,
    ).toBeGreaterThan(20)
  })

  it("draws a stream by its name alone, whatever others have drawn", () => {
    const one = new Randomness(7)
    const other = new Randomness(7)
    other.stream("noise").next()
    other.next()
    expect(other.stream("faults").next()).toBe(one.stream("faults").next())
    expect(one.stream("faults").next()).not.toBe(one.stream("workload").next())
    const draws = Array.from({ length: 10_000 }, () => one.next())
    expect(draws.reduce((sum, draw) => sum + draw, 0) / draws.length).toBeCloseTo(0.5, 1)
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true)
  })

  it("skips the time in which nothing happens", () => {
    const world = new World(1)
    let wokeAtMs = 0
    new SimulatedProcess(world, "a").fork(
      Effect.andThen(
        Effect.sleep("30 days"),
        Effect.map(Clock.currentTimeMillis, (now) => {
          wokeAtMs = now
        }),
      ),
    )
    world.run(noLimit, () => wokeAtMs > 0)
    expect(wokeAtMs).toBe(Date.UTC(2026, 0, 31))
    expect(world.stepCount).toBeLessThan(10)
  })

  it("holds a paused process while time goes on, and never runs a dead one again", () => {
    const world = new World(1)
    const woken: Array<string> = []
    const sleeper = (name: string) => {
      const process = new SimulatedProcess(world, name)
      process.fork(
        Effect.ensuring(
          Effect.andThen(
            Effect.sleep(10),
            Effect.sync(() => woken.push(`${name}@${world.nowMs}`)),
          ),
          Effect.sync(() => woken.push(`${name} ends`)),
        ),
      )
      return process
    }
    const zombie = sleeper("zombie")
    const victim = sleeper("victim")
    world.after(5, undefined, () => {
      zombie.pause()
      victim.crash()
    })
    world.after(500, undefined, () => zombie.resume())
    world.run(noLimit, () => false)
    expect(woken).toEqual(["zombie@500", "zombie ends"])
  })

  it("moves the wall clock of a process and not its monotonic one", () => {
    const world = new World(1)
    const process = new SimulatedProcess(world, "a")
    process.jumpClock(3_600_000)
    let read: ReadonlyArray<number> = []
    process.fork(
      Effect.gen(function* () {
        yield* Effect.sleep(50)
        read = [yield* Clock.currentTimeMillis, Number(yield* Clock.monotonicTimeNanos)]
      }),
    )
    world.run(noLimit, () => read.length > 0)
    expect(read).toEqual([Date.UTC(2026, 0, 1, 1) + 50, 50e6])
  })
})

describe("the escape trap", () => {
  const trap = () => new EscapeTrap({ nowMs: () => 42, random: () => 0.25 })
  const escapes: ReadonlyArray<readonly [string, () => unknown]> = [
    ["Date.now", () => Date.now()],
    ["new Date()", () => new Date()],
    ["performance.now", () => performance.now()],
    ["Math.random", () => Math.random()],
    ["setTimeout", () => setTimeout(() => undefined, 0)],
    ["queueMicrotask", () => queueMicrotask(() => undefined)],
    ["crypto.randomUUID", () => crypto.randomUUID()],
    ["process.nextTick", () => process.nextTick(() => undefined)],
    ["a native promise", () => Promise.resolve(1).then(() => undefined)],
  ]

  it.each(escapes)("names %s and the line that called it", (what, call) => {
    const set = trap()
    set.during(call)
    expect(set.check).toThrow(SimulationEscape)
    set.during(call)
    try {
      set.check()
    } catch (error) {
      expect(error).toMatchObject({ what, place: expect.stringContaining("World.test.ts") })
    }
  })

  it("leaves values made from values alone, and takes itself away after a failure", () => {
    const set = trap()
    const { now } = Date
    const made = set.during(() => new Date(5) instanceof Date && Date.UTC(2026, 0, 1) > 0 && Math.max(1, 2))
    expect(made).toBe(2)
    set.check()
    expect(() =>
      set.during(() => {
        throw new Error("inside")
      }),
    ).toThrow("inside")
    expect(Date.now).toBe(now)
    expect(Date.now()).toBeGreaterThan(1e12)
  })
})
