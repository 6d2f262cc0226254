/**
 * The directory of a system as callers see it on any node: the table of actors, and what only the nodes know.
 *
 * Owns the gathering from all members. What the table answers: ../directory/ActorDirectory.ts. What a member answers:
 * MemberAnswers.ts.
 */
import { type Clock, Effect } from "effect"
import type { ClusterView } from "../cluster/ClusterView.ts"
import { askMember, MEMBER_TIMEOUT_MS } from "../cluster/MemberRequests.ts"
import type { AnyActor } from "../definition/Actor.ts"
import type { DefinitionOf } from "../definition/DefinitionOf.ts"
import {
  type ActorDirectory,
  makeActorDirectory,
  type QuarantinedActor,
} from "../directory/ActorDirectory.ts"
import { InvalidListing, invalid, typeNameOf } from "../directory/Listing.ts"
import {
  isTransitionCounts,
  most,
  summed,
  TRANSITION_MINUTES_DEFAULT,
  TRANSITION_MINUTES_MAX,
  type TransitionCounter,
  type TransitionCounts,
} from "../directory/TransitionCounts.ts"
import type { ReadModelService } from "../projection/ReadModel.ts"
import type { TransportService } from "../transport/Transport.ts"
import { countsByType, isQuarantinedList, type Question, transitionShareOf } from "./MemberAnswers.ts"

/** For how long back transitions are asked for. */
export interface TransitionOptions {
  /** Whole minutes, 1 to 15; default 5. */
  readonly minutes?: number
}

export interface DirectoryControl extends ActorDirectory {
  /**
   * How often the actors of a type went from one state to another in the last minutes, by event, in spans of 5 seconds:
   * the sum over all nodes that answer within a second. Nodes count in memory from their start.
   */
  readonly transitions: (
    type: DefinitionOf<AnyActor> | string,
    options?: TransitionOptions,
  ) => Effect.Effect<TransitionCounts, InvalidListing>
  /**
   * The same in the last 5 minutes for several types at once, with one question to each node. Types share a bounded list:
   * the most frequent transitions of each are listed, the others only counted.
   */
  readonly transitionsOfTypes: (
    types: ReadonlyArray<string>,
  ) => Effect.Effect<ReadonlyMap<string, TransitionCounts>>
}

interface ControlOptions {
  readonly isOn: boolean
  readonly readModel: ReadModelService
  readonly actorNamed: (type: string) => AnyActor | undefined
  readonly view: ClusterView
  readonly transport: TransportService
  /** Counts of this node. */
  readonly counter: TransitionCounter
  readonly clock: Clock.Clock
}

/** What a member answered. */
interface MemberSaid {
  readonly id: string
  readonly node: string
  readonly answer: object
}

export const makeDirectoryControl = (options: ControlOptions): DirectoryControl => {
  const { view, transport, counter, clock, ...directory } = options
  /** The answers of all members that answer in time. */
  const askAll = (question: Question): Effect.Effect<ReadonlyArray<MemberSaid>> =>
    Effect.suspend(() => {
      const members = Array.from(view.seen.members(), ([id, { value }]) => ({ id, node: value.name }))
      const ask = ({ id, node }: (typeof members)[number]) =>
        askMember(transport, id, question, MEMBER_TIMEOUT_MS).pipe(
          Effect.map((answer) => [{ id, node, answer }]),
          Effect.orElseSucceed(() => []),
        )
      return Effect.map(Effect.forEach(members, ask, { concurrency: "unbounded" }), (all) => all.flat())
    })

  const quarantined = Effect.map(askAll({ k: "quarantined" }), (answers) =>
    answers.flatMap(
      ({ node, answer }): ReadonlyArray<QuarantinedActor> =>
        isQuarantinedList(answer) ? answer.quarantined.map((actor) => ({ ...actor, node })) : [],
    ),
  )

  const transitions: DirectoryControl["transitions"] = Effect.fnUntraced(function* (
    type,
    { minutes = TRANSITION_MINUTES_DEFAULT } = {},
  ) {
    const name = yield* checkedType(type, minutes)
    const answers = yield* askAll({ k: "transitions", type: name, minutes })
    const own = counter.read(name, minutes, clock.currentTimeMillisUnsafe())
    const others = answers.filter(({ id }) => id !== view.memberId).map(({ answer }) => answer)
    return summed(minutes, own, others.filter(isTransitionCounts))
  })

  const transitionsOfTypes: DirectoryControl["transitionsOfTypes"] = Effect.fnUntraced(function* (types) {
    const minutes = TRANSITION_MINUTES_DEFAULT
    const answers = yield* askAll({ k: "transitionsOfTypes", types, minutes })
    const others = answers.filter(({ id }) => id !== view.memberId).map(({ answer }) => countsByType(answer))
    const nowMs = clock.currentTimeMillisUnsafe()
    const share = transitionShareOf(types)
    return new Map(
      types.map((type) => {
        const told = others.map((byType) => byType[type]).filter(isTransitionCounts)
        return [type, most(summed(minutes, counter.read(type, minutes, nowMs), told), share)]
      }),
    )
  })

  return { ...makeActorDirectory({ ...directory, quarantined }), transitions, transitionsOfTypes }
}

const checkedType = (
  type: DefinitionOf<AnyActor> | string,
  minutes: number,
): Effect.Effect<string, InvalidListing> =>
  Effect.suspend(() => {
    try {
      if (Number.isSafeInteger(minutes) && minutes >= 1 && minutes <= TRANSITION_MINUTES_MAX) {
        return Effect.succeed(typeNameOf(type))
      }
      const hint = `Give a whole number from 1 to ${TRANSITION_MINUTES_MAX}.`
      throw invalid("minutes", `it is ${minutes}`, hint)
    } catch (cause) {
      if (cause instanceof InvalidListing) return Effect.fail(cause)
      throw cause
    }
  })
