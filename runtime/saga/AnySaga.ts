// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters; what users write is inferred and checked
/**
 * A saga as the rest of the runtime sees it, whatever its input and results are.
 *
 * Owns that view, and the types that are read from one. How sagas are made: Saga.ts.
 */
import type { ActorDefinition, AnyActor } from "../definition/Actor.ts"
import type { SagaPicture } from "./SagaPicture.ts"
import type { SagaPlan } from "./SagaPlan.ts"
import type { SagaPlans } from "./SagaPlans.ts"

/** The event of another actor that starts a saga. */
export interface SagaStart<Input = unknown> {
  readonly from: AnyActor
  readonly event: string
  /** Which saga, and its input; `undefined` where this event starts none. Pure. */
  readonly saga: (args: {
    readonly event: any
    readonly id: string
  }) => { readonly id: string; readonly input: Input } | undefined
  /** Where the first start of the saga type begins: with the oldest event, or with those after it. Default `beginning`. */
  readonly start?: "beginning" | "now"
}

/** A saga of any kind. */
export interface AnySaga {
  readonly type: string
  readonly actor: ActorDefinition<string, any>
  readonly startsWhen: SagaStart | undefined
  /** The plan under which sagas start. */
  readonly plan: SagaPlan
  /** That plan and those of former versions. */
  readonly plans: SagaPlans
  readonly nests: ReadonlySet<string>
  readonly describe: () => SagaPicture
  readonly "~types"?: { readonly input: any; readonly results: any }
}

type TypesOf<S> = S extends { readonly "~types"?: infer Types } ? NonNullable<Types> : never

/** What a saga is started with. */
export type SagaInputOf<S> = TypesOf<S> extends { readonly input: infer Input } ? Input : never

/** What its steps answered. */
export type SagaResultsOf<S> = TypesOf<S> extends { readonly results: infer Results } ? Results : never
