/**
 * Translates the errors of NATS and JetStream. No other file knows their numbers and phrases.
 *
 * Codes are nats-server's `err_code`s. An error that does not say for certain that nothing was stored is an
 * unknown outcome. JetStreamApi.ts and the adapters use it.
 */
import { errors } from "@nats-io/transport-node"
import { Schema } from "effect"
import { LeaseConflict, LeasesUnavailable, type LeaseWriteError } from "../../../runtime/cluster/Leases.ts"
import { errorClass } from "../../../runtime/error/EverstateError.ts"
import { AppendUnknown, JournalRefused, JournalUnavailable } from "../../../runtime/journal/Journal.ts"
import { type MailboxError, MailboxRefused, MailboxUnavailable } from "../../../runtime/mailbox/Mailbox.ts"

/** The server's words to a client whose handshake took too long for the server, by default two seconds. */
const SLOW_HANDSHAKE = /authentication timeout/i

/** The handshake took too long because the machine was busy. It says nothing about the credentials. */
export const isSlowHandshake = (cause: unknown): boolean =>
  cause instanceof errors.AuthorizationError && SLOW_HANDSHAKE.test(cause.message)

/** The server refuses this user. The client's library has the same error for a slow handshake. */
export const isRefusedUser = (cause: unknown): boolean =>
  (cause instanceof errors.AuthorizationError && !isSlowHandshake(cause)) ||
  cause instanceof errors.UserAuthenticationExpiredError

/** A request without a usable reply. `NotPermitted` and `TooLarge` are final, the others transient. */
export class NatsRequestFailed extends errorClass<NatsRequestFailed>()(
  "NatsRequestFailed",
  {
    reason: Schema.Literals(["Timeout", "NoResponders", "Disconnected", "NotPermitted", "TooLarge"]),
    subject: Schema.String,
    detail: Schema.String,
  },
  { kind: "transient", retry: "later", hint: "Look at NATS." },
) {
  override get message(): string {
    return `NATS request to ${this.subject} failed (${this.reason}): ${this.detail}`
  }
}

/** The error object of a JetStream reply, as the server wrote it. */
export class JetStreamError extends errorClass<JetStreamError>()(
  "JetStreamError",
  {
    /** Like a status of HTTP. */
    status: Schema.Number,
    code: Schema.Number,
    description: Schema.String,
  },
  { kind: "terminal", retry: "never", hint: "Look at the code and description that nats-server gave." },
) {
  override get message(): string {
    return `JetStream error ${this.code} (${this.status}): ${this.description}`
  }
}

/** `err_code`s by name. */
export const jetStreamCode = {
  accountResourcesExceeded: 10002,
  noSuitablePeers: 10005,
  consumerNotFound: 10014,
  insufficientResources: 10023,
  memoryResourcesExceeded: 10028,
  noMessageFound: 10037,
  storageResourcesExceeded: 10047,
  messageExceedsMaximum: 10054,
  streamNameInUse: 10058,
  streamNotFound: 10059,
  wrongLastSequence: 10071,
  replicasNotSupported: 10074,
  storeFailed: 10077,
  headerExceedsMaximum: 10097,
  streamSealed: 10109,
  duplicateInFlight: 10158,
  lastSequenceNotReady: 10163,
  writeInFlight: 10164,
  batchesDisabled: 10174,
  batchHeaderUnsupported: 10177,
} as const

export const isCode = (error: NatsRequestFailed | JetStreamError, code: number): boolean =>
  error._tag === "JetStreamError" && error.code === code

const fullCodes: ReadonlySet<number> = new Set([
  jetStreamCode.accountResourcesExceeded,
  jetStreamCode.insufficientResources,
  jetStreamCode.memoryResourcesExceeded,
  jetStreamCode.storageResourcesExceeded,
])

/** `storeFailed` carries the store's own words. These words alone say that a limit refused the message. */
const limitReached = /maximum (bytes|messages)|no space left|insufficient (storage )?resources/i

