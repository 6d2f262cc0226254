/**
 * What a node answers when members of its cluster, itself included, ask it directly.
 *
 * Owns the questions and their answers; `enter` is answered by the cluster itself (../cluster/Cluster.ts). The form on the wire: ../cluster/MemberRequests.ts. Who asks: ClusterControl.ts
 * and WarmUp.ts.
 */
import { type Clock, Effect } from "effect"
import type { Cells } from "../cell/Cells.ts"
import type { ClusterView } from "../cluster/ClusterView.ts"
import { projectionSlot } from "../cluster/Slot.ts"
import type { QuarantinedActor } from "../directory/ActorDirectory.ts"
import { most, TRANSITION_MINUTES_MAX, type TransitionCounter } from "../directory/TransitionCounts.ts"
import type { SkipOrder, StoppedRecord } from "../follower/RecordSkip.ts"
import type { Inbox } from "../inbox/Inbox.ts"
import type { ProjectionRunner } from "../projection/ProjectionRunner.ts"
import type { RebuildAnswer, RebuildOrder } from "../projection/Rebuild.ts"
import type { SlotFollower } from "./Services.ts"
import type { Warmth, WarmUp } from "./WarmUp.ts"

/** What a member says of itself when it is asked. */
export interface MemberLoad {
  readonly residentByType: { readonly [type: string]: number }
  readonly inFlightCount: number
  readonly openMessageCount: number
  /** Projections and reactors of the member that stand still at a record, by slot. */
  readonly stopped?: { readonly [slot: string]: StoppedRecord }
}

/** Whether a member's answer is its load. */
export const isLoad = (answer: object): answer is MemberLoad => {
  const { residentByType, inFlightCount, openMessageCount, stopped } = answer as {
    readonly [Field in keyof MemberLoad]?: unknown
  }
  const isMap = (value: unknown): value is object => typeof value === "object" && value !== null
  if (!isMap(residentByType) || !(stopped === undefined || isMap(stopped))) return false
  return [...Object.values(residentByType), inFlightCount, openMessageCount].every(Number.isSafeInteger)
}

/** Most actors in quarantine that a member names, because an answer is one message. */
export const QUARANTINED_TOLD_MAX = 500

/** Most characters of a quarantine's detail that a member tells. */
const QUARANTINE_DETAIL_LENGTH_MAX = 500

/** An actor that a member holds in quarantine. */
type QuarantineTold = Omit<QuarantinedActor, "node">

/** Whether a member's answer names actors in quarantine. */
export const isQuarantinedList = (
  answer: object,
): answer is { readonly quarantined: ReadonlyArray<QuarantineTold> } => {
  const { quarantined } = answer as { readonly quarantined?: unknown }
  return (
    Array.isArray(quarantined) &&
    quarantined.every(
      (actor) => typeof Object(actor).type === "string" && typeof Object(actor).id === "string",
    )
  )
}

/** Most transitions that a member tells, because an answer is one message. */
const TRANSITIONS_TOLD_MAX = 300

/** Transitions of each type that are told when several types are asked for. */
export const transitionShareOf = (types: ReadonlyArray<string>): number =>
  Math.max(1, Math.floor(TRANSITIONS_TOLD_MAX / types.length))

/** What a member's answer says of each type. A member of a release that does not know the question says nothing. */
export const countsByType = (answer: object): { readonly [type: string]: unknown } =>
  Object((answer as { readonly byType?: unknown }).byType)

export type Question =
  | { readonly k: "load" }
  | { readonly k: "transitions"; readonly type: string; readonly minutes: number }
  | {
      readonly k: "transitionsOfTypes"
      readonly types: ReadonlyArray<string>
      readonly minutes: number
    }
  | { readonly k: "quarantined" }
  | { readonly k: "projections" }
  | { readonly k: "enter"; readonly state: "up" | "drained" }
  | { readonly k: "passivate"; readonly key: string }
  | ({ readonly k: "skip"; readonly slot: string } & SkipOrder)
  | ({
      readonly k: "rebuild"
      readonly name: string
      readonly version: number
      readonly partition: number
    } & RebuildOrder)
  | { readonly k: "rebuilt"; readonly name: string; readonly version: number }
  | ({ readonly k: "warm" } & Warmth)

interface Answering {
  readonly cells: Cells
  readonly inbox: Inbox
  readonly warmUp: WarmUp
  readonly followers: ReadonlyMap<string, SlotFollower>
  readonly projections: ReadonlyMap<string, ProjectionRunner>
  readonly view: Pick<ClusterView, "announce">
  readonly counter: TransitionCounter
  readonly clock: Clock.Clock
}

