/**
 * What a system was given to run, checked: names are unique, and each kind is found by its name.
 *
 * Owns the check. What is made of it: ActorSystem.ts.
 */
import { Effect } from "effect"
import type { HostedTypes, NodeOptions } from "../cluster/Member.ts"
import type { AnyActor } from "../definition/Actor.ts"
import { InvalidDefinition } from "../definition/InvalidDefinition.ts"
import { NODE_LABEL_PATTERN } from "../definition/OptionChecks.ts"
import type { ProjectionDefinition } from "../projection/Projection.ts"
import type { ReactorDefinition } from "../reactor/Reactor.ts"
import type { AnySaga } from "../saga/AnySaga.ts"
import { starterOf } from "../saga/SagaStarter.ts"
import { Schedule } from "../schedule/Schedule.ts"
import type { SingletonDefinition } from "../singleton/Singleton.ts"

/** All that a system runs, by name. */
export interface Definitions {
  readonly actors: ReadonlyMap<string, AnyActor>
  readonly projections: ReadonlyMap<string, ProjectionDefinition>
  readonly reactors: ReadonlyMap<string, ReactorDefinition>
  readonly singletons: ReadonlyMap<string, SingletonDefinition>
}

interface Options {
  readonly node?: NodeOptions
  readonly leaseMs?: number | undefined
  readonly actors: ReadonlyArray<AnyActor>
  readonly sagas?: ReadonlyArray<AnySaga>
  readonly reactors?: ReadonlyArray<ReactorDefinition>
  readonly projections?: ReadonlyArray<ProjectionDefinition>
  readonly singletons?: ReadonlyArray<SingletonDefinition>
  /** Projections of the runtime itself. */
  readonly builtIn?: ReadonlyArray<ProjectionDefinition>
}

export const definitionsOf = ({
  actors,
  sagas = [],
  reactors = [],
  projections = [],
  singletons = [],
  node = {},
  leaseMs,
  builtIn = [],
}: Options): Effect.Effect<Definitions, InvalidDefinition> => {
  const wrong = wrongIn(node) ?? wrongLease(leaseMs)
  if (wrong !== undefined) return Effect.fail(wrong)
  const starters = sagas.map(starterOf).filter((starter) => starter !== undefined)
  return Effect.all({
    actors: byName(
      "actor type",
      [Schedule, ...actors, ...sagas.map(({ actor }) => actor)] as ReadonlyArray<AnyActor>,
      ({ type }) => type,
    ),
    projections: byName("projection", [...projections, ...builtIn], ({ name }) => name),
    reactors: byName("reactor", [...starters, ...reactors], ({ name }) => name),
    singletons: byName("singleton", singletons, ({ name }) => name),
  })
}

/** What a system was given, in the order of its options. */
export interface Given {
  readonly namespace: string
  /** Without the actors of sagas. */
  readonly actors: ReadonlyArray<AnyActor>
  readonly sagas: ReadonlyArray<AnySaga>
  readonly reactors: ReadonlyArray<ReactorDefinition>
  readonly projections: ReadonlyArray<ProjectionDefinition>
}

export const givenOf = (
  namespace: string,
  { actors, sagas = [], reactors = [], projections = [] }: Options,
): Given => ({
  namespace,
  actors,
  sagas,
  reactors,
  projections,
})

/**
 * What to warn of: sagas that are steps of given sagas and were not given themselves. Another node may host them, so the
 * system starts; where none does, the step fails once its attempts are used up.
 */
export const missingSagas = (sagas: ReadonlyArray<AnySaga>): ReadonlyArray<string> => {
  const given = new Set(sagas.map(({ type }) => type))
  return sagas.flatMap(({ type, nests }) =>
    [...nests]
      .filter((nested) => !given.has(nested))
      .map(
        (nested) =>
          `Saga "${type}" has the saga "${nested}" as a step, and "${nested}" is not among \`sagas\` of this node. Unless another node has it, the step fails.`,
      ),
  )
}

/** What a node may be called; it becomes part of keys and subjects. */
const NODE_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/

