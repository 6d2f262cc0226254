/** A page of the journal: complete or failed, whatever the replica that answers leaves out, and never longer than asked. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import { readPage } from "../../../../infra/nats/journal/JournalRead.ts"
import { RequestsScripted, type ScriptedReply } from "../RequestsScripted.ts"

const log = { stream: "fault-journal", subject: "fault.evt.0.order.a", keyOf: () => "order/a" }
const range = { after: 0, upTo: 100 }

/** A record as a batch brings it: each names the one before. */
const record = (sequence: number, previous = sequence - 1): ScriptedReply => ({
  headers: { "Nats-Subject": log.subject, "Nats-Sequence": sequence, "Nats-Last-Sequence": previous },
  data: `commit ${sequence}`,
})
const endOfBatch = (last: number, pending: number): ScriptedReply => ({
  status: 204,
  headers: { "Nats-Last-Sequence": last, "Nats-Num-Pending": pending },
})
const notFound: ScriptedReply = { status: 404 }

/** A replica that answers with `batch`, and a leader that has commits up to `leaderLast`. */
const page = async (
  batch: ReadonlyArray<ScriptedReply>,
  leaderLast: number,
  { countMax = 5, upTo = range.upTo, nextOnLeader = 0 } = {},
) => {
  const { requests, subjects } = new RequestsScripted(({ subject, body }) => {
    if (subject.startsWith("$JS.API.DIRECT.GET.")) return batch
    const seq = Math.max(nextOnLeader, (body as { readonly seq: number }).seq)
    const data = Buffer.from(`commit ${seq}`).toString("base64")
    const found = { message: { subject: log.subject, seq, data } }
    const none = { error: { code: 404, err_code: 10037, description: "no message found" } }
    return [{ data: JSON.stringify(seq <= leaderLast ? found : none) }]
  })
  const asked = readPage(requests as Parameters<typeof readPage>[0], log, { ...range, upTo }, countMax)
  const result = await Effect.runPromise(Effect.result(asked))
  return {
    sequences: result._tag === "Success" ? result.success.map(({ sequence }) => sequence) : undefined,
    failure: result._tag === "Failure" ? result.failure.message : undefined,
    leaderAsked: subjects.some((subject) => subject.startsWith("$JS.API.STREAM.MSG.GET.")),
  }
}

const sequences = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
const records = (count: number) => sequences(count).map((sequence) => record(sequence))

it("is no longer than asked where a replica that lags ends exactly there", async () => {
  const full = await page([...records(5), endOfBatch(5, 0)], 9)
  expect(full).toMatchObject({ sequences: sequences(5), leaderAsked: false })
})

it("goes on with the leader's next commit where a replica ends early", async () => {
  expect((await page([...records(3), endOfBatch(3, 0)], 9)).sequences).toEqual(sequences(4))
  expect((await page([...records(3), endOfBatch(3, 0)], 3)).sequences).toEqual(sequences(3))
})

it("ends with the last record of its range, whether the replica has that, has more, or leaves it to the leader", async () => {
  const exact = await page([...records(3), endOfBatch(3, 0)], 9, { upTo: 3 })
  expect(exact).toMatchObject({ sequences: sequences(3), leaderAsked: false })
  const more = await page([...records(4), endOfBatch(4, 0)], 9, { upTo: 3 })
  expect(more).toMatchObject({ sequences: sequences(3), leaderAsked: false })
  const fewer = await page([...records(2), endOfBatch(2, 0)], 9, { upTo: 3 })
  expect(fewer).toMatchObject({ sequences: sequences(3), leaderAsked: true })
})

it("has nothing of the leader's that is past its range", async () => {
  // The actor's next commit: sequences between are those of others.
  const gap = await page([record(1, 0), endOfBatch(1, 0)], 9, { upTo: 2, nextOnLeader: 3 })
  expect(gap).toMatchObject({ sequences: [1], leaderAsked: true })
})

it("asks the leader where a replica has nothing yet", async () => {
  expect(await page([notFound], 9)).toMatchObject({ sequences: [1], leaderAsked: true })
  expect(await page([notFound], 0)).toMatchObject({ sequences: [], leaderAsked: true })
})

it.each([
  ["the first", [record(2), record(3), endOfBatch(3, 0)]],
  ["one in the middle", [record(1), record(3), endOfBatch(3, 0)]],
  ["the last", [record(1), record(2), endOfBatch(3, 0)]],
])("fails where %s reply was lost", async (_, batch) => {
  expect((await page(batch, 9)).failure).toMatch(/a reply after sequence \d was lost/)
})

it("fails with the server's words where the batch ends in an error", async () => {
  expect((await page([record(1), { status: 408 }], 9)).failure).toContain("408")
})
