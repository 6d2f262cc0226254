/**
 * What members ask each other directly: a sign of life, how they are, and what operators want of one of them.
 *
 * Owns the form on the wire: JSON, `{ k, ... }` → JSON. What the answers are: ../system/MemberAnswers.ts.
 */
import { Effect, type Scope } from "effect"
import { serveWhenPossible } from "../transport/ServeWhenPossible.ts"
import type { RequestFailed, TransportService } from "../transport/Transport.ts"
import { memberSubject } from "./Member.ts"

/** How long an answer to a notice is waited for, to be thrown away, in milliseconds. */
const NOTICE_MS = 1_000

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Answers for this node under its id, until the scope ends. Does not fail: who cannot be asked is evicted meanwhile. */
export const serveMember = (
  transport: TransportService,
  id: string,
  asked: (request: unknown) => Effect.Effect<unknown>,
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const run = Effect.runForkWith(yield* Effect.context<never>())
    yield* serveWhenPossible(transport, memberSubject(id), (request, reply) => {
      let question: unknown
      try {
        question = JSON.parse(decoder.decode(request))
      } catch {
        return
      }
      if ((question as { readonly k?: unknown } | null)?.k === "ping") return reply(PONG)
      run(Effect.map(asked(question), (answer) => reply(encoder.encode(JSON.stringify(answer)))))
    })
  })

const PONG = encoder.encode(JSON.stringify({ ok: true }))

const nothing = (): void => undefined

/** Tells a member something. Nobody waits for an answer: it may have come, or not. */
export const tellMember = (transport: TransportService, id: string, notice: unknown): void => {
  const bytes = encoder.encode(JSON.stringify(notice))
  transport.send(memberSubject(id), bytes, NOTICE_MS, { onReply: nothing, onFailure: nothing })
}

/** Asks a member. */
export const askMember = (
  transport: TransportService,
  id: string,
  request: unknown,
  timeoutMs: number,
): Effect.Effect<unknown, RequestFailed> =>
  Effect.callback<unknown, RequestFailed>((resume) => {
    const forget = transport.send(memberSubject(id), encoder.encode(JSON.stringify(request)), timeoutMs, {
      onReply: (reply) => resume(Effect.sync(() => JSON.parse(decoder.decode(reply)) as unknown)),
      onFailure: (failure) => resume(Effect.fail(failure)),
    })
    return Effect.sync(forget)
  })
