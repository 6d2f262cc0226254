/** Plain counters of a node's cells, cheap enough for the hot path. Telemetry reads them on request. */
export interface CellCounts {
  activatedCount: number
  passivatedCount: number
  answeredCount: number
  committedCount: number
  eventCount: number
  /** Appends whose outcome was unknown at first. */
  unknownCount: number
  actionFailedCount: number
  /** Commits for whose state the definition could not give columns of the directory. */
  columnsFailedCount: number
}

export const noCounts = (): CellCounts => ({
  activatedCount: 0,
  passivatedCount: 0,
  answeredCount: 0,
  committedCount: 0,
  eventCount: 0,
  unknownCount: 0,
  actionFailedCount: 0,
  columnsFailedCount: 0,
})
