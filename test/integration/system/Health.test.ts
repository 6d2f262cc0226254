/** FAULT 67: what a system says, and what its callers get, while something that it needs is missing or full. */
import { describe, expect, it } from "vitest"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { textOf } from "../../../infra/telemetry/MetricsText.ts"
import { statusMetrics } from "../../../infra/telemetry/StatusMetrics.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import {
  eventually,
  freshNamespace,
  serversOfFile,
  startSystem,
  succeeds,
  untilWell,
} from "./SystemFixture.ts"

const servers = serversOfFile()

const optionsOf = (namespace: string) => ({
  nats: servers().natsUrl,
  postgres: servers().postgresUrl,
  namespace,
  actors: [Counter],
})

const configOf = async (stream: string) => (await servers().admin(`STREAM.INFO.${stream}`))["config"]

const problemNames = async (system: ActorSystem) =>
  (await system.status()).needed.filter(({ problem }) => problem !== undefined).map(({ name }) => name)

describe("a mailbox that is lost under a running system", () => {
  it("makes check, status and metrics say so by name; messages go on when it is back", async () => {
    const namespace = freshNamespace()
    const stream = `${namespace}-messages`
    const system = await startSystem(servers(), { namespace })
    await untilWell(system)
    const config = await configOf(stream)
    await servers().admin(`STREAM.DELETE.${stream}`)

    await eventually(async () => (await problemNames(system)).includes(stream))
    await expect(system.check()).rejects.toMatchObject({
      _tag: "Unhealthy",
      kind: "transient",
      problems: expect.arrayContaining([
        expect.objectContaining({ name: stream, kind: "stream", reason: "Missing" }),
      ]),
      hint: expect.stringContaining("ActorSystem.prepare"),
    })
    const metric = (value: number) => `everstate_needed_ok{name="${stream}",kind="stream"} ${value}`
    expect(textOf(statusMetrics(await system.status()))).toContain(metric(0))
    // What does not need it goes on.
    await system.get(Counter, "a").ask({ type: "Add", by: 1 })

    await servers().admin(`STREAM.CREATE.${stream}`, config)
    await eventually(async () => (await problemNames(system)).length === 0)
    await untilWell(system)
    expect(textOf(statusMetrics(await system.status()))).toContain(metric(1))
    await eventually(() =>
      succeeds(system.get(Counter, "a").tell({ type: "Add", by: 2 }, { commandId: "told" })),
    )
    await eventually(async () => (await system.get(Counter, "a").state()).state.context.total === 3)
  })
})

describe("a mailbox that is not there at the start", () => {
  it.each(["messages", "timers"])(
    "is refused without its %s, and made anew by a preparation alone",
    async (part) => {
      const namespace = freshNamespace()
      const stream = `${namespace}-${part}`
      const system = await startSystem(servers(), { namespace })
      await system.get(Counter, "a").ask({ type: "Add", by: 1 })
      await system.stop()
      await servers().admin(`STREAM.DELETE.${stream}`)

      const refused = ActorSystem.start(optionsOf(namespace))
      await expect(refused).rejects.toMatchObject({ _tag: "MailboxRefused", reason: "Missing" })
      await expect(refused).rejects.toThrow(
        new RegExp(`no stream ${stream}, though the journal has commits.*former version.*prepare`),
      )
      expect(await servers().admin(`STREAM.INFO.${stream}`)).toMatchObject({ error: { err_code: 10059 } })

      await ActorSystem.prepare(optionsOf(namespace))
      const again = await startSystem(servers(), { namespace })
      await again.get(Counter, "a").tell({ type: "Add", by: 2 })
      await eventually(async () => (await again.get(Counter, "a").state()).state.context.total === 3)
    },
  )
})

describe("a checkpoint bucket that is lost", () => {
  it("is made anew by a preparation alone; a node that runs goes on then, and one that starts refuses before", async () => {
    const namespace = freshNamespace()
    const bucket = `KV_${namespace}-checkpoints`
    const system = await startSystem(servers(), { namespace })
    await system.get(Counter, "a").ask({ type: "Add", by: 1 })
    await servers().admin(`STREAM.DELETE.${bucket}`)
    await eventually(async () => (await problemNames(system)).includes(bucket))

    const refused = ActorSystem.start(optionsOf(namespace))
    await expect(refused).rejects.toMatchObject({ _tag: "CheckpointsUnavailable" })
    await expect(refused).rejects.toThrow(/checkpoints is missing, though the journal has commits.*prepare/)
    expect(await servers().admin(`STREAM.INFO.${bucket}`)).toMatchObject({ error: { err_code: 10059 } })

    await ActorSystem.prepare(optionsOf(namespace))
    await eventually(async () => (await problemNames(system)).length === 0)
    await untilWell(system)
    await untilWell(await startSystem(servers(), { namespace }))
    await system.get(Counter, "a").tell({ type: "Add", by: 2 })
    await eventually(async () => (await system.get(Counter, "a").state()).state.context.total === 3)
  })

  it("is made by the first start of a namespace, though streams of it are there", async () => {
    const namespace = freshNamespace()
    const bucket = `KV_${namespace}-checkpoints`
    await (await startSystem(servers(), { namespace })).stop()
    await servers().admin(`STREAM.DELETE.${bucket}`)
    await untilWell(await startSystem(servers(), { namespace }))
  })
})
