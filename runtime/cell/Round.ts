/**
 * One round of group commit: commands that waited are decided one after the other on the tentative state and become
 * ONE commit.
 *
 * Owns the tentative state and what a commit may hold (bytes). Pure and synchronous; the append is Cell.ts.
 */
import { Exit } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { type CommitEntry, type CommitFormat, commitEnvelopeBytes } from "../commit/Commit.ts"
import type { ActorDefinition, CommitSize } from "../definition/Actor.ts"
import {
  type ActorExists,
  type AskError,
  type CommandFailed,
  type InvalidCommand,
  VersionConflict,
} from "./AskError.ts"
import { type Bearing, type Birth, bear } from "./Birth.ts"
import { type Base, decide, type Outcome, type Proposal, type Unfit } from "./Decide.ts"
import type { Confirmed } from "./Fold.ts"
import { NO_ORIGINS } from "./Origins.ts"
import { receipt, refusalReceipt } from "./Receipt.ts"
import {
  accepted,
  birthUnread,
  currentState,
  type Entry,
  isStale,
  knownAnswer,
  payloadTooLarge,
  repeated,
  withOrigin,
} from "./RoundAnswers.ts"
import { decideSignal } from "./Signal.ts"
import { found, spawned } from "./Spawning.ts"
import type { Waiting, WaitingCommand, WaitingPending, WaitingRead } from "./Waiting.ts"

/** What is decided, and not refused as it came. */
type Deciding = Exclude<WaitingCommand["command"], Unfit>

/** Most commands in one commit. */
export const ROUND_COMMANDS_MAX = 256

/** What a round is played within. */
export interface RoundLimits {
  readonly commitBytesMax: number
  readonly format: CommitFormat
  readonly nowMs: number
}

/** What a round came to. Answers that rest on the tentative state wait in `answers` until the commit is stored. */
export interface Round {
  /** The actor is born with this round. */
  readonly birth: Birth | undefined
  readonly limits: RoundLimits
  /** Something in it can be said in format 3 only. */
  readonly needsFormat3: boolean
  readonly entries: ReadonlyArray<Entry>
  readonly entriesJson: ReadonlyArray<string>
  /** Given, in order, once the commit is stored; at once if there is nothing to store. */
  readonly answers: ReadonlyArray<(stored: Confirmed) => void>
  /** Somebody is told that a command has no effect: final only if no earlier append of it can land any more. */
  readonly refusesSome: boolean
  /** A message, or what another node was sent before, is refused: final only if no other node writes any more. */
  readonly refusesMessage: boolean
  /** The taken items, in order, to put back when the outcome of the append is unknown. */
  readonly taken: ReadonlyArray<Waiting>
  /** User code threw: what it may have done to the state in memory is not trusted. Reads are left unanswered then. */
  readonly isStateSuspect: boolean
}

const encoder = new TextEncoder()

