/** Clusters: shards are placed by leases, nodes come and go, and one node at a time has a shard, or believes so. */
import { Order } from "../../../actors/order/Order.ts"
import { OrderSummary } from "../../../actors/projections/OrderSummary.ts"
import type { FaultKind, Request, SimulateOptions, Workload } from "../../../runtime/testing.ts"
import { Fulfilment } from "../../../sagas/fulfilment/Fulfilment.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { deskCalls, deskWorkload } from "./DeskWorkload.ts"
import {
  fulfilmentActors,
  fulfilmentCalls,
  fulfilmentInvariants,
  fulfilmentWorkload,
  unfinished,
} from "./FulfilmentWorkload.ts"
import { orderWorkload } from "./OrderWorkload.ts"

const idleMs = 2_000

/** Short: pauses and partitions of a run are longer. */
const leaseMs = 4_000

/** Whatever happens to nodes and stores, but nobody is taken for gone who is not: a shard has one owner at a time. */
const ONE_OWNER_FAULTS: ReadonlyArray<FaultKind> = [
  "append lost",
  "ack lost",
  "append lands late",
  "append twice",
  "append unavailable",
  "append in flight",
  "append in flight lands",
  "last fails",
  "read fails",
  "read stale",
  "snapshot unreadable",
  "snapshot not saved",
  "leases unavailable",
  "lease answer lost",
  "lease lands late",
  "lease stale",
  "lease hint lost",
  "lease hint twice",
  "lease hint late",
  "request twice",
  "birth guessed",
  "node crashes",
  "node stops",
  "node drains",
  "node pauses",
  "postgres away",
]

/** What may become of messages, and nothing that ends the life of a node out of order but a few crashes. */
const PAUSED_FAULTS: ReadonlyArray<FaultKind> = [
  "append lost",
  "ack lost",
  "birth guessed",
  "message lost",
  "message answer lost",
  "message twice",
  "mailbox unavailable",
  "schedule lost",
  "delivery repeats",
  "consumer deleted",
  "message ack lost",
  "checkpoints unavailable",
  "dead letters unavailable",
  "call lost",
  "node crashes",
  "node drains",
]

/** What leases, and those who hold them, can suffer. */
const STORM_FAULTS: ReadonlyArray<FaultKind> = [
  ...ONE_OWNER_FAULTS.filter((kind) => !kind.startsWith("append") && !kind.startsWith("snapshot")),
  "partition",
  "journal away",
  "leases lost",
  "leases lose their tail",
  "request lost",
  "request slow",
  "request unrouted",
  "request answer lost",
  "reply slow",
]

/** One request of each in turn, as long as there are any. */
const together = (...workloads: ReadonlyArray<Workload>): Workload =>
  function* (draw) {
    const all: Array<Iterator<Request>> = workloads.map((workload) => workload(draw)[Symbol.iterator]())
    while (all.length > 0) {
      for (const requests of [...all]) {
        const next = requests.next()
        if (next.done === true) all.splice(all.indexOf(requests), 1)
        else yield next.value
      }
    }
  }

export const clusterScenarios = {
  /** Three nodes, orders asked for and read through any of them, every kind of fault. */
  cluster: {
    actors: [Order],
    projections: [OrderSummary],
    workload: orderWorkload(16, 150),
    placement: "leases",
    nodes: 3,
    settings: { idleMs, leaseMs, shardCount: 12 },
  },
  /**
   * Four nodes that are restarted in order, one after the other, under load, while an operator has the projection
   * rebuilt in half of the seeds; answers must fit one order of everything.
   */
  rolling: {
    actors: [Order],
    projections: [OrderSummary],
    workload: orderWorkload(10, 150),
    faults: [...ONE_OWNER_FAULTS, "projection rebuilt"],
    always: { "rolling restart": 1 },
    placement: "leases",
    nodes: 4,
    settings: { idleMs, leaseMs, shardCount: 12 },
  },
  /** Five nodes whose leases end all at once, cannot be renewed for long, or are forgotten; zombies among them. */
  "lease storm": {
    actors: [Order],
    projections: [OrderSummary],
    workload: orderWorkload(12, 120),
    faults: STORM_FAULTS,
    always: { "leases away": 1, "node pauses": 2 },
    placement: "leases",
    nodes: 5,
    settings: { idleMs, leaseMs, shardCount: 16 },
  },
  /** Types that are paused and resumed under load, on two nodes that are stopped in order again and again meanwhile. */
  "paused types": {
    actors: [Desk, Clerk],
    calls: deskCalls,
    workload: deskWorkload(4, 100),
    faults: PAUSED_FAULTS,
    always: { "type pauses": 4, "node stops": 40 },
    // Few, so that messages of a paused type could fill it.
    mailbox: { unacknowledgedMax: 4 },
    placement: "leases",
    nodes: 2,
    settings: { idleMs, leaseMs, shardCount: 4 },
  },
  /** Readers that follow every desk and clerk from any node, while shards move and nodes crash, stop and are cut off. */
  watched: {
    actors: [Desk, Clerk],
    calls: deskCalls,
    workload: deskWorkload(4, 100),
    faults: [...STORM_FAULTS, "append lost", "ack lost", "append lands late", "append twice"],
    always: { "node crashes": 2, "rolling restart": 1, "ack lost": 0.03 },
    placement: "leases",
    watchers: 3,
    nodes: 3,
    settings: { idleMs, leaseMs, shardCount: 8 },
  },
  /** Messages, timers, calls and a saga on three nodes that crash: what was remembered goes on elsewhere. */
  "cluster messages": {
    actors: [Desk, Clerk, ...fulfilmentActors],
    sagas: [Fulfilment],
    calls: { ...deskCalls, ...fulfilmentCalls },
    workload: together(deskWorkload(4, 70), fulfilmentWorkload(6)),
    invariants: fulfilmentInvariants,
    isOpen: unfinished,
    always: { "node crashes": 2 },
    placement: "leases",
    nodes: 3,
    settings: { idleMs, leaseMs, shardCount: 8 },
    until: { convergeMs: 3_600_000 },
  },
} satisfies { readonly [name: string]: SimulateOptions }
