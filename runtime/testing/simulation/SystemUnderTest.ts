/**
 * What a simulation is made of: the definitions that its nodes run, and what its author adds to the checks.
 *
 * Owns these options, and what rules see of an actor. Who assembles the system from them: SimulatedSystem.ts.
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

/** An actor right after a commit was stored, as an invariant sees it. */
export interface ActorSeen {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly state: MachineState
  /** Everything that happened to it, the newest last. */
  readonly events: ReadonlyArray<ProjectedEvent>
}

/** The actor after its last stored event; its children are where they were then. */
export const seenOf = ({
  address: { type, id },
  version,
  events,
  states,
}: TrueActor): ActorSeen | undefined => {
  const state = states[version]
  return state === undefined ? undefined : { type, id, version, state: given(state), events }
}

/** A rule of the user's own: `false` or an error breaks the run. Called after every stored commit. */
export type Invariant = (actor: ActorSeen) => boolean | undefined

export interface SystemUnderTest {
  readonly actors: ReadonlyArray<AnyActor>
  readonly sagas?: ReadonlyArray<AnySaga>
  readonly reactors?: ReadonlyArray<ReactorDefinition>
  readonly projections?: ReadonlyArray<ProjectionDefinition>
  /**
   * What the nodes run at first. In the middle of the run all of them are killed and start again with the present
   * definitions, by which everything is judged: they must read what was stored before as it was meant.
   */
  readonly former?: Pick<SystemUnderTest, "actors" | "sagas">
  /**
   * What an actor still has to do by itself, in words; `undefined` where nothing. When the faults are over a run goes on
   * until nothing is left, and fails if something is for too long: a saga that never ends, say.
   */
  readonly isOpen?: (actor: ActorSeen) => string | undefined
  readonly invariants?: { readonly [name: string]: Invariant }
  /** Who has which shard, default `everywhere`: every node believes that it has all of them. */
  readonly placement?: Placement
  /** Settings of every node that differ from the defaults. */
  readonly settings?: Partial<SystemSettings>
  /** Nodes store appends of different actors as one atomic batch where several wait; default false. */
  readonly groupCommit?: boolean
  /** Bounds of the simulated mailbox that differ from the defaults. */
  readonly mailbox?: MailboxBounds
  /** Stand-ins for durable calls: `{ payment: { capture: ({ input }) => ... } }`. */
  readonly calls?: CallStandIns
  /** Stand-ins for ports. */
  readonly doubles?: PortDoubles
}