/** Most that a node may weigh: with more, whole shares would mean nothing. */
const WEIGHT_MAX = 1_000

const wrongIn = ({ name, labels = [], weight = 1 }: NodeOptions): InvalidDefinition | undefined => {
  const refuse = (what: string, hint: string) =>
    new InvalidDefinition({ actorType: name ?? "node", what, hint })
  if (name !== undefined && (!NODE_NAME_PATTERN.test(name) || name.endsWith(".") || name.includes(".."))) {
    return refuse(
      "the node's name",
      `Use letters, digits, "-", "_" and ".", 63 at most: ${NODE_NAME_PATTERN}.`,
    )
  }
  const label = labels.find((one) => !NODE_LABEL_PATTERN.test(one))
  if (label !== undefined) {
    return refuse(`the node's label ${JSON.stringify(label)}`, `Labels match ${NODE_LABEL_PATTERN}.`)
  }
  if (!(weight > 0 && weight <= WEIGHT_MAX)) {
    return refuse(
      `the node's weight ${weight}`,
      `Give a number above 0, ${WEIGHT_MAX} at most; 1 is the usual one.`,
    )
  }
  return undefined
}

/** Least that a lease may last, in milliseconds: below it a node takes others for dead that only pause. */
const LEASE_MS_MIN = 500

const wrongLease = (leaseMs: number | undefined): InvalidDefinition | undefined =>
  leaseMs === undefined || (leaseMs >= LEASE_MS_MIN && Number.isFinite(leaseMs))
    ? undefined
    : new InvalidDefinition({
        actorType: "node",
        what: `leaseMs ${leaseMs}`,
        hint: `Give milliseconds, ${LEASE_MS_MIN} at least and the same on all nodes; 15000 is the default.`,
      })

const byName = <A>(
  what: string,
  definitions: ReadonlyArray<A>,
  nameOf: (definition: A) => string,
): Effect.Effect<ReadonlyMap<string, A>, InvalidDefinition> => {
  const named = new Map<string, A>()
  for (const definition of definitions) {
    const name: unknown = nameOf(definition)
    if (typeof name !== "string") {
      const hint = `Give what \`define...\` made, for instance \`defineActor({ type, machine })\`, not the machine itself.`
      return Effect.fail(
        new InvalidDefinition({ actorType: "(none)", what: `a value that is no ${what}`, hint }),
      )
    }
    if (named.has(name)) {
      const hint = `Two definitions given to the system have this name; names are unique in a system.`
      return Effect.fail(new InvalidDefinition({ actorType: name, what: `${what} given twice`, hint }))
    }
    named.set(name, definition)
  }
  return Effect.succeed(named)
}

/** Stands for the plan of a saga among the events of its type. No event is called so. */
const PLAN = "everstate.plan"

/** What this node can read, as it tells the others: versions of events, and of the plans of sagas. */
export const hostedTypes = (actors: Iterable<AnyActor>): HostedTypes => {
  const hosted: Record<string, Record<string, number>> = {}
  for (const { type, events, audit } of actors) {
    const versions = Object.entries(events ?? {}).map(([name, { version }]) => [name, version] as const)
    hosted[type] = Object.fromEntries(versions)
    if (audit !== undefined) hosted[type][PLAN] = audit.version
  }
  return hosted
}

/** Whether the type is one of sagas, by what a node says that it can read. */
export const isSagaHosted = (versions: HostedTypes[string]): boolean => Object.hasOwn(versions, PLAN)

/** The label that nodes need for each type that asks for one. */
export const typeLabelsOf = (actors: Iterable<AnyActor>): { readonly [type: string]: string } => {
  const labels: Record<string, string> = {}
  for (const { type, nodeLabel } of actors) if (nodeLabel !== undefined) labels[type] = nodeLabel
  return labels
}

/** Whether `theirs` can read events of a type that `ours` cannot. */
export const readsMore = (type: string, theirs: HostedTypes, ours: HostedTypes): boolean => {
  const other = theirs[type]
  if (other === undefined) return false
  const own = ours[type]
  return own === undefined || Object.entries(other).some(([name, version]) => version > (own[name] ?? 0))
}
