/**
 * Every outcome of an ask other than an acceptance.
 *
 * Owns the errors that callers meet. Their `kind`, `retry` and `hint` are defined in
 * ../error/EverstateError.ts.
 */
import { Schema } from "effect"
import type { ActorAddress, InvalidActorId } from "../address/ActorAddress.ts"
import type { AnyActor, CommandsOf, DecisionOf } from "../definition/Actor.ts"
import type { Rejection } from "../definition/Decision.ts"
import { actorOf, type DefinitionOf } from "../definition/DefinitionOf.ts"
import { errorClass } from "../error/EverstateError.ts"
import { SchemaIssue } from "../event/Schema.ts"

const actor = { actorType: Schema.String, id: Schema.String }

/**
 * The domain said no. `reason` is the one that `decide` gave, or `NotAccepted` when the machine does not
 * accept the decided event in its current state, which `state` names. Nothing was stored. With the definition
 * `A` and the type `C` of the command, the reasons and details are those of its `decide`.
 */
class Rejected<Reason extends string = string, Detail = unknown> extends errorClass<Rejected>()(
  "CommandRejected",
  {
    ...actor,
    commandType: Schema.String,
    reason: Schema.String,
    state: Schema.String,
    /** Version of the actor that rejected the command; 0 if it never stored an event. */
    version: Schema.Number,
    detail: Schema.Unknown,
  },
  {
    kind: "rejection",
    retry: "never",
    hint: "Look at reason and state: the same command may be accepted in another state of the actor.",
  },
) {
  declare readonly reason: Reason
  declare readonly detail: Detail
  override get message(): string {
    const { event, ...end } = ((this.reason === "NotAccepted" ? this.detail : undefined) ??
      {}) as NotAcceptedDetail
    const reason = event === undefined ? this.reason : `${this.reason} (${event})`
    const where = this.state === "" ? "" : ` in state "${this.state}"`
    return `${this.actorType}/${this.id} rejected ${this.commandType}${where}: ${reason}${endText(end)}`
  }
}

/** The actor or its chart said no to a command; nothing is stored. */
export const CommandRejected = Rejected
/**
 * The same error, with the reasons of one command of an actor. Each reason has the type of its detail, so a test of
 * `reason` narrows `detail`.
 */
export type CommandRejected<A extends AnyActor = AnyActor, C extends string = string> = string extends C
  ? Rejected
  : RejectedBy<DecisionOf<A, C>> | Rejected<"NotAccepted", NotAcceptedDetail>

/** The errors that a decision's rejections become. */
type RejectedBy<Decision> =
  Decision extends Rejection<infer Reason, infer Detail> ? Rejected<Reason, Detail> : never

/**
 * True if the error is the rejection of this command by an actor of this definition. Its reasons are then
 * typed.
 */
export const isRejectionOf = <A extends AnyActor, const C extends CommandsOf<A>["type"] & string>(
  error: unknown,
  definition: DefinitionOf<A>,
  commandType: C,
): error is CommandRejected<A, C> =>
  error instanceof CommandRejected &&
  error.actorType === actorOf(definition).type &&
  error.commandType === commandType

/** Detail of a rejection by the machine, whose reason is `NotAccepted`. */
export interface NotAcceptedDetail {
  /** Type of the event that the machine refused. */
  readonly event?: string
  /** `done` or `error` if the machine has ended. */
  readonly status?: string
  /** What ended the machine, if its status is `error`. */
  readonly error?: string
}

const endText = ({ status, error }: NotAcceptedDetail): string => {
  if (status === "error") return `. The machine ended with an error and takes no more events: ${error}`
  return status === "done" ? ". The machine is done and takes no more events" : ""
}

/**
 * The command is malformed: unknown type, schema refused it, not plain JSON, or a bad option. Nothing was
 * stored.
 */
export class InvalidCommand extends errorClass<InvalidCommand>()(
  "InvalidCommand",
  {
    ...actor,
    commandType: Schema.String,
    issues: Schema.Array(SchemaIssue),
  },
  {
    kind: "terminal",
    retry: "never",
    hint: "Send a command that the schema of its type accepts; issues says what is wrong and where.",
  },
) {
  override get message(): string {
    const issues = this.issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
    return `${this.commandType} for ${this.actorType}/${this.id} is invalid: ${issues.join("; ")}`
  }
}

/** The commandId was used before for another payload. Nothing was stored. */
export class CommandIdReused extends errorClass<CommandIdReused>()(
  "CommandIdReused",
  {
    ...actor,
    commandId: Schema.String,
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return `commandId "${this.commandId}" was already used for another command to ${this.actorType}/${this.id}. ${this.hint}`
  }
}

/** The actor is not at the version that the caller asked for (`ifVersion`). Nothing was stored. */
export class VersionConflict extends errorClass<VersionConflict>()(
  "VersionConflict",
  {
    ...actor,
    expected: Schema.Number,
    found: Schema.Number,
  },
  {
    kind: "conflict",
    retry: "never",
    hint: "Read the actor's state, and decide again on the version that was found.",
  },
) {
  override get message(): string {
    return `${this.actorType}/${this.id} is at version ${this.found}, not ${this.expected}`
  }
}

/** The actor was to be spawned, but it is already born with another input. Nothing was stored. */
export class ActorExists extends errorClass<ActorExists>()(
  "ActorExists",
  {
    ...actor,
    /** Version of the actor's last event, 0 without one. */
    version: Schema.Number,
    hint: Schema.String,
  },
  { kind: "conflict", retry: "never" },
) {
  override get message(): string {
    return `${this.actorType}/${this.id} exists with another input. ${this.hint}`
  }
}

