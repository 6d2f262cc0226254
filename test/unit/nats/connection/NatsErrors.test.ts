/** What each word of the server means: whether the commit is certainly not stored, and what an operator is told. */
import { describe, expect, it } from "vitest"
import {
  appendErrorOf,
  appendFailureOf,
  JetStreamError,
  jetStreamCode,
  mailboxErrorOf,
  NatsRequestFailed,
  readErrorOf,
} from "../../../../infra/nats/connection/NatsErrors.ts"

const said = (code: number, description = "as said") => new JetStreamError({ status: 503, code, description })

const { storeFailed } = jetStreamCode
const failedStore = (words: string) => said(storeFailed, words)

const replies = [
  // The check of the sequence refused it, or may have: the tail says.
  [said(jetStreamCode.wrongLastSequence), "AppendUnknown", "WrongSequence"],
  [said(jetStreamCode.writeInFlight), "AppendUnknown", "InFlight"],
  [said(jetStreamCode.duplicateInFlight), "AppendUnknown", "InFlight"],
  [said(jetStreamCode.lastSequenceNotReady), "AppendUnknown", "InFlight"],
  [said(jetStreamCode.noSuitablePeers), "AppendUnknown", "Unavailable"],
  [said(0, "unreadable"), "AppendUnknown", "Unavailable"],
  [failedStore("something broke"), "AppendUnknown", "Unavailable"],
  [said(jetStreamCode.accountResourcesExceeded), "JournalRefused", "Full"],
  [said(jetStreamCode.insufficientResources), "JournalRefused", "Full"],
  [said(jetStreamCode.memoryResourcesExceeded), "JournalRefused", "Full"],
  [said(jetStreamCode.storageResourcesExceeded), "JournalRefused", "Full"],
  [failedStore("maximum bytes exceeded"), "JournalRefused", "Full"],
  [failedStore("maximum messages exceeded"), "JournalRefused", "Full"],
  [failedStore("write 7.blk: no space left on device"), "JournalRefused", "Full"],
  [failedStore("insufficient storage resources available"), "JournalRefused", "Full"],
  [said(jetStreamCode.messageExceedsMaximum), "JournalRefused", "TooLarge"],
  [said(jetStreamCode.headerExceedsMaximum), "JournalRefused", "TooLarge"],
  [said(jetStreamCode.streamSealed), "JournalRefused", "Unsafe"],
] as const

describe("a reply to an append", () => {
  it.each(replies)("%s is %s %s", (reply, tag, reason) => {
    const meant = appendErrorOf(reply)
    expect([meant._tag, meant.reason]).toEqual([tag, reason])
    expect(meant.message).toContain(reply.description)
  })
})

describe("a request that failed", () => {
  const failed = (reason: NatsRequestFailed["reason"]) =>
    new NatsRequestFailed({ reason, subject: "here", detail: "as said" })

  it.each([
    ["Timeout", "AppendUnknown", "Timeout", "Timeout"],
    ["Disconnected", "AppendUnknown", "Disconnected", "Disconnected"],
    ["NoResponders", "AppendUnknown", "Unavailable", "NoResponders"],
    ["NotPermitted", "JournalRefused", "NotPermitted", "NotPermitted"],
    ["TooLarge", "JournalRefused", "TooLarge", "Other"],
  ] as const)("%s is %s %s to an append, and %s to a read", (reason, tag, append, read) => {
    const meant = appendFailureOf(failed(reason), 10, 5)
    expect([meant._tag, meant.reason]).toEqual([tag, append])
    expect(readErrorOf(failed(reason)).reason).toBe(read)
  })
})

it("one receiver's full mailbox, a full store and a broken one are told apart", () => {
  const reasonOf = (words: string) => mailboxErrorOf(failedStore(words)).reason
  expect(reasonOf("maximum messages per subject exceeded")).toBe("Full")
  expect(reasonOf("maximum bytes exceeded")).toBe("StorageFull")
  expect(reasonOf("no space left on device")).toBe("StorageFull")
  expect(reasonOf("something broke")).toBe("Other")
})
