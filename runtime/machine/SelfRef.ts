/**
 * `self` as the custom actions of a machine see it, once their commit is stored.
 *
 * Owns the stand-in for XState's actor reference: all actors of a type share one scope, which knows none of them. Who
 * delivers what it sends: ../cell/Actions.ts.
 */
import type { AnyActorRef } from "xstate"
import type { ActionSelf } from "./Intent.ts"
import { given } from "./SealedState.ts"

/** What XState gives to an action. */
export interface ActionInfo {
  readonly self: AnyActorRef
}

/** The same, with a `self` that is the actor. */
export const withSelf = <Info extends ActionInfo>(info: Info, self: ActionSelf): Info => ({
  ...info,
  self: selfRef(info.self, self),
})

const selfRef = (shared: AnyActorRef, { id, send, state }: ActionSelf): AnyActorRef => {
  const ref = Object.create(shared, {
    id: { value: id, enumerable: true },
    send: { value: send },
    getSnapshot: { value: () => given(state) },
  }) as AnyActorRef
  return ref
}
