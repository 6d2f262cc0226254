/** The transport in memory, for tests and for nodes in one process: the contract of Transport.ts. */
import { Effect, Layer } from "effect"
import { RequestFailed, Transport, type TransportService } from "./Transport.ts"

type Handle = Parameters<TransportService["serve"]>[1]

/** Largest message by default: what a nats-server with its default settings takes. */
const MESSAGE_BYTES_MAX = 1024 * 1024

/** Requests get there in a microtask of their own, as they would from another process. */
export const makeTransportMemory = (): TransportService => {
  const served = new Map<string, Set<Handle>>()
  return {
    messageBytesMax: MESSAGE_BYTES_MAX,
    send: (subject, request, timeoutMs, { onReply, onFailure }) => {
      let isOver = false
      const end = (work: () => void): void => {
        if (isOver) return
        isOver = true
        timer.interruptUnsafe()
        work()
      }
      const fail = (reason: RequestFailed["reason"], detail: string): void =>
        end(() => onFailure(new RequestFailed({ reason, subject, detail })))
      const timer = Effect.runFork(
        Effect.andThen(
          Effect.sleep(timeoutMs),
          Effect.sync(() => fail("Timeout", `no reply within ${timeoutMs} ms`)),
        ),
      )
      queueMicrotask(() => {
        const handlers = Array.from(served.get(subject) ?? [])
        if (handlers.length === 0) return fail("NoResponders", "nobody answers on this subject")
        for (const handle of handlers) {
          handle(request, (reply) => queueMicrotask(() => end(() => onReply(reply))))
        }
      })
      return () => end(() => undefined)
    },
    serve: (subject, handle) =>
      Effect.asVoid(
        Effect.acquireRelease(
          Effect.sync(() => {
            // One who serves a subject twice is asked twice.
            const own: Handle = (request, reply) => handle(request, reply)
            served.set(subject, (served.get(subject) ?? new Set<Handle>()).add(own))
            return own
          }),
          (own) =>
            Effect.sync(() => {
              served.get(subject)?.delete(own)
            }),
        ),
      ),
    disconnectedAtMs: () => Number.NEGATIVE_INFINITY,
  }
}

export const TransportMemory = {
  /** A transport that ends in this process. */
  layer: Layer.sync(Transport, makeTransportMemory),
}
