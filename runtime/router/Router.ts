/**
 * Asks whoever has an actor's shard, when that is not this node, until there is an answer or nobody waits any more.
 *
 * Owns trying again: nobody answered, the shard has moved, or the answer was lost. It is the same command under the same
 * id each time, so it is applied once. What travels: AskWire.ts. Who answers: AskServer.ts. What this node has itself
 * never comes here, but for a shard that has just been handed over.
 */
import { Clock, Effect, Exit, FiberSet, Latch, Random, type Scope } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { Unavailable } from "../cell/AskError.ts"
import type { Waiting, WaitingCommand } from "../cell/Waiting.ts"
import type { ShardPlace, ShardPlaces } from "../cluster/Slot.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { RequestFailed, TransportService } from "../transport/Transport.ts"
import { decodeReply, encodeRequest, whyMoved } from "./AskWire.ts"
import { LostOwners, OWNERS_LOST_MAX } from "./LostOwners.ts"

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
  /** Why this node has nothing now; `undefined` while it takes part in the cluster. */
  readonly cutOff: () => string | undefined
  /** Takes the item if this node has the shard by now. */
  readonly takeHere: (definition: ActorDefinition, address: ActorAddress, item: Waiting) => boolean
}

export interface Router {
  /**
   * Sees to it that the item is answered, wherever. `wasHeldUp`: this node had taken it, and went silent over it or over
   * something beside it.
   */
  readonly route: (
    definition: ActorDefinition,
    address: ActorAddress,
    item: Waiting,
    wasHeldUp?: boolean,
  ) => void
  /** Why the command is given to no node, this one included; `undefined`: it may be. */
  readonly withheld: (address: ActorAddress, item: WaitingCommand) => Unavailable | undefined
  /** The slot has come to another owner: whoever waits for the former one asks this one. */
  readonly rehoused: (slot: string, wasLost?: boolean) => void
  /** Waits until nothing waits for an answer. */
  readonly drain: Effect.Effect<void>
  readonly counts: { sentCount: number; retriedCount: number }
}

/** What waits for an answer. */
interface Asked {
  readonly item: Waiting
  readonly definition: ActorDefinition
  readonly address: ActorAddress
  /** The attempt that counts: one that was overtaken may still bring an answer, but does not try again. */
  attempt: Attempt | undefined
}

/** What was tried before an attempt. */
interface Tried {
  readonly count: number
  /** Of those, how many got no answer at all. */
  readonly unansweredCount: number
}

interface Attempt extends Tried {
  readonly target: ShardPlace
  /** The command may have been delivered by earlier ones. */
  readonly wasSent: boolean
}

type Randomness = Effect.Success<typeof Random.Random>

/** What a node that does not have the shard says by itself. */
const MOVING = "its shard is moving from one node to another"

const NOTHING: Tried = { count: 0, unansweredCount: 0 }

/** The end of the scope ends what is under way: whoever waits is told. */
export const makeRouter = (
  transport: TransportService,
  options: RouterOptions,
): Effect.Effect<Router, never, Scope.Scope> =>
  Effect.gen(function* () {
    const router = new AskRouter(
      transport,
      options,
      yield* Random.Random,
      new LostOwners(yield* Clock.Clock),
      yield* FiberSet.makeRuntime<never>(),
    )
    // What nobody is asked for any more would never be answered: not even a deadline outlives its system.
    yield* Effect.addFinalizer(() => Effect.sync(() => router.end()))
    return router
  })

class AskRouter implements Router {
  readonly counts = { sentCount: 0, retriedCount: 0 }
  readonly #transport: TransportService
  readonly #options: RouterOptions
  readonly #random: Randomness
  readonly #lostOwners: LostOwners
  readonly #fork: (work: Effect.Effect<void>) => void
  readonly #open = new Map<Waiting, Asked>()
  readonly #idle = Latch.makeUnsafe(true)

  constructor(
    transport: TransportService,
    options: RouterOptions,
    random: Randomness,
    lostOwners: LostOwners,
    fork: (work: Effect.Effect<void>) => void,
  ) {
    this.#transport = transport
    this.#options = options
    this.#random = random
    this.#lostOwners = lostOwners
    this.#fork = fork
  }

  get drain(): Effect.Effect<void> {
    return this.#idle.await
  }

  readonly route: Router["route"] = (definition, address, item, wasHeldUp = false) => {
    const asked: Asked = { item, definition, address, attempt: undefined }
    const command = wasHeldUp ? nameOf(asked) : undefined
    if (command !== undefined) this.#lostOwners.lost(command)
    this.#open.set(item, asked)
    this.#idle.closeUnsafe()
    item.trouble = this.#options.cutOff() ?? item.trouble
    this.#attempt(asked, NOTHING)
  }

