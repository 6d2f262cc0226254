// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters; what users write is inferred and checked
/**
 * How the steps of a saga are written: `(saga) => saga.step("takePayment", { ... }).nested("gift", Gift, { ... })`.
 *
 * Owns the options of a step, what types infer from them, and the checks at definition time. Steps are a
 * chain and not an object, because each step sees the typed results of the steps before it, and TypeScript
 * infers them only along a chain. The result: SagaPlan.ts.
 */
import type { AnyActor, CommandsOf, ReplyOf } from "../definition/Actor.ts"
import { InvalidDefinition } from "../definition/InvalidDefinition.ts"
import type { MessageTo } from "../definition/Send.ts"
import type { AnySaga, SagaInputOf, SagaResultsOf } from "./AnySaga.ts"
import { SAGA_STATES } from "./SagaMachine.ts"
import {
  COMPENSATION_RETRY_DEFAULTS,
  REQUEST_RETRY_DEFAULTS,
  type RetryOptions,
  type SagaArgs,
  type SagaStage,
  type SagaTarget,
  type SagaWork,
} from "./SagaPlan.ts"

/** Arguments of the functions of a step. */
export interface StepArgs<Input, Results> {
  readonly input: Input
  /** Replies of the steps before this one. */
  readonly results: Results
  readonly sagaId: string
}

/** Arguments of the functions of a step over a list. */
export interface ItemArgs<Input, Results, Item> extends StepArgs<Input, Results> {
  readonly item: Item
  readonly key: string
}

type Result<A, Command> = Command extends { readonly type: infer Type } ? ReplyOf<A, Type> : never

/** Type of a result; with `undefined` if the step may be skipped. */
type IfDone<When, R> = [When] extends [never] ? R : R | undefined

/** How long a step waits for an answer, and what happens then. */
export interface StepTimes {
  /** Longest wait for one answer, in milliseconds; without it there is no limit. */
  readonly timeoutMs?: number
  /**
   * What a time-out does; default `fail`. A participant that is asked again must treat both requests as one.
   */
  readonly onTimeout?: "fail" | "retry"
  /**
   * Retries after answers that are not rejections: the command could not be decided. Default five attempts.
   */
  readonly retry?: RetryOptions
}

/** Options that all kinds of steps share; `Args` are the arguments of the functions. */
interface Work<Args, A extends AnyActor, C, B extends AnyActor, D, E extends AnyActor, F, When>
  extends StepTimes {
  /** The step is skipped if this is false. Pure, like all functions here. */
  readonly when?: (args: Args) => When
  /** The command to the participant. The participant's reply is the result of the step. */
  readonly request: (args: Args) => MessageTo<A, C>
  /**
   * The command that undoes the step; `result` is the participant's reply. Without this option there is
   * nothing to undo.
   */
  readonly compensate?: (args: Args & { readonly result: Result<A, C> }) => MessageTo<B, D> | undefined
  /**
   * The command that withdraws the request if the saga fails while the answer is out, so that the answer
   * comes sooner. The answer to the request still decides: a participant that gives up answers the request
   * with a rejection.
   */
  readonly stop?: (args: Args) => MessageTo<E, F> | undefined
  /**
   * Retries of compensations that cannot be decided. A rejected compensation makes the saga stuck at once.
   */
  readonly compensationRetry?: RetryOptions
}

interface EachItem<Input, Results, Item, A extends AnyActor, C, B extends AnyActor, D, E extends AnyActor, F>
  extends Omit<Work<ItemArgs<Input, Results, Item>, A, C, B, D, E, F, never>, "when"> {
  /** Whether the step is done at all. */
  readonly when?: (args: StepArgs<Input, Results>) => boolean
  /** The list; 1,000 items at most. */
  readonly items: (args: StepArgs<Input, Results>) => ReadonlyArray<Item>
  /** Key of an item. Two items with the same key fail the saga. */
  readonly key: (item: Item) => string
}

interface Nested<Args, S, When> extends Omit<StepTimes, "onTimeout" | "retry"> {
  readonly when?: (args: Args) => When
  readonly start: (args: Args) => { readonly id: string; readonly input: SagaInputOf<S> }
}

type With<Results, Key extends string, R> = Results & { readonly [K in Key]: R }

