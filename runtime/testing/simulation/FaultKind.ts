/**
 * The kinds of faults that a simulation knows, and how often each strikes when a seed draws it.
 *
 * `call`: decided for every call of a port, with a probability. `plan`: strikes a node, a link or a server at
 * random times, with a number for each run. What each fault does: the simulated servers (SimulatedJournal.ts,
 * SimulatedMailbox.ts, SimulatedPostgres.ts, ...) and Chaos.ts.
 */

export interface FaultShape {
  readonly level: "call" | "plan"
  /** Highest probability of a call, or highest number in a run, that a seed may draw. */
  readonly most: number
  /** Port that the fault strikes, for `failNext`; planned faults have none. */
  readonly port?: Port
  /** True if the fault needs shards that are placed by leases. */
  readonly isOfClusters?: true
  /** True if the fault is drawn only for scenarios that list it. */
  readonly isAsked?: true
}

/** A place where a fault can strike: a call of a port, or a part of a node. */
export type Port =
  | "journal.append"
  | "journal.batch"
  | "journal.last"
  | "journal.read"
  | "journal.follow"
  | "snapshots.load"
  | "snapshots.save"
  | "readModel.apply"
  | "mailbox.publish"
  | "mailbox.schedule"
  | "mailbox.receive"
  | "mailbox.ack"
  | "checkpoints"
  | "deadLetters"
  | "publisher"
  | "calls"
  | "leases"
  | "transport"

