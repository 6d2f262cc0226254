/**
 * Asks whoever has an actor's shard, when that is not this node, until there is an answer or nobody waits any more.
 *
 * Owns trying again: nobody answered, the shard has moved, or the answer was lost. It is the same command under the same
 * id each time, so it is applied once. What travels: AskWire.ts. Who answers: AskServer.ts. What this node has itself
 * never comes here, but for a shard that has just been handed over.
 */
import { Effect, Exit, FiberSet, Latch, Random, type Scope } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { Unavailable } from "../cell/AskError.ts"
import type { Waiting } from "../cell/Waiting.ts"
import type { ShardPlaces } from "../cluster/Slot.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { RequestFailed, TransportService } from "../transport/Transport.ts"
import { decodeReply, encodeRequest } from "./AskWire.ts"

/** Pause before the same is tried again, in milliseconds; doubling. */
const PAUSE_FIRST_MS = 4
const PAUSE_MAX_MS = 100

/**
 * How long an answer may take before the same is asked once more, in milliseconds; doubling each time that none came.
 * Short enough to find a shard's next owner within a caller's deadline, long enough not to flood one that is slow.
 */
const ATTEMPT_FIRST_MS = 1_000
const ATTEMPT_MAX_MS = 2_000

export interface RouterOptions {
  readonly places: ShardPlaces
  /** Nobody answers for this slot. */
  readonly suspect: (slot: string) => void
  /** This node has lost touch with the cluster. */
  readonly isCutOff: () => boolean
  /** Takes the item if this node has the shard by now. */
  readonly takeHere: (definition: ActorDefinition, address: ActorAddress, item: Waiting) => boolean
}

export interface Router {
  /** Sees to it that the item is answered, wherever. */
  readonly route: (definition: ActorDefinition, address: ActorAddress, item: Waiting) => void
  /** Waits until nothing waits for an answer. */
  readonly drain: Effect.Effect<void>
  readonly counts: { sentCount: number; retriedCount: number }
}

/** The end of the scope ends what is under way: whoever waits is told. */
export const makeRouter = (
  transport: TransportService,
  options: RouterOptions,
): Effect.Effect<Router, never, Scope.Scope> =>
  Effect.gen(function* () {
    const fork = yield* FiberSet.makeRuntime<never>()
    const random = yield* Random.Random
    const counts = { sentCount: 0, retriedCount: 0 }
    /** What waits for an answer. */
    const open = new Map<Waiting, ActorAddress>()

    const idle = Latch.makeUnsafe(true)
    const forget = (item: Waiting): void => {
      open.delete(item)
      if (open.size === 0) idle.openUnsafe()
    }
    const end = (item: Waiting, exit: Exit.Exit<never, Unavailable>): void => {
      forget(item)
      item.settle(exit)
    }

    const attempt = (
      definition: ActorDefinition,
      address: ActorAddress,
      item: Waiting,
      { tries, unanswered }: { readonly tries: number; readonly unanswered: number },
    ): void => {
      if (item.isSettled || options.takeHere(definition, address, item)) return forget(item)
      const place = options.places.of(address.type, address.shard)
      const target = place === undefined ? undefined : options.places.all[place]
      if (target === undefined || item._tag === "Pending") return end(item, Exit.fail(nowhere(address)))
      const request = encodeRequest(requestOf(address, item))
      if (request.length > transport.messageBytesMax) return end(item, Exit.fail(tooLarge(address, request)))
      counts.sentCount++
      const timeoutMs = Math.min(ATTEMPT_FIRST_MS * 2 ** unanswered, ATTEMPT_MAX_MS)
      // Delivered, perhaps, and perhaps stored, until somebody says that nobody was there.
      const wasSent = item._tag === "Command" && item.wasSent
      if (item._tag === "Command") item.wasSent = true
      const again = (trouble: string, pauseMs: number, isUnanswered = false): void => {
        counts.retriedCount++
        const next = { tries: tries + 1, unanswered: unanswered + (isUnanswered ? 1 : 0) }
        item.trouble = trouble
        fork(
          Effect.andThen(
            Effect.sleep(pauseMs * (0.5 + random.nextDoubleUnsafe() / 2)),
            Effect.sync(() => attempt(definition, address, item, next)),
          ),
        )
      }
      const pauseMs = Math.min(PAUSE_FIRST_MS * 2 ** tries, PAUSE_MAX_MS)
      transport.send(target.askSubject, request, timeoutMs, {
        onReply: (reply) => {
          const answer = read(definition, address, reply)
          if (answer === undefined) return again("its shard is moving from one node to another", pauseMs)
          item.trouble = undefined
          end(item, answer as Exit.Exit<never, never>)
        },
        onFailure: (failure) => {
          if (failure.reason === "TooLarge" || failure.reason === "NotPermitted") {
            return end(item, Exit.fail(unreachable(address, failure)))
          }
          if (failure.reason === "NoResponders" && item._tag === "Command") item.wasSent = wasSent
          if (failure.reason !== "Disconnected") options.suspect(target.slot)
          const isUnanswered = failure.reason === "Timeout"
          again(troubleOf(failure), isUnanswered ? 0 : pauseMs, isUnanswered)
        },
      })
    }

    // What nobody is asked for any more would never be answered: not even a deadline outlives its system.
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const [item, address] of open) item.settle(Exit.fail(endedBefore(address, item)))
        open.clear()
      }),
    )

    return {
      route: (definition, address, item) => {
        open.set(item, address)
        idle.closeUnsafe()
        if (options.isCutOff()) item.trouble = "this node has lost touch with the cluster"
        attempt(definition, address, item, { tries: 0, unanswered: 0 })
      },
      drain: idle.await,
      counts,
    }
  })

