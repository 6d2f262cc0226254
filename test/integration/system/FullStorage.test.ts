/** FAULTS 24 and 67: nats-server is at its storage limit. It says so to each write, and works on when there is room. */
import { expect, it, onTestFinished } from "vitest"
import type { AskError, TellError } from "../../../runtime/index.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { audit, eventually, freshNamespace, nothingWrong, realServers, startSystem } from "./SystemFixture.ts"

const LIMIT_BYTES = 4 * 1_024 * 1_024

it("is named, commands and messages are refused for what it is, reads go on until the lease ends, all goes on with room", async () => {
  const servers = await realServers({ storeFileMaxBytes: LIMIT_BYTES })
  onTestFinished(servers.stop)
  const namespace = freshNamespace()
  const system = await startSystem(servers, { namespace, leaseMs: 8_000 })
  const counter = system.get(Counter, "a")
  const acknowledged = [{ actor: "a", commandId: "before" }]
  await counter.ask({ type: "Add", by: 1 }, { commandId: "before" })

  // Another stream of the account takes all the room that there is.
  await servers.admin("STREAM.CREATE.ballast", { name: "ballast", subjects: ["ballast.>"], storage: "file" })
  await servers.fill("ballast.x", LIMIT_BYTES)

  const refusal = async (verb: () => Promise<unknown>): Promise<AskError | TellError> => {
    while (true) {
      const found = await verb().then(
        () => undefined,
        (error: AskError | TellError) => error,
      )
      if (found !== undefined) return found
    }
  }
  expect(await refusal(() => counter.ask({ type: "Add", by: 0 }))).toMatchObject({
    _tag: "Unavailable",
    stored: "No",
    message: expect.stringMatching(/Journal refused \(Full\)|Full/),
    hint: expect.stringContaining("max_file_store"),
  })
  expect(await refusal(() => counter.tell({ type: "Add", by: 0 }))).toMatchObject({
    _tag: "Unavailable",
    message: expect.stringContaining("StorageFull"),
    hint: expect.stringContaining("max_file_store"),
  })
  // The lease is still valid, and reading needs no room.
  expect((await counter.state()).state.context.total).toBe(1)
  await eventually(async () => {
    const { needed } = await system.status()
    const full = needed.filter(({ problem }) => problem?.reason === "Full").map(({ name }) => name)
    return [`${namespace}-journal`, `${namespace}-messages`, `KV_${namespace}-cluster`].every((name) =>
      full.includes(name),
    )
  })
  await expect(system.check()).rejects.toMatchObject({ _tag: "Unhealthy" })

  // It is not: leases are written, too.
  await eventually(async () => !(await system.cluster.standing()).isLeaseValid)
  expect(await refusal(() => counter.state({ deadlineMs: 500 }))).toMatchObject({
    _tag: "Unavailable",
    message: expect.stringMatching(/its lease was not renewed: .*insufficient.*is full/),
  })

  await servers.admin("STREAM.DELETE.ballast")
  await eventually(() =>
    counter.ask({ type: "Add", by: 2 }, { commandId: "after" }).then(
      () => true,
      () => false,
    ),
  )
  acknowledged.push({ actor: "a", commandId: "after" })
  await eventually(() =>
    system.check().then(
      () => true,
      () => false,
    ),
  )
  expect(await audit(system, acknowledged)).toEqual(nothingWrong)
})
