/**
 * What needs somebody now: findings with links, the most urgent first.
 *
 * Owns which findings are on the list, and their words. Where each one comes from: api/Queries.ts. How the list is
 * shown: Needs.tsx.
 */
import type {
  ClusterDocument,
  HistoryOfMetrics,
  LetterGroup,
  ListedActor,
  Readiness,
} from "../../api/Documents.ts"
import { flapping } from "../../api/History.ts"
import { spanText } from "../../parts/Clock.ts"
import { text } from "../../text/English.ts"

/** Findings of one kind that are listed one by one; of more there is a line with a link to all. */
const LISTED_MAX = 5

/** A finding, and the page on which somebody can do something. */
export interface Need {
  readonly key: string
  readonly what: string
  readonly detail?: string | undefined
  readonly to: string
  readonly params?: Record<string, string>
  readonly search?: Record<string, string>
}

/** What is known; what has not been answered is undefined. */
interface Known {
  readonly readiness?: Readiness | undefined
  readonly cluster?: ClusterDocument | undefined
  readonly history?: HistoryOfMetrics | undefined
  readonly quarantined?: ReadonlyArray<ListedActor> | undefined
  readonly stuck?: ReadonlyArray<ListedActor> | undefined
  readonly old?: ReadonlyArray<ListedActor> | undefined
  readonly letters?: ReadonlyArray<LetterGroup> | undefined
}

/** The list. */
export const needsOf = (known: Known, nowMs: number): ReadonlyArray<Need> => {
  const { readiness, cluster, history, quarantined = [], stuck = [], old = [], letters = [] } = known
  return [
    ...readinessNeeds(readiness, cluster),
    ...stoppedNeeds(cluster),
    ...quarantined.map((actor) => actorNeed(actor, text.overview.quarantined)),
    ...sagaNeeds(stuck, "stuck"),
    ...sagaNeeds(old, "old"),
    ...letters.map(
      ({ reason, count, receivers }): Need => ({
        key: `letters ${reason}`,
        what: text.overview.letters(count, reason),
        detail: Object.keys(receivers).join(", "),
        to: "/dead-letters",
        search: { reason },
      }),
    ),
    ...memberNeeds(cluster),
    ...flapNeeds(history, nowMs),
    ...(cluster?.paused ?? []).map(
      (type): Need => ({ key: `paused ${type}`, what: text.overview.paused(type), to: "/cluster" }),
    ),
  ]
}

const actorNeed = ({ type, id, quarantine }: ListedActor, words: (actor: string) => string): Need => ({
  key: `${type} ${id}`,
  what: words(`${type} ${id}`),
  detail: quarantine?.detail,
  to: "/actors/$type/$id",
  params: { type, id },
})

/** Sagas one by one, and a link to all if there are more. */
const sagaNeeds = (sagas: ReadonlyArray<ListedActor>, show: "stuck" | "old"): ReadonlyArray<Need> => {
  const listed = sagas.slice(0, LISTED_MAX).map((saga) => ({
    ...actorNeed(saga, text.overview[show]),
    key: `${show} ${saga.type} ${saga.id}`,
  }))
  if (sagas.length <= LISTED_MAX) return listed
  const more = { key: `more ${show}`, what: text.overview.more[show], to: "/sagas", search: { show } }
  return [...listed, more]
}

/** Projections and reactors that stand still at a record, on any node. */
const stoppedNeeds = (cluster: ClusterDocument | undefined): ReadonlyArray<Need> =>
  (cluster?.slots ?? []).flatMap(({ slot, stopped }) =>
    stopped === undefined
      ? []
      : [
          {
            key: `stopped ${slot}`,
            what: text.overview.stopped(slot, stopped.sequence),
            detail: stopped.reason,
            to: "/projections",
          },
        ],
  )

const memberNeeds = (cluster: ClusterDocument | undefined): ReadonlyArray<Need> =>
  (cluster?.members ?? [])
    .filter(({ state, load }) => state !== "up" || load === undefined)
    .map(({ id, name, state, load }) => ({
      key: `member ${id}`,
      what: text.overview.member(name, load === undefined ? "silent" : state),
      to: "/cluster",
    }))

const flapNeeds = (history: HistoryOfMetrics | undefined, nowMs: number): ReadonlyArray<Need> =>
  (history === undefined ? [] : flapping(history)).map(({ name, left, latest }) => ({
    key: `flap ${name}`,
    what: text.overview.flaps(name, left),
    detail: text.time.ago(spanText(Math.max(0, nowMs - Date.parse(latest)))),
    to: "/cluster",
  }))

const readinessNeeds = (
  readiness: Readiness | undefined,
  cluster: ClusterDocument | undefined,
): ReadonlyArray<Need> => {
  if (readiness === undefined) return []
  const { journal, postgres, cluster: membership, projections, reactors, problems } = readiness
  // A follower that stands still at a record is listed with the record.
  const isListed = (name: string) =>
    cluster?.slots.some(({ slot, stopped }) => stopped !== undefined && slot.split(".")[1] === name) === true
  const checks = [
    { name: text.overview.journal, check: journal, to: "/cluster" },
    { name: text.overview.postgres, check: postgres, to: "/cluster" },
    { name: text.overview.membership, check: membership, to: "/cluster" },
    ...[...projections, ...reactors]
      .filter(({ name }) => !isListed(name))
      .map((check) => ({ name: check.name, check, to: "/projections" })),
    ...problems.map((check) => ({
      name: String(check["name"] ?? text.overview.store),
      check,
      to: "/cluster",
    })),
  ]
  return checks
    .filter(({ check }) => !check.ok)
    .map(({ name, check, to }) => ({
      key: `check ${name}`,
      what: text.overview.down(name),
      detail: check.detail,
      to,
    }))
}
