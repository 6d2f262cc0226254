/**
 * A scripted simulation: `await sim.ask(...)`, `sim.crash(1)`, `await sim.advance("1 hour")`, one line after
 * the other.
 *
 * Owns the verbs and the turn between script and world: while the script runs the world stands still, and
 * while it waits for a verb the world steps. A script that waits for anything else is an escape, and fails
 * with that reason.
 */
import { Cause, Duration, Effect, Exit } from "effect"
import type { Accepted, CurrentState } from "../../cell/Waiting.ts"
import type { StoredDeadLetter } from "../../deadletter/DeadLetters.ts"
import type { AnyActor, BirthInputOf, CommandsOf, ReplyOf, StateOf } from "../../definition/Actor.ts"
import { actorOf, type DefinitionOf } from "../../definition/DefinitionOf.ts"
import type { AnyEvent } from "../../event/Event.ts"
import type { PublishedEvent } from "../../integration/EventPublisher.ts"
import type { AnyRow, ProjectedEvent, ProjectionDefinition } from "../../projection/Projection.ts"
import { type Spawned, spawnedOf } from "../../system/ActorRef.ts"
import type { SystemStatus } from "../../system/SystemStatus.ts"
import type { Told } from "../../system/Telling.ts"
import type { Operation, Request } from "./Client.ts"
import { SimulationEscape } from "./EscapeTrap.ts"
import { timeline } from "./FailureReport.ts"
import type { Port } from "./FaultKind.ts"
import type { FaultRates } from "./Faults.ts"
import type { ServerName } from "./Network.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"
import { SimulatedSystem } from "./SimulatedSystem.ts"
import type { SystemUnderTest } from "./SystemUnderTest.ts"
import { VerbPromise } from "./VerbPromise.ts"
import { PROMISES, Violation } from "./Violation.ts"

/** Virtual time that a verb may take before the story counts as stuck, in milliseconds. */
export const VERB_MS_MAX = 600_000

/** Turns of the native queue within which a script must reach its next verb. */
const TURNS_MAX = 10_000
const TURNS_AFTER_VERB = 32

/** Interval at which `eventually` checks, in virtual milliseconds. */
const LOOK_EVERY_MS = 10

/** Options of `playStory`. */
export interface StoryOptions extends SystemUnderTest {
  readonly nodes?: number
  readonly seed?: number
  /** Faults besides those of the script; default none. */
  readonly faults?: FaultRates
}

/** Options of one command of a script. */
export interface VerbOptions {
  /** Node to ask, from 1; default: any node, and another one if it does not answer. */
  readonly node?: number
  readonly commandId?: string
  readonly ifVersion?: number
}

