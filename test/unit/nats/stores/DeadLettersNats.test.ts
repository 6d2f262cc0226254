/** Dead letters as they are stored: whatever a letter says, it fits, and a list has each once. */
import { Context, Effect, Layer, type Scope } from "effect"
import { expect, it } from "vitest"
import { NatsConnection } from "../../../../infra/nats/connection/NatsConnection.ts"
import { DETAIL_LENGTH_MAX, DeadLettersNats } from "../../../../infra/nats/stores/DeadLettersNats.ts"
import {
  type DeadLetter,
  DeadLetters,
  type DeadLettersService,
} from "../../../../runtime/deadletter/DeadLetters.ts"
import { api, type ServerReply, ServerScripted } from "../ServerScripted.ts"

const letter: DeadLetter = {
  key: "order/a",
  reason: "Failed",
  detail: "broken",
  attemptCount: 1,
  atMs: 1,
  messageId: "m-1",
  original: "{}",
}
const config = {
  subjects: ["fault.dlq.*"],
  storage: "file",
  retention: "limits",
  allow_direct: true,
}
/** Letters of one page: what a server cuts at its size. */
const PAGE = 2

/** A stream with letters of the numbers from 1 to `last`. */
const on = (
  last: number,
  program: (given: {
    readonly letters: DeadLettersService
    readonly server: ServerScripted
  }) => Effect.Effect<void, unknown, Scope.Scope>,
): Promise<void> => {
  const page = (from: number): ReadonlyArray<ServerReply> => {
    if (from > last) return [{ status: 404 }]
    const numbers = Array.from({ length: Math.min(PAGE, last - from + 1) }, (_, index) => from + index)
    const { original, ...line } = letter
    const messages = numbers.map((number, index) => ({
      headers: {
        "Nats-Subject": "s",
        "Nats-Sequence": number,
        "Nats-Last-Sequence": index === 0 ? 0 : number - 1,
      },
      data: `${JSON.stringify({ v: 1, ...line })}\n${original}`,
    }))
    const end = numbers.at(-1) ?? 0
    return [
      ...messages,
      { status: 204, headers: { "Nats-Last-Sequence": end, "Nats-Num-Pending": last - end } },
    ]
  }
  const server = new ServerScripted(({ subject, text }) => {
    if (subject.startsWith("$JS.API.STREAM.INFO.")) return [api({ config, created: "now", state: {} })]
    if (subject.startsWith("$JS.API.DIRECT.GET.")) return page((JSON.parse(text) as { seq: number }).seq)
    if (subject.startsWith("$JS.API.STREAM.MSG.GET.")) {
      return [api({ error: { code: 404, err_code: 10_037, description: "no message found" } })]
    }
    return [api({ stream: "s", seq: 1 })]
  })
  return Effect.gen(function* () {
    const connection = Layer.succeed(NatsConnection, yield* server.connection)
    const layer = DeadLettersNats.layer({ namespace: "fault" }).pipe(Layer.provide(connection))
    yield* program({ letters: Context.get(yield* Layer.build(layer), DeadLetters), server })
  }).pipe(Effect.scoped, Effect.runPromise)
}

/** What is stored of a letter. */
const stored = async (part: Partial<DeadLetter>) => {
  let text = ""
  await on(0, ({ letters, server }) =>
    Effect.map(letters.add({ ...letter, ...part }), () => {
      text = server.below("fault.dlq.")[0]?.text ?? ""
    }),
  )
  const [line = "", original = ""] = text.split("\n")
  const { detail } = JSON.parse(line) as { detail: string }
  return { detail, original, bytes: Buffer.byteLength(text) }
}

it("a detail is kept up to its longest, and a longer one is cut there", async () => {
  const detail = "d".repeat(DETAIL_LENGTH_MAX)
  expect(await stored({ detail })).toMatchObject({ detail, original: "{}" })
  expect(await stored({ detail: `${detail}d` })).toMatchObject({ detail, original: "{}" })
  expect((await stored({ detail: "d".repeat(100_000) })).bytes).toBeLessThan(DETAIL_LENGTH_MAX + 500)
})

it("an original that does not fit is cut, and the letter says so", async () => {
  const { detail, original, bytes } = await stored({
    original: "o".repeat(100_000),
    detail: "d".repeat(10_000),
  })
  expect(original).toMatch(/^o{1000,65000}$/)
  expect(detail).toContain(`(the first ${original.length} of 100000 bytes are kept)`)
  expect(bytes).toBeLessThan(new ServerScripted(() => []).payloadBytesMax)
})

it.each([
  [0, 10, [1, 2, 3, 4, 5]],
  [0, 5, [1, 2, 3, 4, 5]],
  [2, 10, [3, 4, 5]],
  [4, 10, [5]],
  [5, 10, []],
])("a list after %i has each letter once, over pages", (after, limit, numbers) =>
  on(5, ({ letters }) =>
    Effect.gen(function* () {
      const list = yield* letters.list({ after, limit })
      expect(list.map(({ number }) => number)).toEqual(numbers)
      for (const { number, ...rest } of list) expect(rest).toEqual(letter)
    }),
  ),
)
