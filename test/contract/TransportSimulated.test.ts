/** The simulator's transport: with no fault it keeps the contract, and each fault is what it says it is. */
import { Effect, type Scope } from "effect"
import { describe, expect, it, test } from "vitest"
import {
  ask,
  echo,
  eventually,
  eventuallyFails,
  transportContract,
} from "../../runtime/contract/TransportContract.ts"
import { SimulatedProcess } from "../../runtime/testing/simulation/SimulatedProcess.ts"
import { SimulatedTransport } from "../../runtime/testing/simulation/SimulatedTransport.ts"
import { SimulatedBench } from "./SimulatedBench.ts"

const bench = new SimulatedBench()

const open = () => {
  const network = bench.network()
  const transport = new SimulatedTransport(network)
  const process = new SimulatedProcess(network.world, "node 2")
  const [here, there] = [transport.connect(bench.host()), transport.connect(process)]
  const strike = (mode: string) => network.faults.forceNext("transport", mode)
  return { network, process, here, there, strike }
}

transportContract(
  { describe, test },
  { name: "simulated", open: () => Effect.succeed(open()), run: bench.run },
)

describe("faults of the simulated transport", () => {
  const TIMEOUT_MS = 1_000
  const scene = (
    title: string,
    program: (given: ReturnType<typeof open>) => Effect.Effect<void, unknown, Scope.Scope>,
  ) => {
    it(title, () => {
      const given = open()
      return bench.run(Effect.scoped(program(given)))
    })
  }
  const failing = (given: ReturnType<typeof open>) =>
    Effect.map(Effect.flip(ask(given.here, "ask", "x", TIMEOUT_MS)), ({ reason }) => reason)

  scene(
    "a request or its answer is lost, and the sender times out either way",
    Effect.fnUntraced(function* (given) {
      let count = 0
      yield* given.there.serve("ask", (_, reply) => {
        count++
        reply(new Uint8Array())
      })
      given.strike("request lost")
      expect(yield* failing(given)).toBe("Timeout")
      expect(count).toBe(0)
      given.strike("request answer lost")
      expect(yield* failing(given)).toBe("Timeout")
      expect(count).toBe(1)
    }),
  )

  scene(
    "a request comes twice, late, or finds nobody although somebody serves",
    Effect.fnUntraced(function* (given) {
      let count = 0
      yield* given.there.serve("ask", (_, reply) => {
        count++
        reply(new Uint8Array())
      })
      given.strike("request twice")
      yield* ask(given.here, "ask")
      yield* eventually(Effect.sync(() => expect(count).toBe(2)))
      const beforeMs = given.network.world.nowMs
      given.strike("request slow")
      yield* ask(given.here, "ask")
      expect(given.network.world.nowMs - beforeMs).toBeGreaterThan(20)
      given.strike("request unrouted")
      expect(yield* failing(given)).toBe("NoResponders")
      expect(count).toBe(3)
    }),
  )

  scene(
    "a dead process is gone at once",
    Effect.fnUntraced(function* (given) {
      yield* echo(given.there, "ask")
      given.process.crash()
      expect(yield* failing(given)).toBe("NoResponders")
    }),
  )

  scene(
    "a paused process still gets requests, and answers them when it goes on",
    Effect.fnUntraced(function* (given) {
      const received: Array<string> = []
      yield* given.there.serve("ask", (request) => received.push(new TextDecoder().decode(request)))
      given.process.pause()
      expect(yield* failing(given)).toBe("Timeout")
      expect(received).toEqual([])
      given.process.resume()
      yield* eventually(Effect.sync(() => expect(received).toEqual(["x"])))
    }),
  )

  scene(
    "a process that is cut off is forgotten after a while, and found again when the link is mended",
    Effect.fnUntraced(function* (given) {
      yield* echo(given.there, "ask")
      given.network.cut("node 2", "journal")
      expect((yield* Effect.flip(ask(given.here, "ask", "x", 10))).reason).toBe("Timeout")
      yield* eventuallyFails(given.here, "ask", "NoResponders")
      given.network.mend("node 2", "journal")
      yield* eventually(Effect.asVoid(ask(given.here, "ask", "x", TIMEOUT_MS)))
      expect(given.there.disconnectedAtMs()).toBeLessThanOrEqual(given.network.world.nowMs)
      expect(given.there.disconnectedAtMs()).toBeGreaterThan(0)
      expect(given.here.disconnectedAtMs()).toBe(Number.NEGATIVE_INFINITY)
    }),
  )

  scene(
    "while the server is down there is no connection, and afterwards everybody serves again",
    Effect.fnUntraced(function* (given) {
      yield* echo(given.there, "ask")
      yield* given.there.serve("silent", () => undefined)
      const outcomes: Array<string> = []
      given.here.send("silent", new Uint8Array(), 3_600_000, {
        onReply: () => outcomes.push("reply"),
        onFailure: ({ reason }) => outcomes.push(reason),
      })
      yield* ask(given.here, "ask")
      given.network.takeDown("journal")
      yield* eventually(Effect.sync(() => expect(outcomes).toEqual(["Disconnected"])))
      expect(yield* failing(given)).toBe("Disconnected")
      expect(given.here.disconnectedAtMs()).toBe(given.network.world.nowMs)
      given.network.bringUp("journal")
      yield* eventually(Effect.asVoid(ask(given.here, "ask", "x", TIMEOUT_MS)))
      expect(given.here.disconnectedAtMs()).toBeLessThan(given.network.world.nowMs)
    }),
  )
})
