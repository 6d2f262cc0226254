/**
 * One append to a stream of the journal, and several appends as one atomic batch.
 *
 * Owns the wire format and the meaning of the answers. runtime/journal/GroupCommit.ts decides which appends
 * go together. A batch is stored as a whole or not at all. Its members have consecutive sequences, and the
 * answer has the last one.
 */
import { type Msg, nuid } from "@nats-io/transport-node"
import type { BatchEnd, GroupCommit, GroupMember } from "../../../runtime/journal/GroupCommit.ts"
import { type AppendAnswer, AppendUnknown, type JournalRefused } from "../../../runtime/journal/Journal.ts"
import {
  appendErrorOf,
  appendFailureOf,
  isBatchUnsupported,
  type NatsRequestFailed,
} from "../connection/NatsErrors.ts"
import { acknowledgedCount, acknowledgement } from "../connection/PubAck.ts"
import type {
  EncodedHeaders,
  PendingRequest,
  ReplyMultiplexer,
  RequestHandler,
} from "../connection/ReplyMultiplexer.ts"
import type { JournalGuard } from "./JournalGuard.ts"

/** Everything that the appends to one stream share. */
export interface AppendTarget {
  readonly requests: ReplyMultiplexer
  readonly guard: JournalGuard
  readonly group: GroupCommit<JournalAppend>
  readonly stream: string
  readonly commitBytesMax: number
  /** Time from the call of an append until its outcome is unknown, in milliseconds. */
  readonly appendTimeoutMs: number
  /** Turns a sequence of the stream into a sequence of the journal. */
  readonly toSequence: (streamSequence: number) => number
}

/**
 * Part of the time-out that a batch may wait for its answer. The rest is for waiting before it is sent, or
 * for sending its members again alone.
 */
const BATCH_TIMEOUT_PART = 0.5

/** Shortest wait for an answer, in milliseconds. */
const ANSWER_MS_MIN = 50

/** An append, its header and its waiter in one object: this is the hot path. */
export class JournalAppend implements GroupMember, EncodedHeaders, RequestHandler {
  /** Subject of the actor. */
  readonly key: string
  readonly data: Uint8Array
  readonly #target: AppendTarget
  readonly #expectedSequence: number
  readonly #begunMs = performance.now()
  #answer: AppendAnswer | undefined
  #pending: PendingRequest | undefined
  #ended: (() => void) | undefined
  #newestBefore = 0

  constructor(
    target: AppendTarget,
    subject: string,
    expectedSequence: number,
    data: Uint8Array,
    answer: AppendAnswer,
  ) {
    if (!Number.isSafeInteger(expectedSequence) || expectedSequence < 0) {
      throw new RangeError(`expected sequence ${expectedSequence}`)
    }
    this.key = subject
    this.data = data
    this.#target = target
    this.#expectedSequence = expectedSequence
    this.#answer = answer
  }

  get bytes(): number {
    return this.data.length
  }

  /**
   * Header with the sequence check, without the end of the headers. Never empty, because an empty value
   * switches the server's check off.
   */
  get check(): string {
    return `NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: ${this.#expectedSequence}\r\n`
  }

  encode(): Uint8Array {
    return Buffer.from(`${this.check}\r\n`, "latin1")
  }

