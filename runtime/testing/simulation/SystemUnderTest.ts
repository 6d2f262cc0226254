/**
 * The input of a simulation: the definitions that its nodes run, and the author's own checks.
 *
 * Owns these options, and what rules see of an actor. SimulatedSystem.ts assembles the system from them.
 */
import type { AnyActor } from "../../definition/Actor.ts"
import type { MachineState } from "../../machine/Machine.ts"
import { given } from "../../machine/SealedState.ts"
import type { MailboxBounds } from "../../mailbox/MailboxContents.ts"
import type { ProjectedEvent, ProjectionDefinition } from "../../projection/Projection.ts"
import type { ReactorDefinition } from "../../reactor/Reactor.ts"
import type { AnySaga } from "../../saga/AnySaga.ts"
import type { SystemSettings } from "../../system/SystemSettings.ts"
import type { TrueActor } from "./Reference.ts"
import type { CallStandIns } from "./SimulatedCalls.ts"
import type { Placement, PortDoubles } from "./SimulatedNode.ts"

/** An actor right after a commit was stored, in the form that an invariant gets. */
export interface ActorSeen {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly state: MachineState
  /** All events of the actor, the newest last. */
  readonly events: ReadonlyArray<ProjectedEvent>
}

/** The actor after its last stored event, with its children at that time. */
export const seenOf = ({
  address: { type, id },
  version,
  events,
  states,
}: TrueActor): ActorSeen | undefined => {
  const state = states[version]
  return state === undefined ? undefined : { type, id, version, state: given(state), events }
}

/** A rule of the user: `false` or an error breaks the run. Called after every stored commit. */
export type Invariant = (actor: ActorSeen) => boolean | undefined

/** The definitions that a simulation runs, and what it demands of them. */
export interface SystemUnderTest {
  readonly actors: ReadonlyArray<AnyActor>
  readonly sagas?: ReadonlyArray<AnySaga>
  readonly reactors?: ReadonlyArray<ReactorDefinition>
  readonly projections?: ReadonlyArray<ProjectionDefinition>
  /** Whether nodes keep the directory of actors, which is then judged like a projection; default false. */
  readonly directory?: boolean
  /**
   * Definitions that the nodes run at first. During the run all nodes are killed and start again with the
   * present definitions, by which everything is judged. These must read the earlier data correctly.
   */
  readonly former?: Pick<SystemUnderTest, "actors" | "sagas">
  /**
   * The work that an actor still has to do by itself, in words; `undefined` if there is none. After the
   * faults a run goes on until no work is left, and fails if work is left for too long: for example a saga
   * that never ends.
   */
  readonly isOpen?: (actor: ActorSeen) => string | undefined
  readonly invariants?: { readonly [name: string]: Invariant }
  /** Owners of shards; default `everywhere`: every node believes that it has all shards. */
  readonly placement?: Placement
  /**
   * Number of readers that follow each actor that is asked, through any node; default 0. What they get is compared with
   * the journal. Needs `placement: "leases"`, because a watcher trusts the owner of its actor's shard.
   */
  readonly watchers?: number
  /** Settings of every node that differ from the defaults. */
  readonly settings?: Partial<SystemSettings>
  /** Whether nodes store waiting appends of different actors as one atomic batch; default false. */
  readonly groupCommit?: boolean
  /** Bounds of the simulated mailbox that differ from the defaults. */
  readonly mailbox?: MailboxBounds
  /** Stand-ins for durable calls: `{ payment: { capture: ({ input }) => ... } }`. */
  readonly calls?: CallStandIns
  /** Stand-ins for ports. */
  readonly doubles?: PortDoubles
}
