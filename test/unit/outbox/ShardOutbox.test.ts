import { describe, expect, it } from "vitest"
import { ShardOutbox } from "../../../runtime/outbox/ShardOutbox.ts"

const doubtMs = 30_000

const shardOf = (epoch: number): ShardOutbox =>
  new ShardOutbox({ place: 0, shard: 0, epoch, checkpoint: "outbox.shard.0", types: new Set(["order"]) })

/** Placed at time 0, where a journal that ends at `end` is sent, and read once. */
const opened = ({ epoch, end }: { readonly epoch: number; readonly end: number }): ShardOutbox => {
  const shard = shardOf(epoch)
  shard.start(end, end, doubtMs)
  shard.readToEnd(end, 0)
  return shard
}

/** One commit with something to send, sent and saved. */
const commit = (shard: ShardOutbox, sequence: number, nowMs: number): void => {
  shard.begin(sequence)
  shard.done(sequence)
  shard.turnGeneration(nowMs)
}

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
    expect(shard.toRead(60_000)).toBe(19)
  })
})
