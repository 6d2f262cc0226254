/**
 * Decides a spawn: an actor is born without a command, or it exists already.
 *
 * Owns that a spawn is idempotent: the same input finds the same actor. Pure. What a birth is: Birth.ts.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import { fingerprint } from "../json/Fingerprint.ts"
import { ActorExists } from "./AskError.ts"
import type { IsBorn } from "./Birth.ts"
import { type Base, entryOf, type Nothing, type Proposal, type Spawn } from "./Decide.ts"

/** Reply to a spawn that found an existing actor. */
export const FOUND = { isFound: true } as const

/** Fingerprint for an actor that was born without input: it equals an input without fields. */
const NO_FIELDS = fingerprint({})

/**
 * The birth of an actor, on its tentative state after it. Its entry has no events; it remembers the command's
 * id.
 */
export const spawned = ({ state, version, pending }: Base, command: Spawn): Proposal => ({
  _tag: "Proposal",
  entry: entryOf(command, [], [], undefined),
  state,
  version,
  pending,
  actions: [],
})

/** Outcome of a spawn if the actor is born already. */
export const found = (
  { type: actorType, id }: ActorAddress,
  { version }: Pick<Base, "version">,
  { input: known }: IsBorn,
  { input }: Spawn,
): Nothing | ActorExists => {
  const wanted = input === undefined ? NO_FIELDS : fingerprint(input.value)
  if (wanted === (known ?? NO_FIELDS)) return { _tag: "Nothing", reply: FOUND }
  const hint = "Its input was given when it was born, and stays. Leave it, or take another id."
  return new ActorExists({ actorType, id, version, hint })
}