  readonly withheld: Router["withheld"] = (address, { command }) => {
    if (this.#lostOwners.isEmpty) return undefined
    const lostCount = this.#lostOwners.countOf(nameOfCommand(address, command.commandId))
    return lostCount < OWNERS_LOST_MAX ? undefined : takesOwnersDown(address)
  }

  readonly rehoused = (slot: string, wasLost = false): void => {
    for (const asked of [...this.#open.values()]) {
      if (asked.attempt?.target.slot !== slot) continue
      // An owner that was there and said nothing for a whole attempt may have been held up by this very command.
      const command = nameOf(asked)
      if (wasLost && command !== undefined && asked.attempt.unansweredCount > 0)
        this.#lostOwners.lost(command)
      this.#attempt(asked, NOTHING)
    }
  }

  end(): void {
    for (const [item, { address }] of this.#open) item.settle(Exit.fail(endedBefore(address, item)))
    this.#open.clear()
  }

  #attempt(asked: Asked, tried: Tried): void {
    const { item, definition, address } = asked
    const { places, takeHere } = this.#options
    if (item.isSettled) return this.#forget(item)
    const withheld = item._tag === "Command" ? this.withheld(address, item) : undefined
    if (withheld !== undefined) return this.#end(asked, Exit.fail(withheld))
    if (takeHere(definition, address, item)) return this.#forget(item)
    const place = places.of(address.type, address.shard)
    const target = place === undefined ? undefined : places.all[place]
    if (target === undefined || item._tag === "Pending") return this.#end(asked, Exit.fail(nowhere(address)))
    const command = nameOf(asked)
    const lostCount = command === undefined ? 0 : this.#lostOwners.countOf(command)
    const request = encodeRequest(requestOf(address, item, lostCount))
    if (request.length > this.#transport.messageBytesMax)
      return this.#end(asked, Exit.fail(tooLarge(address, request)))
    const attempt = { ...tried, target, wasSent: item._tag === "Command" && item.wasSent }
    asked.attempt = attempt
    // Delivered, perhaps, and perhaps stored, until somebody says that nobody was there.
    if (item._tag === "Command") item.wasSent = true
    this.counts.sentCount++
    const timeoutMs = Math.min(ATTEMPT_FIRST_MS * 2 ** tried.unansweredCount, ATTEMPT_MAX_MS)
    this.#transport.send(target.askSubject, request, timeoutMs, {
      onReply: (reply) => this.#onReply(asked, attempt, reply),
      onFailure: (failure) => asked.attempt === attempt && this.#onFailure(asked, attempt, failure),
    })
  }

  #onReply(asked: Asked, attempt: Attempt, reply: Uint8Array): void {
    const answer = read(asked.definition, asked.address, reply)
    if (answer !== undefined) {
      asked.item.trouble = undefined
      const command = nameOf(asked)
      if (command !== undefined) this.#lostOwners.answered(command)
      return this.#end(asked, answer as Exit.Exit<never, never>)
    }
    if (asked.attempt === attempt) this.#again(asked, attempt, whyMoved(reply) ?? MOVING)
  }

  #onFailure(asked: Asked, attempt: Attempt, failure: RequestFailed): void {
    const { item, address } = asked
    const { reason } = failure
    if (reason === "TooLarge" || reason === "NotPermitted")
      return this.#end(asked, Exit.fail(unreachable(address, failure)))
    if (reason === "NoResponders" && item._tag === "Command") item.wasSent = attempt.wasSent
    if (reason !== "Disconnected") this.#options.suspect(attempt.target.slot)
    this.#again(asked, attempt, troubleOf(failure), reason === "Timeout")
  }

  /** After a pause; but whoever has waited for an answer in vain has waited. */
  #again(asked: Asked, attempt: Attempt, trouble: string, isUnanswered = false): void {
    // A node that has nothing itself cannot tell who has.
    asked.item.trouble = this.#options.cutOff() ?? trouble
    this.counts.retriedCount++
    const { count, unansweredCount } = attempt
    const next = { count: count + 1, unansweredCount: unansweredCount + (isUnanswered ? 1 : 0) }
    const pauseMs = isUnanswered ? 0 : Math.min(PAUSE_FIRST_MS * 2 ** count, PAUSE_MAX_MS)
    this.#fork(
      Effect.andThen(
        Effect.sleep(pauseMs * (0.5 + this.#random.nextDoubleUnsafe() / 2)),
        Effect.sync(() => asked.attempt === attempt && this.#attempt(asked, next)),
      ),
    )
  }

  #end({ item }: Asked, exit: Exit.Exit<never, Unavailable>): void {
    this.#forget(item)
    item.settle(exit)
  }

  #forget(item: Waiting): void {
    this.#open.delete(item)
    if (this.#open.size === 0) this.#idle.openUnsafe()
  }
}

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

/** Names a command among all that this process sends; `undefined` for a read. */
const nameOf = ({ item, address }: Asked): string | undefined =>
  item._tag === "Command" ? nameOfCommand(address, item.command.commandId) : undefined

const nameOfCommand = ({ key }: ActorAddress, commandId: string): string => `${key} ${commandId}`

const requestOf = (
  address: ActorAddress,
  item: Exclude<Waiting, { readonly _tag: "Pending" }>,
  lostCount: number,
) => {
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
    ...(lostCount > 0 ? { lost: lostCount } : undefined),
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

const takesOwnersDown = ({ type: actorType, id }: ActorAddress) =>
  new Unavailable({
    actorType,
    id,
    stored: "Unknown",
    detail: `the last ${OWNERS_LOST_MAX} nodes that had this command went silent and lost its shard; no other node is given it`,
    hint: "Find out what blocks the event loop in `decide` or the machine, and mend it before the command is sent again.",
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
