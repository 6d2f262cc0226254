import { describe, expect, it } from "vitest"
import {
  BATCH_BYTES_MAX,
  BATCH_MEMBERS_MAX,
  type BatchEnd,
  GroupCommit,
  type GroupCommitMode,
  type GroupMember,
} from "../../../runtime/journal/GroupCommit.ts"

/** A journal that answers when the test says so. */
class Server {
  nowMs = 1_000
  isSupported = true
  readonly alone: Array<{ readonly key: string; readonly ended: (() => void) | undefined }> = []
  readonly batches: Array<{ readonly keys: ReadonlyArray<string>; readonly ended: (end: BatchEnd) => void }> =
    []
  readonly expired: Array<string> = []
  readonly #due: Array<() => void> = []
  readonly group: GroupCommit<GroupMember>

  constructor(mode: GroupCommitMode) {
    this.group = new GroupCommit({
      mode,
      isSupported: () => this.isSupported,
      sendBatch: (members, ended) => this.batches.push({ keys: members.map(({ key }) => key), ended }),
      soon: (work) => this.#due.push(work),
      nowMs: () => this.nowMs,
      waitMsMax: 500,
    })
  }

  member(key: string, bytes = 100): GroupMember {
    return {
      key,
      bytes,
      sendAlone: (ended) => this.alone.push({ key, ended }),
      expire: () => this.expired.push(key),
    }
  }

  offer(count: number, name = "a"): ReadonlyArray<GroupMember> {
    const members = Array.from({ length: count }, (_, index) => this.member(`${name}${index}`))
    for (const member of members) this.group.offer(member)
    this.turn()
    return members
  }

