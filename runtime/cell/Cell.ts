/**
 * The cell: one active actor, one writer. Recovers it, decides what waits in its mailbox, appends, answers.
 *
 * Owns the walk of a command after it was routed (docs/ARCHITECTURE.md): round → append → state visible → answers →
 * actions. One append is in flight per actor. Every failure of the append that leaves the outcome open has one cure:
 * read what the journal holds by now and play the round again; the commands that did land are found by their ids.
 *
 * Between rounds nothing runs: an idle cell is an object, not a fiber. Who keeps cells: Cells.ts.
 */
import { Effect, Exit, type Fiber } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { AppendUnknown, JournalRefused } from "../journal/Journal.ts"
import { thrownText } from "../json/Thrown.ts"
import { logSampled } from "../log/SampledLog.ts"
import type { StoredSnapshot } from "../snapshot/SnapshotStore.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { bornFirst, runActions } from "./Actions.ts"
import { type ActorQuarantined, PayloadTooLarge, Unavailable } from "./AskError.ts"
import { itemsOfBirth } from "./Birth.ts"
import type { CellContext } from "./CellContext.ts"
import type { CommitTold } from "./CommitListener.ts"
import type { Confirmed } from "./Fold.ts"
import { JournalTrouble, pauseAfter } from "./JournalTrouble.ts"
import { OpenAppends } from "./OpenAppends.ts"
import { catchUp, type RecoveryError, recover } from "./Recovery.ts"
import { refusedItems } from "./RefusedItems.ts"
import { playRound, type Round } from "./Round.ts"
import { commitOf, confirmedAt } from "./RoundCommit.ts"
import { encodeSnapshot } from "./Snapshot.ts"
import { isOpen, MAILBOX_ITEMS_MAX, neededBy, timersWithout, type Waiting } from "./Waiting.ts"

/** Looks, over about five seconds, for a commit that a message is about, before it counts as lost. */
const BEHIND_LOOKS_MAX = 12

/** For how long a quarantined actor answers from memory before its history is read again. */
const QUARANTINE_RECHECK_MS = 5_000

export class Cell {
  readonly definition: ActorDefinition
  readonly address: ActorAddress
  /** Of its shard among all that the system has. */
  readonly place: number
  /** Monotonic milliseconds of the last use, for passivation. */
  lastUsedMs = 0
  /** The fiber that works off the mailbox, while it waits for something. */
  fiber: Fiber.Fiber<void> | undefined
  #context: CellContext
  #confirmed: Confirmed | undefined
  #quarantine: ActorQuarantined | undefined
  #mailbox: Array<Waiting> = []
  /** Items of the round in work, until they are answered or put back. */
  #inRound: ReadonlyArray<Waiting> = NOBODY
  #isRunning = false
  /** Journal sequence of the newest snapshot. */
  #snapshotSequence = 0
  /** Events since then; a commit without events counts as one, it is replayed like any. */
  #unsavedCount = 0
  #attemptCount = 0
  /** Appends that may still be stored. */
  readonly #appends: OpenAppends
  #quarantinedUntilMs = 0
  /** Under which the shard is this node's; 0: not. */
  #epoch = 0
  /** Place in the journal that the state must include: something that waits is about a commit there. */
  #neededSequence = 0
  #behindCount = 0
  readonly #trouble = new JournalTrouble()

  constructor(context: CellContext, definition: ActorDefinition, address: ActorAddress, place: number) {
    this.place = place
    this.#context = context
    this.definition = definition
    this.address = address
    this.#appends = new OpenAppends(address, context.outbox)
  }

  /** Nothing waits and nothing runs: the cell may be passivated. */
  get isIdle(): boolean {
    return !this.#isRunning && this.#mailbox.length === 0
  }

  get quarantine(): ActorQuarantined | undefined {
    return this.#quarantine
  }

  /** Why nothing can be decided for the actor with this code. */
  get halted(): string | undefined {
    return this.#confirmed && this.definition.audit?.halted(this.#confirmed.state)
  }

