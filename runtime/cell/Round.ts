/**
 * One round of group commit: waiting commands are decided one after the other on the tentative state and
 * become ONE commit.
 *
 * Owns the tentative state and the size of a commit. Pure and synchronous. RoundAppend.ts does the append.
 */
import { Exit } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { type CommitEntry, type CommitFormat, commitEnvelopeBytes } from "../commit/Commit.ts"
import type { ActorDefinition, CommitSize } from "../definition/Actor.ts"
import { DIRECTORY_PART_BYTES_MAX } from "../definition/DirectoryColumns.ts"
import { INSIDE, RAISED, type StoredEvent } from "../event/Event.ts"
import { invariant } from "../invariant/Invariant.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import {
  type ActorExists,
  type AskError,
  type CommandFailed,
  type InvalidCommand,
  VersionConflict,
} from "./AskError.ts"
import { type Bearing, type Birth, bear } from "./Birth.ts"
import { type Base, decide, type Outcome, type Proposal, type Undecidable } from "./Decide.ts"
import type { Confirmed } from "./Fold.ts"
import { NO_ORIGINS } from "./Origins.ts"
import { receipt, refusalReceipt } from "./Receipt.ts"
import {
  currentState,
  type Entry,
  formatUnread,
  isStale,
  knownAnswer,
  payloadTooLarge,
  repeated,
  storedAnswer,
  unchangedAnswer,
  withOrigin,
} from "./RoundAnswers.ts"
import { decideSignal } from "./Signal.ts"
import { found, spawned } from "./Spawning.ts"
import type { Waiting, WaitingCommand, WaitingPending, WaitingRead } from "./Waiting.ts"

/** A command that can be decided, so not an undecidable one. */
type Deciding = Exclude<WaitingCommand["command"], Undecidable>

/** Most commands in one commit. */
export const ROUND_COMMANDS_MAX = 256

/** The limits of a round. */
export interface RoundLimits {
  readonly commitBytesMax: number
  readonly format: CommitFormat
  readonly nowMs: number
}

/** The result of a round. Answers that depend on the tentative state are in `answers`. */
export interface Round {
  /** The actor is born with this round. */
  readonly birth: Birth | undefined
  readonly limits: RoundLimits
  /** Whether the round has content that only format 3 can hold. */
  readonly needsFormat3: boolean
  readonly entries: ReadonlyArray<Entry>
  readonly entriesJson: ReadonlyArray<string>
  /** Answers to give, in order, once the commit is stored; at once if there is nothing to store. */
  readonly answers: ReadonlyArray<(stored: Confirmed) => void>
  /** Those of the answers that repeat what the journal held before: they may be given whatever comes of the commit. */
  readonly repeats: ReadonlyArray<() => void>
  /** Whether a caller is told that a command has no effect: final once no earlier append is open. */
  readonly refusesSome: boolean
  /** Whether a message, or an item that another node was sent, is refused: final once no other writes. */
  readonly refusesMessage: boolean
  /** The taken items, in order, to put back if the outcome of the append is unknown. */
  readonly taken: ReadonlyArray<Waiting>
  /** User code threw and may have changed the state in memory. Reads stay unanswered then. */
  readonly isStateSuspect: boolean
}

const encoder = new TextEncoder()

/** Takes items from the front of `queue` and decides them on `confirmed`. */
export const playRound = (
  definition: ActorDefinition,
  address: ActorAddress,
  confirmed: Confirmed,
  queue: Array<Waiting>,
  limits: RoundLimits,
): Round => new Play(definition, address, confirmed, limits).of(queue)

/** A round while it is played. */
class Play {
  readonly #definition: ActorDefinition
  readonly #address: ActorAddress
  readonly #confirmed: Confirmed
  readonly #limits: RoundLimits
  readonly #entries: Array<Entry> = []
  readonly #entriesJson: Array<string> = []
  readonly #answers: Array<(stored: Confirmed) => void> = []
  #repeats: Array<() => void> | undefined
  /** Entries by command id; made once a second command is looked up. */
  #inRound: Map<string, Entry> | undefined
  /** The tentative state. */
  #base: Base
  #birth: Birth | undefined
  #needsFormat3 = false
  /** Messages of this round. */
  #handled = NO_ORIGINS
  #sizeBytes: number
  #isStateSuspect = false
  #refusesSome = false
  #refusesMessage = false

