/**
 * The ways in which an embedded server can fail to be there. Each error carries facts and a `hint`
 * that a user can act on. Who throws them: `ServerBinary.ts` the first, `PackageFetch.ts` the second,
 * `DataFolder.ts` the third, `ServerProcess.ts` the last.
 */
import { Schema } from "effect"
import { errorClass } from "../../runtime/error/EverstateError.ts"

/** The two servers that this folder knows how to run. */
export type ServerName = "nats" | "postgres"

const ServerNameSchema = Schema.Literals(["nats", "postgres"])

/** No usable executable was found, and none could be fetched. `tried` has one line per place, in order. */
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

/** A fetched package is not the one whose sha512 is pinned. Nothing of it was unpacked. */
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
    /** Where the owner's server listens, once it does. */
    port: Schema.optionalKey(Schema.Number),
    /** ISO 8601: when the owner took the folder. */
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

/** Everything that starting an embedded server may reject with. */
export type EmbeddedError = ServerBinaryNotFound | IntegrityMismatch | DataFolderInUse | ServerFailedToStart
