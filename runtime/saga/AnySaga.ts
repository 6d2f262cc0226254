// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters; what users write is inferred and checked
/**
 * A saga as the rest of the runtime sees it, whatever its input and results are.
 *
 * Owns that view, and the types that are read from a saga. How sagas are made: Saga.ts.
 */
import type { ActorDefinition, AnyActor } from "../definition/Actor.ts"
import type { DefinitionOf } from "../definition/DefinitionOf.ts"
import type { SagaPicture } from "./SagaPicture.ts"
import type { SagaPlan } from "./SagaPlan.ts"
import type { SagaPlans } from "./SagaPlans.ts"

/** Says which event of another actor starts a saga. */
export interface SagaStart<Input = unknown> {
  /** The actor type, or the saga, whose event starts a saga. */
  readonly from: DefinitionOf<AnyActor>
  readonly event: string
  /** Gives the saga's id and input; `undefined` where this event starts no saga. Pure. */
  readonly saga: (args: {
    readonly event: any
    readonly id: string
  }) => { readonly id: string; readonly input: Input } | undefined
  /**
   * First event that a saga type reads when it is new: the oldest event, or the next one that is stored.
   * Default `beginning`.
   */
  readonly start?: "beginning" | "now"
}

/** A saga of any kind. */
export interface AnySaga {
  readonly type: string
  readonly actor: ActorDefinition<string, any>
  readonly startsWhen: SagaStart | undefined
  /** The plan under which sagas start. */
  readonly plan: SagaPlan
  /** The newest plan and the plans of former versions. */
  readonly plans: SagaPlans
  readonly nests: ReadonlySet<string>
  /** The saga's machine as a drawing. */
  readonly describe: () => SagaPicture
  readonly "~types"?: { readonly input: any; readonly results: any }
}

type TypesOf<S> = S extends { readonly "~types"?: infer Types } ? NonNullable<Types> : never

/** Type of the input that a saga starts with. */
export type SagaInputOf<S> = TypesOf<S> extends { readonly input: infer Input } ? Input : never

/** Type of the results of all steps of a saga. */
export type SagaResultsOf<S> = TypesOf<S> extends { readonly results: infer Results } ? Results : never
