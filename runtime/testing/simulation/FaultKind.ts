/**
 * The kinds of faults that a simulation knows, and how often each strikes when a seed draws it.
 *
 * `call`: decided for every call of a port, with a probability. `plan`: happens to a node, a link or a server at a
 * random time, so many times in a run. What each does: the simulated servers
 * (SimulatedJournal.ts, SimulatedMailbox.ts, SimulatedPostgres.ts, ...) and Chaos.ts.
 */

export interface FaultShape {
  readonly level: "call" | "plan"
  /** Highest probability a call, or highest number in a run, that a seed may draw. */
  readonly most: number
  /** The port that it strikes, for `failNext`; plans strike on their own. */
  readonly port?: Port
  /** Means something only where shards are placed by leases. */
  readonly isOfClusters?: true
  /** Drawn only where a scenario lists it. */
  readonly isAsked?: true
}

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
  /** Stored, but the acknowledgement is lost. */
  "ack lost": { level: "call", most: 0.15, port: "journal.append" },
  /** The caller times out first, the append lands afterwards. */
  "append lands late": { level: "call", most: 0.15, port: "journal.append" },
  /** Delivered twice: stored once, and the answer that arrives is that of the copy (10071). */
  "append twice": { level: "call", most: 0.15, port: "journal.append" },
  /** 503: no leader; nothing is stored. */
  "append unavailable": { level: "call", most: 0.2, port: "journal.append" },
  /** 10164: another write of the subject is in flight; nothing is stored. */
  "append in flight": { level: "call", most: 0.2, port: "journal.append" },
  /** 10158: the duplicate of a write that is still in flight, and lands. */
  "append in flight lands": { level: "call", most: 0.15, port: "journal.append" },
  /** The stream is full: the server says no, and stores nothing. */
  "append refused": { level: "call", most: 0.15, port: "journal.append" },
  /** The batch, or a part of it, never reaches the journal; its members time out. */
  "batch lost": { level: "call", most: 0.15, port: "journal.batch", isAsked: true },
  /** All of it is stored, but the acknowledgement is lost. */
  "batch answer lost": { level: "call", most: 0.15, port: "journal.batch", isAsked: true },
  /** Its members time out first, the batch lands afterwards. */
  "batch lands late": { level: "call", most: 0.15, port: "journal.batch", isAsked: true },
  /** The server says no to the batch, though each of its members alone would be stored. */
  "batch refused": { level: "call", most: 0.2, port: "journal.batch", isAsked: true },
  "last fails": { level: "call", most: 0.15, port: "journal.last" },
  /** An ex-leader answers, for a moment, with what it knew. */
  "last stale": { level: "call", most: 0.15, port: "journal.last" },
  "read fails": { level: "call", most: 0.15, port: "journal.read" },
  /** A follower that lags answers with less. */
  "read stale": { level: "call", most: 0.3, port: "journal.read" },
  "follow stalls": { level: "call", most: 0.2, port: "journal.follow" },
  "snapshot unreadable": { level: "call", most: 0.2, port: "snapshots.load" },
  "snapshot slow": { level: "call", most: 0.2, port: "snapshots.load" },
  "snapshot corrupt": { level: "call", most: 0.2, port: "snapshots.load" },
  "snapshot foreign": { level: "call", most: 0.2, port: "snapshots.load" },
  /** The row is ahead of the journal, as after a journal that lost its tail. */
  "snapshot ahead": { level: "call", most: 0.2, port: "snapshots.load" },
  /** One field of the row is of another kind. */
  "snapshot rubbish": { level: "call", most: 0.2, port: "snapshots.load" },
  "snapshot not saved": { level: "call", most: 0.3, port: "snapshots.save" },
  /** The transaction is rolled back. */
  "transaction fails": { level: "call", most: 0.2, port: "readModel.apply" },
  /** Committed, but the answer is lost. */
  "transaction answer lost": { level: "call", most: 0.2, port: "readModel.apply" },
  /** The message never reaches the mailbox; its sender times out. */
  "message lost": { level: "call", most: 0.15, port: "mailbox.publish" },
  "message answer lost": { level: "call", most: 0.15, port: "mailbox.publish" },
  "message lands late": { level: "call", most: 0.15, port: "mailbox.publish" },
  /** Delivered twice: stored once. */
  "message twice": { level: "call", most: 0.15, port: "mailbox.publish" },
  "mailbox unavailable": { level: "call", most: 0.2, port: "mailbox.publish" },
  "schedule lost": { level: "call", most: 0.15, port: "mailbox.schedule" },
  "schedule answer lost": { level: "call", most: 0.15, port: "mailbox.schedule" },
  /** Stored, acknowledged, and never fires: only where a story asks for it, as no server does that by itself. */
  "schedule vanishes": { level: "call", most: 0, port: "mailbox.schedule" },
  "schedule fires twice": { level: "call", most: 0.2, port: "mailbox.schedule" },
  /** Said to be taken out, and still there. */
  "unschedule lost": { level: "call", most: 0.2, port: "mailbox.schedule" },
  "delivery stalls": { level: "call", most: 0.1, port: "mailbox.receive" },
  /** Some of what is handed out is handed out again, in any order. */
  "delivery repeats": { level: "call", most: 0.2, port: "mailbox.receive" },
  /** The consumer is gone and made anew: everything unacknowledged comes again. */
  "consumer deleted": { level: "call", most: 0.1, port: "mailbox.receive" },
  "message ack lost": { level: "call", most: 0.15, port: "mailbox.ack" },
  "message ack late": { level: "call", most: 0.2, port: "mailbox.ack" },
  /** Said to be written, and not. */
  "checkpoint lost": { level: "call", most: 0.2, port: "checkpoints" },
  "checkpoint stale": { level: "call", most: 0.2, port: "checkpoints" },
  "checkpoints unavailable": { level: "call", most: 0.2, port: "checkpoints" },
  "dead letters unavailable": { level: "call", most: 0.2, port: "deadLetters" },
  "dead letter answer lost": { level: "call", most: 0.2, port: "deadLetters" },
  "publication lost": { level: "call", most: 0.15, port: "publisher" },
  "publication answer lost": { level: "call", most: 0.15, port: "publisher" },
  /** A durable call does not reach the other side. */
  "call lost": { level: "call", most: 0.2, port: "calls" },
  /** It is done there, and its caller does not hear of it. */
  "call answer lost": { level: "call", most: 0.2, port: "calls" },
  "call hangs": { level: "call", most: 0.1, port: "calls" },
  "leases unavailable": { level: "call", most: 0.15, port: "leases" },
  /** Written, but the acknowledgement is lost. */
  "lease answer lost": { level: "call", most: 0.15, port: "leases" },
  /** The writer times out first, the write lands afterwards, if the record is still as it was. */
  "lease lands late": { level: "call", most: 0.15, port: "leases" },
  /** A follower that lags lists older revisions of some records. */
  "lease stale": { level: "call", most: 0.2, port: "leases" },
  "lease hint lost": { level: "call", most: 0.3, port: "leases" },
  "lease hint twice": { level: "call", most: 0.2, port: "leases" },
  "lease hint late": { level: "call", most: 0.2, port: "leases" },
  "request lost": { level: "call", most: 0.1, port: "transport" },
  "request slow": { level: "call", most: 0.1, port: "transport" },
  "request twice": { level: "call", most: 0.1, port: "transport" },
  /** No responders, though somebody serves the subject: its server has not heard of that yet. */
  "request unrouted": { level: "call", most: 0.1, port: "transport" },
  /** The request was handled, and its sender does not hear of it. */
  "request answer lost": { level: "call", most: 0.1, port: "transport" },
  "reply slow": { level: "call", most: 0.1 },
  /** An actor that is not in memory is taken for new, whatever is known of it. */
  "birth guessed": { level: "call", most: 0.5 },
  /** What no node writes is put into a port, see Rubbish.ts. */
  "rubbish message": { level: "plan", most: 6 },
  "rubbish record": { level: "plan", most: 4 },
  "rubbish checkpoint": { level: "plan", most: 3 },
  "rubbish dead letter": { level: "plan", most: 2 },
  "rubbish lease": { level: "plan", most: 4, isOfClusters: true },
  "rubbish request": { level: "plan", most: 6, isOfClusters: true },
  "node crashes": { level: "plan", most: 4 },
  /** Asked to stop in order (SIGTERM), in the middle of work, and started again. */
  "node stops": { level: "plan", most: 3 },
  /** Stopped, and later on as if nothing had happened. */
  "node pauses": { level: "plan", most: 4 },
  partition: { level: "plan", most: 4 },
  "clock jumps": { level: "plan", most: 4 },
  /** A node begins with a clock that is behind the servers' and stays so: only where a scenario asks for it. */
  "clock lags": { level: "call", most: 0 },
  /** An operator pauses an actor type for a while: only where a scenario asks for it. */
  "type pauses": { level: "plan", most: 0, isOfClusters: true },
  "journal away": { level: "plan", most: 2 },
  /** An operator purges what waits for its time in the mailbox. */
  "schedules lost": { level: "plan", most: 2 },
  /** Nothing of the checkpoints is left. */
  "checkpoints lost": { level: "plan", most: 2, isAsked: true },
  /** An older copy takes their place. */
  "checkpoints restored": { level: "plan", most: 2, isAsked: true },
  /** Each name has what another one had. */
  "checkpoints mixed up": { level: "plan", most: 2, isAsked: true },
  /** An older copy: what was acknowledged since comes again, what was stored since is gone. */
  "mailbox restored": { level: "plan", most: 2, isAsked: true },
  /** The same of what waits for its time, and of what came of it. */
  "timers restored": { level: "plan", most: 2, isAsked: true },
  /** All messages are gone: the mailbox was deleted, and made anew. */
  "mailbox lost": { level: "plan", most: 2, isAsked: true },
  "snapshots restored": { level: "plan", most: 2, isAsked: true },
  /** All nodes go down, and some of the stores are older copies when they start again. */
  "stores restored": { level: "plan", most: 2, isAsked: true },
  /** A receiver's mailbox is full, rights are missing, or a subject takes no integration events, for a long time. */
  unsendable: { level: "plan", most: 4, isAsked: true },
  "postgres away": { level: "plan", most: 3 },
  /** Back after a fail-over, without its last transactions. */
  "postgres loses its tail": { level: "plan", most: 3 },
  /** The lease store takes and tells nothing, while journal and messages go on. */
  "leases away": { level: "plan", most: 2, isOfClusters: true },
  /** The power goes: what the lease store wrote last is gone. */
  "leases lose their tail": { level: "plan", most: 2, isOfClusters: true },
  /** The same, and nothing is left: every lease is over at once. */
  "leases lost": { level: "plan", most: 1, isOfClusters: true },
  /** An operator drains a node, and lets it take part again later. */
  "node drains": { level: "plan", most: 3, isOfClusters: true },
  /** All nodes one after the other: some are drained first, all are stopped in order and started again. */
  "rolling restart": { level: "plan", most: 1, isOfClusters: true },
} as const satisfies { readonly [kind: string]: FaultShape }

export type FaultKind = keyof typeof FAULTS

/** Every kind, in a fixed order. */
export const FAULT_KINDS = Object.keys(FAULTS) as ReadonlyArray<FaultKind>

/** Those that strike only where shards are placed by leases. */
export const isOfClusters = (kind: FaultKind): boolean => {
  const { port, isOfClusters: isSo = false } = shapeOf(kind)
  return isSo || port === "leases" || port === "transport"
}

/** Kinds that a seed draws from unless its scenario lists some. */
export const isDrawnAlways = (kind: FaultKind): boolean => shapeOf(kind).isAsked !== true

export const shapeOf = (kind: FaultKind): FaultShape => FAULTS[kind]

export const isFaultKind = (kind: string): kind is FaultKind => Object.hasOwn(FAULTS, kind)
