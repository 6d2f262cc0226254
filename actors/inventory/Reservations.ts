/**
 * The reservations of one article: which are open, and how the latest others ended.
 *
 * Plain JSON that stays cheap for an article with many orders: ids are spread over buckets, and a change
 * copies one bucket. Ended reservations are remembered to recognise late repeats. A bucket forgets the oldest
 * of them when it holds {@link ENDED_PER_BUCKET}. The rules of endings are in InventoryMachine.ts.
 */

/**
 * How a reservation ended. `cancelled`: it was released before it was made; `refused`: there was not enough.
 */
export type Ending = "committed" | "released" | "cancelled" | "refused"

interface Bucket {
  readonly open: ReadonlyArray<readonly [id: string, quantity: number]>
  /** Ended reservations, the oldest first. */
  readonly ended: ReadonlyArray<readonly [id: string, ending: Ending]>
}

export type Reservations = ReadonlyArray<Bucket>

/** Number of buckets of an article. A change costs as much as copying one bucket. */
export const BUCKET_COUNT = 32

/**
 * Number of ended reservations that a bucket remembers: about 2,000 for the article. That is 20 seconds for
 * an article that is ordered 100 times a second, and hours for most others. A later repeat counts as a new
 * command: a reserve holds stock until it is released, a release leaves a mark, and a commit is rejected. No
 * unit is lost or sold twice by any of them.
 */
export const ENDED_PER_BUCKET = 64

/** Largest number of open reservations of an article. */
export const OPEN_MAX = 10_000

export const noReservations: Reservations = Array.from({ length: BUCKET_COUNT }, () => ({
  open: [],
  ended: [],
}))

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** FNV-1a over the id's code units. It must never change, because snapshots are arranged by it. */
const bucketOf = (id: string): number => {
  let hash = FNV_OFFSET
  for (let index = 0; index < id.length; index++) {
    hash = Math.imul(hash ^ id.charCodeAt(index), FNV_PRIME)
  }
  return (hash >>> 0) % BUCKET_COUNT
}

const bucketIn = (reservations: Reservations, id: string): Bucket =>
  reservations[bucketOf(id)] ?? { open: [], ended: [] }

/** Number of units that the reservation holds; `undefined` if it is not open. */
export const heldBy = (reservations: Reservations, id: string): number | undefined =>
  bucketIn(reservations, id).open.find((entry) => entry[0] === id)?.[1]

/** How the reservation ended; `undefined` if it has not ended or was forgotten. */
export const endingOf = (reservations: Reservations, id: string): Ending | undefined =>
  bucketIn(reservations, id).ended.find((entry) => entry[0] === id)?.[1]

export const openCount = (reservations: Reservations): number =>
  reservations.reduce((count, { open }) => count + open.length, 0)

const replaced = (reservations: Reservations, id: string, bucket: Bucket): Reservations =>
  reservations.with(bucketOf(id), bucket)

export const opened = (reservations: Reservations, id: string, quantity: number): Reservations => {
  const { open, ended } = bucketIn(reservations, id)
  return replaced(reservations, id, { open: [...open, [id, quantity]], ended })
}

export const ended = (reservations: Reservations, id: string, ending: Ending): Reservations => {
  const bucket = bucketIn(reservations, id)
  return replaced(reservations, id, {
    open: bucket.open.filter((entry) => entry[0] !== id),
    ended: [...bucket.ended.slice(1 - ENDED_PER_BUCKET), [id, ending]],
  })
}
