/**
 * Names of the sentinels that lie among a shard's timers in the mailbox, and what they say.
 *
 * Owns the names. A mark `slot@sequence.token` says that all timers and later messages of the shard's commits up to this
 * sequence lie beside it, or are over: an older copy of the mailbox has an older mark, and an empty one has none. Its
 * token is its owner's, so that no other node that believes to own the shard takes it away for one of its own. A tide
 * `slot~token` says that the mailbox is the one in which its node has placed it. Who places them: LostTimers.ts and
 * MailboxTide.ts.
 */

export interface TimerMark {
  readonly sequence: number
  /** Name of its sentinel. */
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

/** Tells the sentinels of one node, in one time of having a shard, from all others. */
export const sentinelToken = (random: { readonly nextDoubleUnsafe: () => number }): string =>
  Math.floor(random.nextDoubleUnsafe() * 2 ** 48).toString(36)

export const tideName = (slot: string, token: string): string => `${slot}~${token}`

/** The tides of a slot among all sentinels. */
export const tidesOf = (sentinels: ReadonlySet<string>, slot: string): ReadonlyArray<string> =>
  Array.from(sentinels).filter((name) => name.startsWith(`${slot}~`))
