import { Effect, Fiber } from "effect"
import { afterAll, expect, it } from "vitest"
import { appendErrorOf, JetStreamError, jetStreamCode } from "../../../infra/nats/connection/NatsErrors.ts"
import { AppendUnknown } from "../../../runtime/journal/Journal.ts"
import {
  behaviours,
  bytes,
  eventually,
  eventuallyFails,
  freshFolder,
  freshServer,
  openJournal,
  order,
  run,
  startServer,
  text,
} from "./NatsFixture.ts"
import { RegisterMemory } from "./RegisterMemory.ts"

afterAll(() => behaviours.expectSimulated())

it("FAULT 1 and FAULT 2: an append that timed out lands later; the actor's tail shows it and the next append conflicts", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { journal } = yield* openJournal(server, undefined, { appendTimeoutMs: 300 })
      let first = yield* journal.append(order("a"), 0, bytes("one"))

      server.pause()
      // The signal takes effect in its own time: what still gets through is not the append in question.
      const appendUntilItFails = Effect.gen(function* () {
        while (true) first = yield* journal.append(order("a"), first, bytes("two"))
      })
      expect(yield* Effect.flip(appendUntilItFails)).toMatchObject({
        _tag: "AppendUnknown",
        reason: "Timeout",
      })
      server.resume()

      const tail = yield* eventually(
        Effect.filterOrFail(
          journal.last(order("a")),
          (last) => last?.sequence !== first,
          () => "not yet",
        ),
      )
      expect(text(tail?.data)).toBe("two")
      expect(yield* Effect.flip(journal.append(order("a"), first, bytes("two again")))).toMatchObject({
        reason: "WrongSequence",
      })
      yield* journal.append(order("a"), tail?.sequence ?? 0, bytes("three"))
    }),
  ))

it("FAULT 1: an append on a connection that dies is unknown at once, not after its deadline", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { journal, connection } = yield* openJournal(server, undefined, { appendTimeoutMs: 600_000 })
      let last = 0
      const appendUntilItFails = Effect.gen(function* () {
        while (true) last = yield* journal.append(order("a"), last, bytes("one"))
      })
      const appends = yield* Effect.forkChild(Effect.flip(appendUntilItFails))
      yield* eventually(Effect.suspend(() => (last > 0 ? Effect.void : Effect.fail("none yet"))))
      yield* Effect.promise(() => server.kill())
      expect(yield* Fiber.join(appends)).toMatchObject({ _tag: "AppendUnknown", reason: "Disconnected" })
      // No connection: unknown at once as well, and nothing is kept to be sent later.
      expect(yield* Effect.flip(journal.append(order("b"), 0, bytes("one")))).toMatchObject({
        reason: "Disconnected",
      })
      yield* Effect.promise(() => server.restart())
      expect(yield* eventually(journal.last(order("b")))).toBeUndefined()
      expect(connection.health()).toMatchObject({ state: "connected", reconnectCount: 1 })
    }),
  ))

it("FAULT 20: a write in flight, a duplicate in flight and a check that is not ready are unknown as InFlight", () => {
  for (const code of [
    jetStreamCode.writeInFlight,
    jetStreamCode.duplicateInFlight,
    jetStreamCode.lastSequenceNotReady,
  ]) {
    const error = appendErrorOf(new JetStreamError({ status: 400, code, description: "in flight" }))
    expect(error).toMatchObject({ _tag: "AppendUnknown", reason: "InFlight" })
  }
})

it("an error nobody has heard of is unknown, never refused", () => {
  const error = appendErrorOf(new JetStreamError({ status: 500, code: 19_999, description: "new" }))
  expect(error).toBeInstanceOf(AppendUnknown)
})

it("FAULT 21: a server that says JetStream is not enabled is unavailable, and its journal is taken up again after", () =>
  run(
    Effect.gen(function* () {
      const folder = yield* freshFolder
      const account = (jetstream: "enabled" | "disabled") => ({
        accounts: { app: { jetstream, users: [{ user: "app", password: "app" }] } },
        no_auth_user: "app",
      })
      const server = yield* startServer({ folder, extraConfig: account("enabled") })
      const register = new RegisterMemory()
      const { journal } = yield* openJournal(server, register)
      const first = yield* journal.append(order("a"), 0, bytes("one"))
      yield* Effect.promise(() => server.stop())

      const disabled = yield* startServer({ folder, port: server.port, extraConfig: account("disabled") })
      const unavailable = (error: { _tag: string }) => error._tag === "JournalUnavailable"
      yield* eventuallyFails(
        journal.append(order("a"), first, bytes("two")),
        (error) => error._tag === "AppendUnknown" && error.reason === "Unavailable",
      )
      expect(unavailable(yield* Effect.flip(journal.check))).toBe(true)
      expect(unavailable((yield* Effect.flip(openJournal(disabled, register))) as { _tag: string })).toBe(
        true,
      )
      expect(register.identities.size).toBe(1)
      yield* Effect.promise(() => disabled.stop())

      yield* startServer({ folder, port: server.port, extraConfig: account("enabled") })
      yield* eventually(journal.append(order("a"), first, bytes("two")))
    }),
  ))