/** Answers what other members ask of this one. */
export const answerMembers = ({
  cells,
  inbox,
  warmUp,
  followers,
  projections,
  view,
  counter,
  clock,
}: Answering) => {
  const told = (type: string, minutes: number, listedMax: number) => {
    const asked = Math.min(Math.max(1, Math.trunc(minutes)), TRANSITION_MINUTES_MAX)
    return most(counter.read(type, asked, clock.currentTimeMillisUnsafe()), listedMax)
  }
  return (request: unknown): Effect.Effect<unknown> => {
    const question = request as Partial<Question> | null
    switch (question?.k) {
      case "load":
        return Effect.sync(() => ({
          residentByType: Object.fromEntries(cells.residentByType()),
          inFlightCount: cells.inFlightCount(),
          openMessageCount: inbox.openCount(),
          stopped: stoppedIn(followers),
        }))
      case "quarantined":
        return Effect.sync(() => ({ quarantined: quarantineTold(cells) }))
      case "projections":
        return Effect.sync(() => ({ projections: projectionsTold(projections) }))
      case "transitions": {
        const { type = "", minutes = 0 } = question
        return Effect.sync(() => told(type, minutes, TRANSITIONS_TOLD_MAX))
      }
      case "transitionsOfTypes": {
        const { minutes = 0 } = question
        const types = Array.isArray(question.types) ? question.types : []
        const share = transitionShareOf(types)
        return Effect.sync(() => ({
          byType: Object.fromEntries(types.map((type) => [type, told(type, minutes, share)])),
        }))
      }
      case "passivate":
        return Effect.sync(() => ({ ok: cells.passivateActor(question.key ?? "") }))
      case "skip":
        return skipHere(followers, question, view)
      case "rebuild":
        return rebuildHere(projections, question, view)
      case "rebuilt": {
        const runner = runnerOf(projections, question)
        return runner === undefined
          ? Effect.succeed({ rebuilt: true })
          : Effect.as(runner.wasRebuilt, { rebuilt: true })
      }
      case "warm": {
        const { slot, keys } = question
        if (typeof slot === "string" && Array.isArray(keys)) warmUp.told({ slot, keys })
        return Effect.succeed({ ok: true })
      }
      default:
        return Effect.succeed({ unknown: true })
    }
  }
}

const quarantineTold = (cells: Cells): ReadonlyArray<QuarantineTold> =>
  cells
    .quarantined()
    .slice(0, QUARANTINED_TOLD_MAX)
    .map(({ actorType: type, id, reason, sequence, detail, hint }) => ({
      type,
      id,
      reason,
      sequence,
      detail: detail.slice(0, QUARANTINE_DETAIL_LENGTH_MAX).toWellFormed(),
      hint,
    }))

/** A projection that a member can run. `types`: those whose events it reads; absent if it reads all commits. */
export interface ProjectionTold {
  readonly name: string
  readonly version: number
  readonly types?: ReadonlyArray<string>
}

/** Whether a member's answer names projections. A member of an earlier release does not know the question. */
export const isProjectionList = (
  answer: object,
): answer is { readonly projections: ReadonlyArray<ProjectionTold> } => {
  const { projections } = answer as { readonly projections?: unknown }
  return Array.isArray(projections) && projections.every((one) => typeof Object(one).name === "string")
}

const projectionsTold = (projections: Answering["projections"]): ReadonlyArray<ProjectionTold> =>
  Array.from(projections.values(), ({ projection: { name, version, from, readCommit } }) => ({
    name,
    version,
    ...(readCommit === undefined ? { types: from.map(({ type }) => type) } : {}),
  }))

const stoppedIn = (followers: Answering["followers"]): MemberLoad["stopped"] =>
  Object.fromEntries(
    Array.from(followers).flatMap(([slot, { stopped }]) => {
      const record = stopped()
      return record === undefined ? [] : [[slot, record]]
    }),
  )

/** Steps past a record, and says so where operators look: in the log and in the cluster's events. */
const skipHere = (
  followers: Answering["followers"],
  { slot = "", sequence = 0, by = "", note = "" }: Partial<Extract<Question, { k: "skip" }>>,
  view: Answering["view"],
): Effect.Effect<unknown> => {
  const follower = followers.get(slot)
  if (follower === undefined) return Effect.succeed({ refused: `this node has no ${slot}` })
  return follower.skip({ sequence, by, note }).pipe(
    Effect.tap(({ isNews, deadLetterCount }) => {
      if (!isNews) return Effect.void
      const detail = `record ${sequence}, by ${by}: ${note} (${deadLetterCount} dead letters)`
      view.announce({ type: "RecordSkipped", slot, sequence, detail })
      return Effect.logWarning(`${slot} has stepped past ${detail}`)
    }),
    Effect.match({ onSuccess: (skipped) => ({ skipped }), onFailure: ({ detail }) => ({ refused: detail }) }),
  )
}

/** The runner of this version of a projection; another release may run another one. */
const runnerOf = (
  projections: Answering["projections"],
  { name = "", version }: { readonly name?: string; readonly version?: number },
): ProjectionRunner | undefined => {
  const runner = projections.get(name)
  return runner?.projection.version === version ? runner : undefined
}

/** Begins a projection again, and says so where operators look: in the log and in the cluster's events. */
const rebuildHere = (
  projections: Answering["projections"],
  question: Partial<Extract<Question, { k: "rebuild" }>>,
  view: Answering["view"],
): Effect.Effect<RebuildAnswer> => {
  const { name = "", version = 0, partition = 0, by = "", note = "" } = question
  const runner = runnerOf(projections, question)
  const slot = projectionSlot(name, version, partition)
  if (runner === undefined) {
    return Effect.succeed({ refused: { reason: "NotHere", detail: `this node has no ${slot}` } })
  }
  return runner.rebuild(partition).pipe(
    Effect.tap(() => {
      const detail = `by ${by}: ${note}`
      view.announce({ type: "ProjectionRebuilt", slot, detail })
      return Effect.logWarning(`Projection ${name} v${version} is emptied and rebuilt, ${detail}`)
    }),
    Effect.match({
      onSuccess: () => ({ rebuilt: true }),
      onFailure: ({ reason, detail }) => ({ refused: { reason, detail } }),
    }),
  )
}
