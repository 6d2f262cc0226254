/**
 * Names of the sentinels among a shard's timers in the mailbox, and their meaning.
 *
 * Owns the names. A mark `slot@sequence.token` says that all timers and later messages of the shard's commits
 * up to this sequence are in the mailbox, or are over. An older copy of the mailbox has an older mark, and an
 * empty one has none. The token is its owner's, so that another node that believes that it owns the shard
 * does not remove it as its own. A tide `slot~token` says that this is the mailbox in which its node has
 * placed it. LostTimers.ts and MailboxTide.ts place sentinels.
 */

export interface TimerMark {
  readonly sequence: number
  /** Name of the mark's sentinel. */
  readonly name: string
}

export const timerMark = (slot: string, sequence: number, token: string): TimerMark => ({
  sequence,
  name: `${slot}@${sequence}.${token}`,
})

const SEQUENCE = /^(0|[1-9]\d{0,14})(?:\.[0-9a-z]*)?$/

/** The marks of a slot among all sentinels, ascending by sequence. */
export const timerMarksOf = (sentinels: ReadonlySet<string>, slot: string): ReadonlyArray<TimerMark> => {
  const prefix = `${slot}@`
  return Array.from(sentinels)
    .flatMap((name) => {
      const [, sequence] = (name.startsWith(prefix) && SEQUENCE.exec(name.slice(prefix.length))) || []
      return sequence === undefined ? [] : [{ sequence: Number(sequence), name }]
    })
    .sort((left, right) => left.sequence - right.sequence)
}

/** Token that tells the sentinels of one node, in one ownership of a shard, from all others. */
export const sentinelToken = (random: { readonly nextDoubleUnsafe: () => number }): string =>
  Math.floor(random.nextDoubleUnsafe() * 2 ** 48).toString(36)

export const tideName = (slot: string, token: string): string => `${slot}~${token}`

/** The tides of a slot among all sentinels. */
export const tidesOf = (sentinels: ReadonlySet<string>, slot: string): ReadonlyArray<string> =>
  Array.from(sentinels).filter((name) => name.startsWith(`${slot}~`))
