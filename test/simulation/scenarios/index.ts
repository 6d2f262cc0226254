/** The scenarios that `npm run sim` and the tests play, by name. */
import { Order } from "../../../actors/order/Order.ts"
import { OrderSummary } from "../../../actors/projections/OrderSummary.ts"
import { isDrawnAlways } from "../../../runtime/testing/simulation/FaultKind.ts"
import { FAULT_KINDS, type FaultKind, type SimulateOptions } from "../../../runtime/testing.ts"
import { choreography } from "../../../sagas/choreography/Choreography.ts"
import { Fulfilment } from "../../../sagas/fulfilment/Fulfilment.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { Household } from "../Household.ts"
import { Reminder, Rings } from "../Reminder.ts"
import { Meadow, Sprout } from "../Sprout.ts"
import { clusterScenarios } from "./Clusters.ts"
import { deskCalls, deskWorkload } from "./DeskWorkload.ts"
import { drawnActors, drawnCalls, drawnWorkload } from "./DrawnMachines.ts"
import {
  fulfilmentActors,
  fulfilmentCalls,
  fulfilmentInvariants,
  fulfilmentWorkload,
  unfinished,
} from "./FulfilmentWorkload.ts"
import {
  householdCalls,
  householdInvariants,
  householdWorkload,
  livelyHousehold,
} from "./HouseholdWorkload.ts"
import { orderWorkload } from "./OrderWorkload.ts"
import { plansScenario } from "./Plans.ts"
import { reminderWorkload } from "./ReminderWorkload.ts"
import { silenceScenario } from "./Silence.ts"
import { sproutCalls, sproutInvariants, sproutWorkload } from "./SproutWorkload.ts"
import { storeScenarios } from "./Stores.ts"

/** Idle time after which orders leave memory: short, so that activation and passivation are part of every run. */
const idleMs = 2_000

/** An order whose snapshots come early enough to matter in a short run. */
const OrderWithSnapshots = { ...Order, snapshotEveryEvents: 3 }

const withSnapshots: SimulateOptions["workload"] = function* (draw) {
  for (const request of orderWorkload(6, 120)(draw)) yield { ...request, actor: OrderWithSnapshots }
}

/** Some commands only if the order is at a version that the client has guessed. */
const conditional: SimulateOptions["workload"] = function* (draw) {
  for (const request of orderWorkload(4, 150)(draw)) {
    const isConditional = request.command !== undefined && draw.random.chance(0.3)
    yield isConditional ? { ...request, ifVersion: draw.random.index(4) } : request
  }
}

/** A provider that stumbles again and again is asked for half an hour. */
const FULFILMENT_ENDS = { convergeMs: 3_600_000 }

/** What may become of timers and of the nodes that wait for them; the clocks are the scenario's own. */
const TIMER_FAULTS: ReadonlyArray<FaultKind> = FAULT_KINDS.filter(
  (kind) => isDrawnAlways(kind) && kind !== "clock jumps",
)

/** What may become of a batch of appends, besides everything else. */
const BATCH_FAULTS: ReadonlyArray<FaultKind> = FAULT_KINDS.filter(
  (kind) => isDrawnAlways(kind) || kind.startsWith("batch "),
)