const read = (definition: ActorDefinition, address: ActorAddress, reply: Uint8Array) => {
  try {
    return decodeReply(definition, reply)
  } catch (cause) {
    const { type: actorType, id } = address
    const hint = "The node that answered runs another version of this actor type."
    const detail = `the answer cannot be read: ${String(cause)}`
    return Exit.fail(new Unavailable({ actorType, id, stored: "Unknown", detail, hint }))
  }
}

const requestOf = (address: ActorAddress, item: Exclude<Waiting, { readonly _tag: "Pending" }>) => {
  const { key: to } = address
  const ms = item.waitMs
  if (item._tag === "Read" || item.command._tag === "Signal") return { k: "read", to, ms } as const
  const { given, commandId: id, metadata } = item.command
  return {
    k: "ask",
    to,
    ms,
    c: given,
    id,
    ...(metadata === undefined ? undefined : { m: metadata }),
    ...(item.ifVersion === undefined ? undefined : { ifVersion: item.ifVersion }),
    ...(item.mayBeStored ? { again: true as const } : undefined),
  } as const
}

const troubleOf = ({ reason }: RequestFailed): string => {
  switch (reason) {
    case "NoResponders":
      return "no node has its shard"
    case "Disconnected":
      return "there is no connection to NATS"
    default:
      return "the node that has its shard does not answer"
  }
}

const nowhere = ({ type: actorType, id }: ActorAddress) =>
  new Unavailable({
    actorType,
    id,
    stored: "No",
    detail: "its shard has moved to another node",
    hint: "Try again.",
  })

const endedBefore = ({ type: actorType, id }: ActorAddress, item: Waiting) =>
  new Unavailable({
    actorType,
    id,
    stored: item._tag === "Command" && item.mayBeStored ? "Unknown" : "No",
    detail: "the system stopped before the answer",
    hint: "Ask again elsewhere with the same commandId.",
  })

const tooLarge = ({ type: actorType, id }: ActorAddress, { length }: Uint8Array) =>
  new Unavailable({
    actorType,
    id,
    stored: "No",
    detail: `the command has ${length} bytes, more than travel between nodes`,
    hint: "Split the work into smaller commands.",
  })

const unreachable = ({ type: actorType, id }: ActorAddress, failure: RequestFailed) =>
  new Unavailable({
    actorType,
    id,
    stored: "No",
    detail: failure.message,
    hint: "The node's NATS user needs the right to publish on <namespace>.ask.>; see docs/DEPLOYMENT.md.",
  })
