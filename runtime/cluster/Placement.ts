/**
 * Who should have which slot: pure, and the same on every member that sees the same members and leases.
 *
 * Owns the rule. Nobody has more than its share (rounded up, by weight); whoever has a slot and is not above its share
 * keeps it; what is free goes to the member with room that scores highest for it (rendezvous hashing, by the member's
 * name, so that one that comes back finds its own). So a member that joins is given its share and nothing else moves.
 */

export interface Candidate {
  readonly id: string
  /** What is hashed: survives a restart. */
  readonly name: string
  /** Above 0; share of the slots in proportion. */
  readonly weight: number
  readonly canHave: (slot: string) => boolean
}

export interface PlacementQuestion {
  readonly slots: ReadonlyArray<string>
  readonly candidates: ReadonlyArray<Candidate>
  /** Id of the member that has a slot now; absent: it is free. */
  readonly holders: ReadonlyMap<string, string>
  /** Id of the member that an operator wants to have a slot. */
  readonly pins: ReadonlyMap<string, string>
}

/** The member for every slot that any candidate can have. */
export const placementOf = ({
  slots,
  candidates,
  holders,
  pins,
}: PlacementQuestion): ReadonlyMap<string, string> => {
  const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]))
  const placed = new Map<string, string>()
  const has = new Map<string, Array<string>>(candidates.map(({ id }) => [id, []]))
  const give = (slot: string, id: string): void => {
    placed.set(slot, id)
    has.get(id)?.push(slot)
  }
  for (const slot of slots) {
    const pinned = byId.get(pins.get(slot) ?? "")
    const holder = byId.get(holders.get(slot) ?? "")
    if (pinned?.canHave(slot)) give(slot, pinned.id)
    else if (holder?.canHave(slot)) give(slot, holder.id)
  }

  const totalWeight = candidates.reduce((sum, { weight }) => sum + weight, 0)
  const capOf = ({ weight }: Candidate): number => Math.ceil((slots.length * weight) / totalWeight)
  for (const candidate of candidates) {
    const own = has.get(candidate.id) ?? []
    const tooMany = own.length - capOf(candidate)
    if (tooMany <= 0) continue
    const shed = own
      .filter((slot) => pins.get(slot) !== candidate.id && isWantedBeside(slot, candidate))
      .sort((a, b) => scoreOf(a, candidate.name) - scoreOf(b, candidate.name))
      .slice(0, tooMany)
    for (const slot of shed) placed.delete(slot)
    has.set(
      candidate.id,
      own.filter((slot) => placed.has(slot)),
    )
  }

  function isWantedBeside(slot: string, holder: Candidate): boolean {
    return candidates.some((other) => other !== holder && other.canHave(slot))
  }

  for (const slot of slots) {
    if (placed.has(slot)) continue
    const able = candidates.filter((candidate) => candidate.canHave(slot))
    const withRoom = able.filter((candidate) => (has.get(candidate.id)?.length ?? 0) < capOf(candidate))
    const best = bestFor(slot, withRoom.length > 0 ? withRoom : able)
    if (best !== undefined) give(slot, best.id)
  }
  return placed
}

const bestFor = (slot: string, among: ReadonlyArray<Candidate>): Candidate | undefined => {
  let best: Candidate | undefined
  let bestScore = -1
  for (const candidate of among) {
    const score = scoreOf(slot, candidate.name)
    if (score > bestScore) [best, bestScore] = [candidate, score]
  }
  return best
}

/** FNV-1a with a finish that spreads what differs in the last characters alone. */
const scoreOf = (slot: string, name: string): number => {
  const text = `${slot} ${name}`
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
