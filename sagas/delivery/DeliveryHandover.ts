/**
 * Tells the order that its parcel has arrived: what the carrier reports of a shipment is what the customer sees of the
 * order.
 *
 * Owns that translation and nothing else. It belongs to no flow, since both end when the parcel is on its way. A
 * shipment is called like its order.
 */
import { Order } from "../../actors/order/Order.ts"
import { Shipment } from "../../actors/shipment/Shipment.ts"
import { defineReactor, send } from "../../runtime/index.ts"

export const DeliveryHandover = defineReactor({
  name: "delivery-handover",
  from: [Shipment],
  on: {
    ShipmentDelivered: ({ signedBy }, { id }) =>
      send.tell({
        actor: Order,
        id,
        command: { type: "Deliver", ...(signedBy === undefined ? {} : { signedBy }) },
      }),
  },
})
