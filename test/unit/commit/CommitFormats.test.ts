/** Golden JSON of both formats of a commit: what was ever stored is read for ever. */
import { describe, expect, it } from "vitest"
import {
  type CommitFormat,
  type CommitHeader,
  commitEnvelopeBytes,
  decodeCommit,
  encodeCommit,
  STATE_NAME_LENGTH_MAX,
} from "../../../runtime/commit/Commit.ts"

const encoder = new TextEncoder()
const record = (data: Uint8Array) => ({ key: "order/o-1", sequence: 9, data })
const read = (json: string) => decodeCommit(record(encoder.encode(json)))
const written = (header: CommitHeader, ...entries: ReadonlyArray<string>) =>
  new TextDecoder().decode(encodeCommit(header, entries))

const header = { first: 7, at: 1_767_225_600_000, epoch: 3 }

const paid =
  '{"c":"pay-1","fp":"9c1185a5c5e9fc54","fs":"46fa294b","m":{"user":"ann","correlationId":"r-9"},' +
  '"ev":[{"t":"OrderPaid","v":1,"d":{"amount":{"minor":9000,"currency":"KRW"}}}],' +
  '"out":[{"k":"tell","to":"stock/tea","c":{"type":"Reserve"},"n":"reserve"}],"re":{"total":9000}}'

const handled = '{"c":"everstate:5-mj.0","fp":"","ev":[],"o":["shard.3",2,5,0,811],"no":true}'

const refused =
  '{"c":"everstate:6-mk.1","fp":"9c1185a5c5e9fc54","ev":[],' +
  '"out":[{"k":"letter","id":"everstate:6-mk.1@shard.3.2.6.1","reason":"Rejected","detail":"no","m":"{}"}],' +
  '"o":["shard.3",2,6,1,812,2,4,800],"no":true}'

describe("a commit of format 1", () => {
  const golden = `{"v":1,"first":7,"at":1767225600000,"epoch":3,"entries":[${paid}]}`

  it("is written as the first release reads it", () => {
    expect(written(header, paid)).toBe(golden)
    expect(written({ ...header, format: 1, w: 5, s: "paid", done: true }, paid)).toBe(golden)
  })

  it("is read", () => {
    expect(read(golden)).toEqual({ v: 1, ...header, entries: [JSON.parse(paid)] })
  })

  it("may tell origins, which earlier releases leave alone", () => {
    const { entries } = read(`{"v":1,"first":7,"at":5,"epoch":3,"entries":[${handled}]}`)
    expect(entries).toEqual([JSON.parse(handled)])
  })

  it("is read whatever it holds under the names of format 2", () => {
    expect(read('{"v":1,"first":7,"at":5,"epoch":3,"w":"x","s":5,"done":0,"entries":[]}').v).toBe(1)
  })
})

describe("a commit of format 2", () => {
  const golden = `{"v":2,"first":7,"at":1767225600000,"epoch":3,"w":41,"s":"{payment:due,stock:held}","done":true,"entries":[${handled},${refused}]}`
  const known = { w: 41, s: "{payment:due,stock:held}", done: true }

  it("is written with the watermark, the state and whether the machine is done", () => {
    expect(written({ ...header, format: 2, ...known }, handled, refused)).toBe(golden)
  })

  it("leaves out what is not known, not so, or too long to tell", () => {
    const bare = '{"v":2,"first":7,"at":1767225600000,"epoch":3,"entries":[]}'
    const s = "x".repeat(STATE_NAME_LENGTH_MAX)
    expect(written({ ...header, format: 2, w: undefined, s, done: false })).toBe(bare)
  })

  it("is read, with all that later releases add to it", () => {
    expect(read(golden)).toEqual({
      v: 2,
      ...header,
      ...known,
      entries: [JSON.parse(handled), JSON.parse(refused)],
    })
    expect(read('{"v":2,"first":1,"at":5,"epoch":3,"b":{"in":{}},"entries":[],"new":1}').entries).toEqual([])
  })

  it.each([
    ["w is no sequence", { w: -1 }],
    ["w is no sequence", { w: 1.5 }],
    ["s is no text", { s: 7 }],
    ["done is neither true nor false", { done: 1 }],
    ["entry 0: o is no origin", { entries: [{ ...JSON.parse(handled), o: ["shard.3", 2, 5, 0] }] }],
    ["entry 0: o is no origin", { entries: [{ ...JSON.parse(handled), o: ["", 2, 5, 0, 811] }] }],
    ["entry 0: o is no origin", { entries: [{ ...JSON.parse(handled), o: ["a", 2, 5, 0, 811, 1] }] }],
    ["entry 0: o is no origin", { entries: [{ ...JSON.parse(handled), o: ["a", -2, 5, 0, 811] }] }],
    ["era is no number", { era: -7 }],
    ["entry 0: no is not true", { entries: [{ ...JSON.parse(handled), no: false }] }],
    [
      "entry 0: out is no list of items",
      {
        entries: [
          { ...JSON.parse(handled), out: [{ k: "letter", id: "x", reason: "Rejected", detail: "" }] },
        ],
      },
    ],
    ["d is no part of the directory", { d: { v: 0, c: {} } }],
    ["d is no part of the directory", { d: { v: 1, c: [] } }],
    ["d is no part of the directory", { d: null }],
  ])("is unreadable: %s", (complaint, fields) => {
    const json = JSON.stringify({ v: 2, ...header, entries: [], ...fields })
    expect(() => read(json)).toThrow(`not a commit: ${complaint}`)
  })
})

describe("columns of the directory", () => {
  const golden = `{"v":2,"first":7,"at":1767225600000,"epoch":3,"s":"open","d":{"v":2,"c":{"customer":"c-1","size":3}},"entries":[]}`

  it("are written behind the state and read back, and left out of format 1", () => {
    const d = { v: 2, c: { customer: "c-1", size: 3 } }
    const decoded = (data: Uint8Array) => new TextDecoder().decode(data)
    expect(decoded(encodeCommit({ ...header, format: 2, s: "open", d }, []))).toBe(golden)
    expect(decoded(encodeCommit({ ...header, d }, []))).not.toContain('"d"')
    expect(read(golden)).toMatchObject({ d })
  })

  it("may be null, if the definition could not give them", () => {
    expect(read(golden.replace(/"c":{[^}]*}/, '"c":null'))).toMatchObject({ d: { v: 2, c: null } })
  })
})

it.each<CommitFormat>([1, 2])("the envelope of format %i has room for the largest header", (format) => {
  const largest = Number.MAX_SAFE_INTEGER
  const s = "€".repeat(STATE_NAME_LENGTH_MAX - 2)
  const data = encodeCommit(
    { format, first: largest, at: -8.64e15, epoch: largest, w: largest, s, done: true },
    [],
  )
  expect(data.length).toBeLessThanOrEqual(commitEnvelopeBytes(format))
})
