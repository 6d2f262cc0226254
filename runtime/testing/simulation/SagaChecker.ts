/**
 * Checks that a compensated saga has undone every completed step, the last one first, including late ones,
 * and that only its parent saga has cancelled or undone it.
 *
 * Owns that promise. It is checked from the answers that came to the saga, not from its ledger. Items that an
 * operator settled count as settled, and a nested saga is checked by itself.
 */
import type { AnyEvent } from "../../event/Event.ts"
import { sequenceOfId } from "../../message/OutboxItem.ts"
import type { RequestRef } from "../../message/Outgoing.ts"
import type { AnySaga } from "../../saga/AnySaga.ts"
import type { SagaLedger } from "../../saga/SagaLedger.ts"
import { pathOf, readRequestName } from "../../saga/SagaPlan.ts"
import { planFor } from "../../saga/SagaPlans.ts"
import type { TrueActor } from "./Reference.ts"
import { PROMISES, Violation } from "./Violation.ts"

/** Answers in order of arrival, by item. */
interface Answers {
  readonly done: ReadonlyArray<string>
  readonly undone: ReadonlyArray<string>
}

export class SagaChecker {
  readonly #sagas: ReadonlyMap<string, AnySaga>
  /** The saga that wrote the commit at a sequence. */
  readonly #writers = new Map<number, string>()

  constructor(sagas: ReadonlyArray<AnySaga>) {
    this.#sagas = new Map(sagas.map((saga) => [saga.type, saga]))
  }

  /** Checks a stored commit. Throws {@link Violation}. */
  stored(actor: TrueActor): void {
    const saga = this.#sagas.get(actor.address.type)
    if (saga === undefined) return
    this.#writers.set(actor.sequence, actor.address.key)
    this.#requireParent(actor)
    this.#requireUndone(saga, actor)
  }

  /** Checks that messages of a parent saga come from the saga that started this one. */
  #requireParent({ address, events, sequence }: TrueActor): void {
    const started = events.find(({ event }) => event.type === "SagaStarted")?.event
    const parent = (started?.parent as RequestRef | null | undefined)?.to
    for (const { event, commandId } of events.filter((stored) => stored.sequence === sequence)) {
      const asker = this.#askerOf(event, commandId)
      if (asker === undefined || asker === parent) continue
      const what = `${event.type} of ${address.key} comes from ${asker}`
      throw new Violation(PROMISES.parent, `${what}, and ${parent ?? "nobody"} started it by a request`)
    }
  }

  #askerOf(event: AnyEvent, commandId: string): string | undefined {
    if (event.type === "SagaUndoAsked") return (event.replyTo as RequestRef).to
    const isStop = event.type === "SagaCancelled" && String(event.by).startsWith("saga:")
    return isStop ? this.#writers.get(sequenceOfId(commandId)) : undefined
  }

  #requireUndone(saga: AnySaga, { address, states, version, events }: TrueActor): void {
    const state = states[version]
    if (state?.value !== "compensated") return
    const { done, undone } = answersIn(events)
    if (events.some(({ event }) => OPERATORS_WORD.has(event.type))) return
    const plan = planFor(saga.plans, (state.context as SagaLedger).plan)
    const owed = done.filter((item) => {
      const work = plan?.works.get(pathOf(item))
      return work?.compensate !== undefined && work.kind !== "nested"
    })
    const missing = owed.filter((item) => !undone.includes(item))
    const broken = (what: string) =>
      new Violation(PROMISES.saga, `${address.key} is compensated, but ${what}`)
    if (missing.length > 0) throw broken(`${missing.join(", ")} was never undone`)
    const twice = undone.filter((item, index) => undone.indexOf(item) !== index)
    if (twice.length > 0) throw broken(`${twice.join(", ")} was undone twice`)
    // A step that completes late, during compensation, is undone before earlier ones.
    const inOrder = undone.filter((item) => owed.includes(item))
    if (inOrder.join() !== owed.toReversed().join()) {
      throw broken(`${owed.join(", ")} was undone in the order ${inOrder.join(", ")}`)
    }
  }
}

/** Events by which an operator settles an item. */
const OPERATORS_WORD: ReadonlySet<string> = new Set(["SagaSkipped", "SagaResolved", "SagaAborted"])

const nameIn = (event: { readonly type: string; readonly as?: unknown }) =>
  event.type === "everstate.answered" && typeof event.as === "string" ? readRequestName(event.as) : undefined

const answersIn = (events: TrueActor["events"]): Answers => {
  const done: Array<string> = []
  const undone: Array<string> = []
  for (const { event } of events) {
    const name = nameIn(event)
    if (name === undefined || (event as { answer?: { ok?: boolean } }).answer?.ok !== true) continue
    if (name.verb === "do" && !done.includes(name.itemKey)) done.push(name.itemKey)
    if (name.verb === "undo") undone.push(name.itemKey)
  }
  return { done, undone }
}
