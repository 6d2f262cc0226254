/**
 * Handlers of the routes in DirectoryApi.ts: types and lists of actors.
 *
 * Owns how a query becomes the conditions of a list. Who answers: runtime/directory/ActorDirectory.ts.
 */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { ListedActor as Listed, ListOptions } from "../../runtime/directory/Listing.ts"
import type { TransitionCounts } from "../../runtime/directory/TransitionCounts.ts"
import { stateName } from "../../runtime/machine/StateName.ts"
import { valueOfName } from "../../runtime/machine/StatePattern.ts"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
import { isoTime } from "../http/IsoTime.ts"
import { timeOf } from "../http/PastQuery.ts"
import { orProblem } from "../http/ProblemResponses.ts"
import type { ListedActor } from "./DirectoryApi.ts"
import { Exposed, type ExposedType } from "./Exposure.ts"
import { GatewayApi } from "./GatewayApi.ts"
import { ITEMS_PER_PAGE } from "./GatewayEndpoint.ts"
import { columnsOf, statesOf } from "./ListConditions.ts"
import { typeDocument } from "./TypeDocument.ts"

type Flag = "true" | "false"

/** The query of a list. */
export interface ListQuery {
  readonly state?: string
  readonly exceptStates?: string
  readonly tag?: string
  readonly where?: string
  readonly idPrefix?: string
  readonly updatedBefore?: string
  readonly createdBefore?: string
  readonly done?: Flag
  readonly failed?: Flag
  readonly quarantined?: Flag
  readonly cursor?: string
  readonly limit?: number
}

/** The conditions of a query. */
export const listOptionsOf = Effect.fnUntraced(function* (type: string, query: ListQuery) {
  const { exceptStates, where, updatedBefore, createdBefore, done, failed, quarantined, limit, ...texts } =
    query
  return {
    type,
    ...texts,
    limit: limit ?? ITEMS_PER_PAGE.default,
    ...(exceptStates === undefined ? {} : { exceptStates: statesOf(exceptStates) }),
    ...(where === undefined ? {} : { where: yield* columnsOf(where) }),
    ...(updatedBefore === undefined ? {} : { updatedBefore: yield* timeOf(updatedBefore) }),
    ...(createdBefore === undefined ? {} : { createdBefore: yield* timeOf(createdBefore) }),
    ...(done === undefined ? {} : { done: done === "true" }),
    ...(failed === undefined ? {} : { failed: failed === "true" }),
    ...(quarantined === undefined ? {} : { quarantined: quarantined === "true" }),
  } satisfies ListOptions
})

/** `{shipping:packed}` as people read it: `shipping.packed`. */
export const shownState = (compact: string): string => {
  const value = valueOfName(compact)
  return value === undefined ? compact : stateName(value)
}

/** One row of a list. */
export const listedActor = ({ state, createdAt, updatedAt, ...actor }: Listed): typeof ListedActor.Type => ({
  ...actor,
  ...(state === undefined ? {} : { state: shownState(state) }),
  createdAt: isoTime(createdAt),
  updatedAt: isoTime(updatedAt),
})

/** A transition with the names of its states as people read them. */
const shownTransition = <One extends { readonly from: string; readonly to: string }>(one: One): One => ({
  ...one,
  from: shownState(one.from),
  to: shownState(one.to),
})

/** Transitions of some types in the last minutes. */
type Lately = ReadonlyMap<string, TransitionCounts> | undefined

/** How often each transition happened, without its spans. */
const transitionTotals = ({ sinceMs, transitions, uncountedCount }: TransitionCounts) => ({
  since: isoTime(sinceMs),
  items: transitions.map(({ counts: _, ...one }) => shownTransition(one)),
  uncounted: uncountedCount,
})

export const DirectoryRoutes = HttpApiBuilder.group(
  GatewayApi,
  "directory",
  Effect.fnUntraced(function* (handlers) {
    const { actors, correlation } = yield* ActorSystem
    const { typeNamed, types } = yield* Exposed

    /** The transitions of all these types, with one question to each node; `undefined` where nobody asks for counts. */
    const latelyOf = (exposed: ReadonlyArray<ExposedType>, counts: Flag | undefined) =>
      counts === "true" ? actors.transitionsOfTypes(exposed.map(({ actor }) => actor.type)) : Effect.undefined

    const withCounts = Effect.fnUntraced(function* (exposed: ExposedType, lately: Lately) {
      const document = typeDocument(exposed)
      if (lately === undefined) return document
      const { byState, ...totals } = yield* actors.count({ type: document.type, by: "state" })
      const named = Object.entries(byState).map(([state, count]) => [shownState(state), count] as const)
      const found = lately.get(document.type)
      return {
        ...document,
        counts: { ...totals, byState: Object.fromEntries(named) },
        ...(found === undefined ? {} : { transitions: transitionTotals(found) }),
      }
    })

    const allTypes = Effect.fnUntraced(function* (counts: Flag | undefined) {
      const lately = yield* latelyOf(types, counts)
      return { items: yield* Effect.forEach(types, (exposed) => withCounts(exposed, lately)) }
    })

    const oneType = Effect.fnUntraced(function* (type: string, counts: Flag | undefined) {
      const exposed = yield* typeNamed(type)
      return yield* withCounts(exposed, yield* latelyOf([exposed], counts))
    })

    const list = Effect.fnUntraced(function* (type: string, query: ListQuery) {
      yield* typeNamed(type)
      const { actors: found, ...next } = yield* actors.list(yield* listOptionsOf(type, query))
      return { items: found.map(listedActor), ...next }
    })

    const transitions = Effect.fnUntraced(function* (type: string, minutes: number | undefined) {
      yield* typeNamed(type)
      const found = yield* actors.transitions(type, minutes === undefined ? {} : { minutes })
      return {
        spanMs: found.spanMs,
        since: isoTime(found.sinceMs),
        items: found.transitions.map(shownTransition),
        uncounted: found.uncountedCount,
      }
    })

    const caused = Effect.fnUntraced(function* (
      id: string,
      query: { readonly cursor?: string; readonly limit?: number },
    ) {
      const { commands, ...next } = yield* correlation(id, query)
      return { items: commands.map(({ at, ...command }) => ({ ...command, at: isoTime(at) })), ...next }
    })

    return handlers.handleAll({
      types: ({ query }) => orProblem(allTypes(query.counts)),
      type: ({ params, query }) => orProblem(oneType(params.type, query.counts)),
      transitions: ({ params, query }) => orProblem(transitions(params.type, query.minutes)),
      correlation: ({ params, query }) => orProblem(caused(params.id, query)),
      list: ({ params, query }) => orProblem(list(params.type, query)),
    })
  }),
)
