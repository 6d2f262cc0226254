/**
 * The parcel of an order, as both flows hand it over: what the carrier calls it, and what its customer is written.
 *
 * When it is handed over: ../fulfilment/Fulfilment.ts and ../choreography/Choreography.ts.
 */
import { TRACKING_NUMBER_LENGTH_MAX } from "../../actors/Carriage.ts"
import { Customer } from "../../actors/customer/Customer.ts"
import { type Outgoing, send } from "../../runtime/index.ts"

/** An order may be called anything, a tracking number is a line of text. */
export const parcelOf = (orderId: string) => ({
  carrier: "everpost",
  trackingNumber: `EP-${encodeURIComponent(orderId)}`.slice(0, TRACKING_NUMBER_LENGTH_MAX),
})

/** One letter per order, called like it. */
export const informShipped = (customerId: string, orderId: string): Outgoing => {
  const { carrier, trackingNumber } = parcelOf(orderId)
  return send.tell({
    actor: Customer,
    id: customerId,
    command: {
      type: "Inform",
      notificationId: orderId,
      subject: "Your order is on its way",
      text: `It was handed to ${carrier} under the number ${trackingNumber}.`,
    },
  })
}
