/** What the checker of owners takes, and what it does not. */
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { memberKey, slotKey } from "../../../runtime/cluster/Member.ts"
import { ClusterChecker } from "../../../runtime/testing/simulation/ClusterChecker.ts"
import { PROMISES } from "../../../runtime/testing/simulation/Violation.ts"

const address = addressOf("counter", "a", 8)
const LEASE_MS = 1_000

/** A checker beside servers that say what the test has them say. */
const checked = (isOneOwner = true, areRecordsKept = true) => {
  const stored: Array<(written: object) => void> = []
  const observers: Array<(written: object) => void> = []
  const begun: Array<(append: object) => void> = []
  const servers = { leases: { stored, observers }, journal: { begun, refused: [] } }
  const world = { nowMs: 0, mark: () => undefined }
  const shardMap = { all: [], indexOf: () => undefined }
  const checker = new ClusterChecker(world as never, servers as never, {
    isOneOwner,
    areRecordsKept,
    leaseMs: LEASE_MS,
    shardMap: shardMap as never,
    services: [],
    nodes: () => [],
    judge: (check) => check(),
  })
  const host = { name: "n" }
  const written = { host, key: memberKey("n-1"), value: {}, sentAtMs: 0 }
  return {
    checker,
    renew: () => {
      for (const tell of [...stored, ...observers]) tell({ ...written, sentAtMs: world.nowMs })
    },
    /** The record of a slot as nodes write it: whose it is, under which epoch. */
    write: (m: string | undefined, e: number) => {
      const value = m === undefined ? { e, n: 0 } : { m, e, n: 0 }
      for (const tell of stored) tell({ host, key: slotKey("shard.1"), value })
    },
    beginAt: (nowMs: number) => {
      world.nowMs = nowMs
      for (const tell of begun) tell({ host, address })
    },
  }
}

it("epochs of an actor's commits ascend or stay", () => {
  const { checker } = checked()
  for (const epoch of [1, 1, 2, 5, 5]) checker.stored(address, epoch)
  expect(() => checker.stored(address, 4)).toThrow(`${PROMISES.epochs}: `)
  // Those of another actor are its own.
  checker.stored(addressOf("counter", "b", 8), 1)
})

it("where two may own an actor its epochs may go back", () => {
  const { checker } = checked(false)
  checker.stored(address, 2)
  expect(() => checker.stored(address, 1)).not.toThrow()
})

it("no append is begun after the end of a lease, counted from its last renewal", () => {
  const { renew, beginAt } = checked()
  expect(() => beginAt(0)).toThrow(`${PROMISES.fenced}: `)
  renew()
  beginAt(LEASE_MS)
  expect(() => beginAt(LEASE_MS + 1)).toThrow(`${PROMISES.fenced}: `)
  renew()
  beginAt(2 * LEASE_MS + 1)
  expect(() => beginAt(2 * LEASE_MS + 2)).toThrow("begins an append 1 ms after its lease was over")
})

it("a slot that another member gets has a higher epoch, whether it was free or not", () => {
  const { write } = checked()
  for (const [member, epoch] of [
    ["n-1", 1],
    ["n-1", 1],
    ["n-2", 2],
    [undefined, 2],
    ["n-1", 3],
  ] as const) {
    write(member, epoch)
  }
  expect(() => write("n-2", 3)).toThrow(`${PROMISES.epochs}: n-2 has slot shard.1 under epoch 3`)
  const other = checked()
  other.write(undefined, 2)
  expect(() => other.write("n-1", 2)).toThrow("nobody had it under 2")
})

it("where records are lost a slot may begin with a lower epoch again", () => {
  const { write } = checked(true, false)
  write("n-1", 2)
  expect(() => write("n-2", 1)).not.toThrow()
})
