/** The type of the result of an actor. Owns only that type. Who waits for results: ../system/Result.ts. */
import type { ActorDefinition, StateOf } from "./Actor.ts"

/**
 * What `result()` gives: the output of the machine, or what became of a saga. `unknown` if the machine declares no
 * output.
 */
export type ResultOf<A> =
  A extends ActorDefinition<string, infer Types>
    ? Types extends { readonly result: infer Result }
      ? Result
      : StateOf<A> extends { readonly output?: infer Output }
        ? Exclude<Output, undefined>
        : unknown
    : never
