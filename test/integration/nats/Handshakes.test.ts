/** Connections that a server ends before they are made: because a machine is busy, or because it refuses the user. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import { lossyWire } from "./LossyWire.ts"
import { until } from "./MailboxFixture.ts"
import { bytes, eventually, freshServer, openJournal, order, run } from "./NatsFixture.ts"

const SLOW = "Authentication Timeout"
const REFUSED = "Authorization Violation"

/** A journal behind a wire. */
const behindWire = Effect.gen(function* () {
  const server = yield* freshServer()
  const wire = yield* lossyWire(server.url)
  return { wire, ...(yield* openJournal(wire)) }
})

it("a start whose handshake takes too long tries again", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const wire = yield* lossyWire(server.url)
      wire.refusals.push(SLOW, SLOW, SLOW)
      const { journal } = yield* openJournal(wire)
      expect(yield* journal.append(order("a"), 0, bytes("one"))).toBe(1)
    }),
  ))

it("a start whose handshakes all take too long does not put it on the credentials", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const wire = yield* lossyWire(server.url)
      wire.refusals.push(...Array.from({ length: 100 }, () => SLOW))
      expect(yield* Effect.flip(openJournal(wire))).toMatchObject({ reason: "Refused" })
    }),
  ))

it("a lost connection whose handshakes take too long is made again, and its requests fail as disconnected", () =>
  run(
    Effect.gen(function* () {
      const { wire, journal, connection } = yield* behindWire
      wire.refusals.push(SLOW, SLOW, SLOW)
      wire.cut()
      yield* until(() => wire.refusals.length === 0)
      expect(yield* Effect.flip(journal.append(order("a"), 0, bytes("one")))).toMatchObject({
        _tag: "AppendUnknown",
        reason: "Disconnected",
      })
      yield* eventually(journal.append(order("a"), 0, bytes("one")))
      expect(connection.health()).toMatchObject({ state: "connected", reconnectCount: 1 })
    }),
  ))

it("one refusal of the user between two connections does not close it, and two in a row do", () =>
  run(
    Effect.gen(function* () {
      const { wire, journal, connection } = yield* behindWire
      for (const reconnectCount of [1, 2, 3]) {
        wire.refusals.push(REFUSED)
        wire.cut()
        yield* until(() => connection.health().reconnectCount === reconnectCount)
        expect(yield* eventually(journal.append(order(`a${reconnectCount}`), 0, bytes("one")))).toBe(
          reconnectCount,
        )
      }
      wire.refusals.push(REFUSED, REFUSED)
      wire.cut()
      yield* until(() => connection.health().state === "closed")
      expect(yield* Effect.flip(journal.append(order("a"), 0, bytes("one")))).toMatchObject({
        _tag: "JournalRefused",
        reason: "NotPermitted",
      })
    }),
  ))
