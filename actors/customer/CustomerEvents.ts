/** The events of a customer. Golden files: test/fixtures/golden/customer. */
import { Schema } from "effect"
import { defineEvent, type EventOf } from "../../runtime/index.ts"
import { lineOfText } from "../BoundedText.ts"
import { EmailAddress } from "../EmailAddress.ts"

/** Longest name of a customer, in UTF-16 code units. */
export const CUSTOMER_NAME_LENGTH_MAX = 128

export const CustomerName = lineOfText(CUSTOMER_NAME_LENGTH_MAX)

export const customerEvents = {
  CustomerRegistered: defineEvent(Schema.Struct({ name: CustomerName, email: EmailAddress })),
  EmailChanged: defineEvent(Schema.Struct({ email: EmailAddress })),
}

/** Every event of a customer, flat. */
export type CustomerEvent = EventOf<typeof customerEvents>
