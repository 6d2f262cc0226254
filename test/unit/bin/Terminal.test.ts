/** What `everstate` shows on a terminal, and what it asks there. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { type Cause, ConfigProvider, Effect, Layer, Option, Queue, Terminal } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { confirm } from "../../../infra/bin/Confirmation.ts"
import { Json, paint } from "../../../infra/bin/Output.ts"
import { withProgress } from "../../../infra/bin/Progress.ts"
import { VerbFailed } from "../../../infra/bin/VerbFailed.ts"

/** Sets whether a stream of the process is a terminal, until the test is over. */
const setTerminal = (stream: "stdin" | "stdout" | "stderr", isTTY: boolean): void => {
  const before = Object.getOwnPropertyDescriptor(process[stream], "isTTY")
  Object.defineProperty(process[stream], "isTTY", { value: isTTY, configurable: true })
  onTestFinished(() => {
    if (before === undefined) Reflect.deleteProperty(process[stream], "isTTY")
    else Object.defineProperty(process[stream], "isTTY", before)
  })
}

describe("progress", () => {
  /** What a verb with 200 steps writes to stderr. */
  const written = async (isTTY: boolean, isJson = false): Promise<ReadonlyArray<string>> => {
    setTerminal("stderr", isTTY)
    const parts: Array<string> = []
    const write = vi.spyOn(process.stderr, "write").mockImplementation((part) => {
      parts.push(String(part))
      return true
    })
    const verb = withProgress("Copied", 200, (step) =>
      Effect.sync(() => {
        for (let index = 0; index < 200; index++) step()
      }),
    )
    await Effect.runPromise(Effect.provideService(verb, Json, isJson))
    write.mockRestore()
    return parts
  }

  it("is one line on a terminal, drawn again at each percent and ended at the end", async () => {
    const parts = await written(true)
    expect(parts).toHaveLength(102)
    expect(parts[50]).toBe(`\r\x1b[KCopied ${"█".repeat(16)}${"░".repeat(16)} 100/200`)
    expect(parts.at(-2)).toContain(" 200/200")
    expect(parts.filter((part) => part.includes("\n"))).toEqual(["\n"])
    expect(parts.at(-1)).toBe("\n")
  })

  it("is a line at each tenth elsewhere, without any control character", async () => {
    const parts = await written(false)
    expect(parts).toHaveLength(11)
    expect(parts.slice(0, 2)).toEqual(["Copied 1/200\n", "Copied 20/200\n"])
    expect(parts.at(-1)).toBe("Copied 200/200\n")
  })

  it("is not shown with --json", async () => {
    expect(await written(true, true)).toEqual([])
  })
})

describe("colours", () => {
  const red = async (isTTY: boolean, env: Readonly<Record<string, string>> = {}): Promise<string> => {
    setTerminal("stdout", isTTY)
    const paints = Effect.map(paint, (give) => give("red", "stuck"))
    return Effect.runPromise(
      paints.pipe(
        Effect.provide(Layer.provide(TerminalCapabilities.layer, NodeServices.layer)),
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env })),
      ),
    )
  }

  it("are on a terminal alone, and never with NO_COLOR or a dumb terminal", async () => {
    expect(await red(true)).toBe("\x1b[31mstuck\x1b[39m")
    expect(await red(false)).toBe("stuck")
    expect(await red(true, { NO_COLOR: "1" })).toBe("stuck")
    expect(await red(true, { TERM: "dumb" })).toBe("stuck")
  })
})

describe("the question before a verb", () => {
  /** Asks on a terminal where the keys are pressed; `undefined` is Ctrl-C. */
  const answered = async (key: string | undefined) => {
    const shown: Array<string> = []
    const unused = Effect.die("not used")
    const terminal = Terminal.make({
      columns: Effect.succeed(80),
      rows: Effect.succeed(24),
      size: Effect.die("not used"),
      readLine: unused,
      display: (text) => Effect.sync(() => void shown.push(text)),
      readInput: Effect.gen(function* () {
        const keys = yield* Queue.unbounded<Terminal.UserInput, Cause.Done>()
        if (key === undefined) yield* Queue.end(keys)
        else {
          const name = key === "\r" ? "enter" : key
          yield* Queue.offer(keys, {
            input: Option.some(key),
            key: { name, ctrl: false, meta: false, shift: false },
          })
        }
        return keys
      }),
    })
    const asking = confirm("Discard 3 letters?", { yes: false }).pipe(
      Effect.as("confirmed" as const),
      Effect.catchIf(
        (error) => error instanceof VerbFailed,
        (error) => Effect.succeed(error.exit),
      ),
      Effect.provideService(TerminalCapabilities.TerminalCapabilities, {
        canColor: false,
        canAnimate: false,
        canPrompt: true,
      }),
      Effect.provideService(Json, false),
      Effect.provideService(Terminal.Terminal, terminal),
      Effect.provide(NodeServices.layer),
    )
    const outcome = await Effect.runPromise(asking)
    expect(shown.join("")).toContain("Discard 3 letters?")
    return outcome
  }

  it("is answered by y, and refused by n, Enter and Ctrl-C", async () => {
    expect(await answered("y")).toBe("confirmed")
    expect(await answered("n")).toBe("unconfirmed")
    expect(await answered("\r")).toBe("unconfirmed")
    expect(await answered(undefined)).toBe("unconfirmed")
  })
})