  turn(): void {
    for (const work of this.#due.splice(0)) work()
  }

  /** Answers everything that was sent alone, after the given time. */
  answerAlone(ms: number): void {
    this.nowMs += ms
    for (const { ended } of this.alone.splice(0)) ended?.()
    this.turn()
  }

  answerBatch(ms: number, end: BatchEnd = "answered"): void {
    this.nowMs += ms
    this.batches.splice(0, 1)[0]?.ended(end)
    this.turn()
  }

  /** Appends alone that each take so many milliseconds of the journal, until their time is believed. */
  measure(msEach: number): void {
    for (let round = 0; round < 90; round++) {
      this.offer(64, `m${round}-`)
      while (this.batches.length > 0) this.answerBatch(5)
      this.answerAlone(64 * msEach)
    }
  }
}

describe("appends", () => {
  it("go alone at once where batches are off", () => {
    const server = new Server("off")
    server.measure(1)
    server.offer(100)
    expect(server.alone).toHaveLength(100)
    expect(server.batches).toEqual([])
  })

  it("go alone where each takes little of the journal", () => {
    const server = new Server("auto")
    server.measure(0.03)
    server.offer(200)
    expect(server.alone).toHaveLength(200)
  })

  it("go alone where the process was held up once, however many were on their way", () => {
    const server = new Server("auto")
    server.measure(0.01)
    server.offer(1_000, "held up")
    server.answerAlone(100)
    server.offer(256)
    expect(server.batches).toEqual([])
    expect(server.alone).toHaveLength(256)
  })

  it("are grouped where each takes long and many wait, and a few still go alone at once", () => {
    const server = new Server("auto")
    server.measure(0.2)
    server.offer(256)
    expect(server.alone).toHaveLength(16)
    expect(server.batches.map(({ keys }) => keys.length)).toEqual([240])
  })

  it("go alone where few are in flight, however long they take", () => {
    const server = new Server("auto")
    server.measure(0.2)
    server.offer(8)
    expect(server.alone).toHaveLength(8)
    expect(server.batches).toEqual([])
  })

  it("go alone where the server takes no batches", () => {
    const server = new Server("auto")
    server.isSupported = false
    server.measure(0.2)
    server.offer(100)
    expect(server.alone).toHaveLength(100)
  })

  it("that came while a batch was out are the next batch", () => {
    const server = new Server("on")
    server.offer(56, "first")
    server.offer(30, "second")
    expect(server.batches.map(({ keys }) => keys.length)).toEqual([40])
    server.answerBatch(5)
    expect(server.batches.map(({ keys }) => keys[0])).toEqual(["second0"])
    expect(server.batches[0]?.keys).toHaveLength(30)
  })

  it("that answer a batch within its turn join the next one", () => {
    const server = new Server("on")
    server.offer(56, "first")
    server.offer(5, "waits")
    const [batch] = server.batches.splice(0)
    batch?.ended("answered")
    for (let index = 0; index < 40; index++) server.group.offer(server.member(`next${index}`))
    server.turn()
    expect(server.batches.map(({ keys }) => keys.length)).toEqual([45])
  })

  it("that are too few for a batch go alone once it is answered", () => {
    const server = new Server("on")
    server.offer(56, "first")
    server.answerAlone(1)
    server.offer(3, "rest")
    expect(server.alone).toEqual([])
    server.answerBatch(5)
    expect(server.alone.map(({ key }) => key)).toEqual(["rest0", "rest1", "rest2"])
  })
})

describe("a batch", () => {
  it("has no more members than the server takes, and the rest follows", () => {
    const server = new Server("on")
    server.offer(16 + BATCH_MEMBERS_MAX + 50)
    expect(server.batches.map(({ keys }) => keys.length)).toEqual([BATCH_MEMBERS_MAX])
    server.answerBatch(5)
    expect(server.batches.map(({ keys }) => keys.length)).toEqual([50])
  })

  it("has no more bytes than its bound", () => {
    const server = new Server("on")
    server.offer(16)
    for (let index = 0; index < 50; index++) {
      server.group.offer(server.member(`large${index}`, Math.floor(BATCH_BYTES_MAX / 25)))
    }
    server.turn()
    expect(server.batches.map(({ keys }) => keys.length)).toEqual([25])
  })

  it("has one append of each actor; a second one of the same waits for the next", () => {
    const server = new Server("on")
    server.offer(16)
    for (let index = 0; index < 30; index++) server.group.offer(server.member(`twin${index}`))
    for (let index = 0; index < 25; index++) server.group.offer(server.member(`twin${index}`))
    server.turn()
    expect(new Set(server.batches[0]?.keys).size).toBe(30)
    expect(server.batches[0]?.keys).toHaveLength(30)
    server.answerBatch(5)
    expect(server.batches[0]?.keys).toHaveLength(25)
  })

  it("that is refused is sent again, each member alone", () => {
    const server = new Server("on")
    server.offer(40)
    server.alone.splice(0)
    server.answerBatch(1, "refused")
    expect(server.alone).toHaveLength(24)
    expect(server.expired).toEqual([])
  })

  it("is tried again a second after the stream took none, and then after twice the time", () => {
    const server = new Server("on")
    let round = 0
    for (const pauseMs of [1_000, 2_000, 4_000]) {
      server.offer(40, `tried-${++round}-`)
      server.answerBatch(0, "unsupported")
      server.answerAlone(0)
      server.nowMs += pauseMs - 1
      server.offer(100, `then-${round}-`)
      expect(server.batches).toEqual([])
      server.answerAlone(0)
      server.nowMs += 1
    }
    server.offer(100, "later")
    expect(server.batches).toHaveLength(1)
  })

  it("is given up where it takes as long for each append as appends alone", () => {
    const server = new Server("auto")
    server.measure(0.2)
    for (let round = 0; round < 20; round++) {
      server.offer(120, `r${round}-`)
      while (server.batches.length > 0) server.answerBatch(104 * 0.4)
      server.answerAlone(1)
    }
    server.offer(120, "last")
    expect(server.batches).toEqual([])
    expect(server.alone).toHaveLength(120)
  })

  /** Appends in batches, until two seconds have passed and they go alone again. */
  const groupForLong = (server: Server): void => {
    server.measure(0.2)
    for (let round = 0; round < 11; round++) {
      server.nowMs += 200
      server.offer(120, `g${round}-`)
      while (server.batches.length > 0) server.answerBatch(5)
      server.answerAlone(0)
    }
  }

  it("is given up after a while where appends alone turn out to be fast, as after a slow start", () => {
    const server = new Server("auto")
    groupForLong(server)
    server.measure(0.01)
    server.offer(120, "last")
    expect(server.batches).toEqual([])
    expect(server.alone).toHaveLength(120)
  })

  it("is taken up again where appends alone are measured anew and are still slow", () => {
    const server = new Server("auto")
    groupForLong(server)
    server.measure(0.2)
    server.offer(120, "last")
    expect(server.batches).toHaveLength(1)
  })

  it("is not tried on another connection before appends were measured there", () => {
    const server = new Server("auto")
    server.measure(0.2)
    server.group.reset()
    server.offer(120)
    expect(server.alone).toHaveLength(120)
  })
})

describe("an append that waits", () => {
  it("for longer than its bound is not sent, and its caller learns it", () => {
    const server = new Server("on")
    server.offer(56, "first")
    server.offer(30, "late")
    server.nowMs += 501
    server.answerBatch(0)
    expect(server.expired).toHaveLength(30)
    expect(server.batches).toEqual([])
    expect(server.group.waitingCount).toBe(0)
  })

  it("is not sent when its caller has gone", () => {
    const server = new Server("on")
    server.offer(56, "first")
    const [gone] = server.offer(25, "second")
    if (gone !== undefined) server.group.withdraw(gone)
    server.answerBatch(5)
    expect(server.batches[0]?.keys).toHaveLength(24)
    expect(server.batches[0]?.keys).not.toContain("second0")
  })
})
