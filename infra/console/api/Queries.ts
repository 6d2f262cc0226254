/**
 * What pages ask the gateway for, by name, each with how fresh its answer has to be.
 *
 * Owns the keys under which answers are kept, and the times. No answer is asked for more often than every 2 s.
 */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query"
import { type ActorFilter, oldSagas } from "./ActorFilter.ts"
import { call, type Params, RequestFailed, urlOf } from "./Client.ts"
import type {
  ActorDocument,
  BulkJob,
  ClusterDocument,
  DeadLetter,
  FollowerDocument,
  HistoryOfMetrics,
  HistoryPage,
  LetterGroup,
  ListedActor,
  OperationDocument,
  Page,
  PendingWork,
  Readiness,
  SagaDocument,
  Session,
  TransitionCount,
  TypeDocument,
} from "./Documents.ts"
import { joined, minutesSince } from "./History.ts"
import { oldestFirst, type Slice } from "./OldestFirst.ts"

/** Time between two looks at what changes all the time, in milliseconds. */
export const LOOK_MS = 2_000
/** Time between two looks at lists, in milliseconds. */
export const LIST_LOOK_MS = 5_000
/** Items of a list that the overview looks at. */
const FEW = 20
/** Items on one page of a list. */
const LIST_PAGE = 200
/** Letters on one page of a list. */
const LETTERS_PAGE = 100

export const typesQuery = queryOptions({
  queryKey: ["types"],
  queryFn: ({ signal }) => call<Page<TypeDocument>>(urlOf(["types"]), { signal }),
  staleTime: 60_000,
})

export const countedTypesQuery = queryOptions({
  queryKey: ["types", "counted"],
  queryFn: ({ signal }) => call<Page<TypeDocument>>(urlOf(["types"], { counts: true }), { signal }),
  refetchInterval: LIST_LOOK_MS,
})

export const typeQuery = (type: string) =>
  queryOptions({
    queryKey: ["type", type],
    queryFn: ({ signal }) => call<TypeDocument>(urlOf(["types", type], { counts: true }), { signal }),
    refetchInterval: LIST_LOOK_MS,
  })

/** Minutes of transitions that charts show. */
const TRAFFIC_MINUTES = 5

export const transitionsQuery = (type: string) =>
  queryOptions({
    queryKey: ["types", type, "transitions"],
    queryFn: ({ signal }) =>
      call<Page<TransitionCount>>(urlOf(["types", type, "transitions"], { minutes: TRAFFIC_MINUTES }), {
        signal,
      }),
    refetchInterval: LIST_LOOK_MS,
    retry: false,
  })

/** Longest list that is asked for again by itself, in pages: each look asks for all of them. */
const PAGES_LOOKED_AT_MAX = 3

/** Time until the next look at a list with these pages, in milliseconds; false: none. */
const nextLookMs = (pages: ReadonlyArray<unknown> = []): number | false =>
  pages.length <= PAGES_LOOKED_AT_MAX ? LIST_LOOK_MS : false

/** A list in pages, as far as the person has scrolled. */
const listQuery = <Item>(queryKey: ReadonlyArray<unknown>, path: ReadonlyArray<string>, params: object) =>
  infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) =>
      call<Page<Item>>(urlOf(path, { ...params, cursor: pageParam } as Params), { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => nextLookMs(state.data?.pages),
  })

export const actorsQuery = (type: string, filter: ActorFilter) =>
  listQuery<ListedActor>(["actors", type, filter], ["actors", type], { ...filter, limit: LIST_PAGE })

/** Actors among which the oldest are looked for: the largest page of the service. */
const OLDEST_PAGE = 1_000

export const oldestActorsQuery = (type: string, filter: ActorFilter) =>
  queryOptions({
    queryKey: ["actors", type, filter, "oldest"],
    queryFn: ({ signal }) =>
      oldestFirst(async (beforeMs): Promise<Slice<ListedActor>> => {
        const given = filter.updatedBefore === undefined ? undefined : Date.parse(filter.updatedBefore)
        const before = beforeMs === undefined ? given : Math.min(beforeMs, given ?? beforeMs)
        const { items, next } = await call<Page<ListedActor>>(
          urlOf(["actors", type], {
            ...filter,
            updatedBefore: before === undefined ? undefined : new Date(before).toISOString(),
            limit: OLDEST_PAGE,
          } as Params),
          { signal },
        )
        return { items, isWhole: next === undefined }
      }),
    placeholderData: keepPreviousData,
    // The oldest of a long list take several questions.
    refetchInterval: ({ state }) => (state.data?.isWhole === true ? LIST_LOOK_MS : false),
  })

