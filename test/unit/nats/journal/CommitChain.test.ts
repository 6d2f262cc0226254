/** An actor's commits from the last one backwards: all of them, or none and a forward read. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { CHAIN_COMMITS_MAX, makeReadCommits, readChain } from "../../../../infra/nats/journal/CommitChain.ts"
import { JOURNAL_PAGE_BYTES_MAX } from "../../../../runtime/journal/Journal.ts"
import { RequestsScripted, type ScriptedReply } from "../RequestsScripted.ts"

const log = { stream: "fault-journal", subject: "fault.evt.0.order.a", keyOf: () => "order/a" }

type Requests = Parameters<typeof readChain>[0]

/** A commit as a direct get of its sequence brings it. */
const commit = (sequence: number, previous: number | undefined, data: ScriptedReply["data"] = "") => ({
  headers: {
    ...(previous === undefined ? undefined : { "Nats-Expected-Last-Subject-Sequence": previous }),
    "Nats-Stream": log.stream,
    "Nats-Subject": log.subject,
    "Nats-Sequence": sequence,
  },
  data,
})

/** A server with these commits, and what it was asked for. */
const serverOf = (commits: ReadonlyMap<number, ScriptedReply>) => {
  const asked: Array<unknown> = []
  const { requests } = new RequestsScripted(({ body }) => {
    asked.push(body)
    const { seq, batch } = body as { readonly seq: number; readonly batch?: number }
    if (batch === undefined) return [commits.get(seq) ?? { status: 404 }]
    return [
      { headers: { "Nats-Subject": log.subject, "Nats-Sequence": 70, "Nats-Last-Sequence": 0 } },
      endOfBatch,
    ]
  })
  return { requests: requests as Requests, asked }
}

const endOfBatch: ScriptedReply = {
  status: 204,
  headers: { "Nats-Last-Sequence": 70, "Nats-Num-Pending": 0 },
}

const chain = async (commits: ReadonlyMap<number, ScriptedReply>, after: number, upTo: number) => {
  const { requests, asked } = serverOf(commits)
  const records = await Effect.runPromise(readChain(requests, log, { after, upTo }))
  return { sequences: records?.map(({ sequence }) => sequence), askedCount: asked.length }
}

const three = new Map([
  [10, commit(10, 0, "one")],
  [40, commit(40, 10, "two")],
  [70, commit(70, 40, "three")],
])

describe("the walk from the last commit backwards", () => {
  it.each([
    [0, [10, 40, 70]],
    [9, [10, 40, 70]],
    [10, [40, 70]],
    [39, [40, 70]],
    [40, [70]],
    [69, [70]],
  ])("has all commits after %i, in order, and asks for no other", async (after, sequences) => {
    expect(await chain(three, after, 70)).toEqual({ sequences, askedCount: sequences.length })
  })

  it("has the actor's key and the data of each", async () => {
    const { requests } = serverOf(three)
    const records = await Effect.runPromise(readChain(requests, log, { after: 10, upTo: 70 }))
    const texts = records?.map(({ key, data }) => [key, new TextDecoder().decode(data)])
    expect(texts).toEqual([
      ["order/a", "two"],
      ["order/a", "three"],
    ])
  })

  it.each<readonly [string, readonly [number, ScriptedReply | undefined]]>([
    ["a commit is missing", [40, undefined]],
    ["the last commit is missing", [70, undefined]],
    [
      "a commit is another actor's",
      [40, { headers: { ...commit(40, 10).headers, "Nats-Subject": `${log.subject}b` } }],
    ],
    ["a commit does not name the one before it", [40, commit(40, undefined)]],
    ["a commit names a later one", [40, commit(40, 70)]],
  ])("is given up where %s", async (_, [sequence, reply]) => {
    const commits = new Map<number, ScriptedReply>(three)
    if (reply === undefined) commits.delete(sequence)
    else commits.set(sequence, reply)
    expect((await chain(commits, 0, 70)).sequences).toBeUndefined()
  })

  it("is given up where there are more commits than it takes, or more bytes than a page has", async () => {
    const many = (count: number) =>
      new Map(Array.from({ length: count }, (_, at) => [at + 1, commit(at + 1, at)]))
    expect((await chain(many(CHAIN_COMMITS_MAX), 0, CHAIN_COMMITS_MAX)).sequences).toHaveLength(
      CHAIN_COMMITS_MAX,
    )
    const tooMany = await chain(many(CHAIN_COMMITS_MAX + 1), 0, CHAIN_COMMITS_MAX + 1)
    expect(tooMany).toEqual({ sequences: undefined, askedCount: CHAIN_COMMITS_MAX })
    const large = new Uint8Array(JOURNAL_PAGE_BYTES_MAX / 2 + 1)
    const tooLarge = new Map([1, 2, 3].map((sequence) => [sequence, commit(sequence, sequence - 1, large)]))
    expect((await chain(tooLarge, 0, 3)).sequences).toBeUndefined()
  })
})

describe("a page of an actor's commits", () => {
  const pageOf = async (commits: ReadonlyMap<number, ScriptedReply>, newestSequence: number) => {
    const { requests, asked } = serverOf(commits)
    const range = { after: 40, upTo: 70 }
    const records = await Effect.runPromise(makeReadCommits(requests)(log, range, newestSequence))
    expect(records.map(({ sequence }) => sequence)).toEqual([70])
    return asked
  }

  it("is walked backwards in a large stream, and read forward in a small one", async () => {
    expect(await pageOf(three, 1_000_000)).toEqual([{ seq: 70 }])
    expect(await pageOf(three, 999_999)).toEqual([
      expect.objectContaining({ seq: 41, next_by_subj: log.subject }),
    ])
  })

  it("is not walked again where the walk of an earlier page was given up", async () => {
    const { requests, asked } = serverOf(new Map())
    const readCommits = makeReadCommits(requests)
    const page = () => Effect.runPromise(readCommits(log, { after: 40, upTo: 70 }, 1_000_000))
    await page()
    await page()
    expect(asked.map((body) => (body as { readonly seq: number }).seq)).toEqual([70, 41, 41])
  })

  it("is read forward where the walk is given up", async () => {
    expect(await pageOf(new Map(), 1_000_000)).toEqual([
      { seq: 70 },
      expect.objectContaining({ seq: 41, next_by_subj: log.subject }),
    ])
  })
})