/** The steps so far, one after the other. `Results` are their replies. */
export interface SagaSteps<Input, Results> {
  /** A request to a participant. */
  readonly step: <
    const Key extends string,
    A extends AnyActor,
    const C extends CommandsOf<A>,
    B extends AnyActor,
    const D extends CommandsOf<B>,
    E extends AnyActor,
    const F extends CommandsOf<E>,
    When extends boolean = never,
  >(
    key: Key,
    step: Work<StepArgs<Input, Results>, A, C, B, D, E, F, When>,
  ) => SagaSteps<Input, With<Results, Key, IfDone<When, Result<A, C>>>>
  /** A request for each item of a list, all at the same time. The results are keyed by the items' keys. */
  readonly forEach: <
    const Key extends string,
    Item,
    A extends AnyActor,
    const C extends CommandsOf<A>,
    B extends AnyActor,
    const D extends CommandsOf<B>,
    E extends AnyActor,
    const F extends CommandsOf<E>,
  >(
    key: Key,
    step: EachItem<Input, Results, Item, A, C, B, D, E, F>,
  ) => SagaSteps<Input, With<Results, Key, { readonly [item: string]: Result<A, C> }>>
  /** Another saga as a step: done when that saga is completed, undone by undoing that saga. */
  readonly nested: <const Key extends string, S extends AnySaga, When extends boolean = never>(
    key: Key,
    saga: S,
    step: Nested<StepArgs<Input, Results>, S, When>,
  ) => SagaSteps<Input, With<Results, Key, IfDone<When, SagaResultsOf<S>>>>
  /** Steps at the same time; no branch sees the results of another. */
  readonly parallel: <const Key extends string, Branches>(
    key: Key,
    branches: (group: SagaBranches<Input, Results, unknown>) => SagaBranches<Input, Results, Branches>,
  ) => SagaSteps<Input, With<Results, Key, Branches>>
  readonly "~results"?: Results
}

/** The branches of a parallel group so far. They see the results `Seen` and give the results `Made`. */
export interface SagaBranches<Input, Seen, Made> {
  /** A request to a participant, at the same time as the other branches. */
  readonly step: <
    const Key extends string,
    A extends AnyActor,
    const C extends CommandsOf<A>,
    B extends AnyActor,
    const D extends CommandsOf<B>,
    E extends AnyActor,
    const F extends CommandsOf<E>,
    When extends boolean = never,
  >(
    key: Key,
    step: Work<StepArgs<Input, Seen>, A, C, B, D, E, F, When>,
  ) => SagaBranches<Input, Seen, With<Made, Key, IfDone<When, Result<A, C>>>>
  /** A request for each item of a list, at the same time as the other branches. */
  readonly forEach: <
    const Key extends string,
    Item,
    A extends AnyActor,
    const C extends CommandsOf<A>,
    B extends AnyActor,
    const D extends CommandsOf<B>,
    E extends AnyActor,
    const F extends CommandsOf<E>,
  >(
    key: Key,
    step: EachItem<Input, Seen, Item, A, C, B, D, E, F>,
  ) => SagaBranches<Input, Seen, With<Made, Key, { readonly [item: string]: Result<A, C> }>>
  /** Another saga, at the same time as the other branches. */
  readonly nested: <const Key extends string, S extends AnySaga, When extends boolean = never>(
    key: Key,
    saga: S,
    step: Nested<StepArgs<Input, Seen>, S, When>,
  ) => SagaBranches<Input, Seen, With<Made, Key, IfDone<When, SagaResultsOf<S>>>>
  readonly "~made"?: Made
}

/** Allowed names of steps and branches. */
const STEP_KEY_PATTERN = /^[A-Za-z][A-Za-z0-9_]{0,63}$/

/** Records the calls on it: users see it as {@link SagaSteps} or {@link SagaBranches}. */
export class StepRecorder {
  readonly works: Array<SagaWork> = []
  readonly stages: Array<SagaStage> = []
  readonly sagas: Array<AnySaga> = []
  readonly #type: string
  readonly #prefix: string

  constructor(type: string, prefix = "") {
    this.#type = type
    this.#prefix = prefix
  }