/** Actors of the type that show which columns the directory has of it. */
export const columnsSampleQuery = (type: string) =>
  queryOptions({
    queryKey: ["actors", type, "columns"],
    queryFn: ({ signal }) => call<Page<ListedActor>>(urlOf(["actors", type], { limit: 50 }), { signal }),
    staleTime: 60_000,
    retry: false,
  })

export const actorQuery = (type: string, id: string) =>
  queryOptions({
    queryKey: ["actor", type, id],
    queryFn: ({ signal }) => call<ActorDocument>(urlOf(["actors", type, id]), { signal }),
  })

export const actorAtQuery = (type: string, id: string, version: number) =>
  queryOptions({
    queryKey: ["actor", type, id, "at", version],
    queryFn: ({ signal }) => call<ActorDocument>(urlOf(["actors", type, id, "at"], { version }), { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  })

/** Events of one window of a history. */
export const HISTORY_WINDOW = 200

/** Window 0 has the events 1 to 200, window 1 those to 400, and so on. A window that is full never changes. */
export const historyWindowQuery = (type: string, id: string, window: number, version: number) => {
  const from = window * HISTORY_WINDOW
  const isFull = version >= from + HISTORY_WINDOW
  return queryOptions({
    queryKey: ["history", type, id, window, isFull ? "full" : version],
    queryFn: ({ signal }) =>
      call<HistoryPage>(
        urlOf(["actors", type, id, "history"], {
          limit: HISTORY_WINDOW,
          cursor: from === 0 ? undefined : `${from}.0`,
        }),
        { signal },
      ),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  })
}

export const pendingQuery = (type: string, id: string) =>
  queryOptions({
    queryKey: ["actor", type, id, "pending"],
    queryFn: ({ signal }) => call<PendingWork>(urlOf(["actors", type, id, "pending"]), { signal }),
  })

export const deadLettersQuery = (reason: string | undefined) =>
  listQuery<DeadLetter>(["dead-letters", reason], ["dead-letters"], { reason, limit: LETTERS_PAGE })

export const deadLetterQuery = (number: string) =>
  queryOptions({
    queryKey: ["dead-letters", "one", number],
    queryFn: ({ signal }) => call<DeadLetter>(urlOf(["dead-letters", number]), { signal }),
  })

export const letterGroupsQuery = queryOptions({
  queryKey: ["dead-letters", "groups"],
  queryFn: ({ signal }) =>
    call<Page<LetterGroup> & { readonly complete: boolean }>(urlOf(["dead-letters", "groups"]), { signal }),
  refetchInterval: LIST_LOOK_MS,
})

export const bulkJobsQuery = queryOptions({
  queryKey: ["dead-letters", "jobs"],
  queryFn: ({ signal }) => call<Page<BulkJob>>(urlOf(["dead-letters", "jobs"]), { signal }),
  refetchInterval: LOOK_MS,
})

export const projectionsQuery = queryOptions({
  queryKey: ["projections"],
  queryFn: ({ signal }) => call<Page<FollowerDocument>>(urlOf(["projections"]), { signal }),
  refetchInterval: LOOK_MS,
})

export const reactorsQuery = queryOptions({
  queryKey: ["reactors"],
  queryFn: ({ signal }) => call<Page<FollowerDocument>>(urlOf(["reactors"]), { signal }),
  refetchInterval: LOOK_MS,
})

export const operationsQuery = queryOptions({
  queryKey: ["operations"],
  queryFn: ({ signal }) => call<Page<OperationDocument>>(urlOf(["operations"], { limit: 50 }), { signal }),
  refetchInterval: LIST_LOOK_MS,
})

export const clusterQuery = queryOptions({
  queryKey: ["cluster"],
  queryFn: ({ signal }) => call<ClusterDocument>(urlOf(["cluster"]), { signal }),
  refetchInterval: LOOK_MS,
})

/** Readiness says with status 503 what is missing: that is an answer, too. */
export const readinessQuery = queryOptions({
  queryKey: ["readiness"],
  queryFn: ({ signal }) =>
    call<Readiness>(urlOf(["readyz"]), { signal }).catch((cause: unknown) => {
      if (cause instanceof RequestFailed && "ready" in cause.problem) {
        return cause.problem as unknown as Readiness
      }
      throw cause
    }),
  refetchInterval: LOOK_MS,
})

/** Sagas of all types. */
export const sagasQuery = (filter: ActorFilter, type?: string) =>
  listQuery<ListedActor>(["sagas", filter, type], type === undefined ? ["sagas"] : ["sagas", type], {
    ...filter,
    limit: LIST_PAGE,
  })

export const sagaQuery = (type: string, id: string) =>
  queryOptions({
    queryKey: ["actor", type, id, "saga"],
    queryFn: ({ signal }) => call<SagaDocument>(urlOf(["sagas", type, id]), { signal }),
  })

/** Events of a saga from which the times of its steps are read: as many as one page holds. */
const SAGA_EVENTS_MAX = 1_000

export const sagaHistoryQuery = (type: string, id: string, version: number) =>
  queryOptions({
    queryKey: ["history", type, id, "saga", version],
    queryFn: ({ signal }) =>
      call<HistoryPage>(urlOf(["actors", type, id, "history"], { limit: SAGA_EVENTS_MAX }), { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  })

/** A command of a correlation, as its actor stored it. */
export interface CorrelatedCommand {
  readonly type: string
  readonly id: string
  readonly commandId: string
  /** Id of what caused it; absent for the first. */
  readonly causationId?: string
  readonly user?: string
  readonly sequence: number
  /** Versions of its first and last event; absent if it stored none. */
  readonly versions?: { readonly first: number; readonly last: number }
  readonly events: ReadonlyArray<string>
  readonly at: string
}

export const correlationQuery = (id: string) =>
  queryOptions({
    queryKey: ["correlation", id],
    queryFn: ({ signal }) => call<Page<CorrelatedCommand>>(urlOf(["correlations", id]), { signal }),
    refetchInterval: LIST_LOOK_MS,
  })

/** The last hour of metrics: all of it at first, then the last minutes. */
export const historyQuery = queryOptions({
  queryKey: ["history-of-metrics"],
  queryFn: async ({ signal, client, queryKey }) => {
    const older = client.getQueryData<HistoryOfMetrics>(queryKey)
    const minutes = minutesSince(older, Date.now())
    const newer = await call<HistoryOfMetrics>(urlOf(["history-of-metrics"], { minutes }), { signal })
    return older === undefined || minutes === undefined ? newer : joined(older, newer)
  },
  refetchInterval: LIST_LOOK_MS,
})

/** Sagas that need an operator: a few of them. */
export const stuckSagasQuery = queryOptions({
  queryKey: ["sagas", "few", "stuck"],
  queryFn: ({ signal }) =>
    call<Page<ListedActor>>(urlOf(["sagas"], { state: "stuck", limit: FEW }), { signal }),
  refetchInterval: LIST_LOOK_MS,
})

/** Sagas that have been running for an hour: a few of them. */
export const oldSagasQuery = queryOptions({
  queryKey: ["sagas", "few", "old"],
  queryFn: ({ signal }) =>
    call<Page<ListedActor>>(urlOf(["sagas"], { ...oldSagas(Date.now()), limit: FEW } as Params), { signal }),
  refetchInterval: LIST_LOOK_MS,
})

/** Actors in quarantine of these types. */
export const quarantinedQuery = (types: ReadonlyArray<string>) =>
  queryOptions({
    queryKey: ["quarantined", types],
    queryFn: async ({ signal }) => {
      const pages = await Promise.all(
        types.map((type) =>
          call<Page<ListedActor>>(urlOf(["actors", type], { quarantined: true, limit: FEW }), { signal }),
        ),
      )
      return pages.flatMap(({ items }) => items)
    },
    refetchInterval: LIST_LOOK_MS,
  })

/** Who is signed in; a service without sessions answers 404, and then there is nobody to sign in. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) =>
    call<Session>(urlOf(["session"]), { signal }).catch((cause: unknown) => {
      if (cause instanceof RequestFailed && (cause.status === 404 || cause.status === 405)) return null
      throw cause
    }),
  staleTime: 60_000,
})
