/**
 * Handlers of the routes in ParticipantApi.ts: a command to its actor, a state as a document.
 *
 * An actor that has stored no event does not exist: 404.
 */
import { Effect } from "effect"
import { HttpApiBuilder, HttpApiSchema } from "effect/http-api"
import { Customer } from "../../../actors/customer/Customer.ts"
import { Inventory } from "../../../actors/inventory/Inventory.ts"
import { Shipment } from "../../../actors/shipment/Shipment.ts"
import {
  type ActorRef,
  ActorSystem,
  type AnyActor,
  type CommandsOf,
  type CurrentState,
  type StateOf,
} from "../../effect.ts"
import { ask, type CommandRequest, versionHeaders } from "../../http/CommandRequest.ts"
import { notFound } from "../../http/Problem.ts"
import { problemResponse } from "../../http/ProblemResponses.ts"
import { Hosted } from "./Hosted.ts"
import { problemOf } from "./OrderProblem.ts"
import { customerDocument, paymentDocument, shipmentDocument, stockDocument } from "./ParticipantDocuments.ts"
import { ServiceApi } from "./ServiceApi.ts"

const show = <A extends AnyActor, Document>(
  actor: ActorRef<A>,
  documentOf: (id: string, now: CurrentState<StateOf<A>>) => Document,
) =>
  actor.state().pipe(
    Effect.map((now) =>
      now.version === 0 ? problemResponse(notFound(actor.type, actor.id)) : documentOf(actor.id, now),
    ),
    Effect.catch((error) => Effect.succeed(problemResponse(problemOf(error)))),
  )

/** Asks the actor, and answers like all commands. */
export const send = <A extends AnyActor, C extends CommandsOf<A>>(
  actor: ActorRef<A>,
  command: C,
  given: CommandRequest,
) =>
  ask(actor, command, given).pipe(
    Effect.map(({ version, sequence, duplicate }) =>
      HttpApiSchema.withHeaders({
        body: { id: actor.id, version, sequence, duplicate },
        headers: versionHeaders({ version, sequence }),
      }),
    ),
    Effect.catch((error) => Effect.succeed(problemResponse(problemOf(error)))),
  )

export const ParticipantRoutes = HttpApiBuilder.group(
  ServiceApi,
  "participants",
  Effect.fnUntraced(function* (handlers) {
    const system = yield* ActorSystem
    const { payment } = yield* Hosted
    const stock = (id: string) => system.get(Inventory, id)
    const shipment = (id: string) => system.get(Shipment, id)
    const customer = (id: string) => system.get(Customer, id)
    return handlers.handleAll({
      stock: ({ params }) => show(stock(params.id), stockDocument),
      receiveStock: (given) => send(stock(given.params.id), { type: "Receive", ...given.payload }, given),
      payment: ({ params }) => show(system.get(payment, params.id), paymentDocument),
      shipment: ({ params }) => show(shipment(params.id), shipmentDocument),
      deliverShipment: (given) =>
        send(shipment(given.params.id), { type: "Deliver", ...given.payload }, given),
      customer: ({ params }) => show(customer(params.id), customerDocument),
      registerCustomer: (given) =>
        send(customer(given.params.id), { type: "Register", ...given.payload }, given),
      changeEmail: (given) =>
        send(customer(given.params.id), { type: "ChangeEmail", ...given.payload }, given),
    })
  }),
)
