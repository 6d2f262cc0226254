/**
 * A module's process that is started again when a source changes, while its servers go on.
 *
 * Owns the rounds: start, wait for a change or the end of the process, stop in order. What runs in the process
 * is devNode.ts; children are infra/cli/ChildProgram.ts.
 */
import { extname } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { acquireProgram, type ChildProgram } from "../cli/ChildProgram.ts"
import { type SourceStamps, stampsOf } from "./SourceStamps.ts"

/** Beginning of the line with the address of the gateway. */
export const DEV_LISTENING = "everstate dev listens at "

/** Pause between two looks at the sources, in milliseconds. */
const LOOK_MS = 400

/** What the process needs to know. */
export interface DevNodeInput {
  readonly module: string
  readonly nats: string
  readonly postgres: string
  readonly namespace: string
  /** 0 for any free one. */
  readonly port: number
}

export interface DevProcessOptions {
  readonly input: DevNodeInput
  /** Folder whose sources are watched. */
  readonly root: string
  readonly onLine: (line: string) => void
  readonly onListening: (url: string, pid: number | undefined) => void
  /** Something happened that a user wants to know. */
  readonly say: (text: string) => void
}

const script = fileURLToPath(new URL(`./devNode${extname(import.meta.url)}`, import.meta.url))

/** Runs the process, round after round, until it is interrupted. */
export const runDevProcess = (options: DevProcessOptions): Effect.Effect<never> =>
  Effect.forever(
    Effect.gen(function* () {
      const before = yield* Effect.promise(() => stampsOf(options.root))
      yield* Effect.scoped(oneRound(options, before))
    }),
  )

const oneRound = Effect.fnUntraced(function* (options: DevProcessOptions, before: SourceStamps) {
  const { input, onLine, onListening, say } = options
  const started = yield* Effect.result(
    acquireProgram({
      name: "service",
      script,
      args: [JSON.stringify(input)],
      addressIn: (line) => (line.startsWith(DEV_LISTENING) ? line.slice(DEV_LISTENING.length) : undefined),
      onLine: (line) => {
        if (!line.startsWith(DEV_LISTENING)) onLine(line)
      },
    }),
  )
  if (started._tag === "Success") onListening(started.success.url(), started.success.pid())
  else say("The service did not start. It is started again when a source changes.")
  const changed = yield* changeOf(
    options.root,
    before,
    started._tag === "Success" ? started.success : undefined,
    say,
  )
  say(`${changed} changed: starting again.`)
})

/** Waits until a source differs, and names it. Tells once if the process ends meanwhile. */
const changeOf = Effect.fnUntraced(function* (
  root: string,
  before: SourceStamps,
  child: ChildProgram | undefined,
  say: (text: string) => void,
): Effect.fn.Return<string> {
  let isTold = child === undefined
  while (true) {
    yield* Effect.sleep(LOOK_MS)
    const now = yield* Effect.promise(() => stampsOf(root))
    const changed = [...new Set([...now.keys(), ...before.keys()])].find(
      (file) => now.get(file) !== before.get(file),
    )
    if (changed !== undefined) return changed
    if (isTold || child?.isRunning() === true) continue
    isTold = true
    say("The service ended. It is started again when a source changes.")
  }
})
