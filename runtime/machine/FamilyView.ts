/**
 * A family's state for user code: its children are still pictures.
 *
 * Owns those pictures. Live actors go on with their family, so without them `state.children.x.getSnapshot()`
 * of a kept state would tell a later snapshot.
 */
import type { AnyMachineSnapshot } from "xstate"
import { frozen } from "../json/Frozen.ts"
import { withRefs } from "./ActorRefs.ts"
import { placeOf, sharePlace } from "./FamilyPlace.ts"
import { type Standing, snapshotIn } from "./FamilyStanding.ts"
import { isLiveActor, type LiveActor } from "./LiveActor.ts"

/** The state with pictures in place of its actors; the state itself if it belongs to no family. */
export const pictured = (state: AnyMachineSnapshot): AnyMachineSnapshot => {
  const place = placeOf(state)
  if (place === undefined) return state
  const picture = new FamilyPicture(place.standing).snapshotOf(state) as AnyMachineSnapshot
  sharePlace(state, picture)
  return picture
}

class FamilyPicture {
  readonly #standing: Standing
  readonly #refs = new Map<LiveActor, object>()
  readonly #taken = new Map<object, unknown>()

  constructor(standing: Standing) {
    this.#standing = standing
  }

  snapshotOf(snapshot: object): unknown {
    const known = this.#taken.get(snapshot)
    if (known !== undefined) return known
    const { context, output, error, children } = snapshot as Partial<AnyMachineSnapshot>
    const parts: Record<string, unknown> = {}
    const picture = { ...snapshot }
    this.#taken.set(snapshot, picture)
    for (const [key, value] of Object.entries({ context, output, error })) {
      if (key in snapshot) parts[key] = frozen(this.#withoutActors(value))
    }
    if (children !== undefined) parts["children"] = this.#withoutActors(children)
    return Object.freeze(Object.assign(picture, parts))
  }

  #withoutActors(value: unknown): unknown {
    return withRefs(value, (part) => (isLiveActor(part) ? this.#refTo(part) : undefined))
  }

  #refTo(actor: LiveActor): object {
    const known = this.#refs.get(actor)
    if (known !== undefined) return known
    const { id, sessionId, src, systemId } = actor
    const snapshot = snapshotIn(this.#standing, actor)
    const ref = {
      id,
      sessionId,
      src,
      systemId,
      getSnapshot: () => this.snapshotOf(snapshot),
      send: refuse,
      subscribe: refuse,
      on: refuse,
      toJSON: () => ({ xstate$$type: 1, id }),
    }
    this.#refs.set(actor, Object.freeze(ref))
    return ref
  }
}

const refuse = (): never => {
  throw new Error("This child is part of a durable actor's state. Send the actor a command instead.")
}
