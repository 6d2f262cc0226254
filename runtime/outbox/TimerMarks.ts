/**
 * Names of the sentinels that lie among a shard's timers in the mailbox, and what they say.
 *
 * Owns the names. A mark `slot@sequence` says that all timers and later messages of the shard's commits up to this
 * sequence lie beside it, or are over: an older copy of the mailbox has an older mark, and an empty one has none. A tide
 * `slot~token` says that the mailbox is the one in which its node has placed it. Who places them: LostTimers.ts and
 * MailboxTide.ts.
 */

export const timerMarkName = (slot: string, sequence: number): string => `${slot}@${sequence}`

const SEQUENCE = /^(?:0|[1-9]\d{0,14})$/

/** The sequences of a slot's marks among all sentinels, ascending. */
export const timerMarksOf = (sentinels: ReadonlySet<string>, slot: string): ReadonlyArray<number> => {
  const prefix = `${slot}@`
  return Array.from(sentinels)
    .filter((name) => name.startsWith(prefix) && SEQUENCE.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((left, right) => left - right)
}

export const tideName = (slot: string, token: string): string => `${slot}~${token}`

/** The tides of a slot among all sentinels. */
export const tidesOf = (sentinels: ReadonlySet<string>, slot: string): ReadonlyArray<string> =>
  Array.from(sentinels).filter((name) => name.startsWith(`${slot}~`))
