/**
 * The directory of a system as callers see it on any node: the table of actors, and what only the nodes know.
 *
 * Owns the gathering from all members. What the table answers: ../directory/ActorDirectory.ts. What a member answers:
 * MemberAnswers.ts.
 */
import { Effect } from "effect"
import type { ClusterView } from "../cluster/ClusterView.ts"
import { askMember } from "../cluster/MemberRequests.ts"
import type { AnyActor } from "../definition/Actor.ts"
import {
  type ActorDirectory,
  makeActorDirectory,
  type QuarantinedActor,
} from "../directory/ActorDirectory.ts"
import type { ReadModelService } from "../projection/ReadModel.ts"
import type { TransportService } from "../transport/Transport.ts"
import { isQuarantinedList, type Question } from "./MemberAnswers.ts"

/** Time that a member has for its answer, in milliseconds. */
const MEMBER_TIMEOUT_MS = 1_000

interface ControlOptions {
  readonly isOn: boolean
  readonly readModel: ReadModelService
  readonly actorNamed: (type: string) => AnyActor | undefined
  readonly view: ClusterView
  readonly transport: TransportService
}

export const makeDirectoryControl = (options: ControlOptions): ActorDirectory => {
  const { view, transport, ...directory } = options
  /** The answers of all members that answer in time, with their names. */
  const askAll = (question: Question): Effect.Effect<ReadonlyArray<{ node: string; answer: object }>> =>
    Effect.suspend(() => {
      const members = Array.from(view.seen.members(), ([id, { value }]) => ({ id, node: value.name }))
      const ask = ({ id, node }: (typeof members)[number]) =>
        askMember(transport, id, question, MEMBER_TIMEOUT_MS).pipe(
          Effect.map((answer) => [{ node, answer }]),
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
  return makeActorDirectory({ ...directory, quarantined })
}
