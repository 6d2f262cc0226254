/**
 * The cell: one active actor, one writer. Recovers it, decides what waits in its queue, appends, answers.
 *
 * Owns the walk of a command after it was routed (docs/ARCHITECTURE.md): round → append → state visible → answers →
 * actions. One append is in flight per actor. Every failure of the append that leaves the outcome open has one cure:
 * read what the journal holds by now and play the round again; the commands that did land are found by their ids.
 *
 * Between rounds nothing runs: an idle cell is an object, not a fiber. Who keeps cells: Cells.ts.
 */
import { Effect, type Fiber } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { CommitStamp } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { AppendUnknown, JournalRefused } from "../journal/Journal.ts"
import { thrownText } from "../json/Thrown.ts"
import { logSampled } from "../log/SampledLog.ts"
import type { StoredSnapshot } from "../snapshot/SnapshotStore.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { bornFirst, runActions } from "./Actions.ts"
import { type ActorQuarantined, unavailable } from "./AskError.ts"
import { itemsOfBirth } from "./Birth.ts"
import { BirthGuess } from "./BirthGuess.ts"
import type { CellContext } from "./CellContext.ts"
import { CellQueue } from "./CellQueue.ts"
import type { CommitTold } from "./CommitListener.ts"
import type { Confirmed } from "./Fold.ts"
import { pauseAfter } from "./JournalTrouble.ts"
import { OpenAppends } from "./OpenAppends.ts"
import { catchUp, type RecoveryError, recover } from "./Recovery.ts"
import { answerRefused } from "./RefusedRound.ts"
import { playRound, type Round } from "./Round.ts"
import { commitOf, confirmedAt } from "./RoundCommit.ts"
import { encodeSnapshot } from "./Snapshot.ts"
import { SnapshotDue } from "./SnapshotDue.ts"
import { isOpen, timersWithout, type Waiting } from "./Waiting.ts"

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
  /** The fiber that works off the queue, while it waits for something. */
  fiber: Fiber.Fiber<void> | undefined
  #context: CellContext
  #confirmed: Confirmed | undefined
  #quarantine: ActorQuarantined | undefined
  readonly #queue = new CellQueue()
  #isRunning = false
  readonly #snapshotDue: SnapshotDue
  #attemptCount = 0
  /** Appends that may still be stored. */
  readonly #appends: OpenAppends
  #quarantinedUntilMs = 0
  /** Under which the shard is this node's; 0: not. */
  #epoch = 0
  #behindCount = 0
  /** Until the actor was in memory once. */
  #birth: BirthGuess | undefined

  constructor(context: CellContext, definition: ActorDefinition, address: ActorAddress, place: number) {
    this.place = place
    this.#context = context
    this.definition = definition
    this.address = address
    this.#appends = new OpenAppends(address, context.outbox)
    this.#snapshotDue = new SnapshotDue(definition)
    this.#birth = new BirthGuess(context.births, definition)
  }

  /** Nothing waits and nothing runs: the cell may be passivated. */
  get isIdle(): boolean {
    return !this.#isRunning && this.#queue.isEmpty
  }

  get quarantine(): ActorQuarantined | undefined {
    return this.#quarantine
  }

  /** Why nothing can be decided for the actor with this code. */
  get halted(): string | undefined {
    return this.#confirmed && this.definition.audit?.halted(this.#confirmed.state)
  }

  /** Queues an item. `true`: the caller must start {@link run}. A full queue answers Busy at once. */
  offer(waiting: Waiting): boolean {
    if (!this.#queue.push(this.address, waiting) || this.#isRunning) return false
    this.#isRunning = true
    return true
  }

  /**
   * Works until the queue is empty and no append may still be stored: a commit that nobody knows of would not be sent.
   * Never fails: every item gets its answer.
   */
  run(): Effect.Effect<void> {
    return Effect.whileLoop({
      while: () => {
        this.#isRunning = !this.#queue.isEmpty || this.#appends.isAnyUnresolved
        return this.#isRunning
      },
      body: () => {
        this.#enterEpoch()
        if (this.#epoch === 0) return Effect.sync(() => this.#moveOut())
        if (this.#confirmed === undefined) return this.#guessBirth() ?? this.#activate()
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
    const { definition, address } = this
    for (const item of this.#queue.takeOpen()) this.#context.elsewhere(definition, address, item, true)
  }

  /** For the snapshot writer: the confirmed state, written down now. */
  takeSnapshot(): StoredSnapshot | undefined {
    if (this.#confirmed === undefined || !this.#snapshotDue.taken(this.#confirmed)) return undefined
    return encodeSnapshot(this.definition, this.address, this.#confirmed)
  }

  /** The node stops before the cell is done: whoever waits learns that now, not at the deadline. */
  cutOff(): void {
    const hint = "The system stopped meanwhile. Ask again elsewhere with the same commandId."
    this.#queue.failAll(unavailable(this.address, "Unknown", "the system stopped before the answer", hint))
  }

  /** A broken promise of the runtime itself. Whoever waits learns of it, and the cell starts over from the journal. */
  #collapse(defect: unknown): Effect.Effect<void> {
    this.#confirmed = undefined
    // Its commit may be stored, and was not told.
    this.#appends.unknown()
    const hint = "This is a defect; the log has it. Ask again with the same commandId."
    this.#queue.failAll(unavailable(this.address, "Unknown", `internal error: ${thrownText(defect)}`, hint))
    return logSampled("cell collapsed", `The cell of ${this.address.key} collapsed.`, {
      level: "Error",
      cause: defect,
    })
  }

  /** Leaves memory: what is not in a snapshot yet is marked for one. Only when {@link isIdle}. */
  passivate(): void {
    if (this.#confirmed === undefined || !this.#snapshotDue.isDueAtLast(this.#confirmed)) return
    this.#context.snapshotWriter.mark(this)
  }

  #activate(): Effect.Effect<void> {
    const { clock, counts, outbox, recoveryGate } = this.#context
    if (this.#quarantine !== undefined && monotonicMs(clock) < this.#quarantinedUntilMs) {
      return Effect.sync(() => this.#queue.failWaiting(this.#quarantine as ActorQuarantined))
    }
    const toldUpTo = this.#birth?.toldUpTo ?? this.#appends.toldUpTo
    const recovered = recover(this.#context, this.definition, this.address, toldUpTo)
    return recoveryGate(recovered).pipe(
      Effect.matchEffect({
        onFailure: (error) => this.#notReadable(error),
        onSuccess: ({ confirmed, snapshot }) =>
          Effect.sync(() => {
            counts.activatedCount++
            this.#birth?.read(confirmed, this.#queue.waiting[0])
            this.#birth = this.#quarantine = undefined
            this.#attemptCount = 0
            this.#queue.journalWorks()
            this.#confirmed = confirmed
            this.#appends.reached(confirmed.sequence)
            this.#snapshotDue.recovered(confirmed, snapshot)
            const { timers } = confirmed.pending
            if (timers.size > 0) outbox.activated(this.address, timersWithout(timers, this.#queue.waiting))
            if (this.#snapshotDue.isDue(confirmed)) this.#context.snapshotWriter.mark(this)
          }),
      }),
    )
  }

  /** Sequence that the state must include, for what waits and for appends whose outcome is open. */
  get #needed(): number {
    return Math.max(this.#queue.neededSequence, this.#appends.expectedSequence)
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
            this.#queue.neededSequence = this.#behindCount = 0
            this.#appends.abandon()
          }),
        onFailure: (failure) => this.#notReadable(failure),
      }),
    )
  }

  /** Decides what waits on `confirmed`. */
  #play(confirmed: Confirmed): Round {
    const { clock, journal, commitFormat } = this.#context
    const nowMs = clock.currentTimeMillisUnsafe()
    const limits = { commitBytesMax: journal.commitBytesMax, format: commitFormat(), nowMs }
    const round = playRound(this.definition, this.address, confirmed, this.#queue.waiting, limits)
    this.#queue.taken(round.taken)
    return round
  }

  #playRound(confirmed: Confirmed): Effect.Effect<void> {
    const round = this.#play(confirmed)
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
    return this.#append(confirmed, round, (error) =>
      error._tag === "AppendUnknown"
        ? this.#resolveUnknown(confirmed, round, error)
        : Effect.sync(() => this.#refused(round, error)),
    )
  }

  #append(
    confirmed: Confirmed,
    round: Round,
    onFailure: (error: AppendUnknown | JournalRefused, stamp: CommitStamp) => Effect.Effect<void>,
    onStored?: () => void,
  ): Effect.Effect<void> {
    const { format, nowMs } = round.limits
    const mark = format === 1 ? undefined : this.#context.markOf(this.place)
    const epoch = this.#epoch
    const stamp = { era: mark?.era ?? epoch, atMs: nowMs }
    const data = commitOf(confirmed, round, { format, at: nowMs, epoch }, mark)
    this.#appends.begin(confirmed.sequence)
    return this.#context.journal.append(this.address, confirmed.sequence, data).pipe(
      Effect.matchEffect({
        onSuccess: (sequence) => {
          onStored?.()
          return Effect.succeed(this.#stored(confirmed, round, { sequence, ...stamp }))
        },
        onFailure: (error) => {
          this.#queue.roundIsOver()
          return onFailure(error, stamp)
        },
      }),
    )
  }

  /**
   * Plays the first round of an actor that is likely to be new without a look at the journal, which takes this commit only
   * if the actor has none. `undefined`: the actor has to be read.
   */
  #guessBirth(): Effect.Effect<void> | undefined {
    const birth = this.#birth
    const isDoubtful = this.#quarantine !== undefined || this.#appends.isAnyUnresolved
    if (birth === undefined || isDoubtful || this.#needed > 0) return undefined
    const newborn = birth.newborn(this.address.id, this.#queue.waiting[0])
    if (newborn === undefined) return undefined
    const round = this.#play(newborn)
    // Without a commit nothing proves that the actor is new.
    if (round.entries.length === 0) {
      this.#queue.putBack(round.taken)
      return undefined
    }
    const onFailure = (error: AppendUnknown | JournalRefused, stamp: CommitStamp) => {
      const isNotNew = birth.refused(round, stamp, error)
      if (error._tag === "JournalRefused") {
        this.#appends.refused()
        return Effect.sync(() => this.#queue.putBack(round.taken))
      }
      this.#context.counts.unknownCount += isNotNew ? 0 : 1
      return this.#unknown(round, error)
    }
    return this.#append(newborn, round, onFailure, () => {
      birth.born()
      this.#birth = undefined
      this.#context.counts.activatedCount++
    })
  }

  /** The commit is in the journal: the tentative state is the confirmed one, callers get their answers. */
  #stored(before: Confirmed, round: Round, place: Omit<CommitTold, "born" | "entries">): void {
    const { counts, outbox } = this.#context
    this.#attemptCount = 0
    this.#queue.journalWorks()
    const confirmed = confirmedAt(place, before, round)
    this.#confirmed = confirmed
    const eventCount = confirmed.version - before.version
    counts.committedCount++
    counts.eventCount += eventCount
    this.#snapshotDue.stored(eventCount)
    outbox.committed(this.address, { ...place, born: itemsOfBirth(round.birth), entries: round.entries })
    this.#appends.reached(place.sequence)
    this.#answer(round, confirmed)
    runActions(bornFirst(round), this.#context, this, confirmed, place.atMs)
    if (this.#snapshotDue.isDue(confirmed)) this.#context.snapshotWriter.mark(this)
  }

  #answer(round: Round, confirmed: Confirmed): void {
    this.#context.counts.answeredCount += round.answers.length
    for (const answer of round.answers) answer(confirmed)
    this.#queue.roundIsOver()
    // Recovered from the journal before the next round, in which reads get their answers.
    if (round.isStateSuspect) {
      this.#confirmed = undefined
      this.#queue.putBack(round.taken.filter(isOpen))
    }
  }

  /** Nothing was stored, and the journal says so. What did not need the commit is decided again without it. */
  #refused(round: Round, refusal: JournalRefused): void {
    this.#appends.refused()
    answerRefused(this.address, round, this.#queue.waiting, refusal)
    this.#queue.putBack(round.taken.filter(isOpen))
    if (round.isStateSuspect) this.#confirmed = undefined
  }

  /** The outcome is open: puts the items back, and waits a little. */
  #unknown(round: Round, error: AppendUnknown): Effect.Effect<void> {
    this.#appends.unknown()
    for (const { waiting } of round.entries) waiting.wasAttempted = true
    this.#queue.putBack(round.taken)
    this.#queue.unconfirmed(error)
    const isFaster = error.reason === "WrongSequence" && this.#attemptCount === 0
    return isFaster ? Effect.sync(() => void this.#attemptCount++) : pauseAfter(this.#attemptCount++)
  }

  /** Reads what the journal holds, and decides again. */
  #resolveUnknown(confirmed: Confirmed, round: Round, error: AppendUnknown): Effect.Effect<void> {
    this.#context.counts.unknownCount++
    const pause = this.#unknown(round, error)
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
    const isWorthTrying = this.#queue.isSomeOpen || this.#appends.isAnyUnresolved
    if (error._tag === "JournalUnavailable" && isWorthTrying) {
      this.#queue.unread(error)
      return pauseAfter(++this.#attemptCount)
    }
    if (error._tag === "ActorQuarantined") {
      this.#appends.abandon()
      if (this.#context.unreadable(this.definition, this.place, error)) {
        return Effect.sync(() => this.#moveOut())
      }
      this.#quarantine = error
      this.#quarantinedUntilMs = monotonicMs(this.#context.clock) + QUARANTINE_RECHECK_MS
      this.#queue.failWaiting(error)
      return logSampled("actor quarantined", error.message, { level: "Error" })
    }
    const hint = "Try again with the same commandId: it is applied at most once."
    this.#queue.failWaiting(
      unavailable(this.address, this.#queue.mayHoldStored ? "Unknown" : "No", error.message, hint),
    )
    return this.#appends.isAnyUnresolved ? pauseAfter(++this.#attemptCount) : Effect.void
  }
}