const FAULTS = {
  /** The append never reaches the journal; its caller times out. */
  "append lost": { level: "call", most: 0.15, port: "journal.append" },
  /** The commit is stored, but the acknowledgement is lost. */
  "ack lost": { level: "call", most: 0.15, port: "journal.append" },
  /** The caller times out first; the append is stored afterwards. */
  "append lands late": { level: "call", most: 0.15, port: "journal.append" },
  /** The append is delivered twice and stored once. The caller gets the answer to the copy (10071). */
  "append twice": { level: "call", most: 0.15, port: "journal.append" },
  /** 503: no leader; nothing is stored. */
  "append unavailable": { level: "call", most: 0.2, port: "journal.append" },
  /** 10164: another write of the subject is in flight; nothing is stored. */
  "append in flight": { level: "call", most: 0.2, port: "journal.append" },
  /** 10158: the append duplicates a write that is still in flight and is then stored. */
  "append in flight lands": { level: "call", most: 0.15, port: "journal.append" },
  /** The stream is full: the server says no, and stores nothing. */
  "append refused": { level: "call", most: 0.15, port: "journal.append" },
  /** The batch, or a part of it, never reaches the journal; its members time out. */
  "batch lost": { level: "call", most: 0.15, port: "journal.batch", isAsked: true },
  /** The whole batch is stored, but the acknowledgement is lost. */
  "batch answer lost": { level: "call", most: 0.15, port: "journal.batch", isAsked: true },
  /** Its members time out first; the batch is stored afterwards. */
  "batch lands late": { level: "call", most: 0.15, port: "journal.batch", isAsked: true },
  /** The server refuses the batch, although it would store each of its members alone. */
  "batch refused": { level: "call", most: 0.2, port: "journal.batch", isAsked: true },
  "last fails": { level: "call", most: 0.15, port: "journal.last" },
  /** A former leader briefly answers with what it knew. */
  "last stale": { level: "call", most: 0.15, port: "journal.last" },
  "read fails": { level: "call", most: 0.15, port: "journal.read" },
  /** A follower that lags answers with fewer records. */
  "read stale": { level: "call", most: 0.3, port: "journal.read" },
  "follow stalls": { level: "call", most: 0.2, port: "journal.follow" },
  "snapshot unreadable": { level: "call", most: 0.2, port: "snapshots.load" },
  "snapshot slow": { level: "call", most: 0.2, port: "snapshots.load" },
  "snapshot corrupt": { level: "call", most: 0.2, port: "snapshots.load" },
  "snapshot foreign": { level: "call", most: 0.2, port: "snapshots.load" },
  /** The row is ahead of the journal, as if the journal had lost its tail. */
  "snapshot ahead": { level: "call", most: 0.2, port: "snapshots.load" },
  /** One field of the row has another type. */
  "snapshot rubbish": { level: "call", most: 0.2, port: "snapshots.load" },
  "snapshot not saved": { level: "call", most: 0.3, port: "snapshots.save" },
  /** The transaction is rolled back. */
  "transaction fails": { level: "call", most: 0.2, port: "readModel.apply" },
  /** The transaction is committed, but the answer is lost. */
  "transaction answer lost": { level: "call", most: 0.2, port: "readModel.apply" },
  /** The message never reaches the mailbox; its sender times out. */
  "message lost": { level: "call", most: 0.15, port: "mailbox.publish" },
  "message answer lost": { level: "call", most: 0.15, port: "mailbox.publish" },
  "message lands late": { level: "call", most: 0.15, port: "mailbox.publish" },
  /** The message is delivered twice and stored once. */
  "message twice": { level: "call", most: 0.15, port: "mailbox.publish" },
  "mailbox unavailable": { level: "call", most: 0.2, port: "mailbox.publish" },
  "schedule lost": { level: "call", most: 0.15, port: "mailbox.schedule" },
  "schedule answer lost": { level: "call", most: 0.15, port: "mailbox.schedule" },
  /**
   * The timer is stored and acknowledged, and never fires. Only for stories that ask for it, because no
   * server does that by itself.
   */
  "schedule vanishes": { level: "call", most: 0, port: "mailbox.schedule" },
  "schedule fires twice": { level: "call", most: 0.2, port: "mailbox.schedule" },
  /** The timer is reported as removed, but is still there. */
  "unschedule lost": { level: "call", most: 0.2, port: "mailbox.schedule" },
  "delivery stalls": { level: "call", most: 0.1, port: "mailbox.receive" },
  /** Some delivered messages are delivered again, in any order. */
  "delivery repeats": { level: "call", most: 0.2, port: "mailbox.receive" },
  /** The consumer was deleted and made anew: all unacknowledged messages come again. */
  "consumer deleted": { level: "call", most: 0.1, port: "mailbox.receive" },
  "message ack lost": { level: "call", most: 0.15, port: "mailbox.ack" },
  "message ack late": { level: "call", most: 0.2, port: "mailbox.ack" },
  /** The checkpoint is reported as written, but is not. */
  "checkpoint lost": { level: "call", most: 0.2, port: "checkpoints" },
  "checkpoint stale": { level: "call", most: 0.2, port: "checkpoints" },
  "checkpoints unavailable": { level: "call", most: 0.2, port: "checkpoints" },
  "dead letters unavailable": { level: "call", most: 0.2, port: "deadLetters" },
  "dead letter answer lost": { level: "call", most: 0.2, port: "deadLetters" },
  "publication lost": { level: "call", most: 0.15, port: "publisher" },
  "publication answer lost": { level: "call", most: 0.15, port: "publisher" },
  /** A durable call does not reach the called service. */
  "call lost": { level: "call", most: 0.2, port: "calls" },
  /** The service does the work, but the answer is lost. */
  "call answer lost": { level: "call", most: 0.2, port: "calls" },
  "call hangs": { level: "call", most: 0.1, port: "calls" },
  "leases unavailable": { level: "call", most: 0.15, port: "leases" },
  /** The lease is written, but the acknowledgement is lost. */
  "lease answer lost": { level: "call", most: 0.15, port: "leases" },
  /** The writer times out first; the write happens afterwards, if the record has not changed. */
  "lease lands late": { level: "call", most: 0.15, port: "leases" },
  /** A follower that lags lists older revisions of some records. */
  "lease stale": { level: "call", most: 0.2, port: "leases" },
  "lease hint lost": { level: "call", most: 0.3, port: "leases" },
  "lease hint twice": { level: "call", most: 0.2, port: "leases" },
  "lease hint late": { level: "call", most: 0.2, port: "leases" },
  "request lost": { level: "call", most: 0.1, port: "transport" },
  "request slow": { level: "call", most: 0.1, port: "transport" },
  "request twice": { level: "call", most: 0.1, port: "transport" },
  /** No responders, although a node serves the subject: the server does not know that yet. */
  "request unrouted": { level: "call", most: 0.1, port: "transport" },
  /** The request was handled, but its answer is lost. */
  "request answer lost": { level: "call", most: 0.1, port: "transport" },
  "reply slow": { level: "call", most: 0.1 },
  /** An actor that is not in memory is guessed to be new, whatever the evidence. */
  "birth guessed": { level: "call", most: 0.5 },
  /** Data that no node writes is put into a port, see Rubbish.ts. */
  "rubbish message": { level: "plan", most: 6 },
  "rubbish record": { level: "plan", most: 4 },
  "rubbish checkpoint": { level: "plan", most: 3 },
  "rubbish dead letter": { level: "plan", most: 2 },
  "rubbish lease": { level: "plan", most: 4, isOfClusters: true },
  "rubbish request": { level: "plan", most: 6, isOfClusters: true },
  "node crashes": { level: "plan", most: 4 },
  /** A node is asked to stop (SIGTERM) during work, and started again. */
  "node stops": { level: "plan", most: 3 },
  /** A node stands still, and later goes on as if nothing had happened. */
  "node pauses": { level: "plan", most: 4 },
  partition: { level: "plan", most: 4 },
  "clock jumps": { level: "plan", most: 4 },
  /** A node's clock is behind the servers' from its start. Only for scenarios that ask for it. */
  "clock lags": { level: "call", most: 0 },
  /** An operator pauses an actor type for a while. Only for scenarios that ask for it. */
  "type pauses": { level: "plan", most: 0, isOfClusters: true },
  "journal away": { level: "plan", most: 2 },
  /** An operator purges the scheduled messages in the mailbox. */
  "schedules lost": { level: "plan", most: 2 },
  /** All checkpoints are lost. */
  "checkpoints lost": { level: "plan", most: 2, isAsked: true },
  /** An older copy replaces the checkpoints. */
  "checkpoints restored": { level: "plan", most: 2, isAsked: true },
  /** The checkpoints exchange their names. */
  "checkpoints mixed up": { level: "plan", most: 2, isAsked: true },
  /** An older copy replaces the mailbox: acknowledged messages since then come again, newer ones are gone. */
  "mailbox restored": { level: "plan", most: 2, isAsked: true },
  /** An older copy replaces the timers and the messages that they became. */
  "timers restored": { level: "plan", most: 2, isAsked: true },
  /** All messages are gone: the mailbox was deleted and made anew. */
  "mailbox lost": { level: "plan", most: 2, isAsked: true },
  "snapshots restored": { level: "plan", most: 2, isAsked: true },
  /** All nodes crash, and some stores are older copies when they start again. */
  "stores restored": { level: "plan", most: 2, isAsked: true },
  /**
   * For a long time a receiver's mailbox is full, permissions are missing, or a subject takes no integration
   * events.
   */
  unsendable: { level: "plan", most: 4, isAsked: true },
  "postgres away": { level: "plan", most: 3 },
  /** Postgres is back after a fail-over, without its last transactions. */
  "postgres loses its tail": { level: "plan", most: 3 },
  /** The lease store does not answer, while journal and messages work. */
  "leases away": { level: "plan", most: 2, isOfClusters: true },
  /** A power failure: the last writes of the lease store are gone. */
  "leases lose their tail": { level: "plan", most: 2, isOfClusters: true },
  /** A power failure: all leases are gone and end at once. */
  "leases lost": { level: "plan", most: 1, isOfClusters: true },
  /** An operator drains a node, and lets it join again later. */
  "node drains": { level: "plan", most: 3, isOfClusters: true },
  /** An operator has a projection rebuilt in place. */
  "projection rebuilt": { level: "plan", most: 2, isAsked: true },
  /**
   * All nodes restart one after the other: some are drained first, all are asked to stop and started again.
   */
  "rolling restart": { level: "plan", most: 1, isOfClusters: true },
} as const satisfies { readonly [kind: string]: FaultShape }

/** A kind of fault that a simulation can make, by its name. */
export type FaultKind = keyof typeof FAULTS

/** All kinds, in a fixed order. */
export const FAULT_KINDS = Object.keys(FAULTS) as ReadonlyArray<FaultKind>

/** Whether a kind strikes only if shards are placed by leases. */
export const isOfClusters = (kind: FaultKind): boolean => {
  const { port, isOfClusters: isSo = false } = shapeOf(kind)
  return isSo || port === "leases" || port === "transport"
}

/** Whether seeds draw the kind for scenarios that list none. */
export const isDrawnAlways = (kind: FaultKind): boolean => shapeOf(kind).isAsked !== true

export const shapeOf = (kind: FaultKind): FaultShape => FAULTS[kind]

export const isFaultKind = (kind: string): kind is FaultKind => Object.hasOwn(FAULTS, kind)
