/**
 * The documents of the gateway, as far as the console reads them.
 *
 * Owns their types. A field that an older or younger gateway may lack is optional. The gateway's own description
 * of them is its `/openapi.json`.
 */

export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [field: string]: Json }

export interface JsonSchema {
  readonly [keyword: string]: unknown
}

export interface Page<Item> {
  readonly items: ReadonlyArray<Item>
  readonly next?: string
}

export interface ChartTransition {
  readonly key: string
  readonly event?: string
  readonly after?: number | string
  readonly guard?: string
  readonly guardParams?: unknown
  readonly targets: ReadonlyArray<string>
  readonly actions: ReadonlyArray<string>
  readonly reenter: boolean
  readonly description?: string
}

export interface ChartState {
  readonly id: string
  readonly key: string
  readonly path: string
  readonly type: "atomic" | "compound" | "parallel" | "final" | "history"
  readonly initial?: string
  readonly history?: "shallow" | "deep"
  /** Ids of the states that a history state leads to at first. */
  readonly defaultTargets?: ReadonlyArray<string>
  readonly description?: string
  readonly tags: ReadonlyArray<string>
  readonly entry: ReadonlyArray<string>
  readonly exit: ReadonlyArray<string>
  readonly invokes: ReadonlyArray<{ readonly id: string; readonly src: string }>
  readonly transitions: ReadonlyArray<ChartTransition>
  readonly states: ReadonlyArray<ChartState>
}

export interface CommandOfType {
  readonly name: string
  readonly payload: JsonSchema | null
  readonly reply: JsonSchema | null
  readonly rejections: { readonly [reason: string]: JsonSchema | null }
}

export interface TransitionCount {
  readonly from: string
  readonly event: string
  readonly to: string
  readonly count: number
}

export interface StateCounts {
  readonly total: number
  readonly byState: { readonly [state: string]: number }
  readonly unknown: number
}

export interface TypeDocument {
  readonly type: string
  readonly kind: "actor" | "saga"
  readonly chart: ChartState
  readonly commands: ReadonlyArray<CommandOfType>
  readonly events: ReadonlyArray<{ readonly name: string; readonly version: number }>
  readonly input: JsonSchema | null
  readonly warnings: ReadonlyArray<string>
  readonly counts?: StateCounts
}

export interface Quarantine {
  readonly reason: string
  readonly sequence: number
  readonly detail: string
  readonly hint: string
}

export interface ListedActor {
  readonly type: string
  readonly id: string
  readonly state?: string
  readonly done: boolean
  readonly failed: boolean
  readonly version: number
  readonly sequence: number
  readonly createdAt: string
  readonly updatedAt: string
  readonly quarantine?: Quarantine
  readonly columns?: { readonly [column: string]: Json }
}

export interface ActorDocument {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly sequence?: number
  readonly at?: string
  readonly state: string
  readonly value: Json
  readonly status: string
  readonly tags: ReadonlyArray<string>
  readonly context: Json
  readonly output?: Json
}

export interface HistoryItem {
  readonly version: number
  readonly sequence: number
  readonly at: string
  readonly type: string
  readonly data: Json
  readonly commandId: string
  readonly user?: string
  readonly correlationId?: string
  readonly causationId?: string
  readonly trace?: string
  /** Why an operator sent the command. */
  readonly note?: string
}

export interface HistoryPage extends Page<HistoryItem> {
  readonly birth?: { readonly sequence: number; readonly at: string; readonly input?: Json }
}

export interface PendingWork {
  readonly version: number
  readonly timers: ReadonlyArray<{ readonly name: string; readonly at: string; readonly event: Json }>
  readonly calls: ReadonlyArray<{
    readonly name: string
    readonly source: string
    readonly input?: Json
    readonly attempts?: number
  }>
  readonly requests: ReadonlyArray<{ readonly [field: string]: Json }>
  readonly quarantine?: Quarantine
}

export interface DryRun {
  readonly outcome: "stored" | "unchanged" | "refused"
  readonly fromVersion: number
  readonly version?: number
  readonly events?: ReadonlyArray<{ readonly [field: string]: Json }>
  readonly reply?: Json
  readonly actor?: ActorDocument
  readonly sends?: ReadonlyArray<{ readonly [field: string]: Json }>
  readonly problem?: ProblemDocument
}

export interface Answered {
  readonly version?: number
  readonly sequence?: number
  readonly reply?: Json
  readonly duplicate?: boolean
  readonly commandId?: string
}

/** RFC 9457. */
export interface ProblemDocument {
  readonly type?: string
  readonly title?: string
  readonly status: number
  readonly detail?: string
  readonly hint?: string
  readonly [fact: string]: unknown
}

export interface DeadLetter {
  readonly number: number
  readonly key: string
  /** Of the receiver, if it is an actor. */
  readonly type?: string
  readonly id?: string
  readonly reason: string
  readonly detail: string
  readonly attempts: number
  readonly at: string
  readonly messageId: string
  readonly original: string
}