/** Takes items from the front of `mailbox` and decides them on `confirmed`. */
export const playRound = (
  definition: ActorDefinition,
  address: ActorAddress,
  confirmed: Confirmed,
  mailbox: Array<Waiting>,
  limits: RoundLimits,
): Round => {
  const entries: Array<Entry> = []
  const entriesJson: Array<string> = []
  const answers: Array<(stored: Confirmed) => void> = []
  const inRound = new Map<string, Entry>()
  let { state, version, pending } = confirmed
  let birth: Birth | undefined
  let needsFormat3 = false
  /** Messages of this round. */
  let handled = NO_ORIGINS
  let sizeBytes = commitEnvelopeBytes(limits.format)
  let isStateSuspect = false
  let refusesSome = false
  let refusesMessage = false
  let takenCount = 0

  const answerWithoutEntry = (waiting: WaitingCommand, answer: (stored: Confirmed) => void): true => {
    refusesSome = true
    refusesMessage ||= (waiting.isMessage || waiting.wasSent) && !isStale(waiting, version)
    answers.push(answer)
    return true
  }

  /** Makes the proposal part of the commit. Returns the bytes of its entry where there is no room, else 0. */
  const keep = (
    waiting: WaitingCommand,
    proposal: Proposal,
    answer: (stored: Confirmed) => void,
    bornWith?: Birth,
  ): number => {
    const json = JSON.stringify(proposal.entry)
    const entryBytes = bytesIn(json, limits.commitBytesMax - sizeBytes) + birthBytes(bornWith)
    if (sizeBytes + entryBytes + 1 > limits.commitBytesMax) return entryBytes
    sizeBytes += entryBytes + 1
    const entry = { waiting, proposal }
    birth ??= bornWith
    needsFormat3 ||= isOfFormat3(proposal, bornWith)
    state = proposal.state
    version = proposal.version
    pending = proposal.pending
    entries.push(entry)
    entriesJson.push(json)
    if (proposal.entry.no !== true) inRound.set(waiting.command.commandId, entry)
    if (waiting.sent !== undefined) handled = handled.add(waiting.sent.origin, waiting.sent.floor)
    answers.push(answer)
    return 0
  }

  /**
   * A message that changes nothing. False: this commit has no room for its receipt. `otherwise` is its answer where a
   * commit of its own has none either.
   */
  const keepReceipt = (
    waiting: WaitingCommand,
    entry: CommitEntry,
    answer: (stored: Confirmed) => void,
    otherwise = answer,
  ): boolean => {
    const proposal: Proposal = { _tag: "Proposal", entry, state, version, pending, actions: [] }
    if (keep(waiting, proposal, answer) === 0) return true
    return entries.length === 0 && answerWithoutEntry(waiting, otherwise)
  }

  /** A refused message is done with once its receipt is stored. False: not in this commit. */
  const refuse = (waiting: WaitingCommand, error: AskError): boolean => {
    const fail = () => waiting.settle(Exit.fail(error))
    const entry = limits.format === 1 ? undefined : refusalReceipt(waiting, error)
    if (entry === undefined) return answerWithoutEntry(waiting, fail)
    const reply = undefined
    const versionNow = version
    const done = ({ sequence }: Confirmed) =>
      waiting.settle(Exit.succeed({ version: versionNow, sequence, reply, duplicate: false }))
    return keepReceipt(waiting, entry, done, fail)
  }

  const decideOn = (
    command: Deciding,
    base: Base,
    tooLarge: CommitSize | undefined,
  ): Outcome | ActorExists => {
    switch (command._tag) {
      case "Command":
        return decide(definition, address, base, command, limits.nowMs)
      case "Signal":
        return decideSignal(definition, address, base, command, limits.nowMs, tooLarge)
      case "Spawn": {
        const { standing } = birth ?? confirmed
        return standing._tag === "Born" ? found(address, base, standing, command) : spawned(base, command)
      }
    }
  }

  /** The birth that a command of an unborn actor would bring with it; `undefined`: the actor is born. */
  const birthWith = (command: Deciding): Birth | CommandFailed | InvalidCommand | undefined => {
    const { standing } = birth ?? confirmed
    return standing._tag === "Born"
      ? undefined
      : bear(definition, address, standing, bearingOf(command), limits.nowMs)
  }

  /** A command is refused; a timer or answer that came to too much may come to less. */
  const refuseTooLarge = (waiting: WaitingCommand, sizeBytes: number, isFirstTime: boolean): boolean => {
    const limitBytes = limits.commitBytesMax
    const isSignal = waiting.command._tag === "Signal"
    if (isSignal && isFirstTime && definition.tooLarge !== undefined) {
      return decideOne(waiting, { sizeBytes, limitBytes })
    }
    return refuse(waiting, payloadTooLarge(address, sizeBytes, limitBytes))
  }

  /**
   * Answers what needs no decision: repeats, and messages that are refused as they came. `undefined`: it needs one;
   * false: not in this commit.
   */
  const answerUndecided = (waiting: WaitingCommand): boolean | undefined => {
    const { command, sent } = waiting
    if (sent !== undefined && (confirmed.origins.has(sent.origin) || handled.has(sent.origin))) {
      answers.push((stored) => waiting.settle(Exit.succeed(repeated(waiting, stored))))
      return true
    }
    if (command._tag === "Unfit") return refuse(waiting, command.error)
    const known = knownAnswer(address, confirmed, inRound.get(command.commandId), waiting)
    if (known === undefined) return undefined
    // A message that is known by its id alone: with its receipt it stays known.
    if (sent !== undefined) {
      return typeof known === "function"
        ? keepReceipt(waiting, receipt(waiting, sent), known)
        : refuse(waiting, known)
    }
    answers.push(typeof known === "function" ? known : () => waiting.settle(Exit.fail(known)))
    return true
  }

  /**
   * Stores what was decided; `born`: the birth that it was decided on, if the actor is unborn. It stays unborn until it has
   * an event.
   */
  const store = (
    waiting: WaitingCommand,
    outcome: Proposal,
    born: Birth | undefined,
    isFirstTime: boolean,
  ): boolean => {
    const { sent } = waiting
    const isBirth = outcome.entry.ev.length > 0 || waiting.command._tag === "Spawn"
    const bornWith = isBirth ? born : undefined
    if (limits.format < 3 && isOfFormat3(outcome, bornWith)) return refuse(waiting, birthUnread(address))
    const now = born === bornWith ? outcome : { ...outcome, state, pending }
    const proposal = sent === undefined ? now : withOrigin(now, sent)
    const done = ({ sequence }: Confirmed) => waiting.settle(Exit.succeed(accepted(outcome, sequence, false)))
    const entryBytes = keep(waiting, proposal, done, bornWith)
    if (entryBytes === 0) return true
    return entries.length === 0 && refuseTooLarge(waiting, entryBytes, isFirstTime)
  }

  /** Accepted, and there is nothing to store but that a message came. */
  const storeNothing = (waiting: WaitingCommand, reply: unknown): boolean => {
    const { sent } = waiting
    const versionNow = version
    const done = ({ sequence }: Confirmed) =>
      waiting.settle(Exit.succeed({ version: versionNow, sequence, reply, duplicate: false }))
    if (sent === undefined) return answerWithoutEntry(waiting, done)
    return keepReceipt(waiting, receipt(waiting, sent), done)
  }

  /** The actor is not at the version that the caller asked for. */
  const conflictOf = ({ ifVersion }: WaitingCommand): VersionConflict | undefined =>
    ifVersion === undefined || ifVersion === version
      ? undefined
      : new VersionConflict({ actorType: address.type, id: address.id, expected: ifVersion, found: version })

  /** `tooLarge`: it was decided before, and what it came to does not fit into a commit of its own. */
  const decideOne = (waiting: WaitingCommand, tooLarge?: CommitSize): boolean => {
    const { command } = waiting
    const undecided = answerUndecided(waiting)
    if (undecided !== undefined || command._tag === "Unfit") return undecided === true
    const conflict = conflictOf(waiting)
    if (conflict !== undefined) {
      return answerWithoutEntry(waiting, () => waiting.settle(Exit.fail(conflict)))
    }
    const born = birthWith(command)
    // Nothing is due to an actor that cannot be born without input.
    if (born?._tag === "InvalidCommand" && command._tag === "Signal") return storeNothing(waiting, undefined)
    const isRefused = born?._tag === "InvalidCommand" || born?._tag === "CommandFailed"
    const outcome = isRefused ? born : decideOn(command, { state, version, pending, ...born }, tooLarge)
    switch (outcome._tag) {
      case "Proposal":
        return store(waiting, outcome, isRefused ? undefined : born, tooLarge === undefined)
      case "Nothing":
        return storeNothing(waiting, outcome.reply)
      default:
        isStateSuspect ||= outcome._tag === "CommandFailed"
        return refuse(waiting, outcome)
    }
  }

  /** Nobody sees a state that user code may have spoiled: the read is then played again on a clean one. */
  const answerRead = (waiting: WaitingRead | WaitingPending, stored: Confirmed): void => {
    if (isStateSuspect) return
    if (waiting._tag === "Read") waiting.settle(currentState(address, stored))
    else waiting.settle(Exit.succeed(stored.pending))
  }

  for (const waiting of mailbox) {
    if (entries.length >= ROUND_COMMANDS_MAX) break
    if (!waiting.isSettled) {
      if (waiting._tag !== "Command") answers.push((stored) => answerRead(waiting, stored))
      else if (!decideOne(waiting)) break
    }
    takenCount++
    // Decide nothing more on a state that user code may have spoiled.
    if (isStateSuspect) break
  }
  return {
    birth,
    limits,
    needsFormat3,
    entries,
    entriesJson,
    answers,
    refusesSome,
    refusesMessage,
    taken: mailbox.splice(0, takenCount),
    isStateSuspect,
  }
}

/** Nodes that read lower formats only would leave a birth, or the input in a message, alone. */
const isOfFormat3 = ({ entry }: Proposal, born: Birth | undefined): boolean =>
  born?.json !== undefined || (entry.out?.some((item) => item.k === "tell" && item.in !== undefined) ?? false)

const bearingOf = (command: Deciding): Bearing => {
  if (command._tag === "Signal") return { commandType: command.kind, input: undefined, isSpawn: false }
  const isSpawn = command._tag === "Spawn"
  return { commandType: isSpawn ? "spawn" : command.type, input: command.input, isSpawn }
}

const byteLength = (text: string): number => encoder.encode(text).length

/** Bytes that a JSON text takes; where there is room enough, the most that it may take. */
const bytesIn = (json: string, roomBytes: number): number =>
  json.length * 3 < roomBytes ? json.length * 3 : byteLength(json)

const BIRTH_FIELD_BYTES = `,"b":`.length

const birthBytes = (birth: Birth | undefined): number =>
  birth?.json === undefined ? 0 : byteLength(birth.json) + BIRTH_FIELD_BYTES
