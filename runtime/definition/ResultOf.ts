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
        ? Declared<Output>
        : unknown
    : never

/** A machine that declares no output has anything as its output. */
type Declared<Output> = NonNullable<unknown> | null | undefined extends Output
  ? unknown
  : Exclude<Output, undefined>
