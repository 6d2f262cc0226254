/**
 * Asks the owner of an actor's shard, when that is another node, until there is an answer or the caller stops waiting.
 *
 * Owns trying again: no node answered, the shard has moved, or the answer was lost. It is the same command under the same
 * id each time, so it is applied once. What it brings: Routed.ts. What travels: AskWire.ts. Who answers: AskServer.ts. What
 * this node has itself never comes here, but for a shard that has just been handed over.
 */
import { Clock, Effect, Exit, FiberSet, Latch, Random, type Scope } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { type AskError, Unavailable } from "../cell/AskError.ts"
import type { Waiting, WaitingCommand } from "../cell/Waiting.ts"
import type { ShardEntry, ShardMap } from "../cluster/ShardMap.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { RequestFailed, TransportService } from "../transport/Transport.ts"
import { encodeRequest, whyMoved } from "./AskWire.ts"
import type { LocalCells } from "./LocalCells.ts"
import { LostOwners, OWNERS_LOST_MAX } from "./LostOwners.ts"
import { type Hindrance, type Routed, RoutedItem } from "./Routed.ts"

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
  readonly shardMap: ShardMap
  /** Nobody answers for this slot. */
  readonly suspect: (slot: string) => void
  /** Why this node has nothing now; `undefined` while it takes part in the cluster. */
  readonly cutOff: () => string | undefined
  /** Take an item if this node owns the shard by now. */
  readonly cells: Pick<LocalCells, "offer" | "takes">
  /** The router is a client's, so the nodes that answer measure its commands. Default: false. */
  readonly isClient?: boolean
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
  /** Sees to it that what is routed is settled, or taken here, unless it is forgotten before. */
  readonly bring: (routed: Routed) => void
  /** Nobody waits for its answer any more. Harmless where it is not under way. */
  readonly forget: (routed: Routed) => void
  /** Why the command is given to no node, this one included; `undefined`: it may be. */
  readonly withheld: (address: ActorAddress, item: WaitingCommand) => Unavailable | undefined
  /** The slot has a new owner: items that wait for the former one go to this one. `wasLost`: the former one is gone. */
  readonly ownerChanged: (slot: string, wasLost?: boolean) => void
  /** Waits until nothing waits for an answer. */
  readonly drain: Effect.Effect<void>
  readonly counts: { sentCount: number; retriedCount: number }
}

/** What waits for an answer. */
interface Asked {
  readonly routed: Routed
  /**
   * The attempt that counts: one that was overtaken may still bring the success of the command, but does not try
   * again. `undefined`: the command is here.
   */
  attempt: Attempt | undefined
}

/** What was tried before an attempt. */
interface Tried {
  readonly count: number
  /** Of those, how many got no answer at all. */
  readonly unansweredCount: number
}

interface Attempt extends Tried {
  readonly target: ShardEntry
  /** The command may have been delivered by earlier ones. */
  readonly wasSent: boolean
  /** Stops waiting for the answer. */
  forget: () => void
}

type Randomness = Effect.Success<typeof Random.Random>

/** What a node that does not have the shard says by itself. */
const MOVING = "its shard is moving from one node to another"

const NOTHING: Tried = { count: 0, unansweredCount: 0 }

