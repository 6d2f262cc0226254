/** The error of a gateway that is made or opened with an option that cannot be. */
import { Schema } from "effect"
import { errorClass } from "../../runtime/error/EverstateError.ts"

/** An option of the gateway has a value that it cannot have. */
export class InvalidGatewayOption extends errorClass<InvalidGatewayOption>()(
  "InvalidGatewayOption",
  {
    option: Schema.String,
    detail: Schema.String,
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return `Option ${this.option} of the gateway: ${this.detail}. ${this.hint}`
  }
}
