/**
 * A process in the simulated world: Effect programs run in it with the world's queue, clock and random
 * source.
 *
 * Owns its life (running, paused, dead) and its clocks. After a crash nothing that waited in it runs, not
 * even finalizers. A paused process holds everything until it resumes, while time goes on for the others.
 */
import { Clock, Context, Duration, Effect, Logger, Random, References, Scheduler } from "effect"
import { type Task, type TaskOwner, WORLD_EPOCH_MS, type World } from "./World.ts"

const NANOS_PER_MS = 1e6

/** The shortest sleep. It ensures that a sleep up to a moment that rounding puts slightly ahead ends. */
const SLEEP_MS_MIN = 0.001

const processCounts = new WeakMap<World, number>()

export class SimulatedProcess implements TaskOwner {
  readonly name: string
  /** Unique in its world. */
  readonly number: number
  readonly world: World
  /** Context of the Effect programs of this process. */
  readonly context: Context.Context<never>
  /** Called for everything that its programs log. */
  readonly logged: Array<(text: string) => void> = []
  #life: TaskOwner["life"] = "running"
  #held: Array<Task> = []
  #wallShiftMs = 0

  constructor(world: World, name: string) {
    this.world = world
    this.name = name
    this.number = (processCounts.get(world) ?? 0) + 1
    processCounts.set(world, this.number)
    this.context = contextOf(this)
  }

  get life(): TaskOwner["life"] {
    return this.#life
  }

  get nowMs(): number {
    return Math.floor(WORLD_EPOCH_MS + this.world.nowMs + this.#wallShiftMs)
  }

  hold(task: Task): void {
    this.#held.push(task)
  }

  pause(): void {
    if (this.#life === "running") this.#life = "paused"
  }

  resume(): void {
    if (this.#life !== "paused") return
    this.#life = "running"
    for (const task of this.#held.splice(0)) this.world.release(task)
  }

  crash(): void {
    this.#life = "dead"
    this.#held = []
  }

  /** The wall clock jumps; the monotonic one does not. */
  jumpClock(byMs: number): void {
    this.#wallShiftMs += byMs
  }

  /** Runs `program` in this process, beginning with a new task. */
  fork<A, E>(program: Effect.Effect<A, E>): void {
    this.world.enqueue(this, () => {
      Effect.runForkWith(this.context)(program)
    })
  }
}

const contextOf = (host: SimulatedProcess): Context.Context<never> => {
  const { world } = host
  const random = world.random.stream(`random of ${host.name} ${host.number}`)
  const scheduler: Scheduler.Scheduler = {
    executionMode: "async",
    shouldYield: (fiber) => fiber.currentOpCount >= world.operationBudget,
    makeDispatcher: () => ({
      scheduleTask: (task, priority) => world.enqueue(host, task, priority),
      // Only synchronous runs flush, and a simulated process has none.
      flush: () => undefined,
    }),
  }
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    const text = Array.isArray(message) ? message.map(String).join(" ") : String(message)
    world.note(host.name, `${logLevel.toLowerCase()}: ${text}`)
    for (const told of host.logged) told(text)
  })
  return Context.make(Scheduler.Scheduler, scheduler).pipe(
    Context.add(Clock.Clock, clockOf(host)),
    Context.add(Random.Random, {
      nextIntUnsafe: () => Math.floor(random.between(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
      nextDoubleUnsafe: () => random.next(),
    }),
    Context.add(References.CurrentLoggers, new Set([logger])),
    Context.add(References.MinimumLogLevel, "Warn"),
  ) as Context.Context<never>
}

const clockOf = (host: SimulatedProcess): Clock.Clock => {
  const { world } = host
  const currentTimeMillisUnsafe = () => host.nowMs
  const currentTimeNanosUnsafe = () => BigInt(host.nowMs) * BigInt(NANOS_PER_MS)
  const monotonicTimeNanosUnsafe = () => BigInt(Math.round(world.nowMs * NANOS_PER_MS))
  return {
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe,
    monotonicTimeNanos: Effect.sync(monotonicTimeNanosUnsafe),
    sleep: (duration) => {
      const delayMs = Math.max(SLEEP_MS_MIN, Duration.toMillis(duration))
      if (!Number.isFinite(delayMs)) return Effect.never
      return Effect.callback<void>((resume) => {
        const timer = world.after(delayMs, host, () => resume(Effect.void))
        return Effect.sync(timer.cancel)
      })
    },
  }
}
