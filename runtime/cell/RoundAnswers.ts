/**
 * What callers and messages of a round are told: accepted, repeated, in conflict, refused.
 *
 * Owns those answers. Pure. Round.ts gives them.
 */
import { Exit } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { isSameFingerprint } from "../json/Fingerprint.ts"
import { given } from "../machine/SealedState.ts"
import { rowCarried } from "../message/Origin.ts"
import {
  type ActorUnborn,
  CommandIdReused,
  PayloadTooLarge,
  type Unavailable,
  unavailable,
} from "./AskError.ts"
import { needsInput, unbornNow } from "./Birth.ts"
import type { Proposal } from "./Decide.ts"
import type { Confirmed } from "./Fold.ts"
import { versionOfGeneration } from "./Pending.ts"
import type { Accepted, CurrentState, Sent, WaitingCommand } from "./Waiting.ts"

/** A command of a round that will be stored. */
export interface Entry {
  readonly waiting: WaitingCommand
  readonly proposal: Proposal
}

/**
 * Whether the actor, at `version`, does not wait for this timer or call any more. A stale timer or call stays
 * stale. If its generation has a later version, it is not stale: another node has set it, and this state is
 * behind.
 */
export const isStale = ({ command }: WaitingCommand, version: number): boolean => {
  if (command._tag !== "Signal" || command.kind === "answer") return false
  return !("generation" in command) || versionOfGeneration(command.generation) <= version
}

export const currentState = (
  address: ActorAddress,
  { state, version, sequence, standing }: Confirmed,
): Exit.Exit<CurrentState, ActorUnborn> => {
  if (needsInput(standing)) return Exit.fail(unbornNow(address))
  return Exit.succeed({ version, sequence, isBorn: standing._tag === "Born", state: given(state) })
}

/** The answer to a command whose id was used before, in the journal or earlier in this round. */
export const knownAnswer = (
  address: ActorAddress,
  confirmed: Confirmed,
  earlier: Entry | undefined,
  waiting: WaitingCommand,
): ((stored: Confirmed) => void) | CommandIdReused | undefined => {
  const { commandId, fingerprint } = waiting.command
  const recent = confirmed.recent.get(commandId)
  const known = recent?.fingerprint ?? earlier?.waiting.command.fingerprint
  if (known === undefined) return undefined
  if (!isSameFingerprint(known, fingerprint)) {
    return new CommandIdReused({
      actorType: address.type,
      id: address.id,
      commandId,
      hint: "A commandId names one command for ever. Use a new one for a new command.",
    })
  }
  if (recent !== undefined) {
    const { version, sequence, reply } = recent
    const duplicate = !waiting.wasAttempted
    return () => waiting.settle(Exit.succeed({ version, sequence, reply, duplicate }))
  }
  const { proposal } = earlier as Entry
  return ({ sequence }) => waiting.settle(Exit.succeed(accepted(proposal, sequence, true)))
}

export const accepted = (proposal: Proposal, sequence: number, duplicate: boolean): Accepted => ({
  version: proposal.version,
  sequence,
  reply: proposal.entry.re,
  duplicate,
})

/** The answer that the command is stored. */
export const storedAnswer =
  (waiting: WaitingCommand, outcome: Proposal) =>
  ({ sequence }: Confirmed): void =>
    waiting.settle(Exit.succeed(accepted(outcome, sequence, false)))

/** The answer that the command has changed nothing. */
export const unchangedAnswer =
  (waiting: WaitingCommand, version: number, reply: unknown) =>
  ({ sequence }: Confirmed): void =>
    waiting.settle(Exit.succeed({ version, sequence, reply, duplicate: false }))

/** The answer to a message that was handled before, according to its origin. */
export const repeated = (waiting: WaitingCommand, { version, sequence }: Confirmed): Accepted => ({
  version,
  sequence,
  reply: undefined,
  duplicate: !waiting.wasAttempted,
})

export const withOrigin = (proposal: Proposal, { origin, floor }: Sent): Proposal => ({
  ...proposal,
  entry: { ...proposal.entry, o: rowCarried(origin, floor) },
})

export const formatUnread = (address: ActorAddress): Unavailable => {
  const detail =
    "a birth, an input, or a value that JSON does not have has to be stored, and a node of the cluster cannot read that"
  return unavailable(address, "No", detail, "Upgrade all nodes, then try again with the same commandId.")
}

export const payloadTooLarge = (
  address: ActorAddress,
  sizeBytes: number,
  limitBytes: number,
): PayloadTooLarge =>
  new PayloadTooLarge({
    actorType: address.type,
    id: address.id,
    sizeBytes,
    limitBytes,
    hint: "Store large data elsewhere and put a reference into the event, or raise the server's max_payload.",
  })
