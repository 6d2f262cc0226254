/**
 * The cell: one active actor with one writer. It works through its queue, from phase to phase (Phase.ts).
 *
 * Owns the walk: which phase comes next, and the waits. Between items nothing runs: an idle cell is an object
 * without a fiber, and a cell that waits for an append has no fiber either. The phases hold what is known of
 * an actor and what is done with it. Cells.ts keeps the cells.
 */
import { Effect } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { invariant } from "../invariant/Invariant.ts"
import { thrownText } from "../json/Thrown.ts"
import { about } from "../log/LogSubject.ts"
import { logSampled } from "../log/SampledLog.ts"
import type { StoredSnapshot } from "../snapshot/SnapshotStore.ts"
import { type ActorQuarantined, unavailable } from "./AskError.ts"
import { asleep } from "./Asleep.ts"
import { BirthGuess } from "./BirthGuess.ts"
import type { CellContext } from "./CellContext.ts"
import { CellQueue } from "./CellQueue.ts"
import { JournalTrouble, pauseAfter } from "./JournalTrouble.ts"
import { moveOut } from "./MoveOut.ts"
import { OpenAppends } from "./OpenAppends.ts"
import { type CellCore, type Phase, withoutState } from "./Phase.ts"
import { quarantined } from "./Quarantined.ts"
import { running } from "./Running.ts"
import { encodeSnapshot } from "./Snapshot.ts"
import { EffectWait, type Step, type Wait, type Waiter } from "./Wait.ts"
import type { Waiting } from "./Waiting.ts"

export class Cell implements CellCore, Waiter {
  readonly context: CellContext
  readonly definition: ActorDefinition
  readonly address: ActorAddress
  readonly shardIndex: number
  readonly trouble: JournalTrouble
  readonly queue: CellQueue
  readonly appends: OpenAppends
  epoch = 0
  phase: Phase
  /** Monotonic milliseconds of the last use, for passivation. */
  lastUsedMs = 0
  #isAtWork = false
  /** The wait that the cell is in. */
  #wait: Wait | undefined
  /**
   * True while a wait begins: an answer that comes at once is then taken up by the code that begins the wait.
   */
  #isBeginning = false
  #isCutOff = false
  /** Callbacks to run when the work is done. */
  #onDone: Array<() => void> | undefined

  constructor(context: CellContext, definition: ActorDefinition, address: ActorAddress, shardIndex: number) {
    this.context = context
    this.definition = definition
    this.address = address
    this.shardIndex = shardIndex
    this.trouble = new JournalTrouble()
    this.queue = new CellQueue(this.trouble)
    this.appends = new OpenAppends(address, context.outbox)
    this.phase = { _tag: "Asleep", birth: new BirthGuess(context.births, definition) }
  }

  /** True if no item waits and no work runs: the cell may be passivated. */
  get isIdle(): boolean {
    return !this.#isAtWork && this.queue.isEmpty
  }

  /** Why the actor's history could not be read; `undefined` once it was read again. */
  get quarantine(): ActorQuarantined | undefined {
    const phase = this.phase._tag === "Recovering" ? this.phase.from : this.phase
    return phase._tag === "Quarantined" ? phase.error : undefined
  }

  /** Why this code can decide nothing for the actor. */
  get halted(): string | undefined {
    return this.phase._tag === "Running"
      ? this.definition.audit?.halted(this.phase.confirmed.state)
      : undefined
  }

  /** Queues an item, and starts to work if the cell is idle. A full queue answers Busy at once. */
  offer(waiting: Waiting): void {
    if (!this.queue.push(this.address, waiting) || this.#isAtWork) return
    this.#isAtWork = true
    this.#work(undefined)
  }

  get isAtWork(): boolean {
    return this.#isAtWork
  }

  /** Waits until the cell has nothing to do. */
  get done(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      if (!this.#isAtWork) return resume(Effect.void)
      this.#onDone ??= []
      this.#onDone.push(() => resume(Effect.void))
    })
  }

