/**
 * Which tables the directory of a system keeps, by its setting.
 *
 * Owns the setting. The tables: ActorsTable.ts and CorrelationTable.ts.
 */
import type { Clock } from "effect"
import type { ProjectionDefinition } from "../projection/Projection.ts"
import { ActorsTable } from "./ActorsTable.ts"
import { CORRELATIONS_KEPT_MS_DEFAULT, correlationTable } from "./CorrelationTable.ts"

/** What the directory of a system keeps. */
export interface DirectorySettings {
  /**
   * Time for which the index keeps what a request has caused, in milliseconds; default 7 days. 0: the system keeps no
   * index, and `correlation` answers `DirectoryOff`.
   */
  readonly correlationsKeptMs?: number
}

export interface DirectoryTables {
  /** Whether there is a directory. */
  readonly isOn: boolean
  /** The index of correlations, if there is one. */
  readonly correlations: ProjectionDefinition | undefined
  readonly correlationsKeptMs: number
  /** Projections that fill the tables. */
  readonly projections: ReadonlyArray<ProjectionDefinition>
}

/** The tables of a system with this setting. Both are on by default. */
export const directoryTables = (
  setting: boolean | DirectorySettings = true,
  clock: Clock.Clock,
): DirectoryTables => {
  const { correlationsKeptMs = CORRELATIONS_KEPT_MS_DEFAULT } =
    setting === true || setting === false ? {} : setting
  if (setting === false) return { isOn: false, correlations: undefined, correlationsKeptMs, projections: [] }
  const correlations = correlationsKeptMs > 0 ? correlationTable(correlationsKeptMs, clock) : undefined
  const projections: ReadonlyArray<ProjectionDefinition> = [ActorsTable]
  return {
    isOn: true,
    correlations,
    correlationsKeptMs,
    projections: correlations === undefined ? projections : [...projections, correlations],
  }
}
