/**
 * The transport in memory, for tests and for nodes in one process: the contract of Transport.ts.
 *
 * Deliveries and time-outs are fibers with the services of the fiber that made the transport, so that a
 * test's clock drives them. A message is delivered only after `send` has returned.
 */
import { Effect, Layer } from "effect"
import { RequestFailed, Transport, type TransportService } from "./Transport.ts"

type Handle = Parameters<TransportService["serve"]>[1]

/** Largest message in bytes: the default limit of nats-server. */
const MESSAGE_BYTES_MAX = 1024 * 1024

const forget = (): void => undefined

export const makeTransportMemory: Effect.Effect<TransportService> = Effect.gen(function* () {
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  const served = new Map<string, Set<Handle>>()

  const soon = (work: () => void): void => {
    runFork(Effect.andThen(Effect.yieldNow, Effect.sync(work)))
  }

  const send: TransportService["send"] = (subject, request, timeoutMs, { onReply, onFailure }) => {
    const failed = (reason: RequestFailed["reason"], detail: string) =>
      onFailure(new RequestFailed({ reason, subject, detail }))
    if (request.length > MESSAGE_BYTES_MAX) {
      failed("TooLarge", `the request has ${request.length} bytes, at most ${MESSAGE_BYTES_MAX} are taken`)
      return forget
    }
    let isOver = false
    const end = (work: () => void): void => {
      if (isOver) return
      isOver = true
      timer.interruptUnsafe()
      work()
    }
    const timer = runFork(
      Effect.andThen(
        Effect.sleep(timeoutMs),
        Effect.sync(() => end(() => failed("Timeout", `no reply within ${timeoutMs} ms`))),
      ),
    )
    const takeReply = (reply: Uint8Array): void =>
      soon(() =>
        end(() => {
          if (reply.length > MESSAGE_BYTES_MAX) failed("TooLarge", "the reply is too large")
          else onReply(reply)
        }),
      )
    soon(() => {
      const handlers = Array.from(served.get(subject) ?? [])
      if (handlers.length === 0) end(() => failed("NoResponders", "nobody answers on this subject"))
      for (const handle of handlers) handle(request, takeReply)
    })
    return () => end(forget)
  }

  const serve: TransportService["serve"] = (subject, handle) =>
    Effect.asVoid(
      Effect.acquireRelease(
        Effect.sync(() => {
          // A new function for each call, because a handler that serves a subject twice is called twice.
          const own: Handle = (request, reply) => handle(request, reply)
          served.set(subject, (served.get(subject) ?? new Set<Handle>()).add(own))
          return own
        }),
        (own) =>
          Effect.sync(() => {
            const others = served.get(subject)
            others?.delete(own)
            if (others?.size === 0) served.delete(subject)
          }),
      ),
    )

  return {
    messageBytesMax: MESSAGE_BYTES_MAX,
    send,
    serve,
    disconnectedAtMs: () => Number.NEGATIVE_INFINITY,
    refusedCount: () => 0,
  }
})

export const TransportMemory = {
  /** A transport within this process. */
  layer: Layer.effect(Transport, makeTransportMemory),
}
