/**
 * Puts spans around what a system does: asks, tells, commits, deliveries, calls, projections.
 *
 * Owns the names and attributes of spans, and which span is below which. A caller's span reaches every commit
 * as `metadata.trace`, because messages, timers and calls carry the metadata of the commit that asked for
 * them. So everything that one ask causes is one trace, over nodes and over days. Everything here wraps a
 * part of the system from outside; without a tracer nothing is wrapped. The port: ../trace/Tracing.ts.
 */
import { Clock, Effect, type Tracer as EffectTracer, Exit, Option } from "effect"
import { CallExecutor, type ExecuteCall } from "../call/CallExecutor.ts"
import type { CommitListener } from "../cell/CommitListener.ts"
import type { CommitEntry, Metadata } from "../commit/Commit.ts"
import { thrownMessage } from "../json/Thrown.ts"
import type { Deliver } from "../mailbox/Deliver.ts"
import { RESERVED_ID_PREFIX } from "../message/OutboxItem.ts"
import { ReadModel, type ReadModelService } from "../projection/ReadModel.ts"
import { type Span, type SpanAttributes, type SpanStart, type Tracer, Tracing } from "../trace/Tracing.ts"

/** What every part here needs. */
export interface TraceContext {
  readonly tracer: Tracer
  readonly clock: Clock.Clock
}

const SYSTEM = { "messaging.system": "everstate" }

/** Attributes of one actor. */
const actorIn = (key: string, id?: string): SpanAttributes => {
  const [type = ""] = key.split("/", 1)
  return { ...SYSTEM, "everstate.actor.type": type, "everstate.actor.id": id ?? key.slice(type.length + 1) }
}

const typeIn = (key: string): string => key.split("/", 1)[0] ?? key

const conversationIn = (metadata: Metadata | undefined): SpanAttributes =>
  metadata?.correlationId === undefined ? {} : { "messaging.message.conversation_id": metadata.correlationId }

const begin = (
  { tracer, clock }: TraceContext,
  start: Omit<SpanStart, "startMs"> & { readonly startMs?: number },
): Span | undefined => tracer.begin({ startMs: clock.currentTimeMillisUnsafe(), ...start })

/** A command that goes into the system, before it is sent. */
interface SentCommand {
  readonly verb: "ask" | "tell" | "spawn"
  readonly actorType: string
  readonly id: string
  readonly commandType: string
  readonly metadata: Metadata | undefined
}

/** The span of a sent command, and the metadata with which the command travels below the span. */
interface SentSpan {
  readonly span: Span
  readonly metadata: Metadata
}

/** Begins the span of a command; `undefined` if its caller is in no trace that is recorded. */
const sentSpan = (context: TraceContext, sent: SentCommand): SentSpan | undefined => {
  const { verb, actorType, id, commandType, metadata } = sent
  const parent = metadata?.trace ?? context.tracer.active()
  if (parent === undefined) return undefined
  const span = begin(context, {
    name: `${verb} ${actorType} ${commandType}`,
    kind: verb === "tell" ? "producer" : "client",
    parent,
    attributes: {
      ...actorIn(actorType, id),
      ...conversationIn(metadata),
      "messaging.destination.name": actorType,
      "messaging.operation.type": "send",
      "everstate.command.type": commandType,
    },
  })
  return span === undefined ? undefined : { span, metadata: { ...metadata, trace: span.traceparent } }
}

/** Ends the span with the outcome. */
const endSpan = ({ clock }: TraceContext, span: Span, exit: Exit.Exit<unknown, unknown>): void => {
  const error = Exit.isSuccess(exit) ? undefined : errorIn(exit)
  span.end(clock.currentTimeMillisUnsafe(), error)
}

const errorIn = ({ cause }: Exit.Failure<unknown, unknown>): string => {
  const [reason] = cause.reasons
  if (reason?._tag === "Fail") return thrownMessage(reason.error)
  return reason?._tag === "Die" ? thrownMessage(reason.defect) : "interrupted"
}

/** The options of a command, and how its outcome is told. */
interface SentWith<Options, A, E> {
  readonly options: Options
  readonly answer: (exit: Exit.Exit<A, E>) => void
}

