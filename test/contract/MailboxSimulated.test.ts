/** The simulator's mailbox, with no fault: what simulations rest on honours the same contract as the real one. */
import { Layer } from "effect"
import { Mailbox, REDELIVERY_MS } from "../../runtime/mailbox/Mailbox.ts"
import { SimulatedMailbox } from "../../runtime/testing/simulation/SimulatedMailbox.ts"
import { mailboxContract } from "./Mailbox.contract.ts"
import { SimulatedBench } from "./SimulatedBench.ts"

/** Fewer than the port's: every one of them takes the world some steps. */
const messagesPerActorMax = 2_000

const bench = new SimulatedBench()

mailboxContract({
  name: "simulated",
  makeLayer: () => {
    const mailbox = new SimulatedMailbox(bench.network(), { messagesPerActorMax })
    return Layer.sync(Mailbox, () => mailbox.connect(bench.host()))
  },
  redeliveryMs: REDELIVERY_MS,
  messagesPerActorMax,
  run: bench.run,
})
