/**
 * Counts the asks of one system by outcome, and measures how long they take.
 *
 * Owns the counters and the wrapping of a system's handles. The history of metrics (MetricsHistory.ts) reads the
 * counters, and each duration goes into the histogram of asks (../telemetry/RequestMetrics.ts). An ask is measured
 * where its caller is: the gateway, and code of the process itself. Those of an `ActorClient` are measured by the node
 * that answers them, without the way to the client. Cost: test/bench is run with it, and docs/OPERATIONS.md names what
 * was measured.
 */
import { Effect, Exit } from "effect"
import type { AnyActor, ErrorKind } from "../../runtime/define.ts"
import { actorOf } from "../../runtime/definition/DefinitionOf.ts"
import type { ClientAskMeter } from "../../runtime/router/ClientAsks.ts"
import type { ActorSystemService } from "../../runtime/system/ActorSystem.ts"
import { commandNamesOf } from "../http/CommandNames.ts"
import { OTHER, type RequestMetrics } from "../telemetry/RequestMetrics.ts"
import { bucketOf, LATENCY_BUCKET_COUNT } from "./LatencyBuckets.ts"

type Outcome = Exit.Exit<unknown, { readonly kind: ErrorKind; readonly _tag: string }>

export class AskMeter {
  /** Since the start. A repeat of a command that was accepted counts, too. */
  acceptedCount = 0
  /** Commands that the domain rejected, or that found another version or another birth. */
  rejectedCount = 0
  failedCount = 0
  readonly #durations: RequestMetrics | undefined
  #latencies = new Uint32Array(LATENCY_BUCKET_COUNT)

  constructor(durations?: RequestMetrics) {
    this.#durations = durations
  }

  /**
   * Counts an ask. An ask whose caller has given up has no outcome, so only the histogram has it. `command` is the
   * command's label, if the command is known.
   */
  note(outcome: Outcome, durationMs: number, command?: string): void {
    this.#durations?.asked(command, nameOf(outcome), durationMs)
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

/** `accepted`, `duplicate`, the tag of the error, or `Interrupted` without one. */
const nameOf = (outcome: Outcome): string => {
  if (Exit.isSuccess(outcome)) {
    const accepted = outcome.value as { readonly duplicate?: boolean } | undefined
    return accepted?.duplicate === true ? "duplicate" : "accepted"
  }
  const failure = outcome.cause.reasons.find((reason) => reason._tag === "Fail")
  return failure?._tag === "Fail" ? failure.error._tag : "Interrupted"
}

/** Names of the commands of each type that was asked. */
const namesOfTypes = new WeakMap<AnyActor, ReadonlySet<string>>()

/**
 * Label of a command: its type, if the definition names it. The caller may give anything, also an object that throws
 * when it is read.
 */
const labelOf = (definition: AnyActor, command: unknown): string => {
  let names = namesOfTypes.get(definition)
  if (names === undefined) {
    names = new Set(commandNamesOf(definition))
    namesOfTypes.set(definition, names)
  }
  try {
    const { type } = command as { readonly type: string }
    return names.has(type) ? type : OTHER
  } catch {
    return OTHER // Its ask is refused.
  }
}

/** The meters of systems, because a gateway knows its system and nothing else. */
const meters = new WeakMap<ActorSystemService, AskMeter>()

/** The meter of a system that {@link metered} has made; `undefined` for any other. */
export const meterOf = (service: ActorSystemService): AskMeter | undefined => meters.get(service)

/** The system with a meter on the asks of all its handles, on both faces. */
export const metered = (service: ActorSystemService, meter: AskMeter): ActorSystemService => {
  const measured = withMeter(service, meter)
  meters.set(measured, meter)
  return measured
}

const withMeter = (service: ActorSystemService, meter: AskMeter): ActorSystemService => ({
  ...service,
  get: (definition, id) => {
    const ref = service.get(definition, id)
    const { ask } = ref
    const measured: typeof ask = (command, options) =>
      Effect.suspend(() => {
        const [label, startMs] = [labelOf(actorOf(definition), command), performance.now()]
        return Effect.onExit(ask(command, options), (exit) =>
          Effect.sync(() => meter.note(exit as Outcome, performance.now() - startMs, label)),
        )
      })
    return Object.assign(ref, { ask: measured })
  },
  asker: (definition, id) => {
    const asker = service.asker(definition, id)
    const ask = asker.ask.bind(asker)
    asker.ask = (command, options, answer) => {
      const [label, startMs] = [labelOf(actorOf(definition), command), performance.now()]
      return ask(command, options, (exit) => {
        meter.note(exit, performance.now() - startMs, label)
        answer(exit)
      })
    }
    return asker
  },
})
