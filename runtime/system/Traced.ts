/**
 * Puts spans around what a system does: asks, tells, commits, deliveries, calls, projections.
 *
 * Owns the names and attributes of spans, and which span is below which. A caller's span reaches every commit
 * as `metadata.trace`, because messages, timers and calls carry the metadata of the commit that asked for
 * them. So everything that one ask causes is one trace, over nodes and over days. Everything here wraps a
 * part of the system from outside; without a tracer nothing is wrapped. The port: ../trace/Tracing.ts.
 */
import { Clock, Effect, type Tracer as EffectTracer, Exit, Option } from "effect"
import { type ActorAddress, addressNamed, typeOfKey } from "../address/ActorAddress.ts"
import { CallExecutor, type ExecuteCall } from "../call/CallExecutor.ts"
import type { CommitListener, CommitTold } from "../cell/CommitListener.ts"
import type { CommitEntry, Metadata } from "../commit/Commit.ts"
import { thrownMessage, thrownType } from "../json/Thrown.ts"
import type { Deliver } from "../mailbox/Deliver.ts"
import type { ProjectedEvent, ProjectionDefinition } from "../projection/Projection.ts"
import { ReadModel, type ReadModelService } from "../projection/ReadModel.ts"
import { isRecorded, type Span, type SpanError, type Tracer, Tracing } from "../trace/Tracing.ts"

/** What every part here needs. */
export interface TraceContext {
  readonly tracer: Tracer
  readonly clock: Clock.Clock
}

/** Metadata of something that a recorded trace has caused. */
type TracedMetadata = Metadata & { readonly trace: string }

const isTraced = (metadata: Metadata | undefined): metadata is TracedMetadata =>
  metadata?.trace !== undefined && isRecorded(metadata.trace)

type MutableAttributes = Record<string, string | number | boolean>

/** What is done with a message, by the name of the operation, and the type that OpenTelemetry has for it. */
const OPERATION_TYPES = {
  ask: "send",
  tell: "send",
  spawn: "send",
  send: "send",
  process: "process",
  project: "process",
} as const

/** Attributes of a span about a message to an actor or from it. The object is the span's own, so that more can be added. */
const messageAttributes = (
  operation: keyof typeof OPERATION_TYPES,
  type: string,
  id: string,
  metadata: Metadata | undefined,
): MutableAttributes => {
  const attributes: MutableAttributes = {
    "messaging.system": "everstate",
    "messaging.operation.name": operation,
    "messaging.operation.type": OPERATION_TYPES[operation],
    "messaging.destination.name": type,
    "everstate.actor.type": type,
    "everstate.actor.id": id,
  }
  const conversation = metadata?.correlationId
  if (conversation !== undefined) attributes["messaging.message.conversation_id"] = conversation
  return attributes
}

/** A command that goes into the system, before it is sent. */
interface SentCommand {
  readonly verb: "ask" | "tell" | "spawn"
  readonly actorType: string
  readonly id: string
  /** As the caller gave it: nothing is checked yet. `undefined` for a spawn. */
  readonly command: unknown
}

/** Begins the span of a command; `undefined` if its caller is in no trace that is recorded. */
const sentSpan = (context: TraceContext, sent: SentCommand, metadata: Metadata | undefined) => {
  const { tracer, clock } = context
  const parent = metadata?.trace ?? tracer.active()
  if (parent === undefined || !isRecorded(parent)) return undefined
  const { verb, actorType, id, command } = sent
  const attributes = messageAttributes(verb, actorType, id, metadata)
  let name = `${verb} ${actorType}`
  if (command !== undefined) {
    const commandType = String((command as { readonly type?: unknown } | null)?.type ?? "")
    attributes["everstate.command.type"] = commandType
    name += ` ${commandType}`
  }
  return tracer.begin({
    name,
    kind: verb === "tell" ? "producer" : "client",
    parent,
    startMs: clock.currentTimeMillisUnsafe(),
    attributes,
  })
}

/** Ends the span with the outcome. */
const endSpan = ({ clock }: TraceContext, span: Span, exit: Exit.Exit<unknown, unknown>): void => {
  const error = Exit.isSuccess(exit) ? undefined : errorIn(exit)
  span.end(clock.currentTimeMillisUnsafe(), error)
}

const errorIn = ({ cause }: Exit.Failure<unknown, unknown>): SpanError => {
  const [reason] = cause.reasons
  if (reason?._tag === "Fail") return spanError(reason.error)
  return reason?._tag === "Die" ? spanError(reason.defect) : { type: "Interrupted", message: "interrupted" }
}

const spanError = (thrown: unknown): SpanError => ({
  type: thrownType(thrown),
  message: thrownMessage(thrown),
})

/** The options of a command, and how its outcome is told. */
interface SentWith<Options, A, E> {
  readonly options: Options
  readonly answer: (exit: Exit.Exit<A, E>) => void
}

