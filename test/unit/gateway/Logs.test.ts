/** Where a gateway logs, and what. */
import { Effect, Logger } from "effect"
import { expect, it, onTestFinished } from "vitest"
import { makeGateway } from "../../../infra/http.ts"
import { layerLog, type SystemLogLine } from "../../../infra/telemetry/SystemLog.ts"
import { OperationLogUnavailable } from "../../../runtime/operation/OperationLog.ts"
import { effectFaceOf } from "../../../runtime/promise/ActorSystem.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { asUser, callOf } from "./GatewayFixture.ts"

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

it("an operation that cannot be recorded is in the log of the process, with its facts as fields", async () => {
  const { system } = await startMemory()
  const service = effectFaceOf(system)?.service
  if (service === undefined) throw new Error("the system is not running")
  const operations: typeof service.operations = {
    ...service.operations,
    begin: () => Effect.fail(new OperationLogUnavailable({ detail: "Postgres is away" })),
  }
  const lines: Array<SystemLogLine> = []
  const gateway = await Effect.sync(() =>
    makeGateway({ ...service, operations }, { authorize: asUser("ann") }),
  ).pipe(Effect.provide(layerLog((line) => void lines.push(line), "Warn")), Effect.runPromise)
  onTestFinished(() => gateway.close())
  const headers = { "everstate-note": "a test" }
  const answer = await callOf(gateway.fetch)("POST", "/cluster/members/m/drain", undefined, headers)
  expect(answer.headers.get("everstate-operation")).toBe("unrecorded")
  expect(lines.find(({ message }) => message === "An operation is not in the log of operations")).toEqual({
    level: "Warn",
    at: expect.any(Number),
    message: "An operation is not in the log of operations",
    fields: {
      by: "ann",
      note: "a test",
      verb: expect.any(String),
      target: "/cluster/members/m/drain",
      why: expect.stringContaining("Postgres is away"),
    },
  })
})