/** The actor is not born and needs input to be born, so it has no state to read. */
export class ActorUnborn extends errorClass<ActorUnborn>()(
  "ActorUnborn",
  {
    ...actor,
    hint: Schema.String,
  },
  { kind: "rejection", retry: "never" },
) {
  override get message(): string {
    return `${this.actorType}/${this.id} is not born. ${this.hint}`
  }
}

/** The commit would be larger than the journal takes. Nothing was stored. */
export class PayloadTooLarge extends errorClass<PayloadTooLarge>()(
  "PayloadTooLarge",
  {
    ...actor,
    sizeBytes: Schema.Number,
    limitBytes: Schema.Number,
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return `${this.sizeBytes} bytes for ${this.actorType}/${this.id}, at most ${this.limitBytes}. ${this.hint}`
  }
}

/** The actor's or the system's queue is full. Nothing was stored. */
export class Busy extends errorClass<Busy>()(
  "Busy",
  {
    ...actor,
    queue: Schema.Literals(["Actor", "System"]),
    limitCount: Schema.Number,
  },
  { kind: "transient", retry: "same command id", hint: "Wait a moment, and send less at once." },
) {
  override get message(): string {
    return `${this.queue === "Actor" ? `${this.actorType}/${this.id}` : "The system"} has ${this.limitCount} commands waiting already`
  }
}

/** No answer within the deadline. The command may or may not be stored. */
export class AskTimeout extends errorClass<AskTimeout>()(
  "AskTimeout",
  {
    ...actor,
    commandId: Schema.String,
    deadlineMs: Schema.Number,
    /** The known cause of the missing answer; absent if none is known. */
    detail: Schema.optionalKey(Schema.String),
    hint: Schema.String,
  },
  { kind: "transient", retry: "same command id" },
) {
  override get message(): string {
    const why = this.detail === undefined ? "" : `: ${this.detail}`
    return `${this.actorType}/${this.id} did not answer within ${this.deadlineMs} ms${why}. ${this.hint}`
  }
}

/**
 * The actor cannot be reached now, or its journal cannot be used. `stored` says whether this ask may have
 * stored the command nevertheless; `No` says nothing about an earlier ask with the same `commandId`.
 */
export class Unavailable extends errorClass<Unavailable>()(
  "Unavailable",
  {
    ...actor,
    stored: Schema.Literals(["No", "Unknown"]),
    detail: Schema.String,
    hint: Schema.String,
  },
  { kind: "transient", retry: "same command id" },
) {
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

/**
 * `decide`, an assign or a guard threw, or decided an event that its own schema refuses. Nothing was stored.
 */
export class CommandFailed extends errorClass<CommandFailed>()(
  "CommandFailed",
  {
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
      /**
       * The event would put a value into the context or output that has no stored form; `detail` names the
       * place.
       */
      "NotStorable",
      /** This code lacks the saga's plan, so the saga cannot decide. */
      "HistoryUnfit",
    ]),
    detail: Schema.String,
  },
  {
    kind: "defect",
    retry: "never",
    hint: "Mend what detail names in the code of the actor, and send the command again.",
  },
) {
  override get message(): string {
    return `${this.commandType} failed in ${this.actorType}/${this.id} (${this.reason}): ${this.detail}`
  }
}

/** This process cannot read the actor's history. The actor takes no commands until that is repaired. */
export class ActorQuarantined extends errorClass<ActorQuarantined>()(
  "ActorQuarantined",
  {
    ...actor,
    reason: Schema.Literals([
      "VersionGap",
      "EventUnreadable",
      "EventNotAccepted",
      "CommitUnreadable",
      "MachineFailed",
    ]),
    /** Journal sequence of the commit that cannot be applied. */
    sequence: Schema.Number,
    detail: Schema.String,
    hint: Schema.String,
  },
  { kind: "defect", retry: "never" },
) {
  override get message(): string {
    return `${this.actorType}/${this.id} is quarantined (${this.reason} at journal sequence ${this.sequence}): ${this.detail}. ${this.hint}`
  }
}

/** The system is stopping or stopped and takes no more commands. */
export class SystemStopped extends errorClass<SystemStopped>()(
  "SystemStopped",
  { ...actor },
  {
    kind: "transient",
    retry: "same command id",
    hint: "Send it to another node, or to this one once it runs again.",
  },
) {
  override get message(): string {
    return `The system is stopping; ${this.actorType}/${this.id} was not asked`
  }
}

/** The actor type was not given to this system. */
export class UnknownActorType extends errorClass<UnknownActorType>()(
  "UnknownActorType",
  {
    ...actor,
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return `No actor type "${this.actorType}" in this system. ${this.hint}`
  }
}

/** The errors of reading an actor's state. */
export type ReadError =
  | ActorQuarantined
  | ActorUnborn
  | Unavailable
  | Busy
  | AskTimeout
  | SystemStopped
  | UnknownActorType
  | InvalidActorId

/** The errors of asking a command. */
export type AskError<A extends AnyActor = AnyActor, C extends string = string> =
  | ReadError
  | ActorExists
  | CommandRejected<A, C>
  | InvalidCommand
  | CommandIdReused
  | CommandFailed
  | VersionConflict
  | PayloadTooLarge
