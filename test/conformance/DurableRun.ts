/**
 * A machine run as a durable actor, with the runtime's own decisions, commits, fold and snapshots, and no servers.
 *
 * Owns how the actor comes back between two events ({@link Recovery}), and what the rest of the system does in a running
 * one: it fires timers, makes calls, and brings what actions send.
 */
import { Schema } from "effect"
import type { AnyMachineSnapshot } from "xstate"
import { addressOf } from "../../runtime/address/ActorAddress.ts"
import { failureOf, outputOf } from "../../runtime/call/CallRunner.ts"
import { type Birth, BORN, bear } from "../../runtime/cell/Birth.ts"
import { type BirthInput, checkedInput } from "../../runtime/cell/BirthInput.ts"
import { type Base, decide, type Outcome } from "../../runtime/cell/Decide.ts"
import { applyRecord, type Confirmed, unborn } from "../../runtime/cell/Fold.ts"
import { type PendingCall, type PendingTimer, rowsOfPending } from "../../runtime/cell/Pending.ts"
import { decideSignal, type Signal } from "../../runtime/cell/Signal.ts"
import { decodeSnapshot, encodeSnapshot } from "../../runtime/cell/Snapshot.ts"
import { commandOf } from "../../runtime/command/Ask.ts"
import { encodeCommit } from "../../runtime/commit/Commit.ts"
import { type ActorDefinition, type AnyActor, defineActor } from "../../runtime/definition/Actor.ts"
import type { AnyEvent } from "../../runtime/event/Event.ts"
import { defineIntegrationEvent } from "../../runtime/event/IntegrationEvent.ts"
import type { JournalRecord } from "../../runtime/journal/Journal.ts"
import { decodeValue, encodeValue } from "../../runtime/json/StoredValue.ts"
import { given } from "../../runtime/machine/SealedState.ts"
import type { ConformanceCase } from "./ConformanceCase.ts"
import { type Facts, factsOf, outlookOf } from "./Facts.ts"
import { settled } from "./PlainRun.ts"

/** How the actor comes back after each commit. */
export const RECOVERIES = ["stays in memory", "full replay", "snapshot", "snapshot and tail"] as const
export type Recovery = (typeof RECOVERIES)[number]

const anything = (type: string) =>
  defineIntegrationEvent({ type, schema: Schema.Any, description: "whatever the machine emits" })

/** Commits after which an actor that is replayed as a whole is replayed after every tenth only: the way grows with each. */
const REPLAYED_EACH_MAX = 40

/** Commits that one step may lead to; more are a loop. */
const COMMITS_MAX = 1_000

/** In the order in which they were asked for: the latest under an id may stand where an earlier one did. */
const byGeneration = (left: PendingCall | PendingTimer, right: PendingCall | PendingTimer): number => {
  const [version = 0, index = 0] = left.g.split(".").map(Number)
  const [otherVersion = 0, otherIndex = 0] = right.g.split(".").map(Number)
  return version - otherVersion || index - otherIndex
}

export class DurableRun {
  readonly emitted: Array<unknown> = []
  readonly notes: Array<string> = []
  /** Outcomes of what was sent that stored nothing, for a reader of a failed test. */
  readonly refused: Array<unknown> = []
  /** Reasons of events that failed, where the case says that the run differs; other failures end the run. */
  readonly #failed: Array<string> = []
  readonly #differs: boolean
  readonly #definition: ActorDefinition
  readonly #input: object | undefined
  readonly #address
  readonly #recovery: Recovery
  readonly #records: Array<JournalRecord> = []
  /** What waits for the actor, as messages. */
  readonly #waiting: Array<AnyEvent> = []
  readonly #called = new Set<string>()
  #nowMs = 0
  #signalCount = 0
  #confirmed: Confirmed

