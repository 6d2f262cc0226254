/**
 * Appends of one simulated process as atomic batches: any two waiting appends form a batch.
 *
 * Owns the faults of a batch. SimulatedJournal.ts stores batches. As on real servers,
 * ../../journal/GroupCommit.ts chooses the members.
 */
import { Cause, Effect, Exit } from "effect"
import type { ActorAddress } from "../../address/ActorAddress.ts"
import { GroupCommit, type GroupMember } from "../../journal/GroupCommit.ts"
import { AppendUnknown, type JournalRefused } from "../../journal/Journal.ts"
import type { FaultKind } from "./FaultKind.ts"
import type { Fate, Network } from "./Network.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"

/** Time after which the caller of an append gets a time-out, in milliseconds. A batch has half of it. */
export const APPEND_TIMEOUT_MS = 2_000
const BATCH_TIMEOUT_MS = APPEND_TIMEOUT_MS / 2

/** Longest wait of an append before it is sent, in milliseconds. */
const WAIT_MS_MAX = APPEND_TIMEOUT_MS / 4

/** Largest delay of a late batch after the time-out of its members, in milliseconds. */
const LATE_MS_MAX = 4_000

/** An append that its caller still waits for. */
export interface PendingAppend {
  readonly host: SimulatedProcess
  readonly address: ActorAddress
  readonly data: Uint8Array
  /** Virtual milliseconds at which it was begun. */
  readonly begunAtMs: number
  isStored: boolean
}

export type AppendError = AppendUnknown | JournalRefused

/** Why a batch stored nothing, or may have stored everything. */
export type BatchError = AppendUnknown | "refused"

/** An append that may become a member of a batch. */
export interface GroupedAppend extends GroupMember {
  readonly append: PendingAppend
  readonly expected: number
  readonly done: (exit: Exit.Exit<number, AppendError>) => void
}

/** An append, and the function that sends it alone. */
interface OfferedAppend extends Pick<GroupedAppend, "append" | "expected"> {
  readonly begin: (done: GroupedAppend["done"]) => () => void
}

export const noAnswer = (reason: "Timeout" | "Disconnected"): AppendUnknown =>
  new AppendUnknown({ reason, detail: "no answer" })

export class SimulatedBatches {
  readonly #network: Network
  readonly #host: SimulatedProcess
  readonly #group: GroupCommit<GroupedAppend>

  /** `store`: stores all members or none, and returns their sequences. */
  constructor(
    network: Network,
    host: SimulatedProcess,
    store: (members: ReadonlyArray<GroupedAppend>) => Exit.Exit<ReadonlyArray<number>, BatchError>,
  ) {
    const { world } = network
    this.#network = network
    this.#host = host
    this.#group = new GroupCommit<GroupedAppend>({
      mode: "on",
      isSupported: () => true,
      soon: (work) => world.after(0, host, work),
      nowMs: () => world.nowMs,
      waitMsMax: WAIT_MS_MAX,
      membersMin: 2,
      aloneMax: 1,
      sendBatch: (members, ended) => {
        const call = {
          host,
          server: "journal",
          what: `append a batch of ${members.length}`,
          serve: () => store(members),
          timeoutMs: BATCH_TIMEOUT_MS,
          unanswered: noAnswer,
          fate: this.#fate(),
        } as const
        network.begin<ReadonlyArray<number>, BatchError>(call, (exit) => {
          const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
          if (error === "refused") return ended("refused")
          ended("answered")
          for (const [index, { done }] of members.entries()) {
            if (error !== undefined) done(Exit.fail(error as AppendUnknown))
            else if (Exit.isSuccess(exit)) done(Exit.succeed(exit.value[index] ?? 0))
          }
        })
      },
    })
  }

  /** Gives an append to the group. Ends with the append's outcome. */
  append({ append, expected, begin }: OfferedAppend): Effect.Effect<number, AppendError> {
    return Effect.callback<number, AppendError>((resume) => {
      let forget: (() => void) | undefined
      const member: GroupedAppend = {
        append,
        expected,
        key: append.address.key,
        bytes: append.data.length,
        done: resume,
        sendAlone: (ended) => {
          forget = begin((exit) => {
            ended?.()
            resume(exit)
          })
        },
        expire: () =>
          resume(Effect.fail(new AppendUnknown({ reason: "Timeout", detail: "it was not sent" }))),
      }
      this.#group.offer(member)
      return Effect.sync(() => {
        this.#group.withdraw(member)
        forget?.()
      })
    })
  }

  #fate(): Fate<BatchError> {
    const { faults } = this.#network
    const strikes = (kind: FaultKind) => faults.strikes(kind, this.#host.name)
    if (strikes("batch lost")) return { requestLost: true }
    if (strikes("batch answer lost")) return { replyLost: true }
    if (strikes("batch lands late")) {
      return { requestAfterMs: BATCH_TIMEOUT_MS + faults.details("batch lands late").between(0, LATE_MS_MAX) }
    }
    return strikes("batch refused") ? { refusal: "refused" } : {}
  }
}
