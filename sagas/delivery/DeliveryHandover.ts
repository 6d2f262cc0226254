/**
 * Tells the order that its parcel has arrived: the carrier reports to the shipment, and the customer looks at
 * the order.
 *
 * Owns that translation. It belongs to no flow, because both flows end when the parcel has left. A shipment
 * has the id of its order.
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
