/**
 * `checkSaga(Fulfilment, { input })`: plays every combination of outcomes on the machine that runs in
 * production.
 *
 * Owns the walk, the count of paths and the report of a failure. Equal worlds are visited once, but all paths
 * through them are counted. What can happen: SagaMoves.ts. The laws: SagaWorld.ts.
 */
import { Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"
import { type AnySchema, issuesText, validate } from "../event/Schema.ts"
import type { AnySaga, SagaInputOf } from "./AnySaga.ts"
import { endingOf, isStuckInSilence, movesOf } from "./SagaMoves.ts"
import type { SagaPlan } from "./SagaPlan.ts"
import { keyOf, LawBroken, type SagaWorld, started } from "./SagaWorld.ts"

/** Number of worlds that are visited at most unless the caller allows more; they take about a minute. */
export const CHECK_STATES_MAX = 200_000

/** Options of `checkSaga`. */
export interface CheckSagaOptions<Input> {
  readonly input: Input
  /** Replies of participants, by the path of the step: `takePayment`, within a group `checks.address`. */
  readonly replies?: { readonly [path: string]: unknown }
  readonly sagaId?: string
  readonly former?: undefined
  /** Default `CHECK_STATES_MAX`. */
  readonly statesMax?: number
}

/** Options for checking a change of the definition. `input` and `replies` belong to the former definition. */
export interface CheckChangeOptions<S extends AnySaga = AnySaga>
  extends Omit<CheckSagaOptions<SagaInputOf<S>>, "former"> {
  /**
   * A former definition. The check plays sagas that it started. Each of them must go on under the definition
   * that is checked; a saga that would be stuck there breaks the law.
   */
  readonly former: S
}

/** What `checkSaga` has looked at. */
export interface SagaCheck {
  /** Number of ways from the start to an end. They multiply, so beyond 2^53 this is an estimate. */
  readonly pathCount: number
  /** Number of distinct states, of the saga and its requests, on all paths. */
  readonly stateCount: number
  /** Number of paths that end in each way. */
  readonly endings: { readonly completed: number; readonly compensated: number; readonly stuck: number }
  /**
   * Steps that wait without an end for a participant that never answers, unless the saga is cancelled: neither the step
   * nor the saga has a `timeoutMs`.
   */
  readonly unbounded: ReadonlyArray<string>
}

/** A path breaks a rule, there are more states than may be visited, or the schema refuses the input. */
export class SagaCheckFailed extends errorClass<SagaCheckFailed>()(
  "SagaCheckFailed",
  {
    saga: Schema.String,
    reason: Schema.Literals(["LawBroken", "TooManyStates", "InputInvalid"]),
    what: Schema.String,
    /** What happened, in order. */
    path: Schema.Array(Schema.String),
  },
  {
    kind: "defect",
    retry: "never",
    hint: "Follow the path to the step at which the saga breaks its rule, and change that step.",
  },
) {
  override get message(): string {
    const steps = this.path.map((line, index) => `\n  ${index + 1}. ${line}`).join("")
    return `Saga "${this.saga}": ${this.what}${steps}`
  }
}

type Endings = { completed: number; compensated: number; stuck: number }

/**
 * Plays every combination of answers (ok, rejected, failing for good), time-outs whose answers come late or
 * never, cancellation, the saga's own time-out, and compensations that fail or are never answered. Items that
 * run at the same time are played in every order. Proves that each path ends in one of three ways:
 * `completed`; `compensated`, with all completed steps undone, the last first; or `stuck`, because a
 * compensation failed or an answer never came. Throws {@link SagaCheckFailed}.
 */
export const checkSaga = <S extends AnySaga, F extends AnySaga>(
  saga: S,
  {
    input,
    replies = {},
    sagaId = "checked",
    former,
    statesMax = CHECK_STATES_MAX,
  }: CheckSagaOptions<SagaInputOf<S>> | CheckChangeOptions<F>,
): SagaCheck => {
  const seen = new Map<string, Endings>()
  const path: Array<string> = []

  const failed = (reason: SagaCheckFailed["reason"], what: string) =>
    new SagaCheckFailed({ saga: saga.type, reason, what, path: [...path] })

  /** The endings of all paths from the world that `play` leads to. */
  const walk = (label: string, play: () => SagaWorld): Endings => {
    path.push(label)
    const world = lawful(play)
    const key = keyOf(world)
    let endings = seen.get(key)
    if (endings === undefined) {
      endings = endingsFrom(world)
      seen.set(key, endings)
      if (seen.size > statesMax) {
        const hint = "Give an input with fewer items, or raise statesMax."
        throw failed("TooManyStates", `more than ${statesMax} states. ${hint}`)
      }
    }
    path.pop()
    return endings
  }

  const endingsFrom = (world: SagaWorld): Endings => {
    const endings: Endings = { completed: 0, compensated: 0, stuck: 0 }
    const moves = lawful(() => movesOf(world))
    if (moves.length === 0 || isStuckInSilence(world)) endings[lawful(() => endingOf(world))] = 1
    for (const { label, play } of moves) {
      const after = walk(label, play)
      endings.completed += after.completed
      endings.compensated += after.compensated
      endings.stuck += after.stuck
    }
    return endings
  }

  const lawful = <A>(play: () => A): A => {
    try {
      return play()
    } catch (cause) {
      if (cause instanceof LawBroken) throw failed("LawBroken", cause.message)
      throw cause
    }
  }

  const played: AnySaga = former ?? saga
  const event = validate(played.actor.events?.["SagaStarted"]?.schema as AnySchema, {
    input,
    parent: null,
    plan: played.plan.ref,
  })
  if ("issues" in event) throw failed("InputInvalid", issuesText(event.issues))
  const endings = walk("started", () => started(played, sagaId, input, replies, former && saga))
  const pathCount = endings.completed + endings.compensated + endings.stuck
  return { pathCount, stateCount: seen.size, endings, unbounded: unboundedIn(played.plan) }
}

const unboundedIn = ({ works, timeoutMs }: SagaPlan): ReadonlyArray<string> =>
  timeoutMs === undefined
    ? [...works.values()].filter((work) => work.timeoutMs === undefined).map(({ path }) => path)
    : []
