/** The command line of `everstate`: help of every verb, wrong use, and the codes that the process ends with. */
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { Command } from "effect/cli"
import { describe, expect, it } from "vitest"
import { everstateCommand } from "../../../infra/bin/EverstateCommand.ts"
import { EXIT_CODES } from "../../../infra/bin/VerbFailed.ts"
import { runVerb } from "../../fixtures/bin/RunVerb.ts"

/** The words of every verb, such as `["actors", "list"]`. */
const verbsBelow = (
  command: Command.Command.Any,
  path: ReadonlyArray<string> = [],
): ReadonlyArray<ReadonlyArray<string>> => {
  const inner = command.subcommands.flatMap(({ commands }) => commands)
  return inner.length === 0
    ? [path]
    : inner.flatMap((command) => verbsBelow(command, [...path, command.name]))
}

const verbs = verbsBelow(everstateCommand)
const bin = fileURLToPath(new URL("../../../infra/bin/everstate.ts", import.meta.url))

describe("everstate", () => {
  it.each(verbs.map((verb) => [verb.join(" "), verb] as const))(
    "%s has help with an example",
    async (name, verb) => {
      const { stdout, exitCode } = await runVerb(...verb, "--help")
      expect(exitCode).toBe(0)
      expect(stdout).toContain(`everstate ${name}`)
      expect(stdout).toContain("EXAMPLES")
    },
  )

  it("shows its verbs without arguments", async () => {
    const { stdout, exitCode } = await runVerb()
    expect(exitCode).toBe(0)
    for (const verb of verbs) expect(stdout).toContain(verb[0])
  })

  it.each([...new Set(verbs.filter(({ length }) => length > 1).map(([group = ""]) => group))])(
    "%s without a verb ends with 2, and says which verb is looked for most",
    async (group) => {
      const { stdout, stderr, exitCode } = await runVerb(group)
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 })
      const [, first] = stderr.match(new RegExp(`everstate ${group} (?!needs)([a-z]+)`)) ?? []
      expect(verbs.map((verb) => verb.join(" "))).toContain(`${group} ${first}`)
      expect((await runVerb(group, "--help")).stdout).toContain("EXAMPLES")
    },
  )

  it.each([
    ["operations --limit 3", "operations list --limit 3"],
    ["operations --limit=3 --url http://x", "operations list --limit=3 --url http://x"],
    ["operations --limit 3 list", "operations list --limit 3"],
    ["actors --where {} --limit 3", "actors list TYPE --where '{}' --limit 3"],
  ])("%s ends with 2, and says where the verb belongs", async (given, wanted) => {
    const { stdout, stderr, exitCode } = await runVerb(...given.split(" "))
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 })
    expect(stderr).toContain(`\`everstate ${wanted}\``)
    expect(stderr).not.toContain("Unknown subcommand")
    const { error, hint } = JSON.parse((await runVerb(...given.split(" "), "--json")).stderr)
    expect([error, hint]).toEqual([
      expect.stringContaining("needs a verb"),
      expect.stringContaining(`everstate ${wanted} --json`),
    ])
  })

  it("shows its version", async () => {
    expect(await runVerb("--version")).toEqual({ stdout: "everstate v0.0.0", stderr: "", exitCode: 0 })
  })

  it.each(["bash", "zsh", "fish", "powershell"])("completes verbs in %s", async (shell) => {
    const { stdout } = await runVerb("--completions", shell)
    for (const verb of verbs) expect(stdout).toContain(verb.at(-1))
  })

  it("shows help without loading drivers and the runtime, for which every verb would wait", async () => {
    const hook = `import { registerHooks } from "node:module"
      registerHooks({ load: (url, context, next) => (console.error(url), next(url, context)) })`
    const args = ["--import", `data:text/javascript,${encodeURIComponent(hook)}`, bin, "--help"]
    const { stderr } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 })
    expect(stderr).toContain("RunEverstate.ts")
    expect(stderr).not.toMatch(/@redis|@nats-io|\/pg\/|\/xstate\/|runtime\/(cell|system)\/|infra\/embedded\//)
  })

  it("tells a wrong verb on stderr alone, and ends with 2", async () => {
    const { stdout, stderr, exitCode } = await runVerb("servrs")
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 })
    expect(stderr).toContain("servers")
  })

  it("says nothing of the flags of a verb that does not exist", async () => {
    const { stderr } = await runVerb("actors", "lst", "--url", "http://127.0.0.1:1")
    expect(stderr).toContain("list")
    expect(stderr).not.toContain("--url")
  })

  it("tells a wrong flag on stderr alone, and ends with 2", async () => {
    const { stdout, stderr, exitCode } = await runVerb("sim", "--seeds", "none")
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 })
    expect(stderr).toContain("seeds")
  })

  it("tells a wrong flag as JSON with --json", async () => {
    const run = promisify(execFile)(process.execPath, [bin, "operations", "list", "--nope", "--json"])
    const { code, stdout, stderr } = await run.catch((error) => error)
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
    expect(JSON.parse(stderr)).toEqual({
      error: expect.stringContaining("--nope"),
      hint: "See everstate operations list --help",
      exitCode: 2,
    })
  })

  it("tells a failure as JSON with --json", async () => {
    const { stdout, stderr } = await runVerb("sim", "no-such-file.ts", "--json")
    expect(stdout).toBe("")
    expect(JSON.parse(stderr)).toEqual({
      error: "There is no file no-such-file.ts.",
      hint: expect.stringContaining("scenarios"),
      exitCode: 2,
    })
  })
})

describe("docs/OPERATIONS.md", () => {
  const all = readFileSync(new URL("../../../docs/OPERATIONS.md", import.meta.url), "utf8")
  const page = all.split("\n## ").find((chapter) => chapter.startsWith("The command")) ?? ""

  it("lists every exit code", () => {
    const listed = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
    expect(listed).toEqual(Object.values(EXIT_CODES))
  })

  it("names every verb", () => {
    for (const [verb] of verbs) expect(page).toMatch(new RegExp(`^\\| \`${verb}\\b`, "m"))
  })
})
