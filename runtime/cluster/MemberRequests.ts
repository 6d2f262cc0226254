/**
 * What members ask each other directly: a sign of life, how they are, and what operators want of one of them.
 *
 * Owns the form on the wire: JSON, `{ k, ... }` → JSON. What the answers are: ../system/MemberAnswers.ts.
 */
import { Effect, type Scope } from "effect"
import { serveWhenPossible } from "../transport/ServeWhenPossible.ts"
import { RequestFailed, type TransportService } from "../transport/Transport.ts"
import { memberSubject } from "./Member.ts"

/** How long a member may take to answer at once what it is asked, in milliseconds. */
export const MEMBER_TIMEOUT_MS = 1_000

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
      const answer = Effect.suspend(() => asked(question)).pipe(
        Effect.catchDefect((defect) =>
          Effect.as(Effect.logWarning("A member's request could not be answered.", defect), {
            unknown: true,
          }),
        ),
      )
      run(Effect.map(answer, (answered) => reply(encoder.encode(JSON.stringify(answered)))))
    })
  })

const PONG = encoder.encode(JSON.stringify({ ok: true }))

const nothing = (): void => undefined

/** Tells a member something. Nobody waits for an answer: it may have come, or not. */
export const tellMember = (transport: TransportService, id: string, notice: unknown): void => {
  const bytes = encoder.encode(JSON.stringify(notice))
  transport.send(memberSubject(id), bytes, NOTICE_MS, { onReply: nothing, onFailure: nothing })
}

const read = (subject: string, reply: Uint8Array): Effect.Effect<object, RequestFailed> => {
  try {
    const answer: unknown = JSON.parse(decoder.decode(reply))
    if (typeof answer === "object" && answer !== null) return Effect.succeed(answer)
  } catch {
    // The same as an answer of another form.
  }
  return Effect.fail(new RequestFailed({ reason: "Unreadable", subject, detail: "it is no JSON object" }))
}

/** Asks a member. Its answer is an object; what is in it, the asker checks. */
export const askMember = (
  transport: TransportService,
  id: string,
  request: unknown,
  timeoutMs: number,
): Effect.Effect<object, RequestFailed> =>
  Effect.callback<object, RequestFailed>((resume) => {
    const forget = transport.send(memberSubject(id), encoder.encode(JSON.stringify(request)), timeoutMs, {
      onReply: (reply) => resume(Effect.suspend(() => read(memberSubject(id), reply))),
      onFailure: (failure) => resume(Effect.fail(failure)),
    })
    return Effect.sync(forget)
  })
