/**
 * The argument by which callers name an actor type: its definition, or a saga, which stands for its actor.
 *
 * Owns that choice. How sagas are defined: ../saga/Saga.ts.
 */
import type { AnyActor } from "./Actor.ts"

/** The definition of the actor type `A`, or a saga with the actor `A`. */
export type DefinitionOf<A extends AnyActor> = A | { readonly actor: A }

/** The actor type that a definition stands for. */
export const actorOf = <A extends AnyActor>(definition: DefinitionOf<A>): A =>
  "actor" in definition ? definition.actor : definition
