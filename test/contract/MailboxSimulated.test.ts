/** The simulator's mailbox, with no fault: what simulations rest on honours the same contract as the real one. */
import { Layer } from "effect"
import { describe, test } from "vitest"
import { mailboxContract } from "../../runtime/contract/MailboxContract.ts"
import { Mailbox, REDELIVERY_MS } from "../../runtime/mailbox/Mailbox.ts"
import { SimulatedMailbox } from "../../runtime/testing/simulation/SimulatedMailbox.ts"
import { SimulatedBench } from "./SimulatedBench.ts"

/** Fewer than the port's: every one of them takes the world some steps. */
const messagesPerActorMax = 2_000

const bench = new SimulatedBench()

mailboxContract(
  { describe, test },
  {
    name: "simulated",
    layer: () => {
      const mailbox = new SimulatedMailbox(bench.network(), { messagesPerActorMax })
      return Layer.sync(Mailbox, () => mailbox.connect(bench.host()))
    },
    redeliveryMs: REDELIVERY_MS,
    messagesPerActorMax,
    run: bench.run,
  },
)
