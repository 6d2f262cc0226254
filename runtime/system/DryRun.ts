/**
 * Decides a command on a copy of an actor's state and stores nothing.
 *
 * Owns what a dry run tells. The decision is the one of a real round (../cell/Round.ts), on the state that
 * PastFold.ts folds from the journal, now or at a moment of the past. Custom actions of the machine do not
 * run.
 */
import { Clock, Effect, Exit } from "effect"
import { type ActorAddress, addressNamed } from "../address/ActorAddress.ts"
import { type ActorQuarantined, type AskError, InvalidCommand } from "../cell/AskError.ts"
import type { Proposal } from "../cell/Decide.ts"
import { playRound, type Round } from "../cell/Round.ts"
import { type Accepted, WaitingCommand } from "../cell/Waiting.ts"
import { commandOf, optionsOf } from "../command/Ask.ts"
import { COMMIT_FORMAT_VERSION, type Metadata } from "../commit/Commit.ts"
import type {
  ActorDefinition,
  AnyActor,
  BirthInputOf,
  EventsOf,
  ReplyOf,
  StateOf,
} from "../definition/Actor.ts"
import { type AnyEvent, readEvent } from "../event/Event.ts"
import type { JournalReadError, JournalService } from "../journal/Journal.ts"
import { decodeValue } from "../json/StoredValue.ts"
import { given } from "../machine/SealedState.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import type { Answer } from "../message/Outgoing.ts"
import { foldActor } from "./PastFold.ts"
import type { InvalidMoment, PastMoment } from "./PastMoment.ts"

/** Options of a dry run. */
export interface DryRunOptions<A extends AnyActor = AnyActor> {
  /** Decide on the state of this moment; default: the newest state. */
  readonly at?: PastMoment
  /** Input that the actor would be born with. */
  readonly input?: BirthInputOf<A>
  /** Refuse as `VersionConflict` unless the actor has this version. */
  readonly ifVersion?: number
  readonly metadata?: Metadata
  /** With the id of a command that was applied, the dry run tells of a repeat. Default: a new id. */
  readonly commandId?: string
}

interface Receiver {
  readonly type: string
  readonly id: string
}

/** One thing that a commit asks to be sent. `at`: Unix milliseconds. */
export type DryRunItem =
  | { readonly kind: "tell"; readonly to: Receiver; readonly command: AnyEvent; readonly at?: number }
  | { readonly kind: "request"; readonly name: string; readonly to: Receiver; readonly command: AnyEvent }
  | { readonly kind: "answer"; readonly name: string; readonly to: Receiver; readonly answer: Answer }
  | { readonly kind: "setTimer"; readonly name: string; readonly at: number; readonly event: AnyEvent }
  | { readonly kind: "cancelTimer"; readonly name: string }
  | { readonly kind: "call"; readonly name: string; readonly source: string; readonly input: unknown }
  | { readonly kind: "abortCall"; readonly name: string }
  | { readonly kind: "publish"; readonly type: string; readonly version: number; readonly data: unknown }

/** What a command would do. */
export type DryRun<A extends AnyActor = AnyActor, CommandType extends string = string> =
  | {
      /** The command would be stored. */
      readonly outcome: "stored"
      /** Version before and after the command. */
      readonly fromVersion: number
      readonly version: number
      readonly events: ReadonlyArray<EventsOf<A>>
      readonly reply: ReplyOf<A, CommandType>
      /** State after the command. */
      readonly state: StateOf<A>
      /** Messages, timers, calls and integration events of the commit, in order; those of a birth come first. */
      readonly sends: ReadonlyArray<DryRunItem>
      /** Whether the actor would be born with it. */
      readonly isBirth: boolean
    }
  | {
      /** The command would be accepted, and there is nothing to store; or it is a repeat. */
      readonly outcome: "unchanged"
      readonly fromVersion: number
      readonly version: number
      readonly reply: ReplyOf<A, CommandType>
      readonly isRepeat: boolean
    }
  | {
      readonly outcome: "refused"
      readonly fromVersion: number
      /** The error that `ask` would fail with. */
      readonly error: AskError<A, CommandType>
    }

