/**
 * Projections of which no definition is known: those that Postgres has offsets of, and what nodes say of them.
 *
 * Owns finding them, and their documents. How far each is: infra/system/StoredProgress.ts.
 */
import { Effect } from "effect"
import type { ClusterView } from "../../runtime/cluster/ClusterView.ts"
import { askMember, MEMBER_TIMEOUT_MS } from "../../runtime/cluster/MemberRequests.ts"
import type { ProjectionDefinition } from "../../runtime/projection/Projection.ts"
import type { ProjectionStatus } from "../../runtime/projection/ProjectionStatus.ts"
import type { ActorSystemService } from "../../runtime/system/ActorSystem.ts"
import { isProjectionList, type ProjectionTold, type Question } from "../../runtime/system/MemberAnswers.ts"
import type { TransportService } from "../../runtime/transport/Transport.ts"
import { projectionDocument } from "../gateway/FollowerDocuments.ts"
import type { PostgresError } from "../postgres/PostgresErrors.ts"
import { PostgresPool } from "../postgres/PostgresPool.ts"

interface Identity {
  readonly name: string
  readonly version: number
}

const RUN = /^projection\.(.+)\.v(\d+)\.p\d+$/

/** Projections that members run, the newest version of each, by name. */
export const runProjections = ({
  seen,
}: ClusterView): ReadonlyMap<string, { readonly projection: Identity }> => {
  const found = new Map<string, { readonly projection: Identity }>()
  for (const { value } of seen.members().values()) {
    for (const slot of value.runs) {
      const [, name, version] = RUN.exec(slot) ?? []
      if (name === undefined) continue
      const known = found.get(name)?.projection.version ?? 0
      if (Number(version) > known) found.set(name, { projection: { name, version: Number(version) } })
    }
  }
  return found
}

/** The projections that the members say they can run. Members that do not answer in time are left out. */
export const toldProjections = (
  { seen }: ClusterView,
  transport: TransportService,
): Effect.Effect<ReadonlyArray<ProjectionTold>> =>
  Effect.forEach(
    seen.members().keys(),
    (id) =>
      askMember(transport, id, { k: "projections" } satisfies Question, MEMBER_TIMEOUT_MS).pipe(
        Effect.map((answer) => (isProjectionList(answer) ? answer.projections : [])),
        Effect.orElseSucceed(() => []),
      ),
    { concurrency: "unbounded" },
  ).pipe(Effect.map((told) => told.flat()))

/** Definitions as far as their progress needs them: those that do not read all commits. */
export const definitionsOf = (told: ReadonlyArray<ProjectionTold>): ReadonlyArray<ProjectionDefinition> =>
  told.flatMap(({ name, version, types }) =>
    types === undefined
      ? []
      : [{ name, version, from: types.map((type) => ({ type })) } as unknown as ProjectionDefinition],
  )

/** The document of a projection. */
interface RawProjection extends Omit<Effect.Success<ReturnType<typeof projectionDocument>>, "state"> {
  readonly state: string
  /** No node says which types it reads, so commits of all types count as lag. */
  readonly countsAllTypes?: true
}

/** The documents of all projections. */
export const projectionDocuments = Effect.fnUntraced(function* (
  service: ActorSystemService,
  told: ReadonlyArray<ProjectionTold>,
  partitionCount: number,
): Effect.fn.Return<ReadonlyArray<RawProjection>, PostgresError, PostgresPool> {
  const found = yield* storedProjections(service.given.namespace, partitionCount)
  const cluster = yield* service.cluster.status
  return yield* Effect.forEach(
    found,
    (one) =>
      Effect.map(projectionDocument(service, one, cluster), (document): RawProjection => {
        const isTold = told.some(({ name, version }) => name === one.name && version === one.version)
        const isRun = document.owners.some(({ member }) => member !== undefined)
        return {
          ...document,
          state: isRun ? document.state : NOT_RUN,
          ...(isTold ? {} : { countsAllTypes: true }),
        }
      }),
    { concurrency: "unbounded" },
  )
})

/** State of a projection that no member runs. */
const NOT_RUN = "not run"

/** The projections in Postgres. Which partition runs where is not known here, so all count as run elsewhere. */
const storedProjections = Effect.fnUntraced(function* (
  namespace: string,
  partitionCount: number,
): Effect.fn.Return<ReadonlyArray<ProjectionStatus>, PostgresError, PostgresPool> {
  const pool = yield* PostgresPool
  const { rows } = yield* pool.query({
    text: `select name, version, (
        select count(*) from ${pool.table("projection_dead_letters")} as l
        where l.namespace = $1 and l.name = p.name and l.version = p.version) as letters
      from ${pool.table("projections")} as p
      where namespace = $1 group by name, version order by name, version`,
    values: [namespace],
  })
  const none = { state: "elsewhere", offset: 0, lag: 0, since: 0, lastError: undefined } as const
  return rows.map(({ name, version, letters }) => ({
    name: String(name),
    version: Number(version),
    ...none,
    deadLetterCount: Number(letters),
    partitions: Array.from({ length: partitionCount }, (_, partition) => ({
      partition,
      ...none,
      deadLetterCount: 0,
    })),
  }))
})