  sendAlone(ended: (() => void) | undefined): void {
    if (this.#answer === undefined) return ended?.()
    const { requests, guard, appendTimeoutMs } = this.#target
    this.#ended = ended
    this.#newestBefore = guard.newestSequence()
    const elapsedMs = Math.round(performance.now() - this.#begunMs)
    const remainingMs = Math.max(ANSWER_MS_MIN, appendTimeoutMs - elapsedMs)
    this.#pending = requests.send(this.key, this.data, this, remainingMs, this)
  }

  onReply(message: Msg): boolean {
    const { requests, stream, guard } = this.#target
    this.#ended?.()
    const result = acknowledgement(message)
    if (typeof result === "number") {
      requests.troubles.stored(stream)
      this.stored(result, this.#newestBefore)
    } else {
      requests.troubles.failed(stream, result)
      const error = appendErrorOf(result)
      if (error.reason === "Unavailable") guard.suspect()
      this.failed(error)
    }
    return true
  }

  onFailure(failure: NatsRequestFailed): void {
    noteFailure(this.#target, failure)
    this.#ended?.()
    this.failed(appendFailureOf(failure, this.data.length, this.#target.commitBytesMax))
  }

  /**
   * Called once the stream has stored the append at `streamSequence`, its own sequence. `newestBefore` was its newest
   * sequence when the append was sent.
   */
  stored(streamSequence: number, newestBefore: number): void {
    const { guard, toSequence } = this.#target
    const lost = guard.acknowledged(streamSequence, newestBefore)
    if (lost !== undefined) return this.failed(lost)
    this.#answer?.stored(toSequence(streamSequence))
    this.#answer = undefined
  }

  failed(error: AppendUnknown | JournalRefused): void {
    this.#answer?.failed(error)
    this.#answer = undefined
  }

  expire(): void {
    this.failed(new AppendUnknown({ reason: "Timeout", detail: "the journal was too slow to send it" }))
  }

  /** Called when the caller has gone. A sent append may be stored all the same. */
  cancel(): void {
    this.#answer = undefined
    this.#target.group.withdraw(this)
    this.#pending?.cancel()
    this.#ended?.()
  }
}

const noteFailure = ({ requests, guard, stream }: AppendTarget, failure: NatsRequestFailed): void => {
  requests.troubles.failed(stream, failure)
  if (failure.reason === "NoResponders") guard.suspect()
}

/**
 * Headers of a member: the check of its own actor, its index in the batch, and on the last one the order to
 * store the batch.
 */
const memberHeaders = (member: JournalAppend, id: string, index: number, isLast: boolean): EncodedHeaders => {
  const commit = isLast ? "Nats-Batch-Commit: 1\r\n" : ""
  const text = `${member.check}Nats-Batch-Id: ${id}\r\nNats-Batch-Sequence: ${index + 1}\r\n${commit}\r\n`
  return { encode: () => Buffer.from(text, "latin1") }
}

/**
 * Sends members as one batch. Each batch has a new id, because a batch that was sent in part stays staged for
 * a while.
 */
export const sendBatch = (
  target: AppendTarget,
  members: ReadonlyArray<JournalAppend>,
  ended: (end: BatchEnd) => void,
): void => {
  const { requests, guard, stream, commitBytesMax, appendTimeoutMs } = target
  const last = members.at(-1)
  if (last === undefined) return ended("answered")
  const id = nuid.next()
  const newestBefore = guard.newestSequence()
  for (const [index, member] of members.entries()) {
    if (member !== last) requests.post(member.key, member.data, memberHeaders(member, id, index, false))
  }
  const headers = memberHeaders(last, id, members.length - 1, true)
  requests.send(last.key, last.data, headers, appendTimeoutMs * BATCH_TIMEOUT_PART, {
    onReply: (message) => {
      const result = acknowledgement(message)
      if (typeof result !== "number") {
        ended(isBatchUnsupported(result) ? "unsupported" : "refused")
      } else if (acknowledgedCount(message) !== members.length) {
        // A server that does not know batches has stored the last member alone, and says so.
        ended("unsupported")
      } else {
        requests.troubles.stored(stream)
        ended("answered")
        const first = result - members.length + 1
        for (const [index, member] of members.entries()) member.stored(first + index, newestBefore)
      }
      return true
    },
    onFailure: (failure) => {
      noteFailure(target, failure)
      ended("answered")
      for (const member of members) {
        member.failed(appendFailureOf(failure, member.data.length, commitBytesMax))
      }
    },
  })
}