  /** Queues an item. `true`: the caller must start {@link run}. A full mailbox answers Busy at once. */
  offer(waiting: Waiting): boolean {
    // Those who gave up do not take the place of those who come.
    if (this.#mailbox.length >= MAILBOX_ITEMS_MAX) this.#mailbox = this.#mailbox.filter(isOpen)
    if (this.#mailbox.length >= MAILBOX_ITEMS_MAX) {
      waiting.refuse(this.#trouble.noRoom(this.address))
      return false
    }
    this.#trouble.mark(waiting)
    this.#mailbox.push(waiting)
    this.#neededSequence = Math.max(this.#neededSequence, neededBy(waiting))
    if (this.#isRunning) return false
    this.#isRunning = true
    return true
  }

  /**
   * Works until the mailbox is empty and no append may still be stored: a commit that nobody knows of would not be sent.
   * Never fails: every item gets its answer.
   */
  run(): Effect.Effect<void> {
    return Effect.whileLoop({
      while: () => {
        this.#isRunning = this.#mailbox.length > 0 || this.#appends.isAnyUnresolved
        return this.#isRunning
      },
      body: () => {
        this.#enterEpoch()
        if (this.#epoch === 0) return Effect.sync(() => this.#moveOut())
        if (this.#confirmed === undefined) return this.#activate()
        const isBehind = this.#confirmed.sequence < this.#needed
        return isBehind ? this.#catchUp(this.#confirmed) : this.#playRound(this.#confirmed)
      },
      step: () => undefined,
    }).pipe(Effect.catchDefect((defect) => Effect.andThen(this.#collapse(defect), this.run())))
  }

  /** What is known from an earlier time of having the shard may be old. */
  #enterEpoch(): void {
    const epoch = this.#context.epochOf(this.place)
    if (epoch === this.#epoch) return
    this.#confirmed = undefined
    this.#appends.abandon()
    this.#epoch = epoch
  }

  #moveOut(): void {
    for (const item of this.#mailbox.splice(0)) {
      if (isOpen(item)) this.#context.elsewhere(this.definition, this.address, item, true)
    }
  }

  /** For the snapshot writer: the confirmed state, written down now. */
  takeSnapshot(): StoredSnapshot | undefined {
    if (this.#confirmed === undefined || this.#confirmed.sequence === this.#snapshotSequence) return undefined
    this.#snapshotSequence = this.#confirmed.sequence
    this.#unsavedCount = 0
    return encodeSnapshot(this.definition, this.address, this.#confirmed)
  }

  /** The node stops before the cell is done: whoever waits learns that now, not at the deadline. */
  cutOff(): void {
    const hint = "The system stopped meanwhile. Ask again elsewhere with the same commandId."
    this.#settleAll(this.#unavailable("Unknown", "the system stopped before the answer", hint))
  }

  /** A broken promise of the runtime itself. Whoever waits learns of it, and the cell starts over from the journal. */
  #collapse(defect: unknown): Effect.Effect<void> {
    this.#confirmed = undefined
    // Its commit may be stored, and was not told.
    this.#appends.unknown()
    const hint = "This is a defect; the log has it. Ask again with the same commandId."
    this.#settleAll(this.#unavailable("Unknown", `internal error: ${thrownText(defect)}`, hint))
    return logSampled("cell collapsed", `The cell of ${this.address.key} collapsed.`, {
      level: "Error",
      cause: defect,
    })
  }

  #settleAll(error: Unavailable): void {
    const waiting = [...this.#inRound, ...this.#mailbox.splice(0)]
    this.#inRound = NOBODY
    for (const item of waiting) item.settle(Exit.fail(error))
  }

  /** Leaves memory: what is not in a snapshot yet is marked for one. Only when {@link isIdle}. */
  passivate(): void {
    if (this.#confirmed === undefined || this.definition.audit !== undefined) return
    if (this.#confirmed.sequence > this.#snapshotSequence) this.#context.snapshotWriter.mark(this)
  }

  #activate(): Effect.Effect<void> {
    const { clock, counts, outbox, recoveryGate } = this.#context
    if (this.#quarantine !== undefined && monotonicMs(clock) < this.#quarantinedUntilMs) {
      return Effect.sync(() => this.#failWaiting(this.#quarantine as ActorQuarantined))
    }
    const recovered = recover(this.#context, this.definition, this.address, this.#appends.toldUpTo)
    return recoveryGate(recovered).pipe(
      Effect.matchEffect({
        onFailure: (error) => this.#notReadable(error),
        onSuccess: ({ confirmed, snapshot }) =>
          Effect.sync(() => {
            counts.activatedCount++
            this.#quarantine = undefined
            this.#attemptCount = 0
            this.#trouble.over(this.#mailbox)
            this.#confirmed = confirmed
            this.#appends.reached(confirmed.sequence)
            this.#snapshotSequence = snapshot.sequence
            this.#unsavedCount = confirmed.version - snapshot.version
            const { timers } = confirmed.pending
            if (timers.size > 0) outbox.activated(this.address, timersWithout(timers, this.#mailbox))
            this.#markForSnapshot(confirmed)
          }),
      }),
    )
  }

  /** Sequence that the state must include, for what waits and for appends whose outcome is open. */
  get #needed(): number {
    return Math.max(this.#neededSequence, this.#appends.expectedSequence)
  }

  /**
   * A message is about a commit that this state does not know: another node wrote it, or a server answered with less
   * than there is. A commit that never shows up was lost with a server's power; the state is then what there is.
   */
  #catchUp(confirmed: Confirmed): Effect.Effect<void> {
    const pause = this.#behindCount === 0 ? Effect.void : pauseAfter(this.#attemptCount)
    this.#attemptCount++
    return Effect.andThen(pause, catchUp(this.#context, this.definition, this.address, confirmed)).pipe(
      Effect.matchEffect({
        onSuccess: (now) =>
          Effect.sync(() => {
            this.#confirmed = now
            this.#appends.reached(now.sequence)
            const isBehind = now.sequence < this.#needed
            this.#behindCount = isBehind ? this.#behindCount + 1 : 0
            if (!isBehind) this.#attemptCount = 0
            if (this.#behindCount < BEHIND_LOOKS_MAX) return
            this.#neededSequence = this.#behindCount = 0
            this.#appends.abandon()
          }),
        onFailure: (failure) => this.#notReadable(failure),
      }),
    )
  }

  #playRound(confirmed: Confirmed): Effect.Effect<void> {
    const { clock, journal, commitFormat, markOf } = this.#context
    const nowMs = clock.currentTimeMillisUnsafe()
    const format = commitFormat()
    const limits = { commitBytesMax: journal.commitBytesMax, format, nowMs }
    const round = playRound(this.definition, this.address, confirmed, this.#mailbox, limits)
    this.#inRound = round.taken
    // An append that may still land, or another node's that landed unseen, can make a refusal untrue: a commit without
    // entries takes its place first, or shows it.
    const isUnsure = this.#appends.isUnresolvedAt(confirmed.sequence)
    const mustFence = round.refusesMessage || (isUnsure && (round.refusesSome || round.taken.length === 0))
    if (round.entries.length === 0 && !mustFence) {
      this.#answer(round, confirmed)
      return Effect.void
    }
    // No snapshot is taken of it while the append is in flight.
    if (round.isStateSuspect) this.#confirmed = undefined
    const mark = format === 1 ? undefined : markOf(this.place)
    const epoch = this.#epoch
    const data = commitOf(confirmed, round, { format, at: nowMs, epoch }, mark)
    this.#appends.begin(confirmed.sequence)
    return journal.append(this.address, confirmed.sequence, data).pipe(
      Effect.matchEffect({
        onSuccess: (sequence) => {
          this.#stored(confirmed, round, { sequence, atMs: nowMs, era: mark?.era ?? epoch })
          return Effect.void
        },
        onFailure: (error) => {
          this.#inRound = NOBODY
          if (error._tag === "AppendUnknown") return this.#resolveUnknown(confirmed, round, error)
          return Effect.sync(() => this.#refused(round, error))
        },
      }),
    )
  }

  /** The commit is in the journal: the tentative state is the confirmed one, callers get their answers. */
  #stored(before: Confirmed, round: Round, place: Omit<CommitTold, "born" | "entries">): void {
    const { counts, outbox } = this.#context
    this.#attemptCount = 0
    this.#trouble.over(this.#mailbox)
    const confirmed = confirmedAt(place, before, round)
    this.#confirmed = confirmed
    counts.committedCount++
    counts.eventCount += confirmed.version - before.version
    this.#unsavedCount += Math.max(1, confirmed.version - before.version)
    outbox.committed(this.address, { ...place, born: itemsOfBirth(round.birth), entries: round.entries })
    this.#appends.reached(place.sequence)
    this.#answer(round, confirmed)
    runActions(bornFirst(round), this.#context, this, confirmed, place.atMs)
    this.#markForSnapshot(confirmed)
  }

  #answer(round: Round, confirmed: Confirmed): void {
    this.#context.counts.answeredCount += round.answers.length
    for (const answer of round.answers) answer(confirmed)
    this.#inRound = NOBODY
    // Recovered from the journal before the next round, in which reads get their answers.
    if (round.isStateSuspect) {
      this.#confirmed = undefined
      this.#mailbox.unshift(...round.taken.filter(isOpen))
    }
  }

  /** Nothing was stored, and the journal says so. What did not need the commit is decided again without it. */
  #refused(round: Round, refusal: JournalRefused): void {
    const { type: actorType, id } = this.address
    this.#appends.refused()
    const tooLarge =
      refusal.reason === "TooLarge"
        ? new PayloadTooLarge({
            actorType,
            id,
            sizeBytes: round.entriesJson.reduce((sum, json) => sum + json.length, 0),
            limitBytes: this.#context.journal.commitBytesMax,
            hint: refusal.hint,
          })
        : undefined
    const isFence = round.entries.length === 0
    for (const waiting of refusedItems(round, this.#mailbox, tooLarge === undefined)) {
      // An earlier append of it may land yet, whatever became of this one.
      const stored = waiting.mayBeStored || isFence ? "Unknown" : "No"
      const { message: detail, hint } = refusal
      waiting.settle(Exit.fail(tooLarge ?? this.#unavailable(stored, detail, hint)))
    }
    this.#mailbox = [...round.taken, ...this.#mailbox].filter(isOpen)
    if (round.isStateSuspect) this.#confirmed = undefined
  }

  /** The outcome is open: put the items back, wait a little, read what the journal holds, decide again. */
  #resolveUnknown(confirmed: Confirmed, round: Round, error: AppendUnknown): Effect.Effect<void> {
    this.#context.counts.unknownCount++
    this.#appends.unknown()
    for (const { waiting } of round.entries) waiting.wasAttempted = true
    this.#mailbox.unshift(...round.taken)
    this.#trouble.unconfirmed(error, this.#mailbox)
    const pause =
      error.reason === "WrongSequence" && this.#attemptCount === 0
        ? Effect.void
        : pauseAfter(this.#attemptCount)
    this.#attemptCount++
    return Effect.andThen(pause, catchUp(this.#context, this.definition, this.address, confirmed)).pipe(
      Effect.matchEffect({
        onSuccess: (now) =>
          Effect.sync(() => {
            this.#confirmed = round.isStateSuspect ? undefined : now
            this.#appends.reached(now.sequence)
          }),
        onFailure: (failure) => this.#notReadable(failure),
      }),
    )
  }

  /**
   * The actor's history cannot be read. For a while: try again for as long as somebody waits. For good: everybody who
   * waits is told why. Either way the cell starts over from the journal.
   */
  #notReadable(error: RecoveryError): Effect.Effect<void> {
    this.#confirmed = undefined
    const isWorthTrying = this.#mailbox.some(isOpen) || this.#appends.isAnyUnresolved
    if (error._tag === "JournalUnavailable" && isWorthTrying) {
      this.#trouble.unread(error, this.#mailbox)
      this.#attemptCount++
      return pauseAfter(this.#attemptCount)
    }
    if (error._tag === "ActorQuarantined") {
      this.#appends.abandon()
      if (this.#context.unreadable(this.definition, this.place, error)) {
        return Effect.sync(() => this.#moveOut())
      }
      this.#quarantine = error
      this.#quarantinedUntilMs = monotonicMs(this.#context.clock) + QUARANTINE_RECHECK_MS
      this.#failWaiting(error)
      return logSampled("actor quarantined", error.message, { level: "Error" })
    }
    const mayBeStored = this.#mailbox.some((waiting) => waiting._tag === "Command" && waiting.mayBeStored)
    const hint = "Try again with the same commandId: it is applied at most once."
    this.#failWaiting(this.#unavailable(mayBeStored ? "Unknown" : "No", error.message, hint))
    this.#attemptCount++
    return this.#appends.isAnyUnresolved ? pauseAfter(this.#attemptCount) : Effect.void
  }

  #unavailable(stored: Unavailable["stored"], detail: string, hint: string): Unavailable {
    const { type: actorType, id } = this.address
    return new Unavailable({ actorType, id, stored, detail, hint })
  }

  #failWaiting(error: ActorQuarantined | Unavailable): void {
    for (const waiting of this.#mailbox.splice(0)) waiting.settle(Exit.fail(error))
  }

  /** A snapshot carries the remembered commands: one that has many of them is written less often. */
  #markForSnapshot({ recent }: Confirmed): void {
    if (this.definition.audit !== undefined) return
    const dueAfter = Math.max(this.definition.snapshotEveryEvents, recent.size / 2)
    if (this.#unsavedCount >= dueAfter) this.#context.snapshotWriter.mark(this)
  }
}

const NOBODY: ReadonlyArray<Waiting> = []
