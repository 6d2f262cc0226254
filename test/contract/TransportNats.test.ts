import { Clock, Context, Effect, Exit, Fiber, Layer, References, Scope } from "effect"
import { describe, expect, it, test } from "vitest"
import { NatsConnection, type NatsConnectionOptions } from "../../infra/nats/connection/NatsConnection.ts"
import { TransportNats } from "../../infra/nats/connection/TransportNats.ts"
import {
  ask,
  echo,
  eventually,
  eventuallyFails,
  transportContract,
} from "../../runtime/contract/TransportContract.ts"
import { monotonicMs } from "../../runtime/time/MonotonicTime.ts"
import { Transport, type TransportService } from "../../runtime/transport/Transport.ts"
import { natsForFile } from "./NatsForFile.ts"

const authorization = {
  users: [
    { user: "admin", password: "admin" },
    {
      user: "app",
      password: "app",
      permissions: { publish: { deny: ["*.secret.>"] }, subscribe: { deny: ["*.secret.>"] } },
    },
  ],
}

const nats = natsForFile({ extraConfig: { authorization } })

/** The transport on a connection of its own. */
const openOne = (
  namespace: string,
  user: Partial<NatsConnectionOptions> = { user: "admin", pass: "admin" },
): Effect.Effect<TransportService, unknown, Scope.Scope> =>
  Effect.map(
    Layer.build(
      TransportNats.layer({ namespace }).pipe(
        Layer.provide(NatsConnection.layer({ servers: nats.server.url, ...user })),
      ),
    ),
    (context) => Context.get(context, Transport),
  )

const openPair = () => {
  const namespace = nats.freshNamespace()
  return Effect.all({ here: openOne(namespace), there: openOne(namespace) })
}

transportContract({ describe, test }, { name: "NATS", open: openPair })

const run = (program: Effect.Effect<void, unknown, Scope.Scope>): Promise<void> =>
  Effect.runPromise(Effect.provideService(Effect.scoped(program), References.MinimumLogLevel, "Fatal"))

it("keeps namespaces apart", () =>
  run(
    Effect.gen(function* () {
      const { here } = yield* openPair()
      const elsewhere = yield* openOne(nats.freshNamespace())
      yield* echo(elsewhere, "ask")
      expect((yield* Effect.flip(ask(here, "ask"))).reason).toBe("NoResponders")
    }),
  ))

it("goes on hearing everything after a handler has thrown", () =>
  run(
    Effect.gen(function* () {
      const { here, there } = yield* openPair()
      yield* echo(there, "ask")
      yield* there.serve("broken", () => {
        throw new Error("a bug in a handler")
      })
      here.send("broken", new Uint8Array(1), 100, { onReply: () => undefined, onFailure: () => undefined })
      for (let round = 0; round < 5; round++) yield* ask(here, "ask")
      yield* echo(here, "back")
      yield* ask(there, "back")
    }),
  ))

it("answers what was on its way when serving ended, or says that nobody is there", () =>
  run(
    Effect.gen(function* () {
      const { here, there } = yield* openPair()
      for (let round = 0; round < 20; round++) {
        const scope = yield* Scope.make()
        yield* Scope.provide(echo(there, "ask"), scope)
        const asked = yield* Effect.forEach(Array.from({ length: 100 }), () =>
          Effect.forkChild(Effect.exit(ask(here, "ask", "x", 2_000))),
        )
        yield* Effect.yieldNow
        yield* Scope.close(scope, Exit.void)
        for (const exit of yield* Effect.forEach(asked, Fiber.join)) {
          const failure = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
          if (failure?._tag === "Fail") expect(failure.error.reason).toBe("NoResponders")
        }
      }
    }),
  ))

it("FAULT 34: serves on, and knows when it was cut off, when the server was restarted", () =>
  run(
    Effect.gen(function* () {
      const { here, there } = yield* openPair()
      const now = Effect.map(Clock.Clock, monotonicMs)
      yield* echo(there, "ask")
      yield* there.serve("silent", () => undefined)
      const waiting = yield* Effect.forkScoped(Effect.flip(ask(here, "silent")))
      expect(yield* ask(here, "ask", "x")).toBe("echo:x")
      const killedAtMs = yield* now
      yield* Effect.promise(() => nats.server.kill())
      expect((yield* Fiber.join(waiting)).reason).toBe("Disconnected")
      yield* eventuallyFails(here, "ask", "Disconnected")
      expect((yield* Effect.flip(there.serve("other", () => undefined))).reason).toBe("Disconnected")
      for (const { disconnectedAtMs } of [here, there]) {
        const beforeMs = yield* now
        expect(disconnectedAtMs()).toBeGreaterThanOrEqual(beforeMs)
      }
      const restartedAtMs = yield* now
      yield* Effect.promise(() => nats.server.restart())
      yield* eventually(Effect.asVoid(ask(here, "ask", "x", 1_000)))
      expect(yield* ask(here, "ask", "x")).toBe("echo:x")
      const reconnectedAtMs = here.disconnectedAtMs()
      expect(reconnectedAtMs).toBeGreaterThanOrEqual(restartedAtMs)
      expect(reconnectedAtMs).toBeGreaterThan(killedAtMs)
      yield* ask(here, "ask", "x")
      expect(here.disconnectedAtMs()).toBe(reconnectedAtMs)
    }),
  ))

describe("FAULT 35: requests without the rights", () => {
  it("are refused as NotPermitted, typed and at once, sent or served, and others go on", () =>
    run(
      Effect.gen(function* () {
        const namespace = nats.freshNamespace()
        const allowed = yield* openOne(namespace)
        const denied = yield* openOne(namespace, { user: "app", pass: "app" })
        yield* echo(allowed, "secret.ask")
        const refusal = { _tag: "RequestFailed", reason: "NotPermitted", subject: "secret.ask" }
        expect(yield* Effect.flip(ask(denied, "secret.ask"))).toMatchObject(refusal)
        expect(yield* Effect.flip(echo(denied, "secret.ask", "denied"))).toMatchObject(refusal)
        expect(yield* ask(allowed, "secret.ask", "x")).toBe("echo:x")
        yield* echo(denied, "open.ask")
        expect(yield* ask(allowed, "open.ask", "x")).toBe("echo:x")
        expect(yield* ask(denied, "open.ask", "x")).toBe("echo:x")
      }),
    ))
})
