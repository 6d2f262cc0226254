/**
 * Why a node owns nothing now, in words for callers and other nodes.
 *
 * Owns this text alone. ../cluster/Ownership.ts knows whether the lease is valid.
 */
import type { Clock } from "effect"
import type { Ownership } from "../cluster/Ownership.ts"
import { type HealthService, problemsOf, problemTitle } from "../health/Health.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"

/** Why this node owns nothing now; `undefined` while it takes part in the cluster. */
export const makeCutOff =
  (ownership: Ownership, health: HealthService, clock: Clock.Clock) => (): string | undefined => {
    if (ownership.isValid(monotonicMs(clock))) return undefined
    const failure = ownership.renewalFailure
    const problems = problemsOf(health.needed()).map(problemTitle)
    const lost = "this node has lost touch with the cluster"
    const why = failure === undefined ? problems : [`its lease was not renewed: ${failure}`, ...problems]
    return why.length === 0 ? lost : `${lost} (${why.join("; ")})`
  }
