/**
 * `self` as the custom actions of a machine see it, once their commit is stored.
 *
 * Owns the stand-in for XState's actor reference, because all actors of a type share one scope, which knows
 * none of them. Who delivers what it sends: ../cell/Actions.ts.
 */
import type { AnyActorRef } from "xstate"
import type { ActionSelf } from "./Intent.ts"
import { given } from "./SealedState.ts"

/** The argument that XState passes to an action. */
export interface ActionInfo {
  readonly self: AnyActorRef
}

/** The same argument, with the actor as `self`. */
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
