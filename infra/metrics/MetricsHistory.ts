/**
 * The last hour of a cluster's metrics: each node samples itself, and the node that is asked gathers the others.
 *
 * Owns the sampling, the answer to other nodes, the gathering with its time limit, and which history belongs to
 * which system. The memory: MetricsRing.ts. The form on the wire: NodeHistory.ts. The arithmetic over nodes:
 * MergedHistory.ts.
 */
import { Clock, Effect, Exit, Option, Scope, Stream } from "effect"
import { logSampled } from "../../runtime/log/SampledLog.ts"
import type { MemberStatus, SystemStatus } from "../../runtime/operations.ts"
import type { ActorSystemService } from "../../runtime/system/ActorSystem.ts"
import { monotonicMs } from "../../runtime/time/MonotonicTime.ts"
import { serveWhenPossible } from "../../runtime/transport/ServeWhenPossible.ts"
import type { RequestFailed, TransportService } from "../../runtime/transport/Transport.ts"
import type { AskMeter } from "./AskMeter.ts"
import { MemberChanges, VISITOR_WEIGHT_MAX } from "./MemberChanges.ts"
import { type GatheredHistory, type MergedHistory, merged } from "./MergedHistory.ts"
import { MetricsRing, SPAN_MS } from "./MetricsRing.ts"
import {
  decodeAnswerOf,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
  historySubject,
  type NodeHistory,
} from "./NodeHistory.ts"

/** Longest wait for the history of one node, in milliseconds. */
export const HISTORY_TIMEOUT_MS = 1_500

/** Time between two looks whether this node has another member id, in milliseconds. */
const ID_LOOK_MS = 1_000

/** Longest wait for the count of dead letters, in milliseconds. */
const LETTERS_TIMEOUT_MS = 1_000

/** A sample right after another one would have rates over next to no time, so the next boundary is waited for. */
const APART_MS_MIN = SPAN_MS / 10

/** A node in an answer. */
export interface HistoryNode {
  /** Id of the member. */
  readonly id: string
  readonly name: string
  readonly isSelf: boolean
  /** Why the node's part is missing; absent if it is there. */
  readonly silent?: string
}

/** The history of the cluster, and the nodes that it is made of. */
export interface ClusterHistory extends MergedHistory {
  readonly members: ReadonlyArray<HistoryNode>
}

export interface MetricsHistoryOptions {
  readonly service: ActorSystemService
  readonly meter: AskMeter
  /** Undefined: no other node can be asked. */
  readonly transport: TransportService | undefined
  /** Dead letters of the cluster; undefined while they cannot be counted. */
  readonly deadLetterCount: Effect.Effect<number | undefined>
}

/** The histories of systems: kept here, because a gateway knows its system and nothing else. */
const histories = new WeakMap<ActorSystemService, MetricsHistory>()

/** The history of a system; `undefined` if the system keeps none. */
export const metricsHistoryOf = (service: ActorSystemService): MetricsHistory | undefined =>
  histories.get(service)

/** Counters since the start that become rates. */
type Counts = { readonly [Name in "accepted" | "rejected" | "failed" | "commits" | "sent" | "calls"]: number }

export class MetricsHistory {
  readonly ring = new MetricsRing()
  readonly #options: MetricsHistoryOptions
  readonly #clock: Clock.Clock
  readonly #changes = new MemberChanges()
  #before: { readonly atMs: number; readonly counts: Counts } | undefined

