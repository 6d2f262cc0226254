/** Runs a saga's machine by hand: events in, what it would send and which timers are set out. */
import type {
  Answer,
  AnyEvent,
  AnySaga,
  MachineState,
  Outgoing,
  SagaItem,
  SagaLedger,
} from "../../../runtime/index.ts"
import { outgoingOf } from "../../../runtime/message/Outgoing.ts"
import { type PlanRef, SAGA_RULES } from "../../../runtime/saga/SagaPlan.ts"

const PARENT = { to: "above/1", as: "do:1:below", re: "m1" }

export const no = (reason = "No"): Answer => ({ ok: false, reason, isRejection: true })
export const broken = (reason = "Broken"): Answer => ({ ok: false, reason, isRejection: false })
export const ok = (reply: unknown = { code: "c" }): Answer => ({ ok: true, reply })

export interface DriverOptions {
  readonly id?: string
  readonly hasParent?: boolean
  /** The plan that it started with; default: the newest. */
  readonly plan?: PlanRef
  /** The rules that it starts under; 1: as sagas of the first release did. */
  readonly rules?: number
}

export class SagaDriver {
  state: MachineState
  /** Timers that are set: their delays and events. */
  readonly timers = new Map<string, { readonly delayMs: number; readonly event: AnyEvent }>()
  /** Everything sent so far; `sent` is what the last event sent. */
  readonly log: Array<string> = []
  sent: ReadonlyArray<Outgoing> = []
  /** Events that followed at once: what became of the saga. */
  readonly news: Array<AnyEvent> = []
  readonly #saga: AnySaga
  readonly #id: string

  constructor(
    saga: AnySaga,
    input: unknown,
    { id = "s-1", hasParent = false, plan = saga.plan.ref, rules = SAGA_RULES }: DriverOptions = {},
  ) {
    this.#saga = saga
    this.#id = id
    this.state = saga.actor.machine.initial(id)
    if (rules > 1) this.take({ type: "SagaRulesSet", rules })
    this.take({ type: "SagaStarted", input, parent: hasParent ? PARENT : null, plan })
  }

  get at(): string {
    return this.ledger.at
  }

  get ledger(): SagaLedger {
    return this.state.context as SagaLedger
  }

  /** Names of the requests that the last event sent. */
  get asked(): ReadonlyArray<string> {
    return this.sent.flatMap((outgoing) => (outgoing._tag === "Request" ? [outgoing.as] : []))
  }

  item(itemKey: string): SagaItem | undefined {
    return this.ledger.items.find(({ key }) => key === itemKey)
  }

  statusOf(itemKey: string): string | undefined {
    return this.item(itemKey)?.status
  }

  accepts(event: AnyEvent): boolean {
    const { machine } = this.#saga.actor
    const next = machine.transition(this.state, event, this.#id)
    machine.takeIntents()
    return next !== undefined
  }

  /** Every event also survives storage: the state goes through JSON first. */
  take(event: AnyEvent): this {
    const { machine } = this.#saga.actor
    this.state = machine.restore(JSON.parse(JSON.stringify(machine.persist(this.state))), this.#id)
    const next = machine.transition(this.state, event, this.#id)
    if (next === undefined)
      throw new Error(`${event.type} is not accepted in ${JSON.stringify(this.state.value)}`)
    this.state = next
    const sent: Array<Outgoing> = []
    for (const intent of machine.takeIntents()) {
      if (intent._tag === "Cancel") {
        // Without effect where the timer is not set (any more), as in the runtime.
        this.timers.delete(intent.id)
      } else if (intent._tag === "Timer") this.timers.set(intent.id ?? "", intent)
      else if (intent._tag === "Send") sent.push(...outgoingOf(intent.make()))
    }
    const due = this.#saga.actor.follows?.(next)
    if (due !== undefined) {
      this.take(due)
      this.news.push(due)
      sent.push(...this.sent)
    }
    this.sent = sent
    this.log.push(...this.asked)
    const { value } = this.state
    const top = typeof value === "string" ? value : Object.keys(value)[0]
    if (top !== this.at) throw new Error(`the machine is in ${top}, the book at ${this.at}`)
    return this
  }

  answer(as: string, answer: Answer = ok()): this {
    return this.take({ type: "everstate.answered", as, answer })
  }

  fire(timerId: string): this {
    const timer = this.timers.get(timerId)
    if (timer === undefined) throw new Error(`no timer ${timerId} among ${[...this.timers.keys()]}`)
    this.timers.delete(timerId)
    return this.take(timer.event)
  }

  operate(type: string, fields: object = {}): this {
    return this.take({ type, by: "kim", note: "called them", ...fields })
  }
}
