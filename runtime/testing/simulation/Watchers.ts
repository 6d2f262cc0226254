/**
 * Readers that follow actors through any node, and judge what they get: every change once, in order, and true.
 *
 * Owns a reader's life: it watches at a node, goes on at another one when that node dies, stops or is left, and
 * resumes after the last version that it has. What it gets is compared with the journal (Reference.ts).
 */
import { Data, Effect, Stream } from "effect"
import { addressOf } from "../../address/ActorAddress.ts"
import type { AnyActor } from "../../definition/Actor.ts"
import type { ProjectedEvent } from "../../projection/Projection.ts"
import type { Change } from "../../watch/Change.ts"
import { WATCH_BEHIND_MAX } from "../../watch/ChangeFeed.ts"
import type { Randomness } from "./Randomness.ts"
import type { Reference, TrueActor } from "./Reference.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"
import { factsOf, trueFactsOf } from "./StateFacts.ts"
import { PROMISES, Violation } from "./Violation.ts"
import type { World } from "./World.ts"

/** Probability that a reader leaves its node after an item, and goes on elsewhere. */
const LEAVES_CHANCE = 0.04

/** Probability that a reader takes its time after an item, and how long, in virtual milliseconds. */
const DAWDLES_CHANCE = 0.1
const DAWDLE_MS = { min: 1, max: 3_000 }

/** Pause before a reader watches again, in virtual milliseconds. */
const AGAIN_MS = { min: 1, max: 500 }

/** Pause between two looks whether the node of a reader is still there, in virtual milliseconds. */
const LOOK_MS = 250

export interface WatchersContext {
  readonly world: World
  readonly nodes: ReadonlyArray<SimulatedNode>
  readonly reference: Reference
  readonly judge: (check: () => void) => void
}

/** The reader leaves its node. */
class Leaves extends Data.TaggedError("Leaves") {}

type Kind = "changes" | "events"

/** One reader of one actor. */
interface Reader {
  readonly name: string
  readonly kind: Kind
  readonly actor: AnyActor
  readonly id: string
  /** Version of the last item; `undefined`: it has none. */
  version: number | undefined
  /** Number of its watch; items of earlier ones do not count. */
  life: number
}

export class Watchers {
  readonly #context: WatchersContext
  readonly #random: Randomness
  readonly #readers: Array<Reader> = []

  constructor(context: WatchersContext) {
    this.#context = context
    this.#random = context.world.random.stream("watchers")
  }

  /** Adds readers of the actor; every third one reads events alone. */
  follow(actor: AnyActor, id: string, count: number): void {
    for (let index = 0; index < count; index++) {
      const kind = index % 3 === 2 ? "events" : "changes"
      const name = `watcher ${this.#readers.length + 1}`
      const reader: Reader = { name, kind, actor, id, version: undefined, life: 0 }
      this.#readers.push(reader)
      this.#again(reader)
    }
  }

  /** The first reader that does not have everything, in words. */
  get open(): string | undefined {
    for (const reader of this.#readers) {
      const { version } = this.#actorOf(reader)
      if ((reader.version ?? 0) < version)
        return `${reader.name} of ${reader.actor.type}/${reader.id} is at version ${reader.version}, the journal at ${version}`
    }
    return undefined
  }

  #actorOf({ actor, id }: Reader): TrueActor {
    return this.#context.reference.actor(addressOf(actor.type, id, 1))
  }

  #again(reader: Reader): void {
    const life = ++reader.life
    this.#context.world.after(this.#random.between(AGAIN_MS.min, AGAIN_MS.max), undefined, () => {
      if (reader.life === life) this.#watch(reader, life)
    })
  }

  #watch(reader: Reader, life: number): void {
    const { nodes, world } = this.#context
    const node = this.#random.pick(nodes)
    const { process: host, system } = node
    if (system === undefined || node.isDead) return this.#again(reader)
    if (reader.version !== undefined) world.mark("a watcher went on elsewhere")
    const ref = system.get<AnyActor>(node.ownOf(reader.actor), reader.id)
    const { version } = reader
    const items: Stream.Stream<Change | ProjectedEvent, unknown> =
      reader.kind === "events"
        ? ref.events({ from: (version ?? 0) + 1 })
        : ref.watch(version === undefined ? {} : { after: version })
    const watching = Stream.runForEach(items, (item) => this.#takes(reader, life, item))
    host.fork(
      Effect.onExit(Effect.ignore(watching), () =>
        Effect.sync(() => {
          if (reader.life === life) this.#again(reader)
        }),
      ),
    )
    // A process that dies tells nobody.
    const look = (): void => {
      world.after(LOOK_MS, undefined, () => {
        if (reader.life !== life) return
        if (node.process !== host || node.isDead) this.#again(reader)
        else look()
      })
    }
    look()
  }

  #takes(reader: Reader, life: number, item: Change | ProjectedEvent): Effect.Effect<void, Leaves> {
    return Effect.suspend(() => {
      if (reader.life !== life) return Effect.fail(new Leaves())
      this.#context.judge(() => this.#judged(reader, item))
      if (this.#random.chance(LEAVES_CHANCE)) return Effect.fail(new Leaves())
      if (!this.#random.chance(DAWDLES_CHANCE)) return Effect.void
      return Effect.sleep(this.#random.between(DAWDLE_MS.min, DAWDLE_MS.max))
    })
  }

  #judged(reader: Reader, item: Change | ProjectedEvent): void {
    const actor = this.#actorOf(reader)
    const before = reader.version
    reader.version = item.version
    this.#context.world.mark(`a watcher got ${reader.kind}`)
    const wrong = (why: string): Violation =>
      new Violation(
        PROMISES.watched,
        `${reader.name} of ${actor.address.key}, at version ${before}, got version ${item.version}: ${why}`,
      )
    if (item.version > actor.version) throw wrong(`the journal ends at ${actor.version}`)
    if (!("events" in item)) {
      if (item.version !== (before ?? 0) + 1) throw wrong("the events before it are missing, or came already")
      if (eventFacts([item]) !== eventFacts(actor.events.slice(item.version - 1, item.version)))
        throw wrong(`its event is ${eventFacts([item])}`)
      return
    }
    this.#judgeChange(actor, before, item, wrong)
  }

  #judgeChange(
    actor: TrueActor,
    before: number | undefined,
    { version, events, state, skipped, isBorn }: Change,
    wrong: (why: string) => Violation,
  ): void {
    if (skipped > 0) {
      this.#context.world.mark("a watcher skipped")
      if (before === undefined || skipped !== version - before || skipped <= WATCH_BEHIND_MAX)
        throw wrong(`it says that it skips ${skipped}`)
    } else if (before !== undefined) {
      const isBirth = events.length === 0 && version === 0 && before === 0
      if (!isBirth && version - events.length !== before) throw wrong(`it has ${events.length} events`)
      const real = actor.events.slice(before, version)
      if (eventFacts(events) !== eventFacts(real))
        throw wrong(`its events are ${eventFacts(events)}, the journal has ${eventFacts(real)}`)
    }
    const real = actor.states[version]
    if (isBorn && (real === undefined || factsOf(state) !== trueFactsOf(real)))
      throw wrong(
        `its state is ${factsOf(state)}, the journal gives ${real === undefined ? "none" : trueFactsOf(real)}`,
      )
  }
}

const eventFacts = (events: ReadonlyArray<ProjectedEvent>): string =>
  JSON.stringify(
    events.map(({ version, sequence, commandId, event }) => [version, sequence, commandId, event]),
  )
