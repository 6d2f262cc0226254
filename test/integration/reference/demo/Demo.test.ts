/** `npm run demo`: a short run of it, its auditor on forged evidence, and its end on Ctrl-C. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { expect, onTestFinished, test, vi } from "vitest"
import { judgeHistory } from "../../../../infra/reference/demo/DemoAudit.ts"
import {
  type Balances,
  type Books,
  balancesOf,
  moneyGaps,
} from "../../../../infra/reference/demo/DemoBalance.ts"
import type { Answered, Outcome } from "../../../../infra/reference/demo/DemoClient.ts"
import { demoWorkload } from "../../../../infra/reference/demo/DemoWorkload.ts"

const demoScript = fileURLToPath(new URL("../../../../infra/reference/demo/demo.ts", import.meta.url))

interface Demo {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<number | null>
  /** Where it keeps its temporary data. */
  readonly folder: string
}

const runDemo = (...args: ReadonlyArray<string>): Demo => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-demo-test-"))
  const child = spawn(process.execPath, [demoScript, ...args], { env: { ...process.env, TMPDIR: folder } })
  onTestFinished(() => {
    child.kill("SIGKILL")
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })
  const said = { out: "", err: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.out += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.err += text
  })
  const ended = once(child, "close").then(([code]) => code as number | null)
  return { child, stdout: () => said.out, stderr: () => said.err, ended, folder }
}

/** The servers and the service that it told of. */
const pidsIn = (stderr: string): ReadonlyArray<number> =>
  [...stderr.matchAll(/(?:kill -9|process) (\d+)/g)].map(([, pid]) => Number(pid))

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test("FAULT 14: loses nothing, does nothing twice and balances when the service is killed in the middle", async () => {
  const demo = runDemo("--orders", "40", "--seed", "6", "--json")
  const code = await demo.ended
  expect({ code, stderr: code === 0 ? "" : demo.stderr() }).toEqual({ code: 0, stderr: "" })
  const report = JSON.parse(demo.stdout())
  expect(Object.keys(report)).toEqual([
    "sent",
    "accepted",
    "rejected",
    "deduplicated",
    "events",
    "readModelRows",
    "lost",
    "duplicated",
    "seconds",
    "completed",
    "compensated",
    "stuck",
    "doubleCharges",
    "oversold",
    "moneyImbalance",
    "stockImbalance",
    "compensatedBy",
    "nodes",
    "kills",
    "p50Ms",
    "p99Ms",
  ])
  expect(report).toMatchObject({
    lost: 0,
    duplicated: 0,
    stuck: 0,
    doubleCharges: 0,
    oversold: 0,
    moneyImbalance: 0,
    stockImbalance: 0,
    kills: 1,
  })
  expect(report.sent).toBe(report.accepted + report.rejected + report.deduplicated)
  expect(report.completed).toBeGreaterThan(0)
  expect(Object.keys(report.compensatedBy)).toEqual(
    expect.arrayContaining(["declined card", "missing stock"]),
  )
  expect(report.readModelRows).toBe(report.completed + report.compensated)
  expect(report.p99Ms).toBeGreaterThanOrEqual(report.p50Ms)
  expect(report.rejected).toBeGreaterThan(0)
  expect(report.deduplicated).toBeGreaterThan(0)
  const pids = pidsIn(demo.stderr())
  expect(pids).toHaveLength(2)
  expect(pids.filter(isAlive)).toEqual([])
  expect(readdirSync(demo.folder).filter((name) => name.startsWith("everstate"))).toEqual([])
})

test("drives orders through two nodes, kills one of them, and loses nothing", {
  tags: ["long"],
}, async () => {
  const demo = runDemo("--orders", "12", "--kills", "1", "--nodes", "2", "--json")
  expect(await demo.ended, demo.stderr()).toBe(0)
  const report = JSON.parse(demo.stdout())
  expect(report).toMatchObject({ nodes: 2, kills: 1, lost: 0, duplicated: 0, stuck: 0, doubleCharges: 0 })
  expect(report).toMatchObject({ oversold: 0, moneyImbalance: 0, stockImbalance: 0 })
  expect(report.readModelRows).toBe(report.completed + report.compensated)
  expect(demo.stderr()).toMatch(/n[12] of 2 nodes is gone, the others go on/)
})

test("leaves no process and no folder behind when it is interrupted", { tags: ["long"] }, async () => {
  const demo = runDemo("--orders", "200")
  await vi.waitFor(() => expect(demo.stderr()).toContain("orders  20/200"), {
    timeout: 120_000,
    interval: 50,
  })
  demo.child.kill("SIGINT")
  expect(await demo.ended).toBe(130)
  expect(readdirSync(demo.folder).filter((name) => name.startsWith("everstate"))).toEqual([])
})

