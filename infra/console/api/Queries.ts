/**
 * What pages ask the gateway for, by name, each with how fresh its answer has to be.
 *
 * Owns the keys under which answers are kept, and the times. No answer is asked for more often than every 2 s.
 */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query"
import { call, type Params, RequestFailed, urlOf } from "./Client.ts"
import type {
  ActorDocument,
  BulkJob,
  ClusterDocument,
  DeadLetter,
  FollowerDocument,
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

/** Time between two looks at what changes all the time, in milliseconds. */
export const LOOK_MS = 2_000
/** Time between two looks at lists, in milliseconds. */
export const LIST_LOOK_MS = 5_000
/** Items on one page of a list. */
const LIST_PAGE = 200

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

/** Conditions of a list of actors, as the route `/actors/{type}` takes them. */
export interface ActorFilter {
  readonly state?: string | undefined
  readonly tag?: string | undefined
  readonly idPrefix?: string | undefined
  readonly updatedBefore?: string | undefined
  readonly createdBefore?: string | undefined
  readonly done?: string | undefined
  readonly failed?: string | undefined
  readonly quarantined?: string | undefined
}

export const actorsQuery = (type: string, filter: ActorFilter) =>
  infiniteQueryOptions({
    queryKey: ["actors", type, filter],
    queryFn: ({ pageParam, signal }) =>
      call<Page<ListedActor>>(
        urlOf(["actors", type], { ...filter, limit: LIST_PAGE, cursor: pageParam } as Params),
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
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
  infiniteQueryOptions({
    queryKey: ["dead-letters", reason],
    queryFn: ({ pageParam, signal }) =>
      call<Page<DeadLetter>>(urlOf(["dead-letters"], { reason, limit: 100, cursor: pageParam }), { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
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
export const sagasQuery = (filter: ActorFilter) =>
  infiniteQueryOptions({
    queryKey: ["sagas", filter],
    queryFn: ({ pageParam, signal }) =>
      call<Page<ListedActor>>(
        urlOf(["sagas"], { ...filter, limit: LIST_PAGE, cursor: pageParam } as Params),
        {
          signal,
        },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
  })

export const sagaQuery = (type: string, id: string) =>
  queryOptions({
    queryKey: ["actor", type, id, "saga"],
    queryFn: ({ signal }) => call<SagaDocument>(urlOf(["sagas", type, id]), { signal }),
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

/** Text of `/metrics`. */
export const metricsQuery = queryOptions({
  queryKey: ["metrics"],
  queryFn: async ({ signal }) => {
    const response = await fetch(urlOf(["metrics"]), { signal, credentials: "same-origin" })
    if (!response.ok) throw new RequestFailed({ status: response.status })
    return { at: Date.now(), text: await response.text() }
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
