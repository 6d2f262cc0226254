/**
 * The health port: what a system needs of its servers by name, and what of that does not work now.
 *
 * Owns the words in which that is said, everywhere the same: `check()`, `status()`, log, readiness, metrics. A system
 * on ports in memory needs nothing. Who looks: infra/nats/stores/StoreWatch.ts.
 */
import { Context, Effect, Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/**
 * `Missing`: it is not there. `Full`: there is no room. `Unwritable`: it takes no writes for another reason.
 * `Unreachable`: it does not answer. `NotPermitted`: this process may not use it.
 */
const HealthReason = Schema.Literals(["Missing", "Full", "Unwritable", "Unreachable", "NotPermitted"])
export type HealthReason = typeof HealthReason.Type

const NeededKind = Schema.Literals(["server", "stream", "bucket", "consumers"])
export type NeededKind = typeof NeededKind.Type

const HealthProblem = Schema.Struct({
  /** As the server's own tools call it. */
  name: Schema.String,
  kind: NeededKind,
  reason: HealthReason,
  detail: Schema.String,
  hint: Schema.String,
})

/** One thing that is needed and does not work. */
export type HealthProblem = typeof HealthProblem.Type

/** One thing that is needed, as it was when it was looked at last. */
export interface Needed {
  readonly name: string
  readonly kind: NeededKind
  readonly problem: HealthProblem | undefined
}

const words: { readonly [reason in HealthReason]: string } = {
  Missing: "is missing",
  Full: "is full",
  Unwritable: "takes no writes",
  Unreachable: "does not answer",
  NotPermitted: "may not be used",
}

/** `stream shop-mailbox is missing` */
export const problemTitle = ({ kind, name, reason }: HealthProblem): string =>
  kind === "consumers" ? `stream ${name} lacks consumers` : `${kind} ${name} ${words[reason]}`

/** A problem in one sentence and its hint. */
export const problemText = (problem: HealthProblem): string =>
  `${problemTitle(problem)}: ${problem.detail}. ${problem.hint}`

/** Something that the system needs does not work. It goes on by itself once that works again. */
export class Unhealthy extends errorClass<Unhealthy>()(
  "Unhealthy",
  {
    problems: Schema.Array(HealthProblem),
    hint: Schema.String,
  },
  { kind: "transient", retry: "later" },
) {
  override get message(): string {
    return this.problems.map(problemText).join(" ")
  }
}

export interface HealthService {
  /** What is needed, as it was seen last. */
  readonly needed: () => ReadonlyArray<Needed>
  /** Looks now; fails with everything that does not work. */
  readonly check: Effect.Effect<void, Unhealthy>
}

export const problemsOf = (needed: ReadonlyArray<Needed>): ReadonlyArray<HealthProblem> =>
  needed.flatMap(({ problem }) => (problem === undefined ? [] : [problem]))

/** Of a system that needs nothing. */
const nothingNeeded: HealthService = { needed: () => [], check: Effect.void }

export const Health: Context.Reference<HealthService> = Context.Reference<HealthService>(
  "everstate/health/Health",
  { defaultValue: () => nothingNeeded },
)
