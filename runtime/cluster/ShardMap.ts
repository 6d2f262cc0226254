/**
 * The shards of a system: one row of them for each label that actor types ask for, all in one list.
 *
 * Owns the shard index, which names a shard among all of them within a node, and which actor types share the shards of a
 * group. Nodes with other actor types number their shards otherwise: between nodes a shard goes by its slot (Slot.ts).
 */
import type { AnyActor } from "../definition/Actor.ts"
import { type SlotFamily, shardName, shardSlot } from "./Slot.ts"

/** Actor types that are placed together: those without a wish, and those that ask for the same label. */
export interface ShardGroup {
  readonly label: string | undefined
  readonly types: ReadonlyArray<string>
}

/** A shard of a group, as an entry of {@link ShardMap}. */
export interface ShardEntry {
  readonly group: ShardGroup
  readonly shard: number
  readonly slot: string
  /** Subject on which its owner is asked. */
  readonly askSubject: string
}

/** All shards of a system, and which one an actor is in. */
export class ShardMap {
  readonly shardCount: number
  readonly groups: ReadonlyArray<ShardGroup>
  /** Every shard of every group; the index of an entry is its shard index. */
  readonly all: ReadonlyArray<ShardEntry>
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
      Array.from({ length: shardCount }, (_, shard) => entryOf(group, shard)),
    )
    const bases = this.groups.flatMap(({ types }, index) =>
      types.map((type) => [type, index * shardCount] as const),
    )
    this.#bases = new Map(bases)
  }

  /** Shard index of an actor; `undefined` for a type that is not known here. */
  indexOf(type: string, shard: number): number | undefined {
    const base = this.#bases.get(type)
    return base === undefined ? undefined : base + shard
  }

  /** Shard for types that are not known here, which need nodes with this label, or with none. */
  foreign(label: string | undefined, shard: number): ShardEntry {
    return entryOf({ label, types: [] }, shard)
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

const entryOf = (group: ShardGroup, shard: number): ShardEntry => ({
  group,
  shard,
  slot: shardSlot(group.label, shard),
  askSubject: `ask.${shardName(group.label, shard)}`,
})
