import type { Msg } from "@nats-io/transport-node"
import { describe, expect, it } from "vitest"
import { JetStreamError } from "../../../../infra/nats/connection/NatsErrors.ts"
import { acknowledgement, headersOf, headerValueOf } from "../../../../infra/nats/connection/PubAck.ts"

/** The reply as the client hands it out: a part of a larger read. */
const reply = (text: string): Msg => {
  const data = Buffer.from(`before${text}after`).subarray(
    "before".length,
    "before".length + Buffer.byteLength(text),
  )
  return { data } as unknown as Msg
}

describe("an acknowledgement", () => {
  it.each([
    ['{"stream":"s","seq":7}', 7],
    ['{"stream":"s", "domain":"d","seq":12345678901}', 12_345_678_901],
    ['{"stream":"s","seq":7,"duplicate":true}', 7],
  ])("%s is the sequence %i", (text, sequence) => {
    expect(acknowledgement(reply(text))).toBe(sequence)
  })

  it.each([
    [
      '{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 3"},"stream":"s","seq":0}',
      10_071,
    ],
    // Stored or not: nobody knows, and no number may come of it.
    ['{"stream":"s"}', 0],
    ['{"stream":"s","seq":0}', 0],
    ['{"stream":"s","seq":-1}', 0],
    ['{"stream":"s","seq":"7"}', 0],
    ["", 0],
    ["+OK", 0],
    ["null", 0],
  ])("%s is none: error %i", (text, code) => {
    const result = acknowledgement(reply(text))
    expect(result).toBeInstanceOf(JetStreamError)
    expect((result as JetStreamError).code).toBe(code)
  })
})

it("headers are the block that goes over the wire, and different texts stay different in one", () => {
  const block = headersOf({
    "Nats-Expected-Last-Subject-Sequence": 0,
    "Nats-Msg-Id": headerValueOf("ä b\r\nc: d"),
  })
  expect(Buffer.from(block.encode()).toString("latin1")).toBe(
    "NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: 0\r\nNats-Msg-Id: %C3%A4%20b%0D%0Ac%3A%20d\r\n\r\n",
  )
})
