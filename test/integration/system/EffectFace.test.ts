/** The Effect face on real servers: a layer, a service, typed errors in the error channel. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import path from "node:path"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Order } from "../../../actors/order/Order.ts"
import { OrderSummary } from "../../../actors/projections/OrderSummary.ts"
import { ActorSystem, layer } from "../../../infra/effect.ts"
import type { EmbeddedServers } from "../../../infra/embedded.ts"
import { startNewServers } from "../../fixtures/postgres/NewDatabase.ts"

const place = {
  type: "Place",
  customerId: "c-1",
  currency: "KRW",
  lines: [{ sku: "tea", quantity: 2, unitPriceMinor: 4500 }],
} as const

describe("the Effect face", () => {
  let folder: string
  let servers: EmbeddedServers

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "everstate-effect-"))
    servers = await startNewServers({ folder })
  })
  afterAll(async () => {
    await servers.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const system = () =>
    layer({
      nats: servers.nats.url,
      postgres: servers.postgres.url,
      actors: [Order],
      projections: [OrderSummary],
    })

  it("asks through the service and catches rejections by tag", async () => {
    const program = Effect.gen(function* () {
      const { get, waitFor } = yield* ActorSystem
      const order = get(Order, "o-1")
      const placed = yield* order.ask(place, { commandId: "place" })
      yield* waitFor(OrderSummary, placed.sequence)
      const rejection = yield* order
        .ask({ type: "Deliver" })
        .pipe(Effect.catchTag("CommandRejected", ({ reason, state }) => Effect.succeed({ reason, state })))
      const { version } = yield* order.state()
      return { total: placed.reply.total.minor, rejection, version }
    })
    await expect(Effect.runPromise(program.pipe(Effect.provide(system())))).resolves.toEqual({
      total: 9000,
      rejection: { reason: "NotAccepted", state: "placed" },
      version: 1,
    })
  })

  it("drains when the layer's scope ends, and starts again on the same journal", async () => {
    const asked = Effect.gen(function* () {
      const { get } = yield* ActorSystem
      return yield* get(Order, "o-2").ask(place, { commandId: "place" })
    })
    const once = await Effect.runPromise(asked.pipe(Effect.provide(system())))
    const twice = await Effect.runPromise(asked.pipe(Effect.provide(system())))
    expect(twice).toEqual({ ...once, duplicate: true })
  })

  it("keeps what starts a system in the error channel", async () => {
    const unreachable = layer({ nats: "nats://127.0.0.1:1", postgres: servers.postgres.url, actors: [Order] })
    const started = Effect.flip(Effect.scoped(Layer.build(unreachable)))
    expect((await Effect.runPromise(started))._tag).toBe("NatsUnavailable")
  })
})
