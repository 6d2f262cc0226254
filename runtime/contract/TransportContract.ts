/**
 * What every transport honours (runtime/transport/Transport.ts): two processes on one transport, on which nobody serves
 * anything yet.
 */
import { Effect, Exit, Schedule, Scope } from "effect"
import { RequestFailed, type TransportService } from "../transport/Transport.ts"
import { type ContractOptions, type ContractRunner, factOfSubject } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"

/** Two processes on one transport. */
export interface TransportPair {
  readonly here: TransportService
  readonly there: TransportService
}

/** Long enough that no fact waits for its end. */
const PATIENCE_MS = 600_000

/** Short enough to wait for. */
const IMPATIENCE_MS = 100

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const bytes = (text: string): Uint8Array => encoder.encode(text)

/** One request and its outcome, as text. */
export const ask = (
  { send }: TransportService,
  subject: string,
  request: string | Uint8Array = "",
  timeoutMs = PATIENCE_MS,
): Effect.Effect<string, RequestFailed> =>
  Effect.callback((resume) => {
    const forget = send(subject, typeof request === "string" ? bytes(request) : request, timeoutMs, {
      onReply: (reply) => resume(Effect.succeed(decoder.decode(reply))),
      onFailure: (failure) => resume(Effect.fail(failure)),
    })
    return Effect.sync(forget)
  })

/** Serves a subject with `<name>:<request>`. */
export const echo = ({ serve }: TransportService, subject: string, name = "echo") =>
  serve(subject, (request, reply) => reply(bytes(`${name}:${decoder.decode(request)}`)))

/** Repeats a check until it holds. */
export const eventually = <E>(check: Effect.Effect<void, E>): Effect.Effect<void, unknown> =>
  Effect.retry(Effect.sandbox(check), { schedule: Schedule.spaced(25), times: 4_000 })

/** Repeats requests until one fails with `reason`: a subscription ends a moment after its scope. */
export const eventuallyFails = (
  transport: TransportService,
  subject: string,
  reason: RequestFailed["reason"],
) =>
  eventually(
    Effect.map(Effect.flip(ask(transport, subject, "", IMPATIENCE_MS)), (failure) => {
      expect(failure).toMatchObject({ _tag: "RequestFailed", subject, reason })
    }),
  )

