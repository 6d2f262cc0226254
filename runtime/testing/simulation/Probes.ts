/**
 * Other ways to read an actor, tried sometimes right after a command was accepted: its history, its state at
 * a version, and the read model that must show the command.
 *
 * Probes run in the node that answered and may fail while faults last. An answer that they give must be true.
 */
import { Effect, Exit } from "effect"
import type { Accepted } from "../../cell/Waiting.ts"
import type { AnyActor } from "../../definition/Actor.ts"
import type { ProjectionDefinition } from "../../projection/Projection.ts"
import type { ActorRef } from "../../system/ActorRef.ts"
import type { ActorSystemService } from "../../system/ActorSystem.ts"
import { describe, type Operation } from "./Client.ts"
import type { Randomness } from "./Randomness.ts"
import type { TrueActor } from "./Reference.ts"
import { factsOf, trueFactsOf } from "./StateFacts.ts"
import { PROMISES, Violation } from "./Violation.ts"
import type { World } from "./World.ts"

/** Probability of each probe after an accepted command. */
const PROBE_CHANCE = 0.1

export interface ProbeContext {
  readonly world: World
  readonly projections: ReadonlyArray<ProjectionDefinition>
  readonly actor: (operation: Operation) => TrueActor
  /** Sequence up to which a projection's tables hold everything. */
  readonly offset: (projection: ProjectionDefinition) => number
  /** Whether no fault takes back what was shown before. */
  readonly isFresh: boolean
  readonly judge: (check: () => void) => void
}

/** Target of a probe: the node that answered, and its definition. */
interface Probed {
  readonly system: ActorSystemService
  readonly ref: ActorRef<AnyActor>
}

export class Probes {
  readonly #context: ProbeContext
  readonly #random: Randomness

  constructor(context: ProbeContext) {
    this.#context = context
    this.#random = context.world.random.stream("probes")
  }

  /** Probes after the final answer of an operation. */
  after(operation: Operation): void {
    const { answer, attempt, request } = operation
    if (request.command === undefined || request.via === "tell") return
    if (attempt === undefined || answer === undefined) return
    if (Exit.isFailure(answer)) return
    const { node, process: host } = attempt
    const system = node.system
    if (system === undefined || node.process !== host) return
    const accepted = answer.value as Accepted
    for (const probe of [this.#history, this.#past, this.#ownWrite]) {
      if (this.#random.chance(PROBE_CHANCE)) {
        const ref = system.get<AnyActor>(node.ownOf(request.actor), request.id)
        host.fork(Effect.ignore(probe({ system, ref }, operation, accepted)))
      }
    }
  }

  readonly #history = ({ ref }: Probed, operation: Operation, accepted: Accepted) =>
    ref.history().pipe(
      Effect.map(({ events, next }) =>
        this.#context.judge(() => {
          const real = this.#context.actor(operation).events
          const facts = (list: typeof events) =>
            JSON.stringify(
              list.map(({ version, sequence, commandId, event }) => [version, sequence, commandId, event]),
            )
          this.#context.world.mark("a history was read")
          const isWhole = next !== undefined || !this.#context.isFresh || events.length >= accepted.version
          if (isWhole && facts(events) === facts(real.slice(0, events.length))) return
          const detail = `history after ${describe(operation)} has ${events.length} events: ${facts(events)}, the journal has ${facts(real)}`
          throw new Violation(PROMISES.fold, detail)
        }),
      ),
    )

  readonly #past = ({ ref }: Probed, operation: Operation, { version }: Accepted) => {
    const wanted = this.#random.index(version + 1)
    return ref.stateAt({ version: wanted }).pipe(
      Effect.map((past) =>
        this.#context.judge(() => {
          const real = this.#context.actor(operation).states[past.version]
          this.#context.world.mark("a past state was read")
          const isThere = past.version === wanted || !this.#context.isFresh
          if (isThere && real !== undefined && factsOf(past.state) === trueFactsOf(real)) return
          const detail = `state at version ${wanted} after ${describe(operation)} is version ${past.version}: ${factsOf(past.state)}`
          throw new Violation(PROMISES.fold, detail)
        }),
      ),
    )
  }

  readonly #ownWrite = ({ system }: Probed, operation: Operation, { sequence }: Accepted) =>
    Effect.forEach(this.#context.projections, (projection) =>
      system.waitFor(projection, sequence).pipe(
        Effect.map(() =>
          this.#context.judge(() => {
            const offset = this.#context.offset(projection)
            this.#context.world.mark("a client read its own write")
            if (offset >= sequence || !this.#context.isFresh) return
            const detail = `${projection.name} was said to be at ${sequence} after ${describe(operation)}, it is at ${offset}`
            throw new Violation(PROMISES.readModel, detail)
          }),
        ),
      ),
    )
}
