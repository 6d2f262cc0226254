/**
 * Counts the asks of one system by outcome, and measures how long they take.
 *
 * Owns the counters and the wrapping of a system's handles. An ask is measured where its caller is: the gateway,
 * and code of the process itself. Those of an `ActorClient` are measured by the node that answers them, without the way to the
 * client. Cost: test/bench is run with it, and docs/OPERATIONS.md names what was measured.
 */
import { Effect, Exit } from "effect"
import type { ErrorKind } from "../../runtime/define.ts"
import type { ClientAskMeter } from "../../runtime/router/ClientAsks.ts"
import type { ActorSystemService } from "../../runtime/system/ActorSystem.ts"
import { bucketOf, LATENCY_BUCKET_COUNT } from "./LatencyBuckets.ts"

type Outcome = Exit.Exit<unknown, { readonly kind: ErrorKind }>

export class AskMeter {
  /** Since the start. A repeat of a command that was accepted counts, too. */
  acceptedCount = 0
  /** Commands that the domain rejected, or that found another version or another birth. */
  rejectedCount = 0
  failedCount = 0
  #latencies = new Uint32Array(LATENCY_BUCKET_COUNT)

  /** Counts an ask. An ask whose caller has given up has no outcome, so it does not count. */
  note(outcome: Outcome, durationMs: number): void {
    if (Exit.isSuccess(outcome)) this.acceptedCount++
    else {
      const [reason] = outcome.cause.reasons
      if (reason?._tag === "Interrupt") return
      const kind = reason?._tag === "Fail" ? reason.error.kind : "defect"
      if (kind === "rejection" || kind === "conflict") this.rejectedCount++
      else this.failedCount++
    }
    const bucket = bucketOf(durationMs)
    this.#latencies[bucket] = (this.#latencies[bucket] ?? 0) + 1
  }

  /** Measures a client's command, from when this node takes it to when it answers. */
  readonly clientAsk: ClientAskMeter = () => {
    const startMs = performance.now()
    return (exit) => this.note(exit, performance.now() - startMs)
  }

  /** Durations since the last call: the count of each bucket. */
  takeLatencies(): Uint32Array {
    const taken = this.#latencies
    this.#latencies = new Uint32Array(LATENCY_BUCKET_COUNT)
    return taken
  }
}

/** The system with a meter on the asks of all its handles, on both faces. */
export const metered = (service: ActorSystemService, meter: AskMeter): ActorSystemService => ({
  ...service,
  get: (definition, id) => {
    const ref = service.get(definition, id)
    const { ask } = ref
    const measured: typeof ask = (command, options) =>
      Effect.suspend(() => {
        const startMs = performance.now()
        return Effect.onExit(ask(command, options), (exit) =>
          Effect.sync(() => meter.note(exit as Outcome, performance.now() - startMs)),
        )
      })
    return Object.assign(ref, { ask: measured })
  },
  asker: (definition, id) => {
    const asker = service.asker(definition, id)
    const ask = asker.ask.bind(asker)
    asker.ask = (command, options, answer) => {
      const startMs = performance.now()
      return ask(command, options, (exit) => {
        meter.note(exit, performance.now() - startMs)
        answer(exit)
      })
    }
    return asker
  },
})