/** This subject has no room for one more message; other subjects have. */
const isSubjectFull = ({ code, description }: JetStreamError): boolean =>
  code === jetStreamCode.storeFailed && /per subject/i.test(description)

/** The store has no room for any message of this size. */
export const isFull = (error: JetStreamError): boolean =>
  fullCodes.has(error.code) ||
  (error.code === jetStreamCode.storeFailed && !isSubjectFull(error) && limitReached.test(error.description))

/** The store failed for another reason, or is closed for good. */
export const isUnwritable = (error: JetStreamError): boolean =>
  error.code === jetStreamCode.streamSealed ||
  (error.code === jetStreamCode.storeFailed && !isSubjectFull(error) && !isFull(error))

const isTooLarge = (error: JetStreamError): boolean =>
  error.code === jetStreamCode.messageExceedsMaximum || error.code === jetStreamCode.headerExceedsMaximum

/**
 * Hint for a full store. A full stream refuses appends alone; a full server or account refuses renewals of
 * leases, too.
 */
const fullHint = (error: JetStreamError): string =>
  fullCodes.has(error.code)
    ? "Raise max_file_store or the account's limit, or make room. Reads go on until leases run out, since they cannot be renewed either."
    : "Raise the stream's max_bytes, or archive. Reads go on meanwhile."

/** The refusal of a message that is larger than the journal takes. */
export const tooLarge = (bytes: number, bytesMax: number): JournalRefused =>
  new JournalRefused({
    reason: "TooLarge",
    detail: `the commit has ${bytes} bytes, the journal takes ${bytesMax}`,
    hint: "Split the work into smaller commands, or raise max_payload on every nats-server.",
  })

/**
 * Hint for a lost store. Nodes do not make it again; only a preparation does, because an operator asked for
 * it.
 */
export const PREPARE_HINT =
  "Prepare the namespace again with the creator's credentials (`ActorSystem.prepare`, or docs/deployment/prepare.sh); nodes go on by themselves afterwards."

/** Hint for a right that a user lacks. */
export const RIGHTS_HINT = "Grant the right: docs/DEPLOYMENT.md lists the rights of each user."

const notPermittedHint = (subject: string): string =>
  subject.startsWith("$JS.API.STREAM.CREATE.")
    ? PREPARE_HINT
    : "Grant the service's user this subject in the NATS permissions, or give it valid credentials."

/** The refusal of a subject that the server's permissions deny. */
export const notPermitted = (subject: string, detail: string): JournalRefused =>
  new JournalRefused({
    reason: "NotPermitted",
    detail: `${subject}: ${detail}`,
    hint: notPermittedHint(subject),
  })

/** The stream takes no atomic batches. */
export const isBatchUnsupported = ({ code }: JetStreamError): boolean =>
  code === jetStreamCode.batchesDisabled || code === jetStreamCode.batchHeaderUnsupported

/** Meaning of a reply to an append that carries an error. */
export const appendErrorOf = (error: JetStreamError): AppendUnknown | JournalRefused => {
  const detail = error.message
  if (error.code === jetStreamCode.wrongLastSequence)
    return new AppendUnknown({ reason: "WrongSequence", detail })
  if (
    error.code === jetStreamCode.writeInFlight ||
    error.code === jetStreamCode.duplicateInFlight ||
    error.code === jetStreamCode.lastSequenceNotReady
  ) {
    return new AppendUnknown({ reason: "InFlight", detail })
  }
  if (isFull(error)) return new JournalRefused({ reason: "Full", detail, hint: fullHint(error) })
  if (isTooLarge(error)) {
    return new JournalRefused({
      reason: "TooLarge",
      detail,
      hint: "Raise max_payload and the stream's max_msg_size.",
    })
  }
  if (error.code === jetStreamCode.streamSealed) {
    return new JournalRefused({
      reason: "Unsafe",
      detail,
      hint: "The stream is sealed: it takes no appends any more.",
    })
  }
  return new AppendUnknown({ reason: "Unavailable", detail })
}

