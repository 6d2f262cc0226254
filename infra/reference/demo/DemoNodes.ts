/**
 * The service of the demo: one process, or several that form a cluster.
 *
 * Owns which process a client asks next, and which one is killed. DemoService.ts starts a process.
 */
import { Effect, Random, type Scope } from "effect"
import type { ChildProgram, ProgramFailed } from "../../cli/ChildProgram.ts"
import { acquireDemoService, type DemoServiceOptions } from "./DemoService.ts"

export interface DemoNodes {
  /** Address of a running process, each time of another one. */
  readonly url: () => string
  /** Kills a random process and starts it again. `say` is called before and after. */
  readonly crash: (say: (text: string) => void) => Effect.Effect<void, ProgramFailed>
}

/** Starts the processes; they end with the scope. */
export const acquireDemoNodes = (
  count: number,
  options: Omit<DemoServiceOptions, "nodeName">,
): Effect.Effect<DemoNodes, ProgramFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const { port: _, ...others } = options
    const start = (index: number) =>
      acquireDemoService({ ...(index === 0 ? options : others), nodeName: `n${index + 1}` })
    // The first node makes the streams; the other nodes find them. It alone has the port that was asked for.
    const first = yield* start(0)
    const rest = yield* Effect.forEach(
      Array.from({ length: count - 1 }, (_, index) => index + 1),
      start,
      { concurrency: 2 },
    )
    return demoNodes([first, ...rest])
  })

/** Running processes, as the demo uses them. */
export const demoNodes = (programs: readonly [ChildProgram, ...ReadonlyArray<ChildProgram>]): DemoNodes => {
  let turn = 0
  return {
    url: () => {
      const running = programs.filter((program) => program.isRunning())
      return (running[turn++ % Math.max(running.length, 1)] ?? programs[0]).url()
    },
    crash: Effect.fnUntraced(function* (say) {
      const index = yield* Random.nextIntBetween(0, programs.length, { halfOpen: true })
      const program = programs[index] ?? programs[0]
      const [name, rest] =
        programs.length === 1
          ? ["the service", "the service is gone, its clients try again"]
          : [`n${index + 1}`, `n${index + 1} of ${programs.length} nodes is gone, the others go on`]
      say(`kill -9 ${program.pid() ?? ""}: ${rest}`)
      yield* program.kill
      yield* program.start
      say(`${name} is back as process ${program.pid() ?? ""}`)
    }),
  }
}
