/**
 * A problem that a route finds by itself, as an error that its handler can fail with.
 *
 * Owns the error and how it becomes a response. What the problems are: Problem.ts.
 */
import { Effect } from "effect"
import { type Problem, problem } from "./Problem.ts"

export class Refused {
  readonly _tag = "Refused"
  readonly problem: Problem
  constructor(given: Problem) {
    this.problem = given
  }
}

/** Fails with the problem. */
export const refuse = (given: Problem): Effect.Effect<never, Refused> => Effect.fail(new Refused(given))

/** Fails because the request says something that it must not say. */
export const refuseInvalid = (detail: string, hint: string): Effect.Effect<never, Refused> =>
  refuse(problem("invalidRequest", detail, { hint }))
