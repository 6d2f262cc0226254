/**
 * What members have, one at a time: slots. Most are shards; the others are projections, reactors and singletons.
 *
 * Owns their names, which are keys of the lease store, and which actor types share the shards of a group. Who has
 * which: Placement.ts.
 */
import type { AnyActor } from "../definition/Actor.ts"

/** Slots that are spread evenly among those who can have them. */
export interface SlotFamily {
  readonly name: string
  /** Only members with this label can have them; `undefined`: any. */
  readonly label: string | undefined
  /** Any member can have any of them (shards), or only those who have been given it (projections and the like). */
  readonly isShards: boolean
  readonly slots: ReadonlyArray<string>
}

/** Actor types that are placed together: those without a wish, and those that ask for the same label. */
export interface ShardGroup {
  readonly label: string | undefined
  readonly types: ReadonlyArray<string>
}

/** A shard of a group. */
export interface ShardPlace {
  readonly group: ShardGroup
  readonly shard: number
  readonly slot: string
  /** Subject on which its owner is asked. */
  readonly askSubject: string
}

/** All shard places of a system, and which one an actor is in. */
export class ShardPlaces {
  readonly shardCount: number
  readonly groups: ReadonlyArray<ShardGroup>
  /** Index = place. */
  readonly all: ReadonlyArray<ShardPlace>
  readonly #bases: ReadonlyMap<string, number>

  constructor(actors: Iterable<AnyActor>, shardCount: number) {
    this.shardCount = shardCount
    const byLabel = new Map<string | undefined, Array<string>>([[undefined, []]])
    for (const { type, nodeLabel } of actors) {
      const types = byLabel.get(nodeLabel) ?? []
      types.push(type)
      byLabel.set(nodeLabel, types)
    }
    this.groups = Array.from(byLabel, ([label, types]) => ({ label, types: types.sort() }))
    this.all = this.groups.flatMap((group) =>
      Array.from({ length: shardCount }, (_, shard) => placeIn(group, shard)),
    )
    const bases = this.groups.flatMap(({ types }, index) =>
      types.map((type) => [type, index * shardCount] as const),
    )
    this.#bases = new Map(bases)
  }

  /** Index in {@link all} of the place of an actor; `undefined` for a type that is not known here. */
  of(type: string, shard: number): number | undefined {
    const base = this.#bases.get(type)
    return base === undefined ? undefined : base + shard
  }

  /** Place of a shard for types that are not known here, which need nodes with this label, or with none. */
  elsewhere(label: string | undefined, shard: number): ShardPlace {
    return placeIn({ label, types: [] }, shard)
  }

  families(): ReadonlyArray<SlotFamily> {
    return this.groups.map(({ label }, index) => ({
      name: label ?? "default",
      label,
      isShards: true,
      slots: this.all.slice(index * this.shardCount, (index + 1) * this.shardCount).map(({ slot }) => slot),
    }))
  }
}

const placeIn = (group: ShardGroup, shard: number): ShardPlace => {
  const name = placeName(group.label, shard)
  return { group, shard, slot: shardSlot(group.label, shard), askSubject: `ask.${name}` }
}

const placeName = (label: string | undefined, shard: number): string =>
  label === undefined ? `${shard}` : `${label}.${shard}`

/** Slot of a shard for the types of a label; `undefined`: of no label. */
export const shardSlot = (label: string | undefined, shard: number): string =>
  `shard.${placeName(label, shard)}`

export const projectionSlot = (name: string, version: number, partition: number): string =>
  `projection.${name}.v${version}.p${partition}`
export const reactorSlot = (name: string, partition: number): string => `reactor.${name}.p${partition}`
export const singletonSlot = (name: string): string => `singleton.${name}`