/** The verbs of a script. Nodes are numbered from 1. */
export interface Simulation {
  /** Sends a command, repeated if needed, until it has its final answer. Rejects with the typed error. */
  readonly ask: <A extends AnyActor, C extends CommandsOf<A>>(
    actor: DefinitionOf<A>,
    id: string,
    command: C,
    options?: VerbOptions & { readonly input?: BirthInputOf<A> },
  ) => Promise<Accepted<ReplyOf<A, C["type"]>>>
  /** Tells the actor a command; returns once it is accepted: applied, in the mailbox, or a dead letter. */
  readonly tell: <A extends AnyActor>(
    actor: DefinitionOf<A>,
    id: string,
    command: CommandsOf<A>,
    options?: Pick<VerbOptions, "node" | "commandId"> & { readonly input?: BirthInputOf<A> },
  ) => Promise<Told>
  /** Spawns the actor without a command. */
  readonly spawn: <A extends AnyActor>(
    actor: DefinitionOf<A>,
    id: string,
    options?: Pick<VerbOptions, "node" | "commandId"> & { readonly input?: BirthInputOf<A> },
  ) => Promise<Spawned>
  /** State of an actor, as a node answers it. */
  readonly state: <A extends AnyActor>(
    actor: DefinitionOf<A>,
    id: string,
    options?: Pick<VerbOptions, "node">,
  ) => Promise<CurrentState<StateOf<A>>>
  /** Lets virtual time pass: milliseconds or "30 days". */
  readonly advance: (time: Duration.Input) => Promise<void>
  /**
   * Lets time pass until `holds` returns true; fails after `withinMs` (default one minute of virtual time).
   */
  readonly eventually: (what: string, holds: () => boolean, withinMs?: number) => Promise<void>
  /** The node crashes and loses its memory. */
  readonly crash: (node: number) => void
  /** Starts a node again that was killed or stopped. */
  readonly restart: (node: number) => void
  /** The node stands still, and later goes on as if nothing had happened. */
  readonly pause: (node: number) => void
  /** Ends the freeze of a node. */
  readonly resume: (node: number) => void
  /** Cuts a node off from a server, by default from the journal. */
  readonly partition: (node: number, server?: ServerName) => void
  /** Repairs every link and server, resumes and restarts every node. */
  readonly heal: () => void
  /** Makes a server unreachable for all nodes. */
  readonly takeDown: (server: ServerName) => void
  /** Makes a server reachable again. */
  readonly bringUp: (server: ServerName) => void
  /** The next call of `port` meets this fault, for instance `failNext("journal.append", "ack lost")`. */
  readonly failNext: (port: Port, mode: string) => void
  /** Postgres fails over and loses its last transactions. */
  readonly loseTransactions: (count: number) => void
  /** A power failure: nodes are down, and the journal's last records were not synced and are gone. */
  readonly losePower: (recordCount: number) => void
  /** Moves the wall clock of a node, forward or back. */
  readonly jumpClock: (node: number, byMs: number) => void
  /** The true events of an actor, from the journal. */
  readonly history: (actor: DefinitionOf<AnyActor>, id: string) => ReadonlyArray<ProjectedEvent>
  /** Rows of a projection's table. */
  readonly rows: (projection: ProjectionDefinition) => ReadonlyArray<AnyRow>
  /** Status of a node's system. */
  readonly status: (node: number) => SystemStatus
  /** Messages that the system abandoned. */
  readonly deadLetters: () => ReadonlyArray<StoredDeadLetter>
  /** Integration events that were published. */
  readonly published: () => ReadonlyArray<PublishedEvent>
  /** How often a mark or kind of fault was reached so far. */
  readonly reached: (mark: string) => number
  /** Virtual milliseconds since the beginning. */
  readonly nowMs: () => number
  /** Steps of the world so far. */
  readonly stepCount: () => number
}

/** The result of a story that came to its end. */
export interface StoryOutcome {
  readonly hash: string
  readonly stepCount: number
  readonly virtualMs: number
}

/**
 * Plays a script against a simulated system. At its end everything is repaired and checked, as in `simulate`.
 */
export const playStory = async (
  options: StoryOptions,
  story: (sim: Simulation) => Promise<void>,
): Promise<StoryOutcome> => {
  const { nodes = 3, seed = 1, faults: rates = {} } = options
  const system = new SimulatedSystem(options, {
    seed,
    nodeCount: nodes,
    rates,
    interleaving: "seeded",
    doubleSendChance: 0,
  })
  const { world } = system
  const teller = new Teller(system)
  try {
    await teller.tell(story)
  } catch (cause) {
    if (!(cause instanceof Violation || cause instanceof SimulationEscape)) throw cause
    cause.message = `${cause.message}\n\n  seed ${seed}, ${nodes} nodes. The last steps, each with its number ← the one it came from:\n${timeline(world.trace.entries)}`
    throw cause
  }
  return { hash: world.trace.hash, stepCount: world.stepCount, virtualMs: world.nowMs }
}

class Teller {
  readonly #system: SimulatedSystem
  /** Number of verbs that the script waits for. */
  #pendingCount = 0
  #hasTurn = false
  /** Promises that verbs have returned to the script. */
  readonly #promised: Array<VerbPromise<unknown>> = []
  /** Virtual time up to which the script advances. */
  #advancesToMs = 0

