/**
 * The servers of a simulated system, each with its port: NATS in six parts that go down together, and
 * Postgres.
 */
import type { MailboxBounds, MailboxCopy } from "../../mailbox/MailboxContents.ts"
import type { Faults } from "./Faults.ts"
import type { Network } from "./Network.ts"
import { type CheckpointsCopy, SimulatedCheckpoints } from "./SimulatedCheckpoints.ts"
import { SimulatedDeadLetters } from "./SimulatedDeadLetters.ts"
import { SimulatedJournal } from "./SimulatedJournal.ts"
import { SimulatedLeases } from "./SimulatedLeases.ts"
import { SimulatedMailbox } from "./SimulatedMailbox.ts"
import { SimulatedPostgres, type SnapshotsCopy } from "./SimulatedPostgres.ts"
import { SimulatedPublisher } from "./SimulatedPublisher.ts"
import { SimulatedTransport } from "./SimulatedTransport.ts"
import { Unsendable } from "./Unsendable.ts"

/** Contents of the stores beside the journal at one time. */
export interface StoresCopy {
  readonly checkpoints: CheckpointsCopy
  readonly mailbox: MailboxCopy
  readonly snapshots: SnapshotsCopy
}

export class SimulatedServers {
  readonly faults: Faults
  readonly journal: SimulatedJournal
  readonly mailbox: SimulatedMailbox
  readonly checkpoints: SimulatedCheckpoints
  readonly deadLetters: SimulatedDeadLetters
  readonly publisher: SimulatedPublisher
  readonly leases: SimulatedLeases
  readonly transport: SimulatedTransport
  readonly postgres: SimulatedPostgres
  readonly unsendable = new Unsendable()

  constructor(network: Network, mailbox: MailboxBounds, isGrouping: boolean) {
    this.faults = network.faults
    this.journal = new SimulatedJournal(network, {}, isGrouping)
    this.mailbox = new SimulatedMailbox(network, mailbox, this.unsendable)
    this.checkpoints = new SimulatedCheckpoints(network)
    this.deadLetters = new SimulatedDeadLetters(network)
    this.publisher = new SimulatedPublisher(network, this.unsendable)
    this.leases = new SimulatedLeases(network)
    this.transport = new SimulatedTransport(network)
    const { journal } = this
    this.postgres = new SimulatedPostgres(network, (key) => journal.lastSequenceOf(key))
  }

  copy(): StoresCopy {
    return {
      checkpoints: this.checkpoints.copy(),
      mailbox: this.mailbox.contents.copy(),
      snapshots: this.postgres.copySnapshots(),
    }
  }
}