/** Registers the contract of `Transport` with a test runner. */
export const transportContract = (runner: ContractRunner, options: ContractOptions<TransportPair>): void => {
  const fact = factOfSubject(runner, options)

  runner.describe(`${options.name} transport`, () => {
    fact(
      "says NoResponders at once where nobody serves",
      Effect.fnUntraced(function* ({ here }) {
        const failure = yield* Effect.flip(ask(here, "nobody.3"))
        expect(failure).toBeInstanceOf(RequestFailed)
        expect(failure).toMatchObject({ kind: "transient", reason: "NoResponders", subject: "nobody.3" })
      }),
    )

    fact(
      "carries requests and replies as they are: empty, Unicode, any bytes, up to the limit",
      Effect.fnUntraced(function* ({ here, there }) {
        yield* there.serve("ask.shard.3", (request, reply) => reply(request))
        const every = Uint8Array.from({ length: 256 }, (_, byte) => byte)
        const largest = new Uint8Array(here.messageBytesMax).fill(7)
        for (const sent of [new Uint8Array(), bytes("주문 \u{1f9ed}"), every, largest]) {
          const received = yield* Effect.callback<Uint8Array, RequestFailed>((resume) => {
            here.send("ask.shard.3", sent, PATIENCE_MS, {
              onReply: (reply) => resume(Effect.succeed(reply)),
              onFailure: (failure) => resume(Effect.fail(failure)),
            })
          })
          expect(received).toEqual(sent)
        }
      }),
    )

    fact(
      "gives each of many requests its own reply",
      Effect.fnUntraced(function* ({ here, there }) {
        yield* echo(there, "ask")
        const requests = Array.from({ length: 1_000 }, (_, index) => `${index}`)
        const replies = yield* Effect.forEach(requests, (request) => ask(here, "ask", request), {
          concurrency: "unbounded",
        })
        expect(replies).toEqual(requests.map((request) => `echo:${request}`))
      }),
    )

    fact(
      "keeps subjects apart",
      Effect.fnUntraced(function* ({ here, there }) {
        const subjects = ["a", "a.b", "a.b.c", "a-b", "a_b", "A"]
        for (const subject of subjects) yield* echo(there, subject, subject)
        for (const subject of subjects) expect(yield* ask(here, subject, "x")).toBe(`${subject}:x`)
        expect((yield* Effect.flip(ask(here, "a.c"))).reason).toBe("NoResponders")
      }),
    )

    fact(
      "serves again what was served before, by the same effect",
      Effect.fnUntraced(function* ({ here, there }) {
        const serving = echo(there, "ask")
        yield* Effect.scoped(serving)
        yield* eventuallyFails(here, "ask", "NoResponders")
        yield* serving
        expect(yield* ask(here, "ask", "x")).toBe("echo:x")
      }),
    )

    fact(
      "reaches its own process, too",
      Effect.fnUntraced(function* ({ here }) {
        yield* echo(here, "self")
        expect(yield* ask(here, "self", "x")).toBe("echo:x")
      }),
    )

    fact(
      "gives a request to everybody who serves its subject, and the first reply to its sender",
      Effect.fnUntraced(function* ({ here, there }) {
        const replies: Array<(reply: Uint8Array) => void> = []
        const keep = (_: Uint8Array, reply: (reply: Uint8Array) => void) => {
          replies.push(reply)
        }
        yield* there.serve("ask", keep)
        yield* there.serve("ask", keep)
        yield* here.serve("ask", keep)
        const outcomes: Array<string> = []
        here.send("ask", bytes("x"), PATIENCE_MS, {
          onReply: (reply) => outcomes.push(decoder.decode(reply)),
          onFailure: ({ reason }) => outcomes.push(reason),
        })
        yield* eventually(Effect.sync(() => expect(replies).toHaveLength(3)))
        replies[1]?.(bytes("first"))
        yield* eventually(Effect.sync(() => expect(outcomes).toEqual(["first"])))
        replies[0]?.(bytes("second"))
        replies[2]?.(bytes("third"))
        yield* echo(there, "after")
        yield* ask(here, "after")
        expect(outcomes).toEqual(["first"])
      }),
    )

    fact(
      "times out where a reply does not come, and forgets one that comes late",
      Effect.fnUntraced(function* ({ here, there }) {
        const replies: Array<(reply: Uint8Array) => void> = []
        const outcomes: Array<string> = []
        yield* there.serve("ask", (_, reply) => replies.push(reply))
        here.send("ask", bytes("x"), IMPATIENCE_MS, {
          onReply: () => outcomes.push("reply"),
          onFailure: ({ reason }) => outcomes.push(reason),
        })
        yield* eventually(Effect.sync(() => expect(outcomes).toEqual(["Timeout"])))
        expect(replies).toHaveLength(1)
        replies[0]?.(bytes("late"))
        yield* echo(there, "after")
        yield* ask(here, "after")
        expect(outcomes).toEqual(["Timeout"])
      }),
    )

    fact(
      "tells nothing about a request that was forgotten",
      Effect.fnUntraced(function* ({ here, there }) {
        const outcomes: Array<string> = []
        const handler = {
          onReply: () => outcomes.push("reply"),
          onFailure: ({ reason }: RequestFailed) => outcomes.push(reason),
        }
        yield* echo(there, "ask")
        here.send("ask", bytes("x"), IMPATIENCE_MS, handler)()
        here.send("nobody", bytes("x"), IMPATIENCE_MS, handler)()
        expect(yield* ask(here, "ask", "x")).toBe("echo:x")
        yield* there.serve("silent", () => undefined)
        yield* Effect.flip(ask(here, "silent", "x", 2 * IMPATIENCE_MS))
        expect(outcomes).toEqual([])
      }),
    )

    fact(
      "serves until the scope ends, then NoResponders, and serves again",
      Effect.fnUntraced(function* ({ here, there }) {
        for (const name of ["first", "second"]) {
          const scope = yield* Scope.make()
          yield* Scope.provide(echo(there, "ask", name), scope)
          expect(yield* ask(here, "ask", "x")).toBe(`${name}:x`)
          yield* Scope.close(scope, Exit.void)
          yield* eventuallyFails(here, "ask", "NoResponders")
        }
      }),
    )

    fact(
      "FAULT 36: refuses a request over the limit before it is sent, and fails one at once whose reply is",
      Effect.fnUntraced(function* ({ here, there }) {
        const received: Array<number> = []
        yield* there.serve("large", (request, reply) => {
          received.push(request.length)
          reply(new Uint8Array(there.messageBytesMax + 1))
        })
        const tooLarge = { reason: "TooLarge", subject: "large" }
        const larger = new Uint8Array(here.messageBytesMax + 1)
        expect(yield* Effect.flip(ask(here, "large", larger))).toMatchObject(tooLarge)
        expect(received).toEqual([])
        expect(yield* Effect.flip(ask(here, "large", "x"))).toMatchObject(tooLarge)
        expect(received).toEqual([1])
      }),
    )

    fact(
      "has never been disconnected so far",
      Effect.fnUntraced(function* ({ here }) {
        yield* Effect.flip(ask(here, "nobody"))
        expect(here.disconnectedAtMs()).toBe(Number.NEGATIVE_INFINITY)
      }),
    )
  })
}