  constructor(system: SimulatedSystem) {
    this.#system = system
  }

  async tell(story: (sim: Simulation) => Promise<void>): Promise<void> {
    await this.#follow(story(this.#awaitedVerbs()))
    const forgotten = this.#promised.find((promise) => !promise.isAwaited)
    if (forgotten !== undefined) {
      throw new Error(
        `The story did not wait for its \`${forgotten.what}\`, so what came of it was checked by nobody: await it.`,
      )
    }
    const { chaos, clients, world } = this.#system
    chaos.heal()
    const end = this.#system.run(
      world.nowMs + VERB_MS_MAX,
      () => clients.openCount === 0 && this.#system.whatIsOpen() === undefined,
    )
    const open = end === "done" ? undefined : this.#system.whatIsOpen()
    if (open !== undefined) throw new Violation(PROMISES.converges, open)
    this.#system.checkAtRest()
  }

  /** Gives script and world their turns until the script ends. */
  async #follow(script: Promise<void>): Promise<void> {
    let end: Exit.Exit<void, unknown> | undefined
    script.then(
      () => {
        end = Exit.void
      },
      (error: unknown) => {
        end = Exit.fail(error)
      },
    )
    while (true) {
      await this.#scriptTurn(() => end !== undefined)
      if (end !== undefined) break
      this.#worldTurn()
    }
    if (Exit.isFailure(end)) throw Cause.squash(end.cause)
  }

  async #scriptTurn(isOver: () => boolean): Promise<void> {
    for (let turn = 0; turn < TURNS_AFTER_VERB && !isOver(); turn++) await undefined
    for (let turn = 0; this.#pendingCount === 0 && !isOver(); turn++) {
      if (turn === TURNS_MAX)
        throw new SimulationEscape("something outside of the simulation", "(awaited by the story)")
      await undefined
    }
  }

  #worldTurn(): void {
    const { world } = this.#system
    this.#hasTurn = true
    const untilMs = Math.max(world.nowMs, this.#advancesToMs) + VERB_MS_MAX
    const end = this.#system.run(untilMs, () => !this.#hasTurn)
    if (end === "done") return
    const open = this.#system.whatIsOpen() ?? `${this.#pendingCount} verbs wait`
    throw new Violation(
      PROMISES.converges,
      `the story waits, and for ${VERB_MS_MAX} ms nothing came: ${open}`,
    )
  }

  /** A promise that the world settles; settling it gives the turn back to the script. */
  #verb<A>(start: (settle: (exit: Exit.Exit<A, unknown>) => void) => void): Promise<A> {
    this.#pendingCount++
    return new Promise((resolve, reject) => {
      start((exit) => {
        this.#pendingCount--
        this.#hasTurn = false
        if (Exit.isSuccess(exit)) resolve(exit.value)
        else reject(Cause.squash(exit.cause))
      })
    })
  }

  async #send(request: Request, node: number | undefined): Promise<Accepted | CurrentState | Told> {
    this.#system.requireKnown(actorOf(request.actor), request.id)
    return this.#verb((settle) => {
      const done = ({ answer }: Operation) => settle(answer ?? Exit.die("no answer"))
      this.#system.clients.send(request, done, node === undefined ? undefined : this.#node(node))
    })
  }

  #node(number: number): SimulatedNode {
    const node = this.#system.nodes[number - 1]
    if (node === undefined)
      throw new Error(`There is no node ${number}, there are ${this.#system.nodes.length}.`)
    return node
  }

  #eventually(what: string, holds: () => boolean, withinMs: number): Promise<void> {
    const { world } = this.#system
    const untilMs = world.nowMs + withinMs
    return this.#verb((settle) => {
      const look = (): void => {
        if (holds()) return settle(Exit.void)
        if (world.nowMs >= untilMs) {
          return settle(Exit.fail(new Violation(PROMISES.converges, `not within ${withinMs} ms: ${what}`)))
        }
        world.after(LOOK_EVERY_MS, undefined, look)
      }
      world.enqueue(undefined, look)
    })
  }

  /** The verbs, which note whether the script waits for what they promise. */
  #awaitedVerbs(): Simulation {
    const verbs = this.#verbs()
    const noted = Object.entries(verbs).map(([what, verb]: [string, (...given: Array<never>) => unknown]) => [
      what,
      (...given: Array<never>) => {
        const result = verb(...given)
        if (!(result instanceof Promise)) return result
        const promise = VerbPromise.of(what, result)
        this.#promised.push(promise)
        return promise
      },
    ])
    return Object.fromEntries(noted) as Simulation
  }

  #verbs(): Simulation {
    const system = this.#system
    const { network, world } = system
    const told = (what: string) => world.note("story", what)
    return {
      ask: async (actor, id, command, { node, ifVersion, ...rest } = {}) => {
        const request: Request = {
          actor,
          id,
          command: command as AnyEvent,
          ...rest,
          ...(ifVersion === undefined ? {} : { ifVersion }),
        }
        return (await this.#send(request, node)) as Accepted<never>
      },
      tell: async (actor, id, command, { node, ...rest } = {}) => {
        const request: Request = { actor, id, command: command as AnyEvent, via: "tell", ...rest }
        return (await this.#send(request, node)) as Told
      },
      spawn: async (actor, id, { node, ...rest } = {}) => {
        const request: Request = { actor, id, via: "spawn", ...rest }
        return spawnedOf((await this.#send(request, node)) as Accepted)
      },
      state: async (actor, id, { node } = {}) => {
        const { state, ...rest } = (await this.#send({ actor, id }, node)) as CurrentState
        return { ...rest, state: state as never }
      },
      advance: (time) =>
        this.#verb((settle) => {
          const delayMs = Duration.toMillis(Duration.fromInputUnsafe(time))
          this.#advancesToMs = Math.max(this.#advancesToMs, world.nowMs + delayMs)
          world.after(delayMs, undefined, () => settle(Exit.void))
        }),
      eventually: (what, holds, withinMs = 60_000) => this.#eventually(what, holds, withinMs),
      crash: (node) => this.#node(node).crash(),
      restart: (node) => this.#node(node).restart(),
      pause: (node) => this.#node(node).pause(),
      resume: (node) => this.#node(node).resume(),
      partition: (node, server = "journal") => {
        told(`node ${node} is cut off from ${server}`)
        network.cut(this.#node(node).name, server)
      },
      heal: () => {
        told("everything is mended")
        network.mendAll()
        for (const node of system.nodes) {
          node.resume()
          node.restart()
        }
      },
      takeDown: (server) => {
        told(`${server} goes down`)
        network.takeDown(server)
      },
      bringUp: (server) => {
        told(`${server} is up`)
        network.bringUp(server)
      },
      failNext: (port, mode) => system.faults.forceNext(port, mode),
      loseTransactions: (count) => {
        told(`Postgres forgets its last ${count} transactions`)
        system.postgres.loseTail(count)
      },
      losePower: (recordCount) => system.losePower(recordCount),
      jumpClock: (node, byMs) => this.#node(node).process.jumpClock(byMs),
      history: (actor, id) => system.historyOf(actorOf(actor), id),
      rows: (projection) => system.postgres.readModel.rows(projection),
      status: (node) => {
        const { name, system: running } = this.#node(node)
        if (running === undefined) throw new Error(`${name} has not started.`)
        return Effect.runSync(running.status)
      },
      deadLetters: () => [...system.servers.deadLetters.memory.letters.values()],
      published: () => system.servers.publisher.memory.events,
      reached: (mark) => world.marks.get(mark) ?? 0,
      nowMs: () => world.nowMs,
      stepCount: () => world.stepCount,
    }
  }
}
