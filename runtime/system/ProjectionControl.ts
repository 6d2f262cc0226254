/**
 * Operators' verbs on projections: to rebuild one in place.
 *
 * Owns who is asked, and in which order. Rows of a projection belong to no partition, so one partition empties
 * the tables and sets all offsets back, in one transaction; then every member is told, because partitions that
 * rest would look at their stored offset only after minutes. How a partition carries it out:
 * ../projection/Rebuild.ts. The answers of members: MemberAnswers.ts.
 */
import { Effect } from "effect"
import type { ClusterView } from "../cluster/ClusterView.ts"
import { slotKey } from "../cluster/Member.ts"
import { askMember, MEMBER_TIMEOUT_MS } from "../cluster/MemberRequests.ts"
import { projectionSlot } from "../cluster/Slot.ts"
import type { ProjectionDefinition } from "../projection/Projection.ts"
import { REBUILD_TIMEOUT_MS, type RebuildAnswer, type RebuildOrder } from "../projection/Rebuild.ts"
import type { TransportService } from "../transport/Transport.ts"
import { ClusterVerbFailed } from "./ClusterVerbFailed.ts"
import type { Question } from "./MemberAnswers.ts"

/** Longest time for members to read offsets again, in milliseconds. */
const LOOK_TIMEOUT_MS = 5_000

/** A rebuild that has begun. */
export interface RebuildReport {
  readonly projection: string
  readonly version: number
  /**
   * Names of members that did not say that they know of it. Partitions that they run find it out by themselves:
   * at their next event, or when they look at their stored offset, within ten minutes.
   */
  readonly untold: ReadonlyArray<string>
}

export interface ProjectionControl {
  /**
   * Empties the tables of a projection and fills them again from the first record of the journal, by its
   * definition or name, on whichever nodes run it. Returns once the tables are empty; `status` and `waitFor` say
   * how far it is. Until it has caught up, readers see a part of the rows; where they must not, raise `version`
   * instead. A repeat begins again, also while a rebuild is under way. Dead letters stay; a record that was
   * skipped stops the projection again if it still fails.
   *
   * Fails with `ClusterVerbFailed`: `UnknownProjection`; `NoAnswer` if no member runs it or the member does not
   * answer in time; `NotRebuilt` if the database refuses.
   */
  readonly rebuild: (
    projection: ProjectionDefinition | string,
    order: RebuildOrder,
  ) => Effect.Effect<RebuildReport, ClusterVerbFailed>
}

/** What the verbs need besides the projections: who is asked, and how. */
export interface MembersAsked {
  /** Partitions of the journal. */
  readonly partitionCount: number
  readonly view: Pick<ClusterView, "seen">
  readonly transport: TransportService
}

/** Projections by name, as far as a rebuild needs them. */
type Rebuildable = ReadonlyMap<
  string,
  { readonly projection: Pick<ProjectionDefinition, "name" | "version"> }
>

export const makeProjectionControl = (
  runners: Rebuildable,
  { partitionCount, view: { seen }, transport }: MembersAsked,
): ProjectionControl => ({
  rebuild: Effect.fnUntraced(function* (given, { by, note }) {
    const asked = typeof given === "string" ? given : given.name
    const projection = runners.get(asked)?.projection
    if (projection === undefined) {
      const hint = `Projections are ${[...runners.keys()].join(", ") || "(none)"}.`
      return yield* new ClusterVerbFailed({
        reason: "UnknownProjection",
        what: `No projection "${asked}"`,
        hint,
      })
    }
    const { name, version } = projection
    const failed = (reason: ClusterVerbFailed["reason"], why: string, hint: string) =>
      new ClusterVerbFailed({ reason, what: `Projection ${name} is not rebuilt: ${why}`, hint })
    const owners = Array.from({ length: partitionCount }, (_, partition) => ({
      partition,
      owner: seen.slot(slotKey(projectionSlot(name, version, partition)))?.m,
    }))
    const first = owners.find(({ owner }) => owner !== undefined && seen.members().has(owner))
    if (first?.owner === undefined) return yield* failed("NoAnswer", "no member runs it now", TRY_AGAIN)
    const { owner, partition } = first
    const question: Question = { k: "rebuild", name, version, partition, by, note }
    const answer = yield* askMember(transport, owner, question, REBUILD_TIMEOUT_MS + MEMBER_TIMEOUT_MS).pipe(
      Effect.mapError(({ message }) => failed("NoAnswer", `member ${owner}: ${message}`, TRY_AGAIN)),
    )
    const { rebuilt, refused } = answer as RebuildAnswer
    if (refused !== undefined) {
      return yield* refused.reason === "Refused"
        ? failed("NotRebuilt", refused.detail, "Mend what the database says, or raise `version`.")
        : failed("NoAnswer", refused.detail, TRY_AGAIN)
    }
    if (rebuilt !== true) {
      const hint = `Move ${projectionSlot(name, version, partition)} to a member of this release first.`
      return yield* failed("NoAnswer", `member ${owner} does not know how`, hint)
    }
    const untold = yield* Effect.forEach(
      seen.members(),
      ([id, { value }]) =>
        askMember(transport, id, { k: "rebuilt", name, version } satisfies Question, LOOK_TIMEOUT_MS).pipe(
          Effect.map((told) => ((told as RebuildAnswer).rebuilt === true ? [] : [value.name])),
          Effect.orElseSucceed(() => [value.name]),
        ),
      { concurrency: "unbounded" },
    )
    return { projection: name, version, untold: untold.flat() }
  }),
})

const TRY_AGAIN = "Try again soon; a repeat does no harm."
