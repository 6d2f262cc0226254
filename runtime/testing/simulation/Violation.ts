/** The promises that every simulation checks, and the error of a broken one. */
import { EverstateError } from "../../error/EverstateError.ts"

/** A promise of the runtime, or of the user's own, that a simulated run broke. */
export class Violation extends EverstateError {
  readonly _tag = "Violation"
  readonly kind = "defect"
  readonly retry = "never"
  readonly hint = "Replay the run, and follow its trace to the step that broke the promise."
  override readonly name = "Violation"
  /** Name of the promise: stable, short, and the same in every run that breaks it. */
  readonly promise: string
  readonly detail: string

  constructor(promise: string, detail: string) {
    super(`${promise}: ${detail}`)
    this.promise = promise
    this.detail = detail
  }
}

/** The promises that every simulation checks. */
export const PROMISES = {
  acknowledged: "an acknowledged command is in the journal",
  once: "a commandId is applied at most once",
  contiguous: "versions are contiguous",
  fold: "state = fold(events)",
  born: "an actor is born once, and what its birth asks for is stored",
  accepted: "only events that the machine accepts are stored",
  refused: "a refused command stores nothing",
  readModel: "a read model = fold(journal) up to its offset",
  snapshot: "a snapshot = fold(events) at its version",
  linearizable: "answers are linearizable",
  healthy: "no actor is quarantined without a reason",
  converges: "everything goes on after the faults are over",
  delivered: "what is sent is applied once, or is a dead letter",
  carried: "nothing is applied that was not sent",
  bystanders: "messages that wait for a paused type hold up no others",
  ordered: "messages of one actor reach another in order",
  pending: "timers and calls come once, not early, not after their end",
  calm: "a timer is not given to the mailbox again and again",
  saga: "a compensated saga has undone what was done, the last first",
  parent: "a nested saga is cancelled and undone by the saga that started it only",
  starts: "a node starts",
  fenced: "a node whose lease is over begins nothing",
  harmless: "what no node writes harms its own actor alone",
  watched: "a watcher gets every change once, in order",
  invariants: "no assertion of the runtime is broken",
  epochs: "epochs of an actor's commits do not go back",
} as const