  /**
   * Works until the queue is empty and no append has an open outcome, because what such a commit carries
   * would not be sent. Returns when it has to wait, and is called again with the wait that is over.
   */
  #work(over: Wait | undefined): void {
    let step: Step = over === undefined ? undefined : this.#goOn(over)
    while (true) {
      if (step !== undefined) {
        const overAtOnce = this.#begin(step)
        if (overAtOnce === undefined) return
        step = this.#goOn(overAtOnce)
        continue
      }
      this.#isAtWork = !this.queue.isEmpty || this.appends.isAnyUnresolved
      if (!this.#isAtWork) break
      step = this.#next()
    }
    const told = this.#onDone
    this.#onDone = undefined
    for (const tell of told ?? []) tell()
  }

  /** Begins to wait. Returns the wait if it is over at once. */
  #begin(wait: Wait): Wait | undefined {
    this.#wait = wait
    this.#isBeginning = true
    try {
      wait.begin(this)
    } catch (defect) {
      this.#isBeginning = false
      return this.#begin(this.#collapse(defect))
    }
    this.#isBeginning = false
    return this.#wait === undefined ? wait : undefined
  }

  answered(wait: Wait): void {
    if (wait !== this.#wait || this.#isCutOff) return
    this.#wait = undefined
    if (!this.#isBeginning) this.#work(wait)
  }

  #goOn(wait: Wait): Step {
    try {
      return wait.goOn()
    } catch (defect) {
      return this.#collapse(defect)
    }
  }

  #next(): Step {
    try {
      this.#enterEpoch()
      if (this.epoch === 0) {
        moveOut(this)
        return undefined
      }
      return this.#nextIn(this.phase)
    } catch (defect) {
      return this.#collapse(defect)
    }
  }

  #nextIn(phase: Phase): Step {
    invariant(phase._tag !== "Recovering", "recoveryAwaited", () => ({ key: this.address.key }))
    switch (phase._tag) {
      case "Asleep":
        return asleep(this, phase)
      case "Running":
        return running(this, phase)
      case "Quarantined":
        return quarantined(this, phase)
    }
  }

  /** Drops the known state if the shard's epoch has changed, because that state may be old. */
  #enterEpoch(): void {
    const epoch = this.context.epochOf(this.shardIndex)
    if (epoch === this.epoch) return
    this.phase = withoutState(this.phase)
    this.appends.abandon()
    this.epoch = epoch
  }

  /** The confirmed state as a row, for the snapshot writer. */
  takeSnapshot(): StoredSnapshot | undefined {
    if (this.phase._tag !== "Running") return undefined
    const { confirmed, snapshotDue } = this.phase
    return snapshotDue.taken(confirmed) ? encodeSnapshot(this.definition, this.address, confirmed) : undefined
  }

  /** Stops the work and the current wait. */
  get stop(): Effect.Effect<void> {
    this.#isCutOff = true
    return this.#wait?.stop ?? Effect.void
  }

  /** The node stops before the cell is done: callers are told now, not at their deadline. */
  cutOff(): void {
    const hint = "The system stopped meanwhile. Ask again elsewhere with the same commandId."
    this.queue.failAll(unavailable(this.address, "Unknown", "the system stopped before the answer", hint))
  }

  /** Handles a defect of the runtime itself: callers are told, and the cell starts over from the journal. */
  #collapse(defect: unknown): Wait {
    this.phase = withoutState(this.phase)
    // The commit may be stored, and the outbox was not told.
    this.appends.unknown()
    const hint = "This is a defect; the log has it. Ask again with the same commandId."
    this.queue.failAll(unavailable(this.address, "Unknown", `internal error: ${thrownText(defect)}`, hint))
    const logged = logSampled("cell collapsed", `The cell of ${this.address.key} collapsed.`, {
      level: "Error",
      cause: defect,
    }).pipe(about({ actor: this.address }))
    // The work continues without a caller, so it must pause to avoid a busy loop.
    const { trouble, appends } = this
    const pause = appends.isAnyUnresolved ? pauseAfter(trouble.attemptCount++) : Effect.void
    return new EffectWait(this.context.fork, Effect.andThen(logged, pause))
  }

  /** Leaves memory, and marks a snapshot for what is in none yet. Only when {@link isIdle}. */
  passivate(): void {
    if (this.phase._tag !== "Running") return
    const { confirmed, snapshotDue } = this.phase
    if (snapshotDue.isDueAtLast(confirmed)) this.context.snapshotWriter.mark(this)
  }
}
