/** What the mailbox writes: the ids that keep messages apart, and the times at which the server is to hand them out. */
import { Context, Effect, Layer, References, type Scope } from "effect"
import { expect, it } from "vitest"
import { NatsConnection } from "../../../../infra/nats/connection/NatsConnection.ts"
import { jetStreamCode } from "../../../../infra/nats/connection/NatsErrors.ts"
import { MailboxNats, SCHEDULE_AHEAD_MAX_MS } from "../../../../infra/nats/mailbox/MailboxNats.ts"
import { mailboxStreamConfigs } from "../../../../infra/nats/mailbox/MailboxStream.ts"
import { addressOf } from "../../../../runtime/address/ActorAddress.ts"
import { Mailbox, type MailboxService } from "../../../../runtime/mailbox/Mailbox.ts"
import { realDate, START_MS } from "../../../fixtures/time/RealDate.ts"
import { api, apiError, ServerScripted } from "../ServerScripted.ts"

const options = { namespace: "fault", shards: 8 }
const configs = mailboxStreamConfigs(options, 1)

const on = (
  program: (given: {
    readonly mailbox: MailboxService
    readonly server: ServerScripted
  }) => Effect.Effect<void, unknown, Scope.Scope>,
): Promise<void> => {
  const server = new ServerScripted(({ subject }) => {
    if (subject.startsWith("$JS.API.STREAM.INFO.")) {
      const config = configs.find(({ name }) => subject.endsWith(`.${name}`))
      if (config === undefined) return [apiError(jetStreamCode.streamNotFound)]
      return [api({ config, created: "now", state: { first_seq: 0, last_seq: 0, messages: 0 } })]
    }
    return [
      subject.startsWith("$JS.API.STREAM.PURGE.") ? api({ success: true }) : api({ stream: "s", seq: 1 }),
    ]
  })
  return Effect.gen(function* () {
    const connection = Layer.succeed(NatsConnection, yield* server.connection)
    const layer = MailboxNats.layerClient(options).pipe(Layer.provide(connection))
    yield* program({ mailbox: Context.get(yield* Layer.build(layer), Mailbox), server })
  }).pipe(
    Effect.scoped,
    Effect.provide(realDate),
    Effect.provideService(References.MinimumLogLevel, "None"),
    Effect.runPromise,
  )
}

const address = addressOf("order", "a", options.shards)
const data = new TextEncoder().encode("{}")
const headerOf = (headers: string, name: string) =>
  headers
    .split("\r\n")
    .find((line) => line.startsWith(`${name}: `))
    ?.slice(name.length + 2)

it("messages are one where receiver, id and content are the same, and else are not", () =>
  on(({ mailbox, server }) =>
    Effect.gen(function* () {
      const first = { address, id: "m-1", data }
      const others = [
        first,
        { ...first, address: addressOf("order", "b", options.shards) },
        { ...first, address: addressOf("payment", "a", options.shards) },
        { ...first, id: "m-2" },
        { ...first, data: new TextEncoder().encode("{ }") },
      ]
      for (const message of [first, ...others]) yield* mailbox.publish(message)
      const ids = server.below("fault.msg.").map(({ headers }) => headerOf(headers, "Nats-Msg-Id"))
      expect(ids[1]).toBe(ids[0])
      expect(new Set(ids).size).toBe(others.length)
    }),
  ))

it.each([
  [1, 1],
  [0.25, 1],
  [1_500, 1_500],
  [SCHEDULE_AHEAD_MAX_MS, SCHEDULE_AHEAD_MAX_MS],
  // It is scheduled again when that has come.
  [SCHEDULE_AHEAD_MAX_MS + 1, SCHEDULE_AHEAD_MAX_MS],
])("what is due in %d ms is handed out after %d ms", (inMs, afterMs) =>
  on(({ mailbox, server }) =>
    Effect.gen(function* () {
      yield* mailbox.schedule({ address, id: "m", slot: "s", data, atMs: START_MS + inMs })
      const [{ subject, headers } = { subject: "", headers: "" }, ...rest] = server.below("fault.")
      expect(rest).toEqual([])
      expect(subject).toMatch(/^fault\.tmr\..*\.order\.a\.s$/)
      expect(headerOf(headers, "Nats-Schedule")).toBe(`@at ${new Date(START_MS + afterMs).toISOString()}`)
      expect(headerOf(headers, "Nats-Msg-Id")).toBeUndefined()
    }),
  ),
)

it.each([0, -1, -SCHEDULE_AHEAD_MAX_MS])(
  "what was due %d ms from now is due, and its slot is emptied",
  (inMs) =>
    on(({ mailbox, server }) =>
      Effect.gen(function* () {
        yield* mailbox.schedule({ address, id: "m", slot: "s", data, atMs: START_MS + inMs })
        const purged = server.below("$JS.API.STREAM.PURGE.").map(({ text }) => JSON.parse(text) as object)
        expect(purged).toEqual([{ filter: expect.stringMatching(/^fault\.tmr\..*\.order\.a\.s$/) }])
        expect(server.below("fault.").map(({ subject }) => subject)).toEqual([
          expect.stringMatching(/^fault\.due\..*\.order\.a$/),
        ])
      }),
    ),
)
