/**
 * The flags of `npm run sim` and of `everstate sim`, and what they give.
 *
 * Owns the command line alone, so that a program can show its help without loading the simulation. The session
 * is Simulation.ts.
 */
import { Option, Schema } from "effect"
import { Flag } from "effect/cli"

/** Seeds of each scenario where the user names none. */
export const seedsDefault = 1_000
/** Seeds of each scenario that are run a second time, to check that they take the same steps. */
const twiceMax = 200

export const optionalText = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional, Flag.map(Option.getOrUndefined))

/** Flags of every simulation. */
export const simulationFlags = {
  seeds: Flag.Int("seeds").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isGreaterThan(0))),
    Flag.withDescription(`Seeds of each scenario (default ${seedsDefault}, with --seed 1)`),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  ),
  seed: Flag.Int("seed").pipe(
    Flag.withDescription("The first seed (default 1)"),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  ),
  twice: Flag.Int("twice").pipe(
    Flag.withDescription(`Seeds that are run again and must take the same steps (default ${twiceMax})`),
    Flag.withDefault(twiceMax),
  ),
  scenario: optionalText("scenario", "Only the scenario of this name"),
  save: optionalText("save", "Folder for shrunk failing cases"),
}

/** What the flags give, and where the session writes its report. */
export interface SimulationInput {
  readonly seeds: number | undefined
  readonly seed: number | undefined
  readonly twice: number
  readonly scenario: string | undefined
  /** File for the whole report. */
  readonly reportFile: string | undefined
  readonly save: string | undefined
  /** Command that repeats one run; `{scenario}`, quoted, and `{seed}` stand for its values. */
  readonly repeatWith: string
}

/** There is no scenario of this name. */
export class UnknownScenario extends Error {}