/** The same with a span around the command. Options that cannot be read stay as they are. */
export const tracedSend = <Options extends { readonly metadata?: Metadata }, A, E>(
  context: TraceContext,
  sent: SentCommand,
  given: SentWith<Options, A, E>,
): SentWith<Options, A, E> => {
  const { options, answer } = given
  try {
    const { metadata } = options
    const span = sentSpan(context, sent, metadata)
    if (span === undefined) return given
    return {
      options: { ...options, metadata: { ...metadata, trace: span.traceparent } },
      answer: (exit) => {
        endSpan(context, span, exit)
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

/** A listener that makes a span of each command in a commit, from its decision until it is stored. */
const tracedCommits = (context: TraceContext, listener: CommitListener): CommitListener => ({
  ...listener,
  committed: (address, commit) => {
    for (const { proposal } of commit.entries) {
      const { entry } = proposal
      if (isTraced(entry.m)) commitSpan(context, address, commit, entry, entry.m)
    }
    listener.committed(address, commit)
  },
})

const commitSpan = (
  { tracer, clock }: TraceContext,
  { type, id }: ActorAddress,
  { atMs: startMs, sequence }: CommitTold,
  { c, ev }: CommitEntry,
  m: TracedMetadata,
): void => {
  const attributes = messageAttributes("process", type, id, m)
  attributes["messaging.message.id"] = c
  attributes["everstate.commit.sequence"] = sequence
  attributes["everstate.commit.events"] = ev.map(({ t }) => t).join(",")
  const name = `process ${type}`
  const span = tracer.begin({ name, kind: "consumer", parent: m.trace, startMs, attributes })
  span?.end(clock.currentTimeMillisUnsafe())
}

/** The direct road of messages with a span for each message. */
const tracedDeliver =
  (context: TraceContext, deliver: Deliver): Deliver =>
  (message, to, deadlineMs, done) => {
    const span = isTraced(message.m) ? messageSpan(context, message.id, message.m, to) : undefined
    if (span === undefined) return deliver(message, to, deadlineMs, done)
    deliver(message, to, deadlineMs, (verdict) => {
      const error = "detail" in verdict ? { type: verdict._tag, message: verdict.detail } : undefined
      span.end(context.clock.currentTimeMillisUnsafe(), error)
      done(verdict)
    })
  }

const messageSpan = (
  { tracer, clock }: TraceContext,
  id: string,
  m: TracedMetadata,
  to: string,
): Span | undefined => {
  // The span names no shard, so any number of shards will do.
  const { type, id: receiver } = addressNamed(to, 1) ?? { type: typeOfKey(to), id: to }
  const attributes = messageAttributes("send", type, receiver, m)
  attributes["messaging.message.id"] = id
  const startMs = clock.currentTimeMillisUnsafe()
  return tracer.begin({ name: `send ${type}`, kind: "producer", parent: m.trace, startMs, attributes })
}

/** Calls with a span for each attempt. */
const tracedCalls =
  (context: TraceContext, execute: ExecuteCall): ExecuteCall =>
  (attempt) => {
    const { actorType, src, args, trace } = attempt
    if (trace === undefined || !isRecorded(trace)) return execute(attempt)
    return Effect.suspend(() => {
      const span = context.tracer.begin({
        name: `call ${actorType} ${src}`,
        kind: "client",
        parent: trace,
        startMs: context.clock.currentTimeMillisUnsafe(),
        attributes: {
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
    if (!batch.events.some(({ metadata }) => isTraced(metadata))) return readModel.apply(projection, batch)
    return Effect.suspend(() => {
      const spans = batch.events.flatMap((event) => eventSpan(context, projection, event) ?? [])
      return Effect.onExit(readModel.apply(projection, batch), (exit) =>
        Effect.forEach(spans, (span) => ended(context, span, exit), { discard: true }),
      )
    })
  },
})

/**
 * The span of an event is a consumer's, and covers the whole transaction. It names no operation of the database, because
 * a transaction has several statements, and a table only where the projection has one.
 */
const eventSpan = (
  { tracer, clock }: TraceContext,
  { name: projection, form }: ProjectionDefinition,
  { actorType, id, sequence, commandId, metadata }: ProjectedEvent,
): Span | undefined => {
  if (!isTraced(metadata)) return undefined
  const attributes = messageAttributes("project", actorType, id, metadata)
  attributes["messaging.message.id"] = commandId
  attributes["messaging.consumer.group.name"] = projection
  attributes["db.system.name"] = "postgresql"
  if (form.kind === "fold") attributes["db.collection.name"] = form.table.name
  attributes["everstate.commit.sequence"] = sequence
  const startMs = clock.currentTimeMillisUnsafe()
  return tracer.begin({
    name: `project ${projection}`,
    kind: "consumer",
    parent: metadata.trace,
    startMs,
    attributes,
  })
}

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