/** Meaning of an append whose request failed. */
export const appendFailureOf = (failure: NatsRequestFailed, bytes: number, bytesMax: number) => {
  switch (failure.reason) {
    case "Timeout":
    case "Disconnected":
      return new AppendUnknown({ reason: failure.reason, detail: failure.message })
    case "NoResponders":
      return new AppendUnknown({ reason: "Unavailable", detail: failure.message })
    case "NotPermitted":
      return notPermitted(failure.subject, failure.detail)
    case "TooLarge":
      return tooLarge(bytes, bytesMax)
  }
}

/** Meaning of a failed read of the journal. */
export const readErrorOf = (
  error: NatsRequestFailed | JetStreamError,
): JournalUnavailable | JournalRefused => {
  if (error._tag === "JetStreamError")
    return new JournalUnavailable({ reason: "Other", detail: error.message })
  switch (error.reason) {
    case "Timeout":
    case "Disconnected":
    case "NoResponders":
      return new JournalUnavailable({ reason: error.reason, detail: error.message })
    case "NotPermitted":
      return notPermitted(error.subject, error.detail)
    case "TooLarge":
      return new JournalUnavailable({ reason: "Other", detail: error.message })
  }
}

/** The mailbox's refusal of a subject that the server's permissions deny. */
export const mailboxNotPermitted = (subject: string, detail: string): MailboxRefused =>
  new MailboxRefused({
    reason: "NotPermitted",
    detail: `${subject}: ${detail}`,
    hint: notPermittedHint(subject),
  })

/** The refusal of a message that is larger than the mailbox takes. */
export const messageTooLarge = (detail: string): MailboxRefused =>
  new MailboxRefused({
    reason: "TooLarge",
    detail,
    hint: "Send less data, or a reference to stored data; or raise max_payload on every nats-server.",
  })

/** Meaning of a failed request to the mailbox. */
export const mailboxErrorOf = (error: NatsRequestFailed | JetStreamError): MailboxError => {
  const detail = error.message
  if (error._tag === "JetStreamError") {
    if (isSubjectFull(error)) {
      const hint = "Send again later; find out why the receiver does not keep up."
      return new MailboxRefused({ reason: "Full", detail, hint })
    }
    if (isFull(error)) {
      const hint = "Raise max_file_store, the account's limit or the stream's max_bytes, or make room."
      return new MailboxRefused({ reason: "StorageFull", detail, hint })
    }
    if (isTooLarge(error)) return messageTooLarge(detail)
    if (error.code === jetStreamCode.streamSealed) {
      const hint = "The stream is sealed: it takes no messages any more."
      return new MailboxRefused({ reason: "Unsafe", detail, hint })
    }
    return new MailboxUnavailable({ reason: "Other", detail })
  }
  switch (error.reason) {
    case "Timeout":
    case "Disconnected":
    case "NoResponders":
      return new MailboxUnavailable({ reason: error.reason, detail })
    case "NotPermitted":
      return mailboxNotPermitted(error.subject, error.detail)
    case "TooLarge":
      return messageTooLarge(detail)
  }
}

/** Meaning of a failed read of the leases. */
export const leasesUnavailableOf = (error: NatsRequestFailed | JetStreamError): LeasesUnavailable => {
  const isOther = error._tag === "JetStreamError" || error.reason === "TooLarge"
  return new LeasesUnavailable({ reason: isOther ? "Other" : error.reason, detail: error.message })
}

/** Meaning of a failed write of a lease record. Another write in flight says nothing about this one. */
export const leaseWriteErrorOf = (key: string, error: NatsRequestFailed | JetStreamError): LeaseWriteError =>
  isCode(error, jetStreamCode.wrongLastSequence) ? new LeaseConflict({ key }) : leasesUnavailableOf(error)