  step(key: string, options: Work<any, any, any, any, any, any, any, any>): this {
    const { request, compensate, stop, when } = options
    return this.#add({
      ...this.#work(key, "step", options),
      request: request as never,
      compensate,
      stop,
      when,
    })
  }

  forEach(key: string, options: EachItem<any, any, any, any, any, any, any, any, any>): this {
    const { request, compensate, stop, when, items, key: keyOf } = options
    this.#requireFunctions(key, { items, key: keyOf })
    const work = this.#work(key, "forEach", options)
    return this.#add({
      ...work,
      request: request as never,
      compensate: compensate as never,
      stop: stop as never,
      when,
      items,
      keyOf,
    })
  }

  nested(key: string, saga: AnySaga, { start, ...options }: Nested<any, AnySaga, any>): this {
    if (saga?.actor === undefined)
      throw this.#refused(`step "${key}"`, "Give the saga that defineSaga returned.")
    this.#requireFunctions(key, { start })
    const command = (make: (input: unknown) => SagaTarget["command"]) => (args: SagaArgs) => {
      const { id, input } = start(args)
      return { actor: saga.actor, id, command: make(input) }
    }
    this.sagas.push(saga)
    return this.#add({
      ...this.#work(key, "nested", { ...options, request: start }),
      when: options.when,
      request: command((input) => ({ type: "Start", input })),
      compensate: command(() => ({ type: "Undo" })),
      stop: command(() => ({ type: "Cancel", by: `saga:${this.#type}`, note: "the saga above failed" })),
    })
  }

  parallel(key: string, branches: (group: any) => unknown): this {
    this.#requireKey(key)
    const group = new StepRecorder(this.#type, `${key}.`)
    branches(group)
    if (group.works.length === 0) throw this.#refused(`the parallel group "${key}"`, "Give it a step.")
    this.works.push(...group.works)
    this.sagas.push(...group.sagas)
    this.stages.push({ key, isParallel: true, works: group.works })
    return this
  }

  #add(work: SagaWork): this {
    this.works.push(work)
    this.stages.push({ key: work.path, isParallel: false, works: [work] })
    return this
  }

  #work(
    key: string,
    kind: SagaWork["kind"],
    options: StepTimes & {
      readonly request: unknown
      readonly compensate?: unknown
      readonly stop?: unknown
      readonly compensationRetry?: RetryOptions
    },
  ): SagaWork {
    this.#requireKey(key)
    this.#requireFunctions(key, { request: options.request })
    if (options.compensate !== undefined) this.#requireFunctions(key, { compensate: options.compensate })
    if (options.stop !== undefined) this.#requireFunctions(key, { stop: options.stop })
    const what = `step "${this.#prefix}${key}"`
    requireTime(this.#type, `timeoutMs of ${what}`, options.timeoutMs)
    return {
      path: `${this.#prefix}${key}`,
      kind,
      when: undefined,
      items: undefined,
      keyOf: undefined,
      request: never,
      compensate: undefined,
      stop: undefined,
      timeoutMs: options.timeoutMs,
      onTimeout: options.onTimeout ?? "fail",
      retry: this.#retry(what, options.retry, REQUEST_RETRY_DEFAULTS),
      compensationRetry: this.#retry(what, options.compensationRetry, COMPENSATION_RETRY_DEFAULTS),
    }
  }

  #retry(what: string, given: RetryOptions = {}, defaults: Required<RetryOptions>): Required<RetryOptions> {
    const retry = { ...defaults, ...given }
    if (!Number.isInteger(retry.attemptsMax) || retry.attemptsMax < 1) {
      throw this.#refused(`attemptsMax of ${what}: ${retry.attemptsMax}`, "Give a whole number above 0.")
    }
    requireTime(this.#type, `pauseFirstMs of ${what}`, retry.pauseFirstMs)
    requireTime(this.#type, `pauseMaxMs of ${what}`, retry.pauseMaxMs)
    return retry
  }

  #requireKey(key: string): void {
    const isTop = this.#prefix === ""
    if (!STEP_KEY_PATTERN.test(key) || (isTop && SAGA_STATES.includes(key as never))) {
      const hint = `Start with a letter and go on with letters, digits and "_"; not ${SAGA_STATES.join(", ")}.`
      throw this.#refused(`the step's name "${this.#prefix}${key}"`, hint)
    }
    if (this.stages.some((stage) => stage.key === `${this.#prefix}${key}`)) {
      throw this.#refused(`two steps called "${this.#prefix}${key}"`, "Give each a name of its own.")
    }
  }

  #requireFunctions(key: string, functions: { readonly [name: string]: unknown }): void {
    for (const [name, given] of Object.entries(functions)) {
      if (typeof given === "function") continue
      throw this.#refused(`step "${this.#prefix}${key}" without ${name}`, `Give \`${name}\`, a function.`)
    }
  }

  #refused(what: string, hint: string): InvalidDefinition {
    return new InvalidDefinition({ actorType: this.#type, what, hint })
  }
}

/** Placeholder until the step's own function takes its place. */
const never = (): never => {
  throw new Error("a step without a request")
}

/** Throws {@link InvalidDefinition} for a malformed time: negative, infinite, not a number. */
export const requireTime = (actorType: string, what: string, ms: number | undefined): void => {
  if (ms === undefined || (Number.isFinite(ms) && ms >= 0)) return
  throw new InvalidDefinition({ actorType, what: `${what}: ${ms}`, hint: "Give milliseconds, 0 or more." })
}