/** The end of the scope ends everything that is under way: its callers are told. */
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
    // Otherwise callers would wait for ever: deadlines end with their system.
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
  readonly #open = new Map<Routed, Asked>()
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
    const { shardMap, cells, isClient } = this.#options
    this.#start(new RoutedItem(shardMap, cells, definition, address, item, isClient), wasHeldUp)
  }

  readonly bring: Router["bring"] = (routed) => this.#start(routed, false)

  readonly forget: Router["forget"] = (routed) => {
    const asked = this.#open.get(routed)
    if (asked === undefined) return
    asked.attempt?.forget()
    asked.attempt = undefined
    this.#forget(asked)
  }

  #start(routed: Routed, wasHeldUp: boolean): void {
    const asked: Asked = { routed, attempt: undefined }
    const command = wasHeldUp ? nameOf(asked) : undefined
    if (command !== undefined) this.#lostOwners.lost(command)
    this.#open.set(routed, asked)
    this.#idle.closeUnsafe()
    const cutOff = this.#options.cutOff()
    if (cutOff !== undefined) routed.hinder("unavailable", cutOff)
    this.#attempt(asked, NOTHING)
  }

  readonly withheld: Router["withheld"] = (address, { command }) => this.#withheld(address, command.commandId)

  #withheld(address: ActorAddress, commandId: string): Unavailable | undefined {
    if (this.#lostOwners.isEmpty) return undefined
    const lostCount = this.#lostOwners.countOf(nameOfCommand(address, commandId))
    return lostCount < OWNERS_LOST_MAX ? undefined : takesOwnersDown(address)
  }

  readonly ownerChanged = (slot: string, wasLost = false): void => {
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
    const open = [...this.#open.values()]
    this.#open.clear()
    for (const { routed } of open) routed.settle(Exit.fail(endedBefore(routed)))
  }

  #attempt(asked: Asked, tried: Tried): void {
    const { routed } = asked
    const { address, commandId, shard: target } = routed
    if (routed.isSettled) return this.#forget(asked)
    const withheld = commandId === undefined ? undefined : this.#withheld(address, commandId)
    if (withheld !== undefined) return this.#end(asked, Exit.fail(withheld))
    if (routed.takeHere()) {
      asked.attempt = undefined
      return this.#forget(asked)
    }
    if (target === undefined) return this.#end(asked, Exit.fail(nowhere(address)))
    const command = nameOf(asked)
    const lostCount = command === undefined ? 0 : this.#lostOwners.countOf(command)
    const request = encodeRequest(routed.request(lostCount))
    if (request.length > this.#transport.messageBytesMax)
      return this.#end(asked, Exit.fail(tooLarge(address, request)))
    const attempt: Attempt = { ...tried, target, wasSent: routed.wasSent, forget: nothing }
    asked.attempt = attempt
    // It may be delivered and stored, unless the server says that no node serves the subject.
    routed.wasSent = true
    this.counts.sentCount++
    const timeoutMs =
      routed.attemptMs ?? Math.min(ATTEMPT_FIRST_MS * 2 ** tried.unansweredCount, ATTEMPT_MAX_MS)
    attempt.forget = this.#transport.send(target.askSubject, request, timeoutMs, {
      onReply: (reply) => this.#onReply(asked, attempt, reply),
      onFailure: (failure) => asked.attempt === attempt && this.#onFailure(asked, attempt, failure),
    })
  }

  #onReply(asked: Asked, attempt: Attempt, reply: Uint8Array): void {
    const { routed } = asked
    const answer = routed.read(reply)
    if (answer !== undefined) {
      const command = nameOf(asked)
      if (command !== undefined) this.#lostOwners.answered(command)
      const isOvertaken = asked.attempt !== attempt
      // The later attempt may still be stored, so an earlier one that failed says nothing of the command.
      if (isOvertaken && Exit.isFailure(answer)) return
      // The answer tells what became of this attempt.
      if (!isOvertaken) routed.wasSent = attempt.wasSent
      return this.#end(asked, answer)
    }
    if (asked.attempt === attempt) this.#again(asked, attempt, "moving", whyMoved(reply) ?? MOVING)
  }

  #onFailure(asked: Asked, attempt: Attempt, failure: RequestFailed): void {
    const { routed } = asked
    const { reason } = failure
    if (reason === "TooLarge" || reason === "NotPermitted")
      return this.#end(asked, Exit.fail(unreachable(routed.address, failure)))
    if (reason === "NoResponders") routed.wasSent = attempt.wasSent
    if (reason !== "Disconnected") this.#options.suspect(attempt.target.slot)
    const [hindrance, trouble] = troubleOf(failure)
    this.#again(asked, attempt, hindrance, trouble, reason === "Timeout")
  }

  /** Tries again after a pause; without one where the attempt has waited for an answer in vain. */
  #again(asked: Asked, attempt: Attempt, hindrance: Hindrance, trouble: string, isUnanswered = false): void {
    // A node that is cut off does not know which node owns the shard.
    const cutOff = this.#options.cutOff()
    asked.routed.hinder(cutOff === undefined ? hindrance : "unavailable", cutOff ?? trouble)
    this.counts.retriedCount++
    const { count, unansweredCount } = attempt
    const next = { count: count + 1, unansweredCount: unansweredCount + (isUnanswered ? 1 : 0) }
    const { pauseMaxMs = PAUSE_MAX_MS } = asked.routed
    const pauseMs = isUnanswered ? 0 : Math.min(PAUSE_FIRST_MS * 2 ** count, pauseMaxMs)
    this.#fork(
      Effect.andThen(
        Effect.sleep(pauseMs * (0.5 + this.#random.nextDoubleUnsafe() / 2)),
        Effect.sync(() => asked.attempt === attempt && this.#attempt(asked, next)),
      ),
    )
  }

  #end(asked: Asked, exit: Exit.Exit<unknown, AskError>): void {
    this.#forget(asked)
    asked.routed.settle(exit)
  }

  #forget(asked: Asked): void {
    // An item that was taken here may have been routed again meanwhile.
    if (this.#open.get(asked.routed) === asked) this.#open.delete(asked.routed)
    if (this.#open.size === 0) this.#idle.openUnsafe()
  }
}

const nothing = (): void => undefined

/** Names a command among all that this process sends; `undefined` for a read. */
const nameOf = ({ routed: { address, commandId } }: Asked): string | undefined =>
  commandId === undefined ? undefined : nameOfCommand(address, commandId)

const nameOfCommand = ({ key }: ActorAddress, commandId: string): string => `${key} ${commandId}`

const troubleOf = ({ reason }: RequestFailed): readonly [Hindrance, string] => {
  switch (reason) {
    case "NoResponders":
      return ["moving", "no node has its shard"]
    case "Disconnected":
      return ["unavailable", "there is no connection to NATS"]
    default:
      return ["silent", "the node that has its shard does not answer"]
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

const endedBefore = ({ address: { type: actorType, id }, mayBeStored }: Routed) =>
  new Unavailable({
    actorType,
    id,
    stored: mayBeStored ? "Unknown" : "No",
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
