/**
 * What the contract suites of all ports have in common: the test runner that they are given, their options, and the
 * prologue of a fact.
 *
 * The suites import no test runner. They take `describe` and `test` of any: vitest, jest, bun, node:test.
 */
import { Effect, type Layer, References, type Scope } from "effect"

/** Number of shards of the journals and mailboxes that the suites are given. */
export const CONTRACT_SHARD_COUNT = 8

/** Two functions of a test runner. */
export interface ContractRunner {
  /** Gathers the tests that `body` registers under a name. */
  readonly describe: (name: string, body: () => void) => unknown
  /**
   * Registers one test, which fails if the promise rejects. Runners that bound the time of a test need a bound of minutes:
   * several facts wait for a redelivery or fill a store.
   */
  readonly test: (title: string, body: () => Promise<void>) => unknown
}

/** Options of every suite. */
export interface ContractOptions<Subject> {
  /** Name of the adapter in the titles of the tests, as `Redis`. */
  readonly name: string
  /** Opens what one fact is run on, fresh and empty; it lives until the scope closes. */
  readonly open: () => Effect.Effect<Subject, unknown, Scope.Scope>
  /** Runs one fact. By default `Effect.runPromise`. */
  readonly run?: (program: Effect.Effect<void, unknown>) => Promise<void>
}

/** Options of the suites whose facts take the port alone. */
export interface PortContractOptions<Port> extends Omit<ContractOptions<never>, "open"> {
  /** The port on a fresh, empty store, for one fact. */
  readonly layer: () => Layer.Layer<Port, unknown>
}

/** Registers one fact: a program that fails where the adapter breaks its contract. */
export type Fact<R> = (title: string, program: Effect.Effect<void, unknown, R | Scope.Scope>) => void

/** Registers a fact about what {@link ContractOptions.open} opens. */
export type FactOf<Subject> = (
  title: string,
  program: (subject: Subject) => Effect.Effect<void, unknown, Scope.Scope>,
) => void

/** What a part of a suite is written with. */
export interface Facts<R> {
  readonly describe: ContractRunner["describe"]
  readonly fact: Fact<R>
}

type Run = ContractOptions<never>["run"]

const runOf =
  (run: Run = Effect.runPromise) =>
  (program: Effect.Effect<void, unknown, Scope.Scope>): Promise<void> =>
    run(Effect.provideService(Effect.scoped(program), References.MinimumLogLevel, "Error"))

/** The prologue of facts that take a port. `layer` may depend on the fact. */
export const factOfPort =
  <Port>({ test }: ContractRunner, options: PortContractOptions<Port>): Fact<Port> =>
  (title, program) => {
    test(title, () => runOf(options.run)(Effect.provide(program, options.layer())))
  }

/** The prologue of facts that take what the options open. */
export const factOfSubject =
  <Subject>({ test }: ContractRunner, { open, run }: ContractOptions<Subject>): FactOf<Subject> =>
  (title, program) => {
    test(title, () => runOf(run)(Effect.flatMap(open(), program)))
  }
