/** Raw appends, 256 subjects in flight: through the multiplexer, and as the JetStream client publishes. */
import { jetstream } from "@nats-io/jetstream"
import { paidCommit } from "./Account.ts"
import { interleaved, load, type Operation, rowOf } from "./Measure.ts"
import { openRawJournal } from "./RawJournal.ts"
import type { Bench } from "./Stage.ts"

export const IN_FLIGHT = 256

export const appendCeiling: Bench = {
  name: "append",
  rows: ["append.ceiling", "append.js.publish"],
  run: async (stage) => {
    const servers = await stage.servers()
    const raw = await openRawJournal(servers.natsUrl, "raw", { create: true })
    const js = jetstream(raw.connection.client)
    const data = paidCommit(1)
    const lasts: Array<number> = []
    const publishes: Operation = (lane, done) => {
      const expect = { lastSubjectSequence: lasts[lane] ?? 0 }
      js.publish(`raw.evt.0.js.${lane}`, data, { expect }).then((ack) => {
        lasts[lane] = ack.seq
        done()
      }, done)
    }
    const { pid } = servers.nats
    const appends = raw.appends(data)
    const measured = await interleaved(stage.seconds, {
      multiplexer: (ms) => load(IN_FLIGHT, ms, appends, pid),
      publish: (ms) => load(IN_FLIGHT, ms, publishes, pid),
    })
    await raw.close()
    const { multiplexer, publish } = measured
    return [
      rowOf("append.ceiling", multiplexer.perSecond, "appends/s", multiplexer.perSecond, {
        cpuUs: multiplexer.cpuUs,
        serverCpuUs: multiplexer.serverCpuUs,
        note: `${IN_FLIGHT} subjects in flight, ${data.length} bytes`,
      }),
      rowOf("append.js.publish", publish.perSecond, "appends/s", multiplexer.perSecond, {
        cpuUs: publish.cpuUs,
        serverCpuUs: publish.serverCpuUs,
        note: "js.publish of @nats-io/jetstream with the same check",
      }),
    ]
  },
}
