/**
 * The documents of projections and reactors: how far each is in all partitions, whichever node runs them, with
 * the owners that the cluster knows.
 *
 * How far a partition is that another node runs: infra/system/StoredProgress.ts. The routes: OperationApi.ts.
 */
import { Effect } from "effect"
import type { ReactorDefinition } from "../../runtime/index.ts"
import type { ClusterStatus, ProjectionStatus, ReactorStatus } from "../../runtime/operations.ts"
import type { ActorSystemService } from "../../runtime/system/ActorSystem.ts"
import {
  type KnownPartition,
  progressOfAll,
  type ReadProgress,
  storedProgressOf,
} from "../system/StoredProgress.ts"

/** Slots of a follower: `projection.balances.v1.p0`, `reactor.mail.p0`. */
const ownersOf = ({ slots }: ClusterStatus, prefix: string) =>
  slots
    .filter(({ slot }) => slot.startsWith(prefix))
    .map(({ slot, member, stopped }) => ({
      slot,
      ...(member === undefined ? {} : { member }),
      ...(stopped === undefined ? {} : { stopped }),
    }))

type Figures = Omit<KnownPartition, "partition"> & { readonly lastError?: string | undefined }

/** The figures of all partitions. If what is stored cannot be read, those of this node, with the reason. */
const figuresOfAll = (
  { state, position, lag, lastError }: Figures,
  partitions: ReadonlyArray<KnownPartition>,
  read: ReadProgress | undefined,
) => {
  const all = read === undefined ? Effect.succeed({ position, lag }) : progressOfAll(partitions, read)
  return all.pipe(
    Effect.map((progress) => ({ ...progress, lastError })),
    Effect.catch((why) =>
      Effect.succeed({ position, lag, lastError: `How far it is on other nodes cannot be read: ${why}` }),
    ),
    Effect.map(({ position, lag, lastError }) => ({
      position,
      fields: { state, lag, ...(lastError === undefined ? {} : { lastError }) },
    })),
  )
}

/** The document of a projection. */
export const projectionDocument = (
  system: ActorSystemService,
  projection: ProjectionStatus,
  cluster: ClusterStatus,
) => {
  const { name, version, partitions = [{ ...projection, partition: 0 }], deadLetterCount } = projection
  return figuresOfAll(
    { ...projection, position: projection.offset },
    partitions.map((one) => ({ ...one, position: one.offset })),
    storedProgressOf(system)?.ofProjection(projection),
  ).pipe(
    Effect.map(({ position, fields }) => ({
      name,
      ...fields,
      version,
      offset: position,
      deadLetters: deadLetterCount,
      owners: ownersOf(cluster, `projection.${name}.v${version}.`),
    })),
  )
}

type KnownReactor = Pick<ReactorStatus, "state" | "position" | "lag" | "lastError"> & {
  readonly partitions?: ReadonlyArray<KnownPartition>
}

/** What a node knows of a reactor that it was not given. */
const unknownReactor = (partitionCount: number): KnownReactor => {
  const none = { state: "elsewhere", position: 0, lag: 0, lastError: undefined } as const
  return {
    ...none,
    partitions: Array.from({ length: partitionCount }, (_, partition) => ({ ...none, partition })),
  }
}

/** The document of a reactor, which the system need not have been given. */
export const reactorDocument = (
  system: ActorSystemService,
  reactor: ReactorDefinition,
  status: KnownReactor | undefined,
  cluster: ClusterStatus,
) => {
  const stored = storedProgressOf(system)
  const known = status ?? unknownReactor(stored?.partitionCount ?? 1)
  const { partitions = [{ ...known, partition: 0 }] } = known
  return figuresOfAll(known, partitions, stored?.ofReactor(reactor)).pipe(
    Effect.map(({ position, fields }) => ({
      name: reactor.name,
      ...fields,
      position,
      owners: ownersOf(cluster, `reactor.${reactor.name}.`),
    })),
  )
}
