/**
 * Stores that are lost, mixed up, or come back as older copies, and messages that cannot be sent for a long time, on nodes
 * whose memories are far smaller than what passes in between.
 */
import { actorOf } from "../../../runtime/definition/DefinitionOf.ts"
import type { AnyActor } from "../../../runtime/index.ts"
import { STORE_FAULTS } from "../../../runtime/testing/simulation/StoreFaults.ts"
import type { FaultKind, SimulateOptions, Workload } from "../../../runtime/testing.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { deskCalls, deskWorkload } from "./DeskWorkload.ts"

/** Commands that an actor remembers by their ids, and time for which the mailbox does. */
const commandsRememberedCount = 4
const messageIdWindowMs = 1_000

/** What a shard has one owner at a time under, so that order is kept, too. */
const FAULTS: ReadonlyArray<FaultKind> = [
  ...STORE_FAULTS,
  "unsendable",
  "checkpoint lost",
  "checkpoint stale",
  "checkpoints unavailable",
  "append lost",
  "ack lost",
  "append lands late",
  "append twice",
  "append unavailable",
  "last fails",
  "read fails",
  "read stale",
  "snapshot unreadable",
  "snapshot not saved",
  "message lost",
  "message answer lost",
  "message lands late",
  "message twice",
  "mailbox unavailable",
  "delivery repeats",
  "consumer deleted",
  "message ack lost",
  "message ack late",
  "birth guessed",
  "schedules lost",
  "publication lost",
  "publication answer lost",
  "dead letters unavailable",
  "dead letter answer lost",
  "node crashes",
  "node stops",
  "node drains",
  "node pauses",
]

/** The same actors with next to no memory of ids. */
const forgetful = (actor: AnyActor): AnyActor => ({ ...actor, commandsRememberedCount })

const actors = [Desk, Clerk].map(forgetful)

/** Told and not asked: a client that asks again after four other commands asks anew. */
const told = (workload: Workload): Workload =>
  function* (draw) {
    for (const request of workload(draw)) {
      const actor = actors.find(({ type }) => type === actorOf(request.actor).type) ?? request.actor
      yield request.command === undefined ? { ...request, actor } : { ...request, actor, via: "tell" }
    }
  }

const lostStores = {
  actors,
  calls: deskCalls,
  workload: told(deskWorkload(4, 140)),
  faults: FAULTS,
  mailbox: { messageIdWindowMs },
  settings: { idleMs: 2_000, leaseMs: 4_000, shardCount: 4 },
} satisfies SimulateOptions

export const storeScenarios = {
  /** Nodes of a cluster: crashes and handovers between owners besides. */
  stores: { ...lostStores, always: { "type pauses": 1 }, placement: "leases", nodes: 2 },
} satisfies { readonly [name: string]: SimulateOptions }