  constructor(of: ConformanceCase, id: string, recovery: Recovery) {
    const publishes = (of.emits ?? []).map(anything)
    const machine = of.machine((text) => this.notes.push(text))
    const input = of.input === undefined ? undefined : Schema.Any
    this.#definition = defineActor({
      type: "conformance",
      machine,
      publishes,
      input,
    } as never) as ActorDefinition
    this.#input = of.input
    this.#address = addressOf("conformance", id, 8)
    this.#recovery = recovery
    this.#differs = of.differs !== undefined
    this.#confirmed = unborn(this.#definition, id)
  }

  /** Has the actor born, in a commit of its own. */
  start(): Promise<void> {
    const { standing } = this.#confirmed
    if (standing._tag === "Born") throw new Error("it is born already")
    const bearing = { commandType: "birth", input: this.#checkedInput(), isSpawn: false }
    const birth = bear(this.#definition, this.#address, standing, bearing, this.#nowMs)
    if (birth._tag !== "Birth") throw birth
    const count = this.#records.length
    if (birth.json !== undefined) this.#keep(birth.json, [])
    this.#arrive({ ...this.#confirmed, ...birth, standing: BORN }, count, birth)
    return this.advance(0)
  }

  #checkedInput(): BirthInput | undefined {
    if (this.#input === undefined) return undefined
    const input = checkedInput(this.#definition, this.#address.id, this.#input)
    if ("issues" in input) throw new Error(`the input is refused: ${input.issues[0]?.message}`)
    return input
  }

  async send(event: AnyEvent): Promise<void> {
    const commandId = `c-${this.#signalCount++}`
    const command = commandOf(
      this.#definition as AnyActor,
      this.#address,
      event,
      { commandId },
      () => commandId,
    )
    this.#store(decide(this.#definition, this.#address, this.#base, command, this.#nowMs))
    await this.advance(0)
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    do await this.#settle()
    while (this.#fireNext(endMs))
    this.#nowMs = endMs
  }

  factsAfter(events: ReadonlyArray<AnyEvent>): Facts {
    const snapshot = given(this.#confirmed.state) as AnyMachineSnapshot
    return { ...factsOf(snapshot), ...outlookOf(snapshot, events), ...this.#failures }
  }

  /** Everything that a snapshot keeps of the machine, as text, so that the order of its parts counts. */
  get stored(): string {
    const { state, pending } = this.#confirmed
    const { machine } = this.#definition
    return JSON.stringify([encodeValue(machine.persist(state)), rowsOfPending(pending)])
  }

  get #failures(): Facts {
    return this.#failed.length === 0 ? {} : { failed: [...this.#failed] }
  }

  get #base(): Base {
    return this.#confirmed
  }

  /** Brings what actions have sent, and makes the calls that are asked for; those that do not end stay open. */
  async #settle(): Promise<void> {
    while (true) {
      for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
        this.#signal({ kind: "self", event }, event.type)
      }
      this.#makeCalls()
      await settled()
      if (this.#waiting.length === 0 && this.#ended.length === 0) return
      for (const end of this.#ended.splice(0)) end()
    }
  }

  /** Ends of calls that are to be told. */
  readonly #ended: Array<() => void> = []

  #makeCalls(): void {
    const calls = [...this.#confirmed.pending.calls].toSorted(([, left], [, right]) =>
      byGeneration(left, right),
    )
    for (const [name, { g: generation, src, in: plain, raw }] of calls) {
      const idempotencyKey = `${name}/${generation}`
      if (this.#called.has(idempotencyKey)) continue
      this.#called.add(idempotencyKey)
      const logic = this.#definition.machine.callLogic(src)
      if (logic === undefined) throw new Error(`no logic for the call ${src}`)
      const input = raw === undefined ? plain : decodeValue(raw)
      const signal = new AbortController().signal
      const args = { input, idempotencyKey, signal, heartbeat: () => undefined, attempt: 1 }
      const end = (outcome: object) =>
        this.#ended.push(() => this.#signal({ kind: "call", generation, outcome } as never, name))
      void (async () => outputOf(await logic.run(args, { name, src })))()
        .catch((cause: unknown) => failureOf(logic, cause, 1))
        .then(end)
    }
  }

  #fireNext(endMs: number): boolean {
    const timers = [...this.#confirmed.pending.timers]
    const [next] = timers.toSorted(([, left], [, right]) => left.at - right.at || byGeneration(left, right))
    if (next === undefined || next[1].at > endMs) return false
    const [name, { g: generation, at }] = next
    this.#nowMs = Math.max(this.#nowMs, at)
    this.#signal({ kind: "timer", generation, at }, name)
    return true
  }

  #signal(what: object, name: string): void {
    const signal = {
      _tag: "Signal",
      commandId: `s-${this.#signalCount++}`,
      fingerprint: "",
      metadata: undefined,
      name,
      since: 0,
      ...what,
    } as unknown as Signal
    this.#store(decideSignal(this.#definition, this.#address, this.#base, signal, this.#nowMs))
  }

  #store(outcome: Outcome): void {
    if (outcome._tag !== "Proposal") {
      this.refused.push(outcome._tag === "Nothing" ? outcome : outcome.message)
      if (outcome._tag !== "CommandFailed") return
      if (!this.#differs) throw outcome
      this.#failed.push(outcome.reason)
      return
    }
    if (this.#records.length > COMMITS_MAX) throw new Error("the machine does not come to rest")
    const { state, version, pending, entry, actions } = outcome
    const count = this.#records.length
    const sequence = this.#keep(undefined, [JSON.stringify(entry)])
    const live: Confirmed = { ...this.#confirmed, state, version, pending, sequence }
    this.#arrive(live, count, { items: entry.out ?? [], actions })
  }

  /** The commit is stored: the actor comes back, and what the commit asked for is done. */
  #arrive(live: Confirmed, count: number, { items, actions }: Pick<Birth, "items" | "actions">): void {
    this.#confirmed = this.#recovered(this.#confirmed, live, count)
    for (const item of items) {
      if (item.k === "publish") this.emitted.push({ type: item.t, ...(item.d as object) })
    }
    const { id } = this.#address
    const self = { id, send: (event: AnyEvent) => this.#waiting.push(event), state: live.state }
    for (const action of actions) this.#act(() => action.run(self))
  }

  /** What an action throws is counted, and changes nothing. */
  #act(run: () => void): void {
    try {
      run()
    } catch (cause) {
      this.refused.push(cause)
    }
  }

  #keep(b: string | undefined, entries: ReadonlyArray<string>): number {
    const header = { format: 3 as const, first: this.#confirmed.version + 1, at: this.#nowMs, epoch: 1, b }
    const data = encodeCommit(header, entries)
    this.#records.push({ key: this.#address.key, sequence: this.#records.length + 1, data })
    return this.#records.length
  }

  /** The actor as it comes back; `count` commits were there `before` the last one. */
  #recovered(before: Confirmed, live: Confirmed, count: number): Confirmed {
    switch (this.#recovery) {
      case "stays in memory":
        return live
      case "full replay": {
        const isTurn = this.#records.length <= REPLAYED_EACH_MAX || this.#records.length % 10 === 0
        return this.#records.length === 0 || !isTurn ? live : this.#replayed(this.#records.length)
      }
      case "snapshot":
        return this.#restored(live)
      case "snapshot and tail":
        if (count === 0) return live
        return this.#records.slice(count).reduce(this.#apply, this.#restored(before))
    }
  }

  #replayed(count: number): Confirmed {
    const born = unborn(this.#definition, this.#address.id)
    return this.#records.slice(0, count).reduce(this.#apply, born)
  }

  #restored(confirmed: Confirmed): Confirmed {
    const decoded = decodeSnapshot(
      this.#definition,
      this.#address,
      encodeSnapshot(this.#definition, this.#address, confirmed),
    )
    if ("unusable" in decoded) throw new Error(`the snapshot cannot be read back: ${decoded.unusable}`)
    return decoded
  }

  readonly #apply = (confirmed: Confirmed, record: JournalRecord): Confirmed =>
    applyRecord(this.#definition, this.#address, confirmed, record)
}
