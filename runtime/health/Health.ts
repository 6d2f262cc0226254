/**
 * The health port: the server resources that a system needs, by name, and which of them do not work now.
 *
 * Owns the wording, which is the same everywhere: `check()`, `status()`, log, readiness, metrics. A system on
 * ports in memory needs no resources. infra/nats/stores/StoreWatch.ts checks them.
 */
import { Context, Effect, Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/**
 * `Missing`: it does not exist. `Full`: it has no room. `Unwritable`: it takes no writes for another reason.
 * `Unreachable`: it does not answer. `NotPermitted`: this process may not use it.
 */
const HealthReason = Schema.Literals(["Missing", "Full", "Unwritable", "Unreachable", "NotPermitted"])
export type HealthReason = typeof HealthReason.Type

const NeededKind = Schema.Literals(["server", "stream", "bucket", "consumers"])
export type NeededKind = typeof NeededKind.Type

const HealthProblem = Schema.Struct({
  /** Its name in the server's own tools. */
  name: Schema.String,
  kind: NeededKind,
  reason: HealthReason,
  detail: Schema.String,
  hint: Schema.String,
})

/** A needed resource that does not work. */
export type HealthProblem = typeof HealthProblem.Type

/** A needed resource, in its state at the last check. */
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

/** A resource that the system needs does not work. The system continues by itself once it works again. */
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
  /** The needed resources, in their state at the last check. */
  readonly needed: () => ReadonlyArray<Needed>
  /** Checks now; fails with all problems. */
  readonly check: Effect.Effect<void, Unhealthy>
}

export const problemsOf = (needed: ReadonlyArray<Needed>): ReadonlyArray<HealthProblem> =>
  needed.flatMap(({ problem }) => (problem === undefined ? [] : [problem]))

/** Health of a system that needs no resources. */
const nothingNeeded: HealthService = { needed: () => [], check: Effect.void }

export const Health: Context.Reference<HealthService> = Context.Reference<HealthService>(
  "everstate/health/Health",
  { defaultValue: () => nothingNeeded },
)
