/** The servers of a simulated system, each with its port: NATS in six parts that go down together, and Postgres. */
import type { Network } from "./Network.ts"
import { SimulatedCheckpoints } from "./SimulatedCheckpoints.ts"
import { SimulatedDeadLetters } from "./SimulatedDeadLetters.ts"
import { SimulatedJournal } from "./SimulatedJournal.ts"
import { SimulatedLeases } from "./SimulatedLeases.ts"
import { SimulatedMailbox } from "./SimulatedMailbox.ts"
import { SimulatedPostgres } from "./SimulatedPostgres.ts"
import { SimulatedPublisher } from "./SimulatedPublisher.ts"
import { SimulatedTransport } from "./SimulatedTransport.ts"

export class SimulatedServers {
  readonly journal: SimulatedJournal
  readonly mailbox: SimulatedMailbox
  readonly checkpoints: SimulatedCheckpoints
  readonly deadLetters: SimulatedDeadLetters
  readonly publisher: SimulatedPublisher
  readonly leases: SimulatedLeases
  readonly transport: SimulatedTransport
  readonly postgres: SimulatedPostgres

  constructor(network: Network) {
    this.journal = new SimulatedJournal(network)
    this.mailbox = new SimulatedMailbox(network)
    this.checkpoints = new SimulatedCheckpoints(network)
    this.deadLetters = new SimulatedDeadLetters(network)
    this.publisher = new SimulatedPublisher(network)
    this.leases = new SimulatedLeases(network)
    this.transport = new SimulatedTransport(network)
    this.postgres = new SimulatedPostgres(network)
  }
}
