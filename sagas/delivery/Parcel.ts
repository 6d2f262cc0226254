/**
 * The parcel of an order, as both flows give it to the carrier: its carrier data, and the mail to the
 * customer.
 *
 * When it is given to the carrier: ../fulfilment/Fulfilment.ts and ../choreography/Choreography.ts.
 */
import { TRACKING_NUMBER_LENGTH_MAX } from "../../actors/Carriage.ts"
import { Customer } from "../../actors/customer/Customer.ts"
import { type Outgoing, send } from "../../runtime/index.ts"

/** Carrier data of an order's parcel. An order's id may be any text, but a tracking number is one line. */
export const parcelOf = (orderId: string) => ({
  carrier: "everpost",
  trackingNumber: `EP-${encodeURIComponent(orderId)}`.slice(0, TRACKING_NUMBER_LENGTH_MAX),
})

/** The mail to the customer: one for each order, with the order's id. */
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
