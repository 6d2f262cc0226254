/** A node samples itself every 5 s, and gathers the other nodes of its cluster. */
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it, onTestFinished } from "vitest"
import { AskMeter, metered } from "../../../infra/metrics/AskMeter.ts"
import { LATENCY_BUCKET_COUNT } from "../../../infra/metrics/LatencyBuckets.ts"
import { MetricsHistory, metricsHistoryOf } from "../../../infra/metrics/MetricsHistory.ts"
import { SPAN_MS } from "../../../infra/metrics/MetricsRing.ts"
import { decodeAnswerOf, encodeQuestion, historySubject } from "../../../infra/metrics/NodeHistory.ts"
import { effectFaceOf } from "../../../runtime/promise/ActorSystem.ts"
import type { ActorSystemService } from "../../../runtime/system/ActorSystem.ts"
import { ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, startMemory, virtually } from "../../fixtures/memory/MemorySystem.ts"

const add = { type: "Add", by: 1 } as const

const making = (inner: ActorSystemService) =>
  Effect.gen(function* () {
    const meter = new AskMeter()
    const service = metered(inner, meter)
    const deadLetterCount = Effect.succeed(4)
    const history = yield* MetricsHistory.make({ service, meter, transport: undefined, deadLetterCount })
    return { service, history }
  })

describe("a node", () => {
  it("samples rates, amounts and durations at the end of every span", () =>
    virtually({}, ({ system }) =>
      Effect.gen(function* () {
        const { service, history } = yield* making(system)
        expect(metricsHistoryOf(service)).toBe(history)
        yield* TestClock.adjust(SPAN_MS)
        const { newest = 0 } = history.ring
        for (let count = 0; count < 10; count++) {
          yield* service.get(Counter, "c").ask(add, { commandId: `a${count}` })
        }
        yield* Effect.exit(service.get(Counter, "c").ask(add, { ifVersion: 99 }))
        yield* Effect.exit(service.get(Counter, "c").ask({ type: "Unheard" } as never))
        yield* TestClock.adjust(SPAN_MS)
        yield* TestClock.adjust(SPAN_MS)
        const { series, latencies, ...part } = history.ring.read(2)
        expect(part.newest).toBe(newest + 2)
        expect(series).toMatchObject({
          accepted: [2, 0],
          rejected: [0.2, 0],
          failed: [0.2, 0],
          commits: [2, 0],
          resident: [1, 1],
          deadLetters: [4, 4],
          members: [1, 1],
          projectionLag: [0, 0],
        })
        const counted = latencies.map((pairs) => pairs.filter((_, index) => index % 2 === 1))
        expect(counted.map((counts) => counts.reduce((sum, count) => sum + count, 0))).toEqual([12, 0])
      }),
    ))

  it("goes on when the dead letters cannot be counted", () =>
    virtually({}, ({ system: service }) =>
      Effect.gen(function* () {
        const meter = new AskMeter()
        const history = yield* MetricsHistory.make({
          ...{ service, meter, transport: undefined },
          deadLetterCount: Effect.never,
        })
        yield* TestClock.adjust(3 * SPAN_MS)
        expect(history.ring.read(1).series).toMatchObject({ deadLetters: [null], members: [1] })
      }),
    ))
})

it("asks are measured on the promise face, too", async () => {
  const { system } = await startMemory()
  const service = effectFaceOf(system)?.service as ActorSystemService
  const meter = new AskMeter()
  const asker = metered(service, meter).asker(Counter, "c")
  await new Promise((resolve) => asker.ask(add, {}, resolve))
  expect([meter.acceptedCount, meter.rejectedCount, meter.failedCount]).toEqual([1, 0, 0])
  expect(meter.takeLatencies().reduce((sum, count) => sum + count, 0)).toBe(1)
  expect(meter.takeLatencies().reduce((sum, count) => sum + count, 0)).toBe(0)
})

describe("a cluster", () => {
  const cluster = async () => {
    const memory = await Effect.runPromise(ClusterMemory.make)
    const scope = Effect.runSync(Scope.make())
    onTestFinished(() => Effect.runPromise(Scope.close(scope, Exit.void)))
    const { transport } = memory
    return {
      transport,
      start: async (name: string) => {
        const { system } = await startMemory({ cluster: memory, node: { name } })
        return { name, system, service: effectFaceOf(system)?.service as ActorSystemService }
      },
      keep: (service: ActorSystemService) =>
        Effect.runPromise(
          MetricsHistory.make({
            ...{ service, transport, meter: new AskMeter() },
            deadLetterCount: Effect.succeed(1),
          }).pipe(Scope.provide(scope)),
        ),
    }
  }

  const seed = ({ ring }: MetricsHistory, accepted: number) => {
    const span = Math.floor(Date.now() / SPAN_MS) - 2
    const latencies = new Uint32Array(LATENCY_BUCKET_COUNT)
    ring.record(span, {
      series: { accepted, resident: 1 },
      latencies,
      projections: new Map([["p", accepted]]),
    })
  }

  it("gathers all nodes, and names those that keep no history", async () => {
    const { start, keep } = await cluster()
    const [one, two, old] = [await start("one"), await start("two"), await start("old")]
    const asked = await keep(one.service)
    seed(asked, 1)
    seed(await keep(two.service), 10)
    const gather = () => Effect.runPromise(asked.gather(720))
    // The other node answers once it serves its subject.
    await eventually(
      async () => (await gather()).members.filter(({ silent }) => silent !== undefined).length === 1,
    )
    const { members, series, nodes, projections } = await gather()
    expect(members.map(({ name, isSelf }) => [name, isSelf])).toEqual(
      expect.arrayContaining([
        ["one", true],
        ["two", false],
        ["old", false],
      ]),
    )
    expect(members.find(({ name }) => name === "old")?.silent).toContain("keeps no history")
    expect(nodes[0]).toBe(2)
    expect(series.accepted[0]).toBe(11)
    expect(projections["p"]?.[0]).toBe(10)
    await old.system.stop()
    await eventually(async () => (await gather()).members.length === 2)
  })

  it("names a node that answers in another form, and goes without it", async () => {
    const { start, keep, transport } = await cluster()
    const [one, strange] = [await start("one"), await start("strange")]
    const asked = await keep(one.service)
    seed(asked, 1)
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const subject = historySubject(strange.service.cluster.memberId())
          yield* transport.serve(subject, (_, reply) => reply(new TextEncoder().encode(`{"v":2}`)))
          yield* Effect.promise(() =>
            eventually(
              async () =>
                (await Effect.runPromise(asked.gather(1))).members.find(({ name }) => name === "strange")
                  ?.silent === "The node answers in a form that this release does not read.",
            ),
          )
        }),
      ),
    )
  })

  it("answers under its new id after an eviction, and not under the old one", async () => {
    const { start, keep, transport } = await cluster()
    const { service } = await start("one")
    let id = "first"
    const history = await keep({ ...service, cluster: { ...service.cluster, memberId: () => id } })
    seed(history, 7)
    const answer = (asked: string) =>
      new Promise<number | null | undefined>((resolve) => {
        transport.send(historySubject(asked), encodeQuestion(720), 1_000, {
          onReply: (reply) => resolve(decodeAnswerOf(reply)?.series.accepted[0]),
          onFailure: () => resolve(undefined),
        })
      })
    await eventually(async () => (await answer("first")) === 7)
    id = "second"
    await eventually(async () => (await answer("second")) === 7)
    expect(await answer("first")).toBeUndefined()
  })
})