export interface BulkJob {
  readonly verb: "redrive" | "discard"
  readonly reason: string
  readonly state: "running" | "done" | "cancelled" | "failed" | "interrupted"
  readonly done: number
  readonly keptCount: number
  readonly startedAt: string
  readonly updatedAt: string
  readonly detail?: string
}

export interface Member {
  readonly id: string
  readonly name: string
  readonly state: "up" | "drained" | "leaving"
  readonly version: string
  readonly labels: ReadonlyArray<string>
  readonly weight: number
  readonly startedAt: string
  readonly self: boolean
  readonly slots: number
  readonly unfit: ReadonlyArray<string>
  readonly load?: {
    readonly residentByType: { readonly [type: string]: number }
    readonly inFlight: number
    readonly openMessages: number
  }
}

export interface Slot {
  readonly slot: string
  readonly epoch: number
  readonly member?: string
  readonly lag?: number
  readonly stopped?: { readonly sequence: number; readonly reason: string }
}

export interface ClusterDocument {
  readonly members: ReadonlyArray<Member>
  readonly slots: ReadonlyArray<Slot>
  readonly pins: { readonly [slot: string]: string }
  readonly paused: ReadonlyArray<string>
}

export interface Owner {
  readonly slot: string
  readonly member?: string
  readonly stopped?: { readonly sequence: number; readonly reason: string }
}

/** A projection or a reactor. */
export interface FollowerDocument {
  readonly name: string
  readonly state: string
  readonly lag: number
  readonly lastError?: string
  readonly owners: ReadonlyArray<Owner>
  /** Of projections only. */
  readonly version?: number
  readonly offset?: number
  readonly deadLetters?: number
  /** Of reactors only: the sequence up to which everything is handled and sent. */
  readonly position?: number
}

export interface OperationDocument {
  readonly number: number
  readonly at: string
  readonly by: string | null
  readonly verb: string
  readonly target: string
  readonly note: string
  readonly outcome: string | null
}

export interface SagaItem {
  readonly key: string
  readonly status: string
  readonly attempts: number
  readonly undoAttempts: number
  readonly reason?: string
  readonly result?: Json
}

export interface SagaDocument {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly state: string
  readonly cause?: { readonly kind: string; readonly item: string | null; readonly reason: string }
  readonly stuck?: { readonly item: string; readonly reason: string }
  readonly items: ReadonlyArray<SagaItem>
}

export interface LetterGroup {
  readonly reason: string
  readonly count: number
  readonly oldestAt: string
  readonly newestAt: string
  readonly receivers: { readonly [receiver: string]: number }
}

export interface ClusterEvent {
  readonly at: string
  readonly type: string
  readonly member?: string
  readonly name?: string
  readonly state?: string
  readonly slot?: string
  readonly epoch?: number
  readonly what?: string
  readonly actor?: string
  readonly sequence?: number
  readonly detail?: string
}

/** One value for each span, the oldest first; null for a span of which nothing is known. */
type Column = ReadonlyArray<number | null>

export interface MetricSeries {
  readonly nodes: ReadonlyArray<number>
  readonly accepted: Column
  readonly rejected: Column
  readonly failed: Column
  readonly commits: Column
  readonly sent: Column
  readonly calls: Column
  readonly p50Ms: Column
  readonly p99Ms: Column
  readonly resident: Column
  readonly mailbox: Column
  readonly outbox: Column
  readonly projectionLag: Column
  readonly reactorLag: Column
  readonly deadLetters: Column
  readonly members: Column
}

/** The last hour of metrics over all nodes. */
export interface HistoryOfMetrics {
  readonly spanMs: number
  readonly since: string
  readonly nodes: ReadonlyArray<{
    readonly id: string
    readonly name: string
    readonly self: boolean
    /** Why the part of the node is missing. */
    readonly silent?: string
  }>
  readonly series: MetricSeries
  readonly projections: { readonly [name: string]: Column }
  readonly changes: ReadonlyArray<{
    readonly name: string
    readonly joined: number
    readonly left: number
    readonly latest: string
  }>
}

/** A projection or reactor, as `/readyz` tells of it. */
export interface Follower {
  readonly name: string
  readonly ok: boolean
  readonly state: string
  readonly lag: number
  readonly stoppedAt?: number
  readonly detail?: string
}

export interface Check {
  readonly ok: boolean
  readonly detail?: string
}

export interface Readiness {
  readonly ready: boolean
  readonly stopping: boolean
  readonly journal: Check
  readonly postgres: Check
  readonly cluster: Check & { readonly name?: string; readonly state?: string }
  readonly projections: ReadonlyArray<Follower>
  readonly reactors: ReadonlyArray<Follower>
  readonly problems: ReadonlyArray<Check & { readonly [fact: string]: unknown }>
}

/** Who is signed in. */
export interface Session {
  /** Null: the service does not know people by name. */
  readonly user: string | null
  readonly role: "viewer" | "operator" | null
}
