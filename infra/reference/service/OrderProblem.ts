/**
 * Problems of this service alone: of orders, and of the flow that it was started with.
 *
 * Owns their `type`, `status` and `title`, and the form of an order's rejection: clients know orders by
 * `orderId`. Everything else: infra/http/Problem.ts.
 */
import {
  PROBLEM_TYPE_PREFIX,
  type Problem,
  problemOf as problemOfAny,
  type ServiceError,
} from "../../http/Problem.ts"
import type { Flow } from "./Hosted.ts"

/** The order was never placed. */
export const orderNotFound = (orderId: string): Problem => ({
  type: `${PROBLEM_TYPE_PREFIX}order-not-found`,
  status: 404,
  title: "No such order",
  detail: `There is no order "${orderId}".`,
  orderId,
})

/** The flow has no saga. */
export const notHosted = (flow: Flow): Problem => ({
  type: `${PROBLEM_TYPE_PREFIX}not-hosted`,
  status: 404,
  title: "The flow of this service has no saga",
  detail: `The flow of this service is the ${flow}.`,
  hint: "Start the service with --flow saga.",
})

/** The error as the caller of the service sees it. */
export const problemOf = (error: ServiceError): Problem => {
  if (error._tag !== "CommandRejected" || error.actorType !== "order") return problemOfAny(error)
  if (error.version === 0 && error.reason === "NotAccepted") return orderNotFound(error.id)
  const { id, ...problem } = problemOfAny(error)
  return { ...problem, orderId: id }
}
