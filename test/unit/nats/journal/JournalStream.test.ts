/** The streams of a journal at start: created where there never was one, and never beside one that has commits. */
import { Effect, Layer, References } from "effect"
import { expect, it } from "vitest"
import { jetStreamCode } from "../../../../infra/nats/connection/NatsErrors.ts"
import { journalStreamConfig } from "../../../../infra/nats/journal/JournalSettings.ts"
import { openJournalStreams } from "../../../../infra/nats/journal/JournalStream.ts"
import { type JournalIdentity, JournalRegister } from "../../../../runtime/journal/JournalRegister.ts"
import { api, apiError, ServerScripted } from "../ServerScripted.ts"

const STREAMS = 3
const options = { namespace: "fault", shards: 8, streams: STREAMS }

/** Opens a journal whose streams end at `lasts`; undefined is one that is not there. */
const open = async (lasts: ReadonlyArray<number | undefined>, remembered?: JournalIdentity) => {
  const created: Array<string> = []
  const server = new ServerScripted(({ subject }) => {
    const partition = Number(/-journal-(\d)$/.exec(subject)?.[1] ?? 0)
    const config = journalStreamConfig(options, 1, partition)
    const infoOf = (last: number) => {
      const metadata = { ...config.metadata, "everstate.id": `id-${partition}` }
      return api({ config: { ...config, metadata }, created: "now", state: { first_seq: 1, last_seq: last } })
    }
    if (subject.startsWith("$JS.API.STREAM.CREATE.")) {
      created.push(config.name)
      return [infoOf(0)]
    }
    if (!subject.startsWith("$JS.API.STREAM.INFO.")) return [apiError(10_060)]
    const last = subject.endsWith(config.name) ? lasts[partition] : undefined
    return [last === undefined ? apiError(jetStreamCode.streamNotFound) : infoOf(last)]
  })
  const register = Layer.succeed(JournalRegister, {
    load: () => Effect.succeed(remembered),
    record: () => Effect.void,
  })
  const opening = Effect.gen(function* () {
    return yield* openJournalStreams(yield* server.connection, options)
  })
  const result = await Effect.runPromise(
    Effect.result(opening).pipe(
      Effect.scoped,
      Effect.provide(register),
      Effect.provideService(References.MinimumLogLevel, "None"),
    ),
  )
  const refusal = result._tag === "Failure" ? (result.failure as { reason?: string }).reason : undefined
  return { refusal, created }
}

const names = Array.from({ length: STREAMS }, (_, partition) => `fault-journal-${partition}`)

it("are all created where there is none", async () => {
  expect(await open([undefined, undefined, undefined])).toEqual({ refusal: undefined, created: names })
})

it.each([0, 1, 2])("stream %i is created beside others that have no commits", async (partition) => {
  const lasts = names.map((_, index) => (index === partition ? undefined : 0))
  expect(await open(lasts)).toEqual({ refusal: undefined, created: [names[partition]] })
})

it.each(
  [0, 1, 2].flatMap((lost) => [0, 1, 2].filter((other) => other !== lost).map((other) => [lost, other])),
)("stream %i is missing, and not created, where stream %i has a commit", async (lost, written) => {
  const lasts = names.map((_, index) => (index === lost ? undefined : index === written ? 1 : 0))
  expect(await open(lasts)).toEqual({ refusal: "Missing", created: [] })
})

it.each([0, 1, 2])("stream %i is missing, and not created, where it is remembered", async (partition) => {
  const streams = names.map((_, index) => ({ streamId: `id-${index}`, lastSequence: 0 }))
  const lasts = names.map((_, index) => (index === partition ? undefined : 0))
  expect(await open(lasts, { namespace: "fault", shards: 8, streams })).toEqual({
    refusal: "Missing",
    created: [],
  })
})
