/**
 * Everything that can come of asking an actor besides an acceptance.
 *
 * Owns the errors that callers meet. Each has a stable `_tag`, facts, a `hint` where the caller can do something, and
 * a `kind`: `rejection` (the domain says no), `conflict` (re-read, decide again), `transient` (try again, with the
 * same commandId), `terminal` (the same request fails every time), `defect` (a broken promise somewhere).
 */
import { Schema } from "effect"
import type { ActorAddress, InvalidActorId } from "../address/ActorAddress.ts"
import { SchemaIssue } from "../event/Schema.ts"

export type ErrorKind = "rejection" | "conflict" | "transient" | "terminal" | "defect"

const actor = { actorType: Schema.String, id: Schema.String }

/**
 * The domain said no. `reason` is the one that `decide` gave, or `NotAccepted` when the machine does not accept the
 * decided event in its current state, which `state` names. Nothing was stored.
 */
export class CommandRejected extends Schema.TaggedError<CommandRejected>()("CommandRejected", {
  ...actor,
  commandType: Schema.String,
  reason: Schema.String,
  state: Schema.String,
  /** Version of the actor that said no; 0: it never stored an event. */
  version: Schema.Number,
  detail: Schema.Unknown,
}) {
  readonly kind = "rejection"
  override get message(): string {
    const { event, ...end } = ((this.reason === "NotAccepted" ? this.detail : undefined) ??
      {}) as NotAcceptedDetail
    const reason = event === undefined ? this.reason : `${this.reason} (${event})`
    const where = this.state === "" ? "" : ` in state "${this.state}"`
    return `${this.actorType}/${this.id} rejected ${this.commandType}${where}: ${reason}${endText(end)}`
  }
}

/** Detail of a rejection by the machine: the event, and how the machine ended if it did. */
interface NotAcceptedDetail {
  readonly event?: string
  readonly status?: string
  readonly error?: string
}

const endText = ({ status, error }: NotAcceptedDetail): string => {
  if (status === "error") return `. The machine ended with an error and takes no more events: ${error}`
  return status === "done" ? ". The machine is done and takes no more events" : ""
}

/** The command is malformed: unknown type, schema refused it, not plain JSON, or a bad option. Nothing was stored. */
export class CommandInvalid extends Schema.TaggedError<CommandInvalid>()("CommandInvalid", {
  ...actor,
  commandType: Schema.String,
  issues: Schema.Array(SchemaIssue),
}) {
  readonly kind = "terminal"
  override get message(): string {
    const issues = this.issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
    return `${this.commandType} for ${this.actorType}/${this.id} is invalid: ${issues.join("; ")}`
  }
}

/** The commandId was used before for another payload. Nothing was stored. */
export class CommandIdReused extends Schema.TaggedError<CommandIdReused>()("CommandIdReused", {
  ...actor,
  commandId: Schema.String,
  hint: Schema.String,
}) {
  readonly kind = "terminal"
  override get message(): string {
    return `commandId "${this.commandId}" was already used for another command to ${this.actorType}/${this.id}. ${this.hint}`
  }
}

/** The actor is not at the version that the caller asked for (`ifVersion`). Nothing was stored. */
export class VersionConflict extends Schema.TaggedError<VersionConflict>()("VersionConflict", {
  ...actor,
  expected: Schema.Number,
  found: Schema.Number,
}) {
  readonly kind = "conflict"
  override get message(): string {
    return `${this.actorType}/${this.id} is at version ${this.found}, not ${this.expected}`
  }
}

/** The actor was to be spawned, and is born already with another input. Nothing was stored. */
export class ActorExists extends Schema.TaggedError<ActorExists>()("ActorExists", {
  ...actor,
  /** Version of the actor's last event, 0 without one. */
  version: Schema.Number,
  hint: Schema.String,
}) {
  readonly kind = "conflict"
  override get message(): string {
    return `${this.actorType}/${this.id} exists with another input. ${this.hint}`
  }
}

/** The actor is not born, and cannot be without input: it has no state that could be told. */
export class ActorUnborn extends Schema.TaggedError<ActorUnborn>()("ActorUnborn", {
  ...actor,
  hint: Schema.String,
}) {
  readonly kind = "rejection"
  override get message(): string {
    return `${this.actorType}/${this.id} is not born. ${this.hint}`
  }
}

/** What would be stored is larger than the journal takes. Nothing was stored. */
export class PayloadTooLarge extends Schema.TaggedError<PayloadTooLarge>()("PayloadTooLarge", {
  ...actor,
  sizeBytes: Schema.Number,
  limitBytes: Schema.Number,
  hint: Schema.String,
}) {
  readonly kind = "terminal"
  override get message(): string {
    return `${this.sizeBytes} bytes for ${this.actorType}/${this.id}, at most ${this.limitBytes}. ${this.hint}`
  }
}

