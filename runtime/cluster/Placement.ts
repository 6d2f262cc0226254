/**
 * Which member should have which slot: pure, and the same on every member that sees the same members and leases.
 *
 * Owns the rule. No member has more than its share (rounded up, by weight). A member keeps its slots unless it is above
 * its share. A free slot goes to the member with room that scores highest for it: rendezvous hashing by the member's name,
 * so a node that comes back gets its former slots. When a member joins, it is given its share and nothing else moves.
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
export const placementOf = (question: PlacementQuestion): ReadonlyMap<string, string> => {
  const { slots, candidates } = question
  const shares = kept(question)
  shed(question, shares)
  const targets = targetsOf(slots.length, candidates, shares)
  const placed = new Map<string, string>()
  for (const [id, own] of shares) for (const slot of own) placed.set(slot, id)
  for (const slot of slots) {
    if (placed.has(slot)) continue
    const able = candidates.filter((candidate) => candidate.canHave(slot))
    const withRoom = able.filter(({ id }) => sizeOf(shares, id) < (targets.get(id) ?? 0))
    const best = bestFor(slot, withRoom.length > 0 ? withRoom : able)
    if (best === undefined) continue
    placed.set(slot, best.id)
    shares.get(best.id)?.push(slot)
  }
  return placed
}

type Shares = Map<string, Array<string>>

const sizeOf = (shares: Shares, id: string): number => shares.get(id)?.length ?? 0

/** The slots that members have already or are pinned to. */
const kept = ({ slots, candidates, holders, pins }: PlacementQuestion): Shares => {
  const shares: Shares = new Map(candidates.map(({ id }) => [id, []]))
  const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]))
  for (const slot of slots) {
    const pinned = byId.get(pins.get(slot) ?? "")
    const holder = byId.get(holders.get(slot) ?? "")
    if (pinned?.canHave(slot)) shares.get(pinned.id)?.push(slot)
    else if (holder?.canHave(slot)) shares.get(holder.id)?.push(slot)
  }
  return shares
}

/** Takes from members above their share the slots for which they score lowest. */
const shed = ({ slots, candidates, pins }: PlacementQuestion, shares: Shares): void => {
  const targets = targetsOf(slots.length, candidates, shares)
  for (const candidate of candidates) {
    const { id, name } = candidate
    const own = shares.get(id) ?? []
    const tooMany = own.length - (targets.get(id) ?? 0)
    if (tooMany <= 0) continue
    const isWanted = (slot: string) => candidates.some((other) => other !== candidate && other.canHave(slot))
    const given = own
      .filter((slot) => pins.get(slot) !== id && isWanted(slot))
      .sort((a, b) => scoreOf(a, name) - scoreOf(b, name))
      .slice(0, tooMany)
    const gone = new Set(given)
    shares.set(
      id,
      own.filter((slot) => !gone.has(slot)),
    )
  }
}

/** Whole shares that add up. What rounding down leaves over goes to the members that have most already. */
const targetsOf = (
  slotCount: number,
  candidates: ReadonlyArray<Candidate>,
  shares: Shares,
): ReadonlyMap<string, number> => {
  const totalWeight = candidates.reduce((sum, { weight }) => sum + weight, 0)
  const exact = candidates.map(({ id, name, weight }) => {
    const whole = Math.floor((slotCount * weight) / totalWeight)
    return { id, name, whole, over: sizeOf(shares, id) - whole }
  })
  let left = slotCount - exact.reduce((sum, { whole }) => sum + whole, 0)
  exact.sort((a, b) => b.over - a.over || compare(a.name, b.name) || compare(a.id, b.id))
  return new Map(exact.map(({ id, whole }) => [id, left-- > 0 ? whole + 1 : whole]))
}

const bestFor = (slot: string, among: ReadonlyArray<Candidate>): Candidate | undefined => {
  let best: Candidate | undefined
  let bestScore = -1
  for (const candidate of among) {
    const score = scoreOf(slot, candidate.name)
    // Nodes that share a name score the same, and all members have to choose alike.
    const isBetter = score > bestScore || (score === bestScore && candidate.id < (best?.id ?? ""))
    if (isBetter) [best, bestScore] = [candidate, score]
  }
  return best
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

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