/** What the dry run of one actor needs. */
export interface DryRunContext {
  readonly journal: JournalService
  readonly nextCommandId: () => string
}

export const dryRun = Effect.fnUntraced(function* (
  { journal, nextCommandId }: DryRunContext,
  definition: ActorDefinition,
  address: ActorAddress,
  given: unknown,
  { at, ...options }: DryRunOptions,
): Effect.fn.Return<DryRun, JournalReadError | InvalidMoment | ActorQuarantined> {
  const { confirmed, quarantine } = yield* foldActor(journal, definition, address, at)
  if (quarantine !== undefined) return yield* quarantine
  const nowMs = yield* Clock.currentTimeMillis
  const { version: fromVersion } = confirmed
  const refused = (error: AskError): DryRun => ({ outcome: "refused", fromVersion, error: error as never })
  const answers: Array<Exit.Exit<Accepted, AskError>> = []
  let item: WaitingCommand
  try {
    const read = optionsOf(address, options)
    const command = commandOf(definition, address, given, read, nextCommandId)
    item = new WaitingCommand(command, read.ifVersion, (exit) => answers.push(exit))
  } catch (cause) {
    if (!(cause instanceof InvalidCommand)) throw cause
    return refused(cause)
  }
  const { commitBytesMax } = journal
  const limits = { commitBytesMax, format: COMMIT_FORMAT_VERSION, nowMs } as const
  const round = playRound(definition, address, confirmed, [item], limits)
  const [entry] = round.entries
  if (entry !== undefined) return storedRun(definition, fromVersion, round, entry.proposal)
  for (const answer of round.answers) answer(confirmed)
  const [exit] = answers
  if (exit !== undefined && Exit.isSuccess(exit)) {
    const { version, reply, duplicate: isRepeat } = exit.value
    return { outcome: "unchanged", fromVersion, version, reply: reply as never, isRepeat }
  }
  const [reason] = exit === undefined ? [] : exit.cause.reasons
  return reason?._tag === "Fail" ? refused(reason.error) : yield* Effect.die("the round gave no answer")
})

const storedRun = (
  definition: ActorDefinition,
  fromVersion: number,
  { birth }: Round,
  { entry, state, version }: Proposal,
): DryRun => ({
  outcome: "stored",
  fromVersion,
  version,
  events: entry.ev.map((stored) => readEvent(definition.type, definition.events, stored)) as never,
  reply: entry.re as never,
  state: given(state) as never,
  sends: [...(birth?.items ?? []), ...(entry.out ?? [])].flatMap(itemOf),
  isBirth: birth !== undefined,
})

const receiverOf = (key: string): Receiver => {
  const { type = key, id = "" } = addressNamed(key, 1) ?? {}
  return { type, id }
}

const itemOf = (item: OutboxItem): ReadonlyArray<DryRunItem> => {
  switch (item.k) {
    case "tell": {
      const to = receiverOf(item.to)
      if (item.n !== undefined) return [{ kind: "request", name: item.n, to, command: item.c }]
      return [{ kind: "tell", to, command: item.c, ...(item.at === undefined ? undefined : { at: item.at }) }]
    }
    case "answer":
      return [{ kind: "answer", name: item.n, to: receiverOf(item.to), answer: item.a }]
    case "timer": {
      const event = item.raw === undefined ? item.e : (decodeValue(item.raw) as AnyEvent)
      return [{ kind: "setTimer", name: item.n, at: item.at, event }]
    }
    case "cancel":
      return [{ kind: "cancelTimer", name: item.n }]
    case "call": {
      const input = item.raw === undefined ? item.in : decodeValue(item.raw)
      return [{ kind: "call", name: item.n, source: item.src, input }]
    }
    case "abort":
      return [{ kind: "abortCall", name: item.n }]
    case "publish":
      return [{ kind: "publish", type: item.t, version: item.v, data: item.d }]
    // Only a message that is refused makes one.
    case "letter":
      return []
  }
}