/** The same with a span around the command. Options that cannot be read stay as they are. */
export const tracedSend = <Options extends { readonly metadata?: Metadata }, A, E>(
  context: TraceContext,
  sent: Omit<SentCommand, "commandType" | "metadata"> & { readonly command: unknown },
  given: SentWith<Options, A, E>,
): SentWith<Options, A, E> => {
  const { options, answer } = given
  try {
    const { command, ...rest } = sent
    const commandType = String((command as { readonly type?: unknown } | undefined)?.type ?? "")
    const begun = sentSpan(context, { ...rest, commandType, metadata: options.metadata })
    if (begun === undefined) return given
    return {
      options: { ...options, metadata: begun.metadata },
      answer: (exit) => {
        endSpan(context, begun.span, exit)
        answer(exit)
      },
    }
  } catch {
    // A getter of the caller threw. The check of the options says so.
    return given
  }
}

/** Options that name the trace of an Effect's caller, if they name none and the caller has a span. */
const inCallersSpan = <Options extends { readonly metadata?: Metadata }>(
  options: Options,
): Effect.Effect<Options> =>
  Effect.map(Effect.option(Effect.currentParentSpan), (span) =>
    Option.isNone(span) || options.metadata?.trace !== undefined
      ? options
      : { ...options, metadata: { ...options.metadata, trace: traceparentOf(span.value) } },
  )

const traceparentOf = ({ traceId, spanId, sampled }: EffectTracer.AnySpan): string =>
  `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`

/** Sends with the span of the Effect's caller as the one above. */
export const sendInCallersSpan = <Options extends { readonly metadata?: Metadata }, A, E>(
  context: TraceContext | undefined,
  options: Options,
  send: (options: Options) => Effect.Effect<A, E>,
): Effect.Effect<A, E> =>
  context === undefined ? send(options) : Effect.flatMap(inCallersSpan(options), send)

/** A tell with a span around it. */
export const tracedTell = <Options extends { readonly metadata?: Metadata }, A, E>(
  context: TraceContext | undefined,
  sent: Omit<SentCommand, "commandType" | "metadata"> & { readonly command: unknown },
  options: Options,
  send: (options: Options) => Effect.Effect<A, E>,
): Effect.Effect<A, E> => {
  if (context === undefined) return send(options)
  return sendInCallersSpan(context, options, (given) =>
    Effect.suspend(() => {
      const wrapped = tracedSend<Options, A, E>(context, sent, { options: given, answer: () => undefined })
      const sending = send(wrapped.options)
      if (wrapped.options === given) return sending
      return Effect.onExit(sending, (exit) => Effect.sync(() => wrapped.answer(exit)))
    }),
  )
}

/** A listener that makes a span of each command in a commit, from its decision until it is stored. */
const tracedCommits = (context: TraceContext, listener: CommitListener): CommitListener => ({
  ...listener,
  committed: (address, commit) => {
    for (const { proposal } of commit.entries) {
      const { entry } = proposal
      const parent = entry.m?.trace
      if (parent === undefined) continue
      begin(context, {
        name: `process ${address.type}`,
        kind: isMessage(entry) ? "consumer" : "internal",
        parent,
        startMs: commit.atMs,
        attributes: {
          ...actorIn(address.key, address.id),
          ...conversationIn(entry.m),
          "messaging.destination.name": address.type,
          "messaging.operation.type": "process",
          "messaging.message.id": entry.c,
          "everstate.commit.sequence": commit.sequence,
          "everstate.commit.events": entry.ev.map(({ t }) => t).join(","),
        },
      })?.end(context.clock.currentTimeMillisUnsafe())
    }
    listener.committed(address, commit)
  },
})

const isMessage = ({ c, o }: CommitEntry): boolean => o !== undefined || c.startsWith(RESERVED_ID_PREFIX)