test("shows its console first, keeps customers ordering, and ends in order on Ctrl-C", {
  tags: ["long"],
}, async () => {
  const demo = runDemo("--console", "--port", "0")
  const patience = { timeout: 240_000, interval: 50 }
  const url = await vi.waitFor(() => {
    const [first = ""] = demo.stdout().trim().split("\n")
    return /^See the system {4}(http:\S+)\/$/.exec(first)?.[1] ?? expect.fail(demo.stderr())
  }, patience)
  expect(await (await fetch(`${url}/`)).text()).toContain('id="console"')
  const versions = async () => {
    const orders = ["live-1-1", "live-1-2", "live-1-3"].map((id) => fetch(`${url}/orders/${id}`))
    const all = await Promise.all((await Promise.all(orders)).map((response) => response.json()))
    return all.reduce<number>((sum, order) => sum + ((order as { version?: number }).version ?? 0), 0)
  }
  await vi.waitFor(async () => expect(await versions()).toBeGreaterThan(4), patience)
  demo.child.kill("SIGINT")
  expect(await demo.ended).toBe(0)
  await expect(fetch(url)).rejects.toThrow()
  expect(readdirSync(demo.folder).filter((name) => name.startsWith("everstate"))).toEqual([])
})

test("writes the same orders for the same seed", async () => {
  const workload = (seed: number) => Effect.runPromise(demoWorkload(50, seed))
  expect(await workload(1)).toEqual(await workload(1))
  expect(await workload(1)).not.toEqual(await workload(2))
})

const answer = (key: string, outcome: Outcome): Answered => ({
  sending: { orderId: "o", key, method: "POST", path: "/orders/o/cancel" },
  outcome,
})
const accepted = (key: string, version: number) =>
  answer(key, { kind: "accepted", version, sequence: version })
const event = (commandId: string, version: number) => ({ commandId, version })

test("the auditor counts what was acknowledged and is not in the history as lost", () => {
  expect(judgeHistory("o", [event("a", 1)], [accepted("a", 1), accepted("b", 2)])).toMatchObject({ lost: 1 })
  expect(judgeHistory("o", [event("a", 1)], [accepted("a", 2)])).toMatchObject({ lost: 1 })
})

test("the auditor counts a command with two events as duplicated", () => {
  const events = [event("a", 1), event("a", 2)]
  expect(judgeHistory("o", events, [accepted("a", 1)])).toMatchObject({ lost: 0, duplicated: 1 })
})

test("the auditor tells of gaps and of effects that nobody was promised", () => {
  const rejected = answer("b", { kind: "rejected", reason: "NotAccepted" })
  const verdict = judgeHistory("o", [event("a", 1), event("b", 3)], [accepted("a", 1), rejected])
  expect(verdict.differences).toEqual(["o: version 3 in place 2", "o: b was not accepted, but is stored"])
})

test("the auditor lets the runtime's own commands be", () => {
  const events = [event("a", 1), event("everstate:7.0", 2)]
  expect(judgeHistory("o", events, [accepted("a", 1)])).toEqual({ lost: 0, duplicated: 0, differences: [] })
})

const eur = (minor: number) => ({ minor, currency: "EUR" })
const line = { sku: "book", quantity: 2, unitPriceMinor: 50 }
const sold = {
  orderId: "o-1",
  currency: "EUR",
  lines: [line],
  isSold: true,
  payment: { status: "captured", captured: eur(100), refunded: null },
}
const undone = {
  ...sold,
  orderId: "o-2",
  isSold: false,
  payment: { status: "voided", captured: eur(100), refunded: eur(100) },
}
const charges = [{ paymentId: "o-1", status: "captured", amount: { minor: 100 } }]
const books: Books = {
  orders: [sold, undone],
  delivered: new Map([["book", 5]]),
  stock: new Map([["book", { received: 5, onHand: 3, reserved: 0, committed: 2 }]]),
  ledger: { doubleCharges: 0, charges, totals: { EUR: { held: 0, net: 100 } } },
}
const balanced = { doubleCharges: 0, oversold: 0, moneyImbalance: 0, stockImbalance: 0 }

test("books that agree balance", () => {
  expect(balancesOf(books)).toEqual(balanced)
})

test.each<[string, Partial<Books>, Partial<Balances>]>([
  [
    "an order that was sold and not paid",
    { orders: [sold, sold] },
    { moneyImbalance: 200, stockImbalance: 2 },
  ],
  [
    "money that is still held",
    { ledger: { doubleCharges: 0, charges, totals: { EUR: { held: 30, net: 100 } } } },
    { moneyImbalance: 30 },
  ],
  [
    "a currency that no order is in",
    { ledger: { doubleCharges: 1, charges, totals: { ...books.ledger.totals, USD: { held: 0, net: 7 } } } },
    { doubleCharges: 1, moneyImbalance: 14 },
  ],
  [
    "units that are still promised",
    { stock: new Map([["book", { received: 5, onHand: 2, reserved: 1, committed: 2 }]]) },
    { stockImbalance: 2 },
  ],
  [
    "more units than came in",
    {
      delivered: new Map([["book", 1]]),
      stock: new Map([["book", { received: 1, onHand: -1, reserved: 0, committed: 2 }]]),
    },
    { oversold: 1 },
  ],
])("the auditor counts %s", (_, change, expected) => {
  expect(balancesOf({ ...books, ...change })).toEqual({ ...balanced, ...expected })
})

test("the auditor names the orders for which the provider has something else", () => {
  expect(moneyGaps(books)).toEqual([])
  const held = { paymentId: "o-2", status: "authorised", amount: { minor: 7 } }
  expect(moneyGaps({ ...books, ledger: { ...books.ledger, charges: [held] } })).toEqual([
    "o-1: sold for 100, its payment is captured, the provider has nothing",
    "o-2: not sold, its payment is voided, the provider has 7 authorised",
  ])
})
