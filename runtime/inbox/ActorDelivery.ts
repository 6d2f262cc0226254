/**
 * Delivers one mailbox message: as a command or signal to its cell, or as a call.
 *
 * Owns that step and the meaning of the cell's answer for the message. MessageDelivery.ts decides whether and
 * when it is tried again.
 */
import { type Clock, Exit } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { CallLogic, CallOutcome } from "../call/Call.ts"
import { type CallRunner, failureOf } from "../call/CallRunner.ts"
import { type AskError, InvalidCommand } from "../cell/AskError.ts"
import type { Cells } from "../cell/Cells.ts"
import { finalRefusalOf } from "../cell/FinalRefusal.ts"
import type { Signal } from "../cell/Signal.ts"
import { type Accepted, WaitingCommand, WaitingPending } from "../cell/Waiting.ts"
import { messageItem, signalOf } from "../command/MessageItem.ts"
import type { DeadLetterReason } from "../deadletter/DeadLetters.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { CallMessage, DirectMessage, Message } from "../mailbox/Message.ts"
import { sequenceOfId } from "../message/OutboxItem.ts"
import { ATTEMPTS_MAX, attemptsExhausted } from "./AttemptCounts.ts"

/** Outcome of a delivery. */
export type Verdict =
  /** The message's effect is stored, or it has no effect any more. */
  | { readonly _tag: "Done" }
  /** The message asked for a call, which is running. */
  | { readonly _tag: "Running" }
  /** The message is a timer that is not due yet. */
  | { readonly _tag: "Early" }
  /** The delivery failed, but the trouble may pass. */
  | { readonly _tag: "Later" }
  | { readonly _tag: "Quarantined"; readonly detail: string }
  | { readonly _tag: "Dead"; readonly reason: DeadLetterReason; readonly detail: string }

const DONE: Verdict = { _tag: "Done" }
const LATER: Verdict = { _tag: "Later" }

interface Receivers {
  readonly cells: Cells
  readonly calls: CallRunner
  readonly clock: Clock.Clock
}

interface Received {
  readonly definition: ActorDefinition
  readonly address: ActorAddress
  readonly message: Message
  readonly attempt: number
  /** Set here when a call has ended, so that the call is not made again at the next delivery. */
  outcome: CallOutcome | undefined
  /** Logic of the call. Set here once it is known. */
  logic: CallLogic | undefined
}

type Judge = (verdict: Verdict) => void

/** Delivers the message. `judge` is called once; for a call, first when it runs and then when it ended. */
export const deliverToActor = (receivers: Receivers, received: Received, judge: Judge): void => {
  const { message } = received
  switch (message.k) {
    case "command":
    case "answer":
      return deliverItem(receivers, received, message, judge)
    case "timer":
      if (receivers.clock.currentTimeMillisUnsafe() < message.at) return judge({ _tag: "Early" })
      return signal(
        receivers,
        received,
        { ...signalOf(message), kind: "timer", name: message.n, generation: message.g, at: message.at },
        judge,
      )
    case "call":
      return deliverCall(receivers, received, message, judge)
  }
}

const deliverItem = (
  { cells }: Receivers,
  { definition, address }: Received,
  message: DirectMessage,
  judge: Judge,
): void => {
  let item: WaitingCommand
  try {
    item = messageItem(definition, address, message, (exit) => judge(verdictOf(exit)))
  } catch (cause) {
    if (!(cause instanceof InvalidCommand)) throw cause
    return judge(verdictOf(Exit.fail(cause)))
  }
  cells.offer(definition, address, item)
}

const signal = ({ cells }: Receivers, { definition, address }: Received, given: Signal, judge: Judge): void =>
  cells.offer(
    definition,
    address,
    new WaitingCommand(given, undefined, (exit) => judge(verdictOf(exit)), true),
  )

/** Asks the actor whether it still wants the call, and makes it. */
const deliverCall = (receivers: Receivers, received: Received, message: CallMessage, judge: Judge): void => {
  const { n: name, g: generation } = message
  const { cells, calls } = receivers
  const { definition, address, attempt } = received
  const ended = (outcome: CallOutcome | undefined): void => {
    if (outcome === undefined) return judge(DONE)
    received.outcome = outcome
    signal(
      receivers,
      received,
      { ...signalOf(message), kind: "call", name, generation, outcome },
      (verdict) =>
        // An outcome that cannot be stored is replaced by an error outcome.
        verdict._tag === "Dead" && outcome.ok
          ? ended(failureOf(received.logic, new Error(verdict.detail), attempt))
          : judge(verdict),
    )
  }
  if (received.outcome !== undefined) return ended(received.outcome)
  const asked = new WaitingPending(sequenceOfId(message.id), (exit) => {
    if (Exit.isFailure(exit)) return judge(verdictOf(exit))
    const call = exit.value.calls.get(name)
    if (call?.g !== generation) return judge(DONE)
    const { src, in: input, raw } = call
    const logic = definition.machine.callLogic(src)
    received.logic = logic
    if (logic === undefined) {
      const message = `the machine of "${definition.type}" has no logic "${src}" any more`
      return ended(failureOf(logic, new Error(message), attempt))
    }
    if (attempt > Math.max(ATTEMPTS_MAX, logic.options.attemptsMax)) {
      return ended(failureOf(logic, new Error(attemptsExhausted(attempt)), attempt - 1))
    }
    const { type: actorType, key } = address
    const attemptedCount = attempt - 1
    const trace = message.m?.trace
    const request = { actorType, key, name, generation, src, input, raw, logic, attemptedCount, trace }
    judge(calls.start(request, ended) ? { _tag: "Running" } : DONE)
  })
  cells.offer(definition, address, asked)
}

const verdictOf = (exit: Exit.Exit<Accepted | unknown, AskError>): Verdict => {
  if (Exit.isSuccess(exit)) return DONE
  const [reason] = exit.cause.reasons
  if (reason?._tag !== "Fail") return LATER
  const { error } = reason
  if (error._tag === "ActorQuarantined") return { _tag: "Quarantined", detail: error.message }
  const refusal = finalRefusalOf(error)
  return refusal === undefined ? LATER : { _tag: "Dead", ...refusal }
}
