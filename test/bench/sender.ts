/**
 * A child process of MessageRemote.ts: `sender.ts <nats> <postgres>`. Has the senders, asks those of the lanes that a
 * message names to send once more, and says at the end how its messages went. Ends with its parent.
 */
import { ActorSystem } from "../../infra/everstate.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { order, SENDERS, Sender, Worker } from "./Worker.ts"

export interface SenderCounts {
  readonly directCount: number
  readonly parkedCount: number
}

process.once("disconnect", () => process.exit(1))

const [nats = "", postgres = ""] = process.argv.slice(2)
// Next to no weight: nothing but what needs its label comes here.
const node = { name: "senders", labels: [SENDERS], weight: 1e-6 }
const system = await ActorSystem.start({ directory: false, nats, postgres, actors: [Sender, Worker], node })
const refs = Array.from({ length: IN_FLIGHT }, (_, lane) => system.get(Sender, `lane-${lane}`))

const stop = async (): Promise<void> => {
  const { directCount, parkedCount } = (await system.status()).outbox
  await system.stop()
  process.send?.({ directCount, parkedCount } satisfies SenderCounts, () => process.exit(0))
}

process.on("message", (given: ReadonlyArray<number> | "stop") => {
  if (given === "stop") return void stop()
  // A failure ends this process, and with it the bench.
  for (const lane of given) void refs[lane]?.ask(order)
})
process.send?.("ready")
