/** Where a gateway logs that is made inside of an Effect. */
import { Effect, Logger } from "effect"
import { expect, it, onTestFinished } from "vitest"
import { makeGateway } from "../../../infra/http.ts"
import { effectFaceOf } from "../../../runtime/promise/ActorSystem.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { callOf } from "./GatewayFixture.ts"

it("a gateway of the service ActorSystem logs where the Effect does that makes it", async () => {
  const { system } = await startMemory()
  const service = effectFaceOf(system)?.service
  if (service === undefined) throw new Error("the system is not running")
  const logs: Array<string> = []
  const authorize = () => {
    throw new Error("no answer from the identity provider")
  }
  const gateway = await Effect.sync(() => makeGateway(service, { authorize })).pipe(
    Effect.provide(Logger.layer([Logger.make(({ message }) => void logs.push(String(message)))])),
    Effect.runPromise,
  )
  onTestFinished(() => gateway.close())
  expect((await callOf(gateway.fetch)("GET", "/types")).status).toBe(500)
  expect(logs.join()).toContain("GET /types failed")
})
