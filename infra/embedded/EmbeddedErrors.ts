/**
 * The errors of a start of an embedded server. Each error has facts, and a `hint` that a user can act on.
 * `NatsBinary.ts` and `PostgresBinaries.ts` throw the first, `PackageFetch.ts` the second, `DataFolder.ts`
 * the third, `ServerProcess.ts` the last.
 */
import { Schema } from "effect"
import { errorClass } from "../../runtime/error/EverstateError.ts"

/** The two servers that this folder can run. */
export type ServerName = "nats" | "postgres"

const ServerNameSchema = Schema.Literals(["nats", "postgres"])

/**
 * No usable executable was found, and none could be fetched. `tried` has one line for each place, in order.
 */
export class ServerBinaryNotFound extends errorClass<ServerBinaryNotFound>()(
  "ServerBinaryNotFound",
  {
    server: ServerNameSchema,
    tried: Schema.Array(Schema.String),
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return `No ${this.server} server to run.\n${this.tried.map((line) => `  - ${line}`).join("\n")}\n${this.hint}`
  }
}

/** A fetched package does not have the pinned sha512. No file of it was unpacked. */
export class IntegrityMismatch extends errorClass<IntegrityMismatch>()(
  "IntegrityMismatch",
  {
    packageName: Schema.String,
    version: Schema.String,
    expected: Schema.String,
    actual: Schema.String,
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return `${this.packageName}@${this.version} has integrity ${this.actual}, pinned is ${this.expected}. ${this.hint}`
  }
}

/** Another live process runs a server on this folder. */
export class DataFolderInUse extends errorClass<DataFolderInUse>()(
  "DataFolderInUse",
  {
    server: ServerNameSchema,
    folder: Schema.String,
    ownerPid: Schema.Number,
    /** Port of the owner's server, once it listens. */
    port: Schema.optionalKey(Schema.Number),
    /** Time at which the owner took the folder, ISO 8601. */
    takenAt: Schema.String,
    hint: Schema.String,
  },
  { kind: "conflict", retry: "later" },
) {
  override get message(): string {
    return `${this.folder} is in use by process ${this.ownerPid} since ${this.takenAt}. ${this.hint}`
  }
}

/** The server ended, or was not ready in time. `logTail` is the end of its log, oldest line first. */
export class ServerFailedToStart extends errorClass<ServerFailedToStart>()(
  "ServerFailedToStart",
  {
    server: ServerNameSchema,
    reason: Schema.String,
    logFile: Schema.String,
    logTail: Schema.Array(Schema.String),
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    const tail = this.logTail.length === 0 ? "" : `\n${this.logTail.map((line) => `  | ${line}`).join("\n")}`
    return `${this.server} did not start: ${this.reason}. ${this.hint}${tail}`
  }
}

/** All errors with which a start of an embedded server may reject. */
export type EmbeddedError = ServerBinaryNotFound | IntegrityMismatch | DataFolderInUse | ServerFailedToStart
