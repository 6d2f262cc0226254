/**
 * The durable position of a reactor in one partition of the journal, as the checkpoints hold it.
 *
 * Owns its names there. ReactorPartition.ts moves it; nodes that do not run the partition read it to tell how
 * far the reactor is.
 */
import { Effect } from "effect"
import type { CheckpointsService, CheckpointsUnavailable } from "../checkpoint/Checkpoints.ts"
import type { ReactorDefinition } from "./Reactor.ts"

/** Name of the position: `reactor.mail`; with several partitions, `reactor.mail.p0`. */
export const positionName = (reactor: string, partition: number, partitionCount: number): string =>
  partitionCount === 1 ? `reactor.${reactor}` : `reactor.${reactor}.p${partition}`

/** Name of the note with the sequence at which a reactor with `start: "now"` began. */
export const startNoteName = (position: string): string => `${position}.start`

/** What the checkpoints hold of a reactor in a partition. */
export interface StoredPosition {
  /** The stored position; 0 before the first one. */
  readonly stored: number
  /** Sequence after which the reactor goes on; `undefined` if it starts at the end of the journal and never ran. */
  readonly after: number | undefined
}

/** Reads the position under a name of {@link positionName}. */
export const readStoredPosition = Effect.fnUntraced(function* (
  checkpoints: CheckpointsService,
  { start }: ReactorDefinition,
  name: string,
): Effect.fn.Return<StoredPosition, CheckpointsUnavailable> {
  const stored = yield* checkpoints.position(name)
  if (stored > 0 || start === "beginning") return { stored, after: stored }
  const began = yield* checkpoints.note(startNoteName(name))
  return { stored, after: typeof began === "number" ? began : undefined }
})