/** The actor's or the system's queue is full. Nothing was stored. */
export class Busy extends Schema.TaggedError<Busy>()("Busy", {
  ...actor,
  queue: Schema.Literals(["Actor", "System"]),
  limitCount: Schema.Number,
}) {
  readonly kind = "transient"
  override get message(): string {
    return `${this.queue === "Actor" ? `${this.actorType}/${this.id}` : "The system"} has ${this.limitCount} commands waiting already`
  }
}

/** No answer within the deadline. The command may or may not be stored. */
export class AskTimeout extends Schema.TaggedError<AskTimeout>()("AskTimeout", {
  ...actor,
  commandId: Schema.String,
  deadlineMs: Schema.Number,
  /** What kept the answer away, where that is known. */
  detail: Schema.optionalKey(Schema.String),
  hint: Schema.String,
}) {
  readonly kind = "transient"
  override get message(): string {
    const why = this.detail === undefined ? "" : `: ${this.detail}`
    return `${this.actorType}/${this.id} did not answer within ${this.deadlineMs} ms${why}. ${this.hint}`
  }
}

/**
 * The actor cannot be reached, or its journal not be used, now. `stored` says whether this ask may have stored the command
 * all the same; `No` says nothing of an earlier ask with the same `commandId`.
 */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {
  ...actor,
  stored: Schema.Literals(["No", "Unknown"]),
  detail: Schema.String,
  hint: Schema.String,
}) {
  readonly kind = "transient"
  override get message(): string {
    return `${this.actorType}/${this.id} is unavailable: ${this.detail}. ${this.hint}`
  }
}

export const unavailable = (
  { type: actorType, id }: Pick<ActorAddress, "type" | "id">,
  stored: Unavailable["stored"],
  detail: string,
  hint: string,
): Unavailable => new Unavailable({ actorType, id, stored, detail, hint })

/** `decide`, an assign or a guard threw, or decided an event that its own schema refuses. Nothing was stored. */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", {
  ...actor,
  commandType: Schema.String,
  reason: Schema.Literals([
    "DecideThrew",
    "EventUnknown",
    "EventInvalid",
    "NotJson",
    "MachineThrew",
    "NotDurable",
    "NotSendable",
    /** The event would put something into the context or output that has no stored form; `detail` says where. */
    "NotStorable",
    /** The code does not have the saga's plan, so it cannot decide. */
    "HistoryUnfit",
  ]),
  detail: Schema.String,
}) {
  readonly kind = "defect"
  override get message(): string {
    return `${this.commandType} failed in ${this.actorType}/${this.id} (${this.reason}): ${this.detail}`
  }
}

/** The actor's history cannot be read by this process. It takes no commands until that is mended. */
export class ActorQuarantined extends Schema.TaggedError<ActorQuarantined>()("ActorQuarantined", {
  ...actor,
  reason: Schema.Literals([
    "VersionGap",
    "EventUnreadable",
    "EventNotAccepted",
    "CommitUnreadable",
    "MachineFailed",
  ]),
  /** Journal sequence of the message that cannot be applied. */
  sequence: Schema.Number,
  detail: Schema.String,
  hint: Schema.String,
}) {
  readonly kind = "defect"
  override get message(): string {
    return `${this.actorType}/${this.id} is quarantined (${this.reason} at journal sequence ${this.sequence}): ${this.detail}. ${this.hint}`
  }
}

/** The system is stopping or stopped and takes no more. */
export class SystemStopped extends Schema.TaggedError<SystemStopped>()("SystemStopped", { ...actor }) {
  readonly kind = "transient"
  override get message(): string {
    return `The system is stopping; ${this.actorType}/${this.id} was not asked`
  }
}

/** The actor type was not given to this system. */
export class UnknownActorType extends Schema.TaggedError<UnknownActorType>()("UnknownActorType", {
  ...actor,
  hint: Schema.String,
}) {
  readonly kind = "terminal"
  override get message(): string {
    return `No actor type "${this.actorType}" in this system. ${this.hint}`
  }
}

/** What can come of reading an actor's state. */
export type ReadError =
  | ActorQuarantined
  | ActorUnborn
  | Unavailable
  | Busy
  | AskTimeout
  | SystemStopped
  | UnknownActorType
  | InvalidActorId

/** What can come of a command besides an acceptance. */
export type AskError =
  | ReadError
  | ActorExists
  | CommandRejected
  | CommandInvalid
  | CommandIdReused
  | CommandFailed
  | VersionConflict
  | PayloadTooLarge
