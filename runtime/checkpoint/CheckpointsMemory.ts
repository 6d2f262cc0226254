/** Checkpoints in memory, for tests and the simulation: the contract of Checkpoints.ts and nothing beyond it. */
import { Effect, Layer } from "effect"
import { Checkpoints, type CheckpointsService } from "./Checkpoints.ts"

export interface CheckpointsMemory extends CheckpointsService {
  readonly positions: ReadonlyMap<string, number>
}

export const makeCheckpointsMemory = (): CheckpointsMemory => {
  const positions = new Map<string, number>()
  /** Notes as JSON, so that a reader never gets the writer's own object. */
  const notes = new Map<string, string>()
  return {
    positions,
    position: (name) => Effect.sync(() => positions.get(name) ?? 0),
    advance: (name, position) =>
      Effect.sync(() => {
        positions.set(name, Math.max(position, positions.get(name) ?? 0))
      }),
    note: (name) =>
      Effect.sync((): unknown => {
        const note = notes.get(name)
        return note === undefined ? undefined : JSON.parse(note)
      }),
    write: (name, note) =>
      Effect.sync(() => {
        if (note === undefined) notes.delete(name)
        else notes.set(name, JSON.stringify(note))
      }),
  }
}

export const CheckpointsMemory = {
  /** No checkpoints. */
  layer: Layer.sync(Checkpoints, makeCheckpointsMemory),
}
