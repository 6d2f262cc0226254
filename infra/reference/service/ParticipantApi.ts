/**
 * The routes of the participants of a fulfilment: stock, payments, shipments, customers. A payment and a
 * shipment have the id of their order.
 *
 * Bodies: ParticipantDocuments.ts; what the routes do: ParticipantRoutes.ts.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { about, commandHeaders, pathId, versionHeaders } from "../../http/CommandEndpoint.ts"
import { COMMAND_PROBLEMS, READ_PROBLEMS } from "../../http/Problem.ts"
import {
  Accepted,
  CustomerDocument,
  NewEmail,
  PaymentDocument,
  Receipt,
  Registration,
  ShipmentDocument,
  StockDelivery,
  StockDocument,
} from "./ParticipantDocuments.ts"

const id = { id: pathId }

const read = { params: id, error: READ_PROBLEMS }

const command = {
  params: id,
  headers: commandHeaders,
  success: HttpApiSchema.WithHeaders(Accepted, versionHeaders),
  error: COMMAND_PROBLEMS,
}

export const ParticipantEndpoints = HttpApiGroup.make("participants")
  .add(
    HttpApiEndpoint.get("stock", "/stock/:id", { ...read, success: StockDocument }).annotateMerge(
      about("The stock of an article"),
    ),
    HttpApiEndpoint.post("receiveStock", "/stock/:id/receive", {
      ...command,
      payload: StockDelivery,
    }).annotateMerge(about("Add a delivery to the stock", "A delivery counts once for each `deliveryId`.")),
    HttpApiEndpoint.get("payment", "/payments/:id", { ...read, success: PaymentDocument }).annotateMerge(
      about("The payment of an order"),
    ),
    HttpApiEndpoint.get("shipment", "/shipments/:id", { ...read, success: ShipmentDocument }).annotateMerge(
      about("The shipment of an order"),
    ),
    HttpApiEndpoint.post("deliverShipment", "/shipments/:id/deliver", {
      ...command,
      payload: [Receipt, Schema.Null],
    }).annotateMerge(about("Record the arrival", "The order is told of it. The body may be empty.")),
    HttpApiEndpoint.get("customer", "/customers/:id", { ...read, success: CustomerDocument }).annotateMerge(
      about("A customer"),
    ),
    HttpApiEndpoint.put("registerCustomer", "/customers/:id", {
      ...command,
      payload: Registration,
    }).annotateMerge(about("Register a customer", "Registered customers get mails.")),
    HttpApiEndpoint.post("changeEmail", "/customers/:id/email", {
      ...command,
      payload: NewEmail,
    }).annotateMerge(about("Change a customer's e-mail address")),
  )
  .annotateMerge(
    OpenApi.annotations({
      title: "Participants",
      description: "Stock, payments, shipments and customers of fulfilments.",
    }),
  )