/** The direct road of messages with a span for each message. */
const tracedDeliver =
  (context: TraceContext, deliver: Deliver): Deliver =>
  (message, to, deadlineMs, done) => {
    const { id, m } = message
    const type = typeIn(to)
    const span =
      m?.trace === undefined
        ? undefined
        : begin(context, {
            name: `send ${type}`,
            kind: "producer",
            parent: m.trace,
            attributes: {
              ...actorIn(to),
              ...conversationIn(m),
              "messaging.destination.name": type,
              "messaging.operation.type": "send",
              "messaging.message.id": id,
            },
          })
    if (span === undefined) return deliver(message, to, deadlineMs, done)
    deliver(message, to, deadlineMs, (verdict) => {
      const error = "detail" in verdict ? `${verdict._tag}: ${verdict.detail}` : undefined
      span.end(context.clock.currentTimeMillisUnsafe(), error)
      done(verdict)
    })
  }

/** Calls with a span for each attempt. */
const tracedCalls =
  (context: TraceContext, execute: ExecuteCall): ExecuteCall =>
  (attempt) => {
    const { actorType, src, args, trace } = attempt
    if (trace === undefined) return execute(attempt)
    return Effect.suspend(() => {
      const span = begin(context, {
        name: `call ${actorType} ${src}`,
        kind: "client",
        parent: trace,
        attributes: {
          ...SYSTEM,
          "everstate.actor.type": actorType,
          "everstate.call.source": src,
          "everstate.call.attempt": args.attempt,
          "everstate.call.idempotency_key": args.idempotencyKey,
        },
      })
      const made = execute(attempt)
      return span === undefined ? made : Effect.onExit(made, (exit) => ended(context, span, exit))
    })
  }

const ended = (context: TraceContext, span: Span, exit: Exit.Exit<unknown, unknown>) =>
  Effect.sync(() => endSpan(context, span, exit))

/** Projections with a span for each event of a trace in a transaction. */
const tracedReadModel = (context: TraceContext, readModel: ReadModelService): ReadModelService => ({
  ...readModel,
  apply: (projection, batch) => {
    const traced = batch.events.filter(({ metadata }) => metadata.trace !== undefined)
    if (traced.length === 0) return readModel.apply(projection, batch)
    return Effect.suspend(() => {
      const spans = traced.flatMap(({ actorType, id, sequence, metadata }) => {
        const span = begin(context, {
          name: `project ${projection.name}`,
          kind: "consumer",
          parent: metadata.trace ?? "",
          attributes: {
            ...actorIn(actorType, id),
            ...conversationIn(metadata),
            "db.system.name": "postgresql",
            "db.operation.name": "project",
            "db.collection.name": projection.name,
            "everstate.commit.sequence": sequence,
          },
        })
        return span === undefined ? [] : [span]
      })
      return Effect.onExit(readModel.apply(projection, batch), (exit) =>
        Effect.forEach(spans, (span) => ended(context, span, exit), { discard: true }),
      )
    })
  },
})

/** The parts of a system with their spans; as they are without a tracer. */
export interface Traced {
  /** For the spans of asks and tells; `undefined` without a tracer. */
  readonly context: TraceContext | undefined
  readonly commits: (listener: CommitListener) => CommitListener
  readonly deliver: (deliver: Deliver) => Deliver
  readonly calls: <A, E, R>(make: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly readModel: <A, E, R>(make: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | ReadModel>
}

const UNTRACED: Traced = {
  context: undefined,
  commits: (listener) => listener,
  deliver: (deliver) => deliver,
  calls: (make) => make,
  readModel: (make) => make,
}

/** What the tracer that is provided asks for. */
export const traces: Effect.Effect<Traced> = Effect.gen(function* () {
  const tracer = yield* Tracing
  if (tracer === undefined) return UNTRACED
  const context = { tracer, clock: yield* Clock.Clock }
  const execute = yield* CallExecutor
  return {
    context,
    commits: (listener) => tracedCommits(context, listener),
    deliver: (deliver) => tracedDeliver(context, deliver),
    calls: Effect.provideService(CallExecutor, tracedCalls(context, execute)),
    readModel: (make) =>
      Effect.updateService(make, ReadModel, (readModel) => tracedReadModel(context, readModel)),
  }
})