  private constructor(options: MetricsHistoryOptions, clock: Clock.Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** Samples the system, and answers other nodes, until the scope ends. */
  static readonly make = Effect.fnUntraced(function* (
    options: MetricsHistoryOptions,
  ): Effect.fn.Return<MetricsHistory, never, Scope.Scope> {
    const history = new MetricsHistory(options, yield* Clock.Clock)
    histories.set(options.service, history)
    yield* Effect.forkScoped(history.#noting)
    yield* Effect.forkScoped(history.#sampling)
    if (options.transport !== undefined) yield* Effect.forkScoped(history.#serving(options.transport))
    return history
  })

  /** The history of a system that is no member of its cluster: it samples nothing, and gathers that of the nodes. */
  static readonly ofOthers = (options: MetricsHistoryOptions, clock: Clock.Clock): void =>
    void histories.set(options.service, new MetricsHistory(options, clock))

  get #noting(): Effect.Effect<void> {
    return Stream.runForEach(this.#options.service.cluster.events, (event) =>
      Effect.sync(() => this.#changes.note(event, this.#clock.currentTimeMillisUnsafe())),
    )
  }

  get #sampling(): Effect.Effect<never> {
    const rest = Effect.suspend(() => {
      const restMs = SPAN_MS - (this.#clock.currentTimeMillisUnsafe() % SPAN_MS)
      return Effect.sleep(restMs < APART_MS_MIN ? restMs + SPAN_MS : restMs)
    })
    const sampled = Effect.catchCause(this.#sample, (cause) =>
      logSampled("span without metrics", "A span has no metrics.", { cause }),
    )
    return Effect.forever(Effect.andThen(sampled, rest))
  }

  /** Records the span that has just ended. The first call only remembers the counters. */
  get #sample(): Effect.Effect<void> {
    const { service, deadLetterCount, meter } = this.#options
    const letters = Effect.map(
      Effect.timeoutOption(deadLetterCount, LETTERS_TIMEOUT_MS),
      Option.getOrUndefined,
    )
    const looks = Effect.all([service.status, service.cluster.standing, letters], {
      concurrency: "unbounded",
    })
    return Effect.map(looks, ([status, standing, deadLetters]) => {
      const latencies = meter.takeLatencies()
      const rates = this.#ratesUntilNow(countsOf(status, meter))
      if (rates === undefined) return
      const { residentCount, outbox, projections, reactors } = status
      this.ring.record(Math.round(this.#clock.currentTimeMillisUnsafe() / SPAN_MS) - 1, {
        series: {
          ...rates,
          resident: residentCount,
          mailbox: outbox.waitingInMailboxCount,
          outbox: outbox.pendingCount,
          projectionLag: largestLag(projections),
          reactorLag: largestLag(reactors),
          deadLetters,
          members: Object.values(standing.memberCounts).reduce((sum, count) => sum + count, 0),
        },
        latencies,
        projections: new Map(projections.map(({ name, lag }) => [name, lag])),
      })
    })
  }

  /** Growth per second since the last call; `undefined` at the first one. */
  #ratesUntilNow(counts: Counts): Counts | undefined {
    const before = this.#before
    const atMs = monotonicMs(this.#clock)
    this.#before = { atMs, counts }
    if (before === undefined || atMs <= before.atMs) return undefined
    const seconds = (atMs - before.atMs) / 1_000
    const names = Object.keys(counts) as ReadonlyArray<keyof Counts>
    return Object.fromEntries(
      names.map((name) => [name, (counts[name] - before.counts[name]) / seconds]),
    ) as Counts
  }

  /** This node's own history. */
  #own(spans: number): NodeHistory {
    const nowMs = this.#clock.currentTimeMillisUnsafe()
    return { nowMs, ...this.ring.read(spans), changes: this.#changes.read(nowMs) }
  }

  /** Answers other nodes under this node's id, which is another one after an eviction. */
  #serving(transport: TransportService): Effect.Effect<never, never, Scope.Scope> {
    const { cluster } = this.#options.service
    const serve = (id: string) =>
      serveWhenPossible(transport, historySubject(id), (question, reply) => {
        const spans = decodeQuestion(question)
        if (spans !== undefined) reply(encodeAnswer(this.#own(spans)))
      })
    return Effect.gen(function* () {
      const whole = yield* Effect.scope
      let served: { readonly id: string; readonly scope: Scope.Closeable } | undefined
      while (true) {
        const id = cluster.memberId()
        if (id !== "" && id !== served?.id) {
          if (served !== undefined) yield* Scope.close(served.scope, Exit.void)
          const scope = yield* Scope.fork(whole)
          served = { id, scope }
          yield* Scope.provide(serve(id), scope)
        }
        yield* Effect.sleep(ID_LOOK_MS)
      }
    })
  }

  /** The last spans of all nodes. Takes {@link HISTORY_TIMEOUT_MS} at most, and a second for the list of members. */
  gather(spans: number): Effect.Effect<ClusterHistory> {
    return Effect.gen({ self: this }, function* () {
      const { service, transport } = this.#options
      const members = (yield* service.cluster.status).members.filter(
        ({ isSelf, weight }) => !isSelf && weight > VISITOR_WEIGHT_MAX,
      )
      const answers = yield* Effect.forEach(members, (member) => this.#askNode(transport, member, spans), {
        concurrency: "unbounded",
      })
      const { id, name } = yield* service.cluster.standing
      const nowMs = this.#clock.currentTimeMillisUnsafe()
      const gathered = answers.flatMap((answer) => (typeof answer === "string" ? [] : [answer]))
      return {
        ...merged([{ history: this.#own(spans), aheadMs: 0 }, ...gathered], nowMs, spans),
        members: [
          ...(id === "" ? [] : [{ id, name, isSelf: true }]),
          ...members.map((member, index): HistoryNode => {
            const answer = answers[index]
            const node = { id: member.id, name: member.name, isSelf: false }
            return typeof answer === "string" ? { ...node, silent: answer } : node
          }),
        ],
      }
    })
  }

  /** The history of another node, or why there is none. */
  #askNode(
    transport: TransportService | undefined,
    { id, load }: MemberStatus,
    spans: number,
  ): Effect.Effect<GatheredHistory | string> {
    if (transport === undefined) return Effect.succeed("Nodes cannot ask each other here.")
    // It has just not answered to something smaller.
    if (load === undefined) return Effect.succeed("The node does not answer.")
    const sentMs = this.#clock.currentTimeMillisUnsafe()
    return Effect.callback<GatheredHistory | string>((resume) => {
      const forget = transport.send(historySubject(id), encodeQuestion(spans), HISTORY_TIMEOUT_MS, {
        onReply: (reply) => {
          const history = decodeAnswerOf(reply)
          const middleMs = (sentMs + this.#clock.currentTimeMillisUnsafe()) / 2
          resume(
            Effect.succeed(
              history === undefined
                ? "The node answers in a form that this release does not read."
                : { history, aheadMs: middleMs - history.nowMs },
            ),
          )
        },
        onFailure: (failure) => resume(Effect.succeed(whySilent(failure))),
      })
      return Effect.sync(forget)
    })
  }
}

const countsOf = ({ committedCount, outbox, calls }: SystemStatus, meter: AskMeter): Counts => ({
  accepted: meter.acceptedCount,
  rejected: meter.rejectedCount,
  failed: meter.failedCount,
  commits: committedCount,
  sent: outbox.sentCount,
  calls: calls.attemptCount,
})

const largestLag = (followers: ReadonlyArray<{ readonly lag: number }>): number =>
  followers.reduce((largest, { lag }) => Math.max(largest, lag), 0)

const whySilent = ({ reason, detail }: RequestFailed): string =>
  reason === "NoResponders"
    ? "The node keeps no history: it runs an earlier release, or has just started."
    : `The node does not answer: ${detail}`
