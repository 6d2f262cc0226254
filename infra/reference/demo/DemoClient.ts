/**
 * The demo's client: it sends every command until it is answered, always with the same Idempotency-Key.
 *
 * Owns what a careful client does if the service dies during a request: it tries again. It keeps the
 * acknowledged answers; DemoAudit.ts checks them.
 */
import { Effect, Schema } from "effect"
import type { Sending } from "./DemoWorkload.ts"

/** Longest wait for one answer, in milliseconds. */
const ATTEMPT_TIMEOUT_MS = 15_000

/** Pause before the next attempt, in milliseconds. */
const RETRY_PAUSE_MS = 100

/** Longest time until a command is answered, in milliseconds. */
const GIVE_UP_MS = 120_000

/** A command got no answer, or an answer that no command should get. */
export class NoAnswer extends Schema.TaggedError<NoAnswer>()("NoAnswer", {
  key: Schema.String,
  detail: Schema.String,
}) {
  override get message(): string {
    return `${this.key} was not answered: ${this.detail}`
  }
}

export type Outcome =
  | { readonly kind: "accepted" | "duplicate"; readonly version: number; readonly sequence: number }
  | { readonly kind: "rejected"; readonly reason: string }

export interface Answered {
  readonly sending: Sending
  readonly outcome: Outcome
}

const Accepted = Schema.Struct({ version: Schema.Int, sequence: Schema.Int, duplicate: Schema.Boolean })

const ProblemBody = Schema.Struct({ type: Schema.String, reason: Schema.optionalKey(Schema.String) })

/** The answer if there is one; `undefined` if another attempt may succeed. */
const attempt = async (
  baseUrl: string,
  sending: Sending,
  timeoutMs: number,
): Promise<Outcome | undefined> => {
  const response = await fetch(baseUrl + sending.path, {
    method: sending.method,
    headers: {
      "idempotency-key": sending.key,
      "x-user": "demo",
      ...(sending.body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(sending.body === undefined ? {} : { body: JSON.stringify(sending.body) }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  const body: unknown = await response.json()
  if (response.ok) {
    const { version, sequence, duplicate } = Schema.decodeUnknownSync(Accepted)(body)
    return { kind: duplicate ? "duplicate" : "accepted", version, sequence }
  }
  if (response.status === 429 || response.status >= 500) return undefined
  const { type, reason } = Schema.decodeUnknownSync(ProblemBody)(body)
  return { kind: "rejected", reason: reason ?? type.split(":").at(-1) ?? type }
}

/**
 * Sends a command until there is an answer. `baseUrl` is called before each attempt, because a restart
 * changes it.
 */
export const sendUntilAnswered = (
  baseUrl: () => string,
  sending: Sending,
  attemptTimeoutMs = ATTEMPT_TIMEOUT_MS,
): Effect.Effect<Answered, NoAnswer> => {
  let last = "no attempt"
  const once = Effect.promise(async (): Promise<Outcome | undefined> => {
    try {
      const outcome = await attempt(baseUrl(), sending, attemptTimeoutMs)
      if (outcome === undefined) last = "the service said to try again"
      return outcome
    } catch (cause) {
      // It is unknown whether the command was stored; the next attempt finds out.
      last = String(cause)
      return undefined
    }
  })
  const answered: Effect.Effect<Answered> = Effect.flatMap(once, (outcome) =>
    outcome === undefined
      ? Effect.flatMap(Effect.sleep(RETRY_PAUSE_MS), () => answered)
      : Effect.succeed({ sending, outcome }),
  )
  return Effect.timeoutOrElse(answered, {
    duration: GIVE_UP_MS,
    orElse: () => Effect.fail(new NoAnswer({ key: sending.key, detail: last })),
  })
}
