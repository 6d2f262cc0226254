/** The error of a transition that no durable machine may make. */
import { Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/**
 * A transition did something that no durable machine may do. The command fails; on replay the actor is
 * quarantined.
 */
export class MachineFailed extends errorClass<MachineFailed>()(
  "MachineFailed",
  {
    actorType: Schema.String,
    eventType: Schema.String,
    reason: Schema.Literals(["Threw", "NotDurable"]),
    detail: Schema.String,
  },
  { kind: "defect", retry: "never", hint: "Mend the guard, assign or action that detail names." },
) {
  override get message(): string {
    return `The machine of "${this.actorType}" failed on ${this.eventType} (${this.reason}): ${this.detail}`
  }
}
