/** Why a verb of an operator cannot be done: one error for the verbs on the cluster and on projections. */
import { Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/** The verb cannot be done: no such member, slot or projection, or the member does not answer. */
export class ClusterVerbFailed extends errorClass<ClusterVerbFailed>()(
  "ClusterVerbFailed",
  {
    reason: Schema.Literals([
      "UnknownMember",
      "UnknownSlot",
      "UnknownType",
      "UnknownProjection",
      "Unfit",
      "NotStopped",
      "NotRebuilt",
      "NoAnswer",
    ]),
    what: Schema.String,
    hint: Schema.String,
  },
  { kind: "terminal", retry: { later: ["NoAnswer"], otherwise: "never" } },
) {
  override get message(): string {
    return `${this.what}. ${this.hint}`
  }
}

/** No definition of this type was given. */
export const unknownActorType = (type: string): ClusterVerbFailed =>
  new ClusterVerbFailed({
    reason: "UnknownType",
    what: `No actor type "${type}"`,
    hint: "Types are those of the `actors` and `sagas` that this node was given.",
  })
