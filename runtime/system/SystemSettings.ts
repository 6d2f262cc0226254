/**
 * The settings of a system and their defaults. What is stored with the journal (namespace, shards) is fixed at its
 * creation and verified at every start; the rest may differ from process to process.
 */

export interface SystemSettings {
  /** Keeps systems apart that share servers; part of what is published to the world outside. */
  readonly namespace: string
  /** Slices of all actors; fixed for the life of a journal. */
  readonly shardCount: number
  /** Time that an ask may take before it fails with AskTimeout, in milliseconds. */
  readonly askDeadlineMs: number
  /** Actors kept in memory; beyond it the least recently used leave. */
  readonly residentMax: number
  /** Idle time after which an actor leaves memory, in milliseconds. */
  readonly idleMs: number
  /**
   * Time after which a node that cannot renew its lease has no shards any more, in milliseconds; 500 at least. The same
   * on all nodes: each judges the others by its own.
   */
  readonly leaseMs: number
  /** Time that a shard gets to finish what is in work when it moves, in milliseconds. */
  readonly handoffMs: number
  /** Time that `stop` waits for commands in work and projections, in milliseconds. */
  readonly drainMs: number
}

export const SYSTEM_DEFAULTS: SystemSettings = {
  namespace: "everstate",
  shardCount: 64,
  askDeadlineMs: 5_000,
  residentMax: 100_000,
  idleMs: 120_000,
  leaseMs: 15_000,
  handoffMs: 5_000,
  drainMs: 10_000,
}
