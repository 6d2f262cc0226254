/**
 * An actor driven step by step by the runtime's own decisions, without journal, mailbox or clock: commands, requests,
 * ends of calls. After every step a replay of what was stored must lead to the same place.
 */
import { expect } from "vitest"
import { type ActorAddress, addressOf } from "../../../runtime/address/ActorAddress.ts"
import type { CallError, CallOutcome } from "../../../runtime/call/Call.ts"
import { CommandRejected } from "../../../runtime/cell/AskError.ts"
import { decide } from "../../../runtime/cell/Decide.ts"
import { applyRecord, type Confirmed, unborn } from "../../../runtime/cell/Fold.ts"
import { decideSignal } from "../../../runtime/cell/Signal.ts"
import { commandOf } from "../../../runtime/command/Ask.ts"
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import type { AnyActor, CommandsOf, StateOf } from "../../../runtime/index.ts"
import type { OutboxItem } from "../../../runtime/message/OutboxItem.ts"

/** What came of a command. */
export type Step =
  | { readonly events: ReadonlyArray<string>; readonly reply: unknown }
  | { readonly rejected: string; readonly detail: unknown }

/** 2026-01-01T00:00:00Z, the time of every step. */
export const NOW_MS = 1_767_225_600_000

const ASKER = "fulfilment/o-1"

export class DrivenActor<A extends AnyActor> {
  readonly #actor: A
  readonly #address: ActorAddress
  #confirmed: Confirmed
  #stepCount = 0
  /** Outbox items of the last step that stored any. */
  sent: ReadonlyArray<OutboxItem> = []

  constructor(actor: A, id = "o-1") {
    this.#actor = actor
    this.#address = addressOf(actor.type, id, 64)
    this.#confirmed = unborn(actor, id)
  }

  get state(): StateOf<A> {
    return this.#confirmed.state as StateOf<A>
  }

  /** Names of the calls under way. */
  get calls(): ReadonlyArray<string> {
    return [...this.#confirmed.pending.calls.keys()]
  }

  /** What the call under way was given. */
  inputOf(call: string): unknown {
    return this.#confirmed.pending.calls.get(call)?.in
  }

  /** Tells this call from earlier ones of its name. */
  generationOf(call: string): string | undefined {
    return this.#confirmed.pending.calls.get(call)?.g
  }

  /** Answers that the last step sent, by what the asker called its request. */
  get answers(): { readonly [as: string]: unknown } {
    return Object.fromEntries(this.sent.flatMap((item) => (item.k === "answer" ? [[item.n, item.a]] : [])))
  }

  /** By `ask`, or with `as` by `request`. */
  do(command: CommandsOf<A>, as?: string): Step {
    const commandId = `command-${++this.#stepCount}`
    const made = commandOf(this.#actor, this.#address, command, { commandId }, () => commandId)
    const replyTo = as === undefined ? undefined : { to: ASKER, as, re: commandId }
    const outcome = decide(this.#actor, this.#address, this.#confirmed, { ...made, replyTo }, NOW_MS)
    this.sent = []
    if (outcome instanceof CommandRejected) return { rejected: outcome.reason, detail: outcome.detail }
    if (outcome instanceof Error) throw outcome
    if (outcome._tag === "Nothing") return { events: [], reply: outcome.reply }
    const events = this.#store(outcome.entry)
    return { events, reply: outcome.entry.re }
  }

  /** Many commands, each of which must be accepted. */
  all(...commands: ReadonlyArray<CommandsOf<A>>): this {
    for (const command of commands) expect(this.do(command)).toHaveProperty("events")
    return this
  }

  done(call: string, output: unknown = null): this {
    return this.#end(call, { ok: true, output })
  }

  /** Ends the call with a reason of the other side, or `TimedOut`, or `Failed`. */
  failed(call: string, reason: string): this {
    const error: CallError = { reason, message: `${call}: ${reason}`, attemptCount: 1 }
    return this.#end(call, { ok: false, error })
  }

  #end(call: string, outcome: CallOutcome): this {
    const generation = this.#confirmed.pending.calls.get(call)?.g
    if (generation === undefined) throw new Error(`no call ${call} is under way`)
    const commandId = `signal-${++this.#stepCount}`
    const common = {
      _tag: "Signal",
      commandId,
      fingerprint: "",
      metadata: undefined,
      name: call,
      since: 0,
    } as const
    const ended = decideSignal(
      this.#actor,
      this.#address,
      this.#confirmed,
      { ...common, kind: "call", generation, outcome },
      NOW_MS,
    )
    if (ended instanceof Error) throw ended
    if (ended._tag !== "Proposal") throw new Error(`the end of ${call} was not stored`)
    this.sent = []
    this.#store(ended.entry)
    return this
  }

  #store(entry: {
    readonly ev: ReadonlyArray<{ readonly t: string }>
    readonly out?: unknown
  }): ReadonlyArray<string> {
    const { version, sequence } = this.#confirmed
    const data = encodeCommit({ first: version + 1, at: NOW_MS, epoch: 1 }, [JSON.stringify(entry)])
    const record = { key: this.#address.key, sequence: sequence + 1, data }
    this.#confirmed = applyRecord(this.#actor, this.#address, this.#confirmed, record)
    const { context } = this.#confirmed.state
    expect(JSON.parse(JSON.stringify(context))).toStrictEqual(context)
    this.sent = (entry.out ?? []) as ReadonlyArray<OutboxItem>
    return entry.ev.map(({ t }) => t)
  }
}

/** Every command of `commands` in every state that `histories` lead to: a second time it stores no event of its own. */
export const expectIdempotent = <A extends AnyActor>(
  make: () => DrivenActor<A>,
  histories: { readonly [state: string]: (actor: DrivenActor<A>) => unknown },
  commands: ReadonlyArray<CommandsOf<A>>,
): void => {
  for (const [name, history] of Object.entries(histories)) {
    for (const command of commands) {
      const actor = make()
      history(actor)
      actor.do(command)
      const { context } = actor.state
      const again = actor.do(command)
      if ("events" in again) expect(again.events, `${JSON.stringify(command)} in ${name}`).toEqual([])
      expect(actor.state.context).toStrictEqual(context)
    }
  }
}
