import { describe, expect, it } from "vitest"
import { ShardOutbox } from "../../../runtime/outbox/ShardOutbox.ts"

const doubtMs = 30_000

const settledMs = 3_000
const turnMs = 2_000

const shardOf = (epoch: number): ShardOutbox => {
  const types = new Set(["order"])
  return new ShardOutbox({ place: 0, shard: 0, epoch, checkpoint: "outbox.shard.0", types, settledMs })
}

/** Placed at time 0, where a journal that ends at `end` is sent, and read once. */
const opened = ({ epoch, end }: { readonly epoch: number; readonly end: number }): ShardOutbox => {
  const shard = shardOf(epoch)
  shard.start(end, end, doubtMs)
  shard.readToEnd(end, 0)
  return shard
}

/** One commit with something to send, sent at once. */
const commit = (shard: ShardOutbox, sequence: number, nowMs: number): void => {
  shard.begin(sequence)
  shard.done(sequence)
  shard.turnGeneration(nowMs, turnMs)
}

it("a commit is sent once: not again while it is being sent, nor afterwards", () => {
  const shard = opened({ epoch: 1, end: 0 })
  expect(shard.begin(1)).toBe(true)
  expect(shard.begin(1)).toBe(false)
  shard.done(1)
  expect(shard.begin(1)).toBe(false)
  expect(shard.begin(2)).toBe(true)
})

describe("what is read of a shard's journal", () => {
  it("is read again for a while when a former owner's append may land", () => {
    const shard = opened({ epoch: 2, end: 0 })
    expect(shard.toRead(1_000)).toBe(0)
    shard.readToEnd(0, doubtMs)
    expect(shard.toRead(doubtMs + 10_000)).toBeUndefined()
  })

  it("is read again for a while when somebody has written there, whatever the epoch says", () => {
    expect(opened({ epoch: 1, end: 7 }).toRead(1_000)).toBe(7)
  })

  it("is read once when the shard was nobody's and is empty, and looked at later", () => {
    const shard = opened({ epoch: 1, end: 0 })
    expect(shard.toRead(1_000)).toBeUndefined()
    expect(shard.isLookDue(1_000)).toBe(false)
    expect(shard.isLookDue(20_000)).toBe(true)
  })

  it("is read at a look when something came since the last one", () => {
    const shard = opened({ epoch: 1, end: 0 })
    shard.look(5, 20_000)
    expect(shard.toRead(20_000)).toBe(0)
    shard.readToEnd(5, 20_000)
    shard.look(5, 60_000)
    expect(shard.toRead(60_000)).toBeUndefined()
  })

  it("is not read at a look while this node writes it all the time", () => {
    const shard = opened({ epoch: 1, end: 0 })
    for (let second = 1; second <= 20; second++) commit(shard, second, second * 1_000)
    shard.look(20, 20_000)
    expect(shard.toRead(20_000)).toBeUndefined()
    expect(shard.isLookDue(20_000)).toBe(false)
    // It has come to rest: what landed beside its last commits is found.
    shard.look(25, 60_000)
    expect(shard.toRead(60_000)).toBe(15)
  })
})

describe("what is read while there is doubt and commits are left to the journal", () => {
  it("begins at the doubt, and goes on there when more is left meanwhile", () => {
    const shard = opened({ epoch: 2, end: 7 })
    shard.leave(9)
    expect(shard.toRead(100)).toBe(7)
    shard.read(8)
    shard.leave(20)
    expect(shard.toRead(100)).toBe(8)
    shard.readToEnd(20, 100)
    expect(shard.positionAtRest).toBe(20)
  })

  it("begins where the former owner left off, though an append became doubtful before that was known", () => {
    const shard = shardOf(2)
    shard.doubt(doubtMs)
    shard.start(7, 9, doubtMs)
    expect(shard.toRead(100)).toBe(7)
  })
})

describe("up to where a shard is known to be sent", () => {
  it("does not pass an append whose outcome may not be known yet", () => {
    const shard = opened({ epoch: 1, end: 0 })
    commit(shard, 1, 0)
    // An append that was begun at 100 ms got place 2; who wrote it does not know that yet.
    commit(shard, 3, 200)
    shard.turnGeneration(2_500, turnMs)
    expect(shard.position).toBeLessThan(2)
    shard.doubt(2_600)
    shard.turnGeneration(5_500, turnMs)
    expect(shard.position).toBeLessThan(2)
    shard.readToEnd(3, 5_600)
    shard.turnGeneration(7_600, turnMs)
    expect(shard.position).toBe(3)
  })

  it("does not pass an append whose time-out was not told yet, since the process stood still", () => {
    const shard = opened({ epoch: 1, end: 0 })
    commit(shard, 1, 0)
    // Place 2 is that of an append that was begun at 1,900 ms, before the turn.
    commit(shard, 3, 2_000)
    shard.turnGeneration(9_000, turnMs)
    expect(shard.position).toBeLessThan(2)
  })

  it("is where the journal was read last while a former owner may still write", () => {
    const shard = opened({ epoch: 2, end: 7 })
    commit(shard, 9, 1_000)
    commit(shard, 11, 10_000)
    expect(shard.position).toBe(7)
    shard.readToEnd(11, 11_000)
    expect(shard.positionAtRest).toBe(11)
  })

  it("comes to rest at the end of what was written", () => {
    const shard = opened({ epoch: 1, end: 0 })
    commit(shard, 5, 0)
    for (let nowMs = turnMs; nowMs <= 8_000; nowMs += turnMs) {
      shard.turnGeneration(nowMs, turnMs)
      shard.saved(shard.position, nowMs)
    }
    expect(shard.savedPosition).toBe(5)
    shard.look(5, 10_000)
    shard.readToEnd(5, 10_000)
    expect(shard.restMs(12_500, turnMs)).toBeGreaterThan(turnMs)
  })
})
