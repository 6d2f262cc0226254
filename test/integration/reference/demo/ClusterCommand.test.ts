/** `npm run cluster`: nodes come and go by a script, and the summary says what came of it. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, onTestFinished, test } from "vitest"
import { KeyReader, parseScript } from "../../../../infra/reference/demo/ClusterScript.ts"

const program = fileURLToPath(new URL("../../../../infra/reference/demo/cluster.ts", import.meta.url))

const runCluster = async (args: ReadonlyArray<string>) => {
  const child: ChildProcess = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  onTestFinished(() => void child.kill("SIGTERM"))
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => (output += data))
  const [code] = await once(child, "exit")
  return { code, output }
}

const temporaryFile = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-cluster-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, "summary.json")
}

test("a node that is killed is replaced by the others, and one that is added gets its share", {
  tags: ["long"],
}, async () => {
  const file = temporaryFile()
  const script = "settle; kill 1; settle; add; settle; drain 2; settle; quit"
  const { code, output } = await runCluster([
    "--nodes",
    "2",
    "--load",
    "10",
    "--script",
    script,
    "--json",
    file,
  ])
  expect(code, output).toBe(0)
  const summary = JSON.parse(readFileSync(file, "utf8"))
  expect(summary.nodes).toEqual([
    { name: "n1", process: "ended", member: "none", shards: 0 },
    { name: "n2", process: "running", member: "drained", shards: 0 },
    { name: "n3", process: "running", member: "up", shards: 64 },
  ])
  expect(summary.shardsWithoutOwner).toBe(0)
  // 64 taken at first, some moved to n2, n1's taken over, half handed to n3, the rest when n2 was drained.
  expect(summary.epochs).toBeGreaterThan(128)
  expect(summary.load).toMatchObject({ failed: 0 })
  expect(summary.load.answered).toBeGreaterThan(20)
  const told = summary.events.map(({ text }: { text: string }) => text)
  expect(told).toContain("n1 is no member any more")
  expect(told).toContain("n2 is drained")
  expect(output).toMatch(/n2 drained 0, n3 up/)
})

test("--help tells the flags; a script that cannot be read is refused before anything starts", async () => {
  const [help, wrong] = await Promise.all([
    runCluster(["--help"]),
    runCluster(["--script", "wait 1; explode 2"]),
  ])
  for (const flag of ["--nodes", "--nats", "--load", "--orders", "--script", "--json"]) {
    expect(help.output).toContain(flag)
  }
  expect(wrong.code).toBe(1)
  expect(wrong.output).toContain('"explode 2" is no step of a script')
  expect(wrong.output).not.toMatch(/\n\s+at /)
})

describe("what is to be done", () => {
  test("is read from a script", () => {
    expect(parseScript(" wait 1.5; kill 2 ;add;; quit")).toEqual([
      { verb: "wait", seconds: 1.5 },
      { verb: "kill", node: 2 },
      { verb: "add" },
      { verb: "quit" },
    ])
    for (const step of ["kill", "kill 0", "kill x", "wait", "add 1", "kill 1 2", "toString 1"]) {
      expect(() => parseScript(step), step).toThrow("is no step")
    }
  })

  test("is read from keys: at once where one digit says it, after Enter where another could follow", () => {
    const few = new KeyReader(() => 3)
    expect(["k", "2"].map((key) => few.read(key))).toEqual([undefined, { verb: "kill", node: 2 }])
    expect(few.read("a")).toEqual({ verb: "add" })
    expect(["d", "x", "1"].map((key) => few.read(key))).toEqual([undefined, undefined, undefined])
    expect(few.read("q")).toEqual({ verb: "quit" })
    const many = new KeyReader(() => 12)
    expect(["p", "1", "2"].map((key) => many.read(key))).toEqual([
      undefined,
      undefined,
      { verb: "pause", node: 12 },
    ])
    expect(["p", "1", "\r"].map((key) => many.read(key))).toEqual([
      undefined,
      undefined,
      { verb: "pause", node: 1 },
    ])
  })
})