  constructor(definition: ActorDefinition, address: ActorAddress, confirmed: Confirmed, limits: RoundLimits) {
    this.#definition = definition
    this.#address = address
    this.#confirmed = confirmed
    this.#limits = limits
    this.#base = confirmed
    const columnsBytes = definition.directory === undefined ? 0 : DIRECTORY_PART_BYTES_MAX
    this.#sizeBytes = commitEnvelopeBytes(limits.format) + columnsBytes
  }

  of(queue: Array<Waiting>): Round {
    let takenCount = 0
    // A commit whose outcome is unknown is found again by the ids of its commands, so the actor has to remember all.
    const commandsMax = Math.min(ROUND_COMMANDS_MAX, this.#definition.commandsRememberedCount)
    for (const waiting of queue) {
      if (this.#entries.length >= commandsMax) break
      if (!waiting.isSettled) {
        if (waiting._tag !== "Command") this.#answers.push((stored) => this.#answerRead(waiting, stored))
        else if (!this.#decideOne(waiting)) break
      }
      takenCount++
      // Decide nothing more on a state that user code may have changed.
      if (this.#isStateSuspect) break
    }
    return {
      birth: this.#birth,
      limits: this.#limits,
      needsFormat3: this.#needsFormat3,
      entries: this.#entries,
      entriesJson: this.#entriesJson,
      answers: this.#answers,
      repeats: this.#repeats ?? NO_REPEATS,
      refusesSome: this.#refusesSome,
      refusesMessage: this.#refusesMessage,
      taken: takenCount === 0 ? NONE_TAKEN : queue.splice(0, takenCount),
      isStateSuspect: this.#isStateSuspect,
    }
  }

  /** Answers a read. On a suspect state the read stays unanswered and is played again. */
  #answerRead(waiting: WaitingRead | WaitingPending, stored: Confirmed): void {
    if (this.#isStateSuspect) return
    if (waiting._tag === "Read") waiting.settle(currentState(this.#address, stored))
    else waiting.settle(Exit.succeed(stored.pending))
  }

  /** `tooLarge`: size of the item's first outcome, which did not fit into a commit of its own. */
  #decideOne(waiting: WaitingCommand, tooLarge?: CommitSize): boolean {
    const { command } = waiting
    const undecided = this.#answerUndecided(waiting)
    if (undecided !== undefined || command._tag === "Undecidable") return undecided === true
    const conflict = this.#conflictOf(waiting)
    if (conflict !== undefined) {
      return this.#answerWithoutEntry(waiting, () => waiting.settle(Exit.fail(conflict)))
    }
    const born = this.#birthWith(command)
    // An actor that needs input for its birth and has none waits for no signal.
    if (born?._tag === "InvalidCommand" && command._tag === "Signal") {
      return this.#storeNothing(waiting, undefined)
    }
    const isRefused = born?._tag === "InvalidCommand" || born?._tag === "CommandFailed"
    const outcome = isRefused ? born : this.#decideOn(command, born, tooLarge)
    switch (outcome._tag) {
      case "Proposal":
        return this.#store(waiting, outcome, isRefused ? undefined : born, tooLarge === undefined)
      case "Nothing":
        return this.#storeNothing(waiting, outcome.reply)
      default:
        this.#isStateSuspect ||= outcome._tag === "CommandFailed"
        return this.#refuse(waiting, outcome)
    }
  }

  #decideOn(
    command: Deciding,
    born: Birth | undefined,
    tooLarge: CommitSize | undefined,
  ): Outcome | ActorExists {
    const base: Base = born === undefined ? this.#base : { version: this.#base.version, ...born }
    switch (command._tag) {
      case "Command":
        return decide(this.#definition, this.#address, base, command, this.#limits.nowMs)
      case "Signal":
        return decideSignal(this.#definition, this.#address, base, command, this.#limits.nowMs, tooLarge)
      case "Spawn": {
        const { standing } = this.#birth ?? this.#confirmed
        return standing._tag === "Born"
          ? found(this.#address, base, standing, command)
          : spawned(base, command)
      }
    }
  }

  /** The birth that a command of an unborn actor would bring about; `undefined` if the actor is born. */
  #birthWith(command: Deciding): Birth | CommandFailed | InvalidCommand | undefined {
    const { standing } = this.#birth ?? this.#confirmed
    return standing._tag === "Born"
      ? undefined
      : bear(this.#definition, this.#address, standing, bearingOf(command), this.#limits.nowMs)
  }

  /** The conflict, if the actor is not at the version that the caller asked for. */
  #conflictOf({ ifVersion }: WaitingCommand): VersionConflict | undefined {
    const { type: actorType, id } = this.#address
    const { version } = this.#base
    return ifVersion === undefined || ifVersion === version
      ? undefined
      : new VersionConflict({ actorType, id, expected: ifVersion, found: version })
  }

  /**
   * Answers repeats, and messages that are refused without a decision. `undefined`: the item needs a
   * decision; `false`: the item does not fit into this commit.
   */
  #answerUndecided(waiting: WaitingCommand): boolean | undefined {
    const { command, sent } = waiting
    if (sent !== undefined && (this.#confirmed.origins.has(sent.origin) || this.#handled.has(sent.origin))) {
      this.#answers.push((stored) => waiting.settle(Exit.succeed(repeated(waiting, stored))))
      return true
    }
    if (command._tag === "Undecidable") return this.#refuse(waiting, command.error)
    const known = knownAnswer(this.#address, this.#confirmed, this.#earlier(command.commandId), waiting)
    if (known === undefined) return undefined
    // The message is known by its id alone. A receipt makes its origin known as well.
    if (sent !== undefined) {
      return typeof known === "function"
        ? this.#keepReceipt(waiting, receipt(waiting, sent), known)
        : this.#refuse(waiting, known)
    }
    if (typeof known === "function" && this.#confirmed.recent.get(command.commandId) !== undefined) {
      this.#repeats ??= []
      this.#repeats.push(() => known(this.#confirmed))
    }
    this.#answers.push(typeof known === "function" ? known : () => waiting.settle(Exit.fail(known)))
    return true
  }

  /** The entry of the same command in this round. */
  #earlier(commandId: string): Entry | undefined {
    if (this.#entries.length === 0) return undefined
    if (this.#inRound === undefined) {
      this.#inRound = new Map()
      for (const entry of this.#entries) this.#note(entry)
    }
    return this.#inRound.get(commandId)
  }

  #note(entry: Entry): void {
    if (entry.proposal.entry.no !== true) this.#inRound?.set(entry.waiting.command.commandId, entry)
  }

  /**
   * Stores the outcome. `born`: the birth that it was decided on, if the actor is unborn. The actor stays
   * unborn until it has an event.
   */
  #store(waiting: WaitingCommand, outcome: Proposal, born: Birth | undefined, isFirstTime: boolean): boolean {
    const { sent } = waiting
    const isBirth = outcome.entry.ev.length > 0 || waiting.command._tag === "Spawn"
    const bornWith = isBirth ? born : undefined
    if (this.#limits.format < 3 && isOfFormat3(outcome, bornWith)) {
      return this.#refuse(waiting, formatUnread(this.#address))
    }
    const { state, pending } = this.#base
    const now = born === bornWith ? outcome : { ...outcome, state, pending }
    const proposal = sent === undefined ? now : withOrigin(now, sent)
    const entryBytes = this.#keep(waiting, proposal, storedAnswer(waiting, outcome), bornWith)
    if (entryBytes === 0) return true
    return this.#entries.length === 0 && this.#refuseTooLarge(waiting, entryBytes, isFirstTime)
  }

  /** The command is accepted, and only the receipt of its message has to be stored. */
  #storeNothing(waiting: WaitingCommand, reply: unknown): boolean {
    const { sent } = waiting
    const done = unchangedAnswer(waiting, this.#base.version, reply)
    if (sent === undefined) return this.#answerWithoutEntry(waiting, done)
    return this.#keepReceipt(waiting, receipt(waiting, sent), done)
  }

  /**
   * A refused message is finished once its receipt is stored. False: the receipt does not fit into this
   * commit.
   */
  #refuse(waiting: WaitingCommand, error: AskError): boolean {
    const fail = () => waiting.settle(Exit.fail(error))
    const entry = this.#limits.format === 1 ? undefined : refusalReceipt(waiting, error)
    if (entry === undefined) return this.#answerWithoutEntry(waiting, fail)
    return this.#keepReceipt(waiting, entry, unchangedAnswer(waiting, this.#base.version, undefined), fail)
  }

  /** Refuses a command. A timer or answer is decided again as too large, which may give a smaller outcome. */
  #refuseTooLarge(waiting: WaitingCommand, sizeBytes: number, isFirstTime: boolean): boolean {
    const limitBytes = this.#limits.commitBytesMax
    const isSignal = waiting.command._tag === "Signal"
    if (isSignal && isFirstTime && this.#definition.tooLarge !== undefined) {
      return this.#decideOne(waiting, { sizeBytes, limitBytes })
    }
    return this.#refuse(waiting, payloadTooLarge(this.#address, sizeBytes, limitBytes))
  }

  #answerWithoutEntry(waiting: WaitingCommand, answer: (stored: Confirmed) => void): true {
    this.#refusesSome = true
    this.#refusesMessage ||= (waiting.isMessage || waiting.wasSent) && !isStale(waiting, this.#base.version)
    this.#answers.push(answer)
    return true
  }

  /**
   * Stores the receipt of a message that changes nothing. False: this commit has no room for it. `otherwise`
   * is the answer if a separate commit has no room either.
   */
  #keepReceipt(
    waiting: WaitingCommand,
    entry: CommitEntry,
    answer: (stored: Confirmed) => void,
    otherwise = answer,
  ): boolean {
    const { state, version, pending } = this.#base
    const proposal: Proposal = { _tag: "Proposal", entry, state, version, pending, actions: [] }
    if (this.#keep(waiting, proposal, answer) === 0) return true
    return this.#entries.length === 0 && this.#answerWithoutEntry(waiting, otherwise)
  }

  /** Makes the proposal part of the commit. Returns the bytes of its entry if there is no room, else 0. */
  #keep(
    waiting: WaitingCommand,
    proposal: Proposal,
    answer: (stored: Confirmed) => void,
    bornWith?: Birth,
  ): number {
    const { commitBytesMax } = this.#limits
    const json = JSON.stringify(proposal.entry)
    const entryBytes = bytesIn(json, commitBytesMax - this.#sizeBytes) + birthBytes(bornWith)
    if (this.#sizeBytes + entryBytes + 1 > commitBytesMax) return entryBytes
    this.#sizeBytes += entryBytes + 1
    const entry = { waiting, proposal }
    this.#birth ??= bornWith
    this.#needsFormat3 ||= isOfFormat3(proposal, bornWith)
    const { version } = this.#base
    invariant(proposal.version === version + proposal.entry.ev.length, "versionsAscend", () => ({
      before: version,
      after: proposal.version,
      eventCount: proposal.entry.ev.length,
    }))
    this.#base = proposal
    this.#entries.push(entry)
    this.#entriesJson.push(json)
    this.#note(entry)
    const { sent } = waiting
    if (sent !== undefined) this.#handled = this.#handled.add(sent.origin, sent.floor)
    this.#answers.push(answer)
    return 0
  }
}

const NONE_TAKEN: ReadonlyArray<Waiting> = []
const NO_REPEATS: ReadonlyArray<() => void> = []

/**
 * Whether the commit needs format 3: nodes that read lower formats only would ignore a birth, the input in a
 * message, and values that JSON lacks.
 */
const isOfFormat3 = ({ entry }: Proposal, born: Birth | undefined): boolean =>
  born?.json !== undefined || (entry.out?.some(isItemOfFormat3) ?? false) || entry.ev.some(isRawEvent)

const isItemOfFormat3 = (item: OutboxItem): boolean =>
  item.k === "tell" ? item.in !== undefined : "raw" in item && item.raw !== undefined

/** Whether the event needs stored form. Ends of calls have a plain part that every node reads. */
const isRawEvent = ({ t, d }: StoredEvent): boolean =>
  (t === RAISED || t === INSIDE) && (d as { readonly raw?: unknown } | null)?.raw !== undefined

const bearingOf = (command: Deciding): Bearing => {
  if (command._tag === "Signal") return { commandType: command.kind, input: undefined, isSpawn: false }
  const isSpawn = command._tag === "Spawn"
  return { commandType: isSpawn ? "spawn" : command.type, input: command.input, isSpawn }
}

const byteLength = (text: string): number => encoder.encode(text).length

/** Bytes of a JSON text. If there is enough room, an upper bound, which is cheaper. */
const bytesIn = (json: string, roomBytes: number): number =>
  json.length * 3 < roomBytes ? json.length * 3 : byteLength(json)

const BIRTH_FIELD_BYTES = `,"b":`.length

const birthBytes = (birth: Birth | undefined): number =>
  birth?.json === undefined ? 0 : byteLength(birth.json) + BIRTH_FIELD_BYTES
