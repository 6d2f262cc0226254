/**
 * What members have, one at a time: slots. Most are shards; the others are projections, reactors and singletons.
 *
 * Owns their names, which are keys of the lease store. Which actors are in which shard: ShardMap.ts. Who has which slot:
 * Placement.ts.
 */
/** Slots that are spread evenly among the members that can have them. */
export interface SlotFamily {
  readonly name: string
  /** Only members with this label can have them; `undefined`: any. */
  readonly label: string | undefined
  /** Whether any member can have any of the slots, as with shards. Other slots go only to members that list them. */
  readonly isShards: boolean
  readonly slots: ReadonlyArray<string>
}

/** Name of a shard among those of all labels. */
export const shardName = (label: string | undefined, shard: number): string =>
  label === undefined ? `${shard}` : `${label}.${shard}`

/** Slot of a shard for the types of a label; `undefined`: of no label. */
export const shardSlot = (label: string | undefined, shard: number): string =>
  `shard.${shardName(label, shard)}`

export const projectionSlot = (name: string, version: number, partition: number): string =>
  `projection.${name}.v${version}.p${partition}`
export const reactorSlot = (name: string, partition: number): string => `reactor.${name}.p${partition}`
export const singletonSlot = (name: string): string => `singleton.${name}`