export const scenarios = {
  /** The standard one: 3 nodes, 20 orders, 200 requests; every node believes that it owns every shard. */
  order: {
    actors: [Order],
    projections: [OrderSummary],
    workload: orderWorkload(20, 200),
    nodes: 3,
    settings: { idleMs },
  },
  /** One owner at a time: reads and refusals must fit one order of everything. */
  "one owner": {
    actors: [Order],
    projections: [OrderSummary],
    workload: orderWorkload(8, 150),
    nodes: 1,
    settings: { idleMs },
  },
  /** Few orders with many requests at once: group commit, conflicts, repeats. */
  "hot orders": {
    actors: [Order],
    workload: orderWorkload(2, 200),
    nodes: 3,
    clients: 32,
  },
  /** Appends of different orders as atomic batches. */
  batches: {
    actors: [Order],
    projections: [OrderSummary],
    workload: orderWorkload(12, 200),
    groupCommit: true,
    faults: BATCH_FAULTS,
    nodes: 2,
    clients: 24,
    settings: { idleMs },
  },
  /** The same with messages, timers and calls between actors. */
  "batches of desks": {
    actors: [Desk, Clerk],
    calls: deskCalls,
    workload: deskWorkload(4, 120),
    groupCommit: true,
    faults: BATCH_FAULTS,
    nodes: 2,
    clients: 16,
    settings: { idleMs },
  },
  /** A snapshot every three events, and orders that leave memory at once. */
  snapshots: {
    actors: [OrderWithSnapshots],
    workload: withSnapshots,
    nodes: 2,
    settings: { idleMs: 200 },
  },
  /** Commands with an expected version. */
  conditional: {
    actors: [Order],
    workload: conditional,
    nodes: 2,
    settings: { idleMs },
  },
  /** Deadlines far below the journal's time-outs: callers are long gone when their commands are stored. */
  impatient: {
    actors: [Order],
    projections: [OrderSummary],
    workload: orderWorkload(6, 100),
    nodes: 2,
    settings: { idleMs, askDeadlineMs: 100, drainMs: 500 },
  },
  /** Two places in memory for twenty orders. */
  "little memory": {
    actors: [Order],
    projections: [OrderSummary],
    workload: orderWorkload(20, 150),
    nodes: 2,
    settings: { residentMax: 2 },
  },
  /** Messages, requests, timers and calls between actors, on three nodes. */
  desks: {
    actors: [Desk, Clerk],
    calls: deskCalls,
    workload: deskWorkload(4, 120),
    nodes: 3,
    settings: { idleMs },
  },
  /** The same on one node: in order, and strictly once. */
  "one desk": {
    actors: [Desk, Clerk],
    calls: deskCalls,
    workload: deskWorkload(3, 100),
    nodes: 1,
    settings: { idleMs },
  },
  /** Timers on nodes whose clocks are up to 20 s behind the servers', each life by another time. */
  "lagging clocks": {
    actors: [Reminder],
    projections: [Rings],
    workload: reminderWorkload(6, 60, 20_000),
    faults: TIMER_FAULTS,
    always: { "clock lags": 0.7 },
    nodes: 2,
    settings: { idleMs },
  },
  /** Actors whose birth asks for a timer, a call and a message. */
  births: {
    actors: [Sprout, Meadow],
    calls: sproutCalls,
    workload: sproutWorkload(20, 80),
    faults: TIMER_FAULTS,
    invariants: sproutInvariants,
    nodes: 3,
    settings: { idleMs },
  },
  /** Actors that are a machine with children: commits in which all of them move, or none. */
  families: {
    actors: [Household],
    calls: householdCalls,
    workload: householdWorkload(6, 120),
    invariants: householdInvariants,
    isOpen: livelyHousehold,
    // A clock that jumps by hours would keep guests for as long.
    faults: TIMER_FAULTS,
    nodes: 3,
    settings: { idleMs },
  },
  /** Machines of every construct of XState, drawn from seeds, with and without children. */
  constructs: {
    actors: drawnActors,
    calls: drawnCalls,
    workload: drawnWorkload(150),
    faults: TIMER_FAULTS,
    nodes: 3,
    settings: { idleMs },
  },
  /** Orders through the saga, with all who take part in it. */
  fulfilment: {
    actors: fulfilmentActors,
    sagas: [Fulfilment],
    calls: fulfilmentCalls,
    workload: fulfilmentWorkload(12),
    invariants: fulfilmentInvariants,
    isOpen: unfinished,
    nodes: 2,
    settings: { idleMs },
    until: FULFILMENT_ENDS,
  },
  /**
   * The same by reactors alone, on one node: it rests on the order of messages, which several nodes that all serve every
   * shard do not keep.
   */
  choreography: {
    actors: [...fulfilmentActors, ...choreography.actors],
    reactors: choreography.reactors,
    calls: fulfilmentCalls,
    workload: fulfilmentWorkload(8),
    invariants: fulfilmentInvariants,
    isOpen: unfinished,
    nodes: 1,
    settings: { idleMs },
    until: FULFILMENT_ENDS,
  },
  /** Sagas that run while their definition changes. */
  "changed plans": plansScenario,
  /** Participants that never answer, and nested sagas that two sagas want. */
  "silent participants": silenceScenario,
  ...clusterScenarios,
  ...storeScenarios,
} satisfies { readonly [name: string]: SimulateOptions }
