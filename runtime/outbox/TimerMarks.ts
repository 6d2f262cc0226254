/**
 * Names of the sentinels among a shard's timers in the mailbox, and their meaning.
 *
 * Owns the names. A mark `slot@sequence.token` says that all timers and later messages of the shard's commits
 * up to this sequence are in the mailbox, or are over. An older copy of the mailbox has an older mark, and an
 * empty one has none. The token is new for each mark, so that a mark that is stored late is no other mark.
 *
 * A mark counts only while its witness `slot+sequence.token` is there too. The owner places the witness, then
 * sees it beside the mark before it, then places the mark. So both are there only if nothing was lost since
 * the mark before: a purge in between removes the witness, and the mark alone says nothing. A mark at 0 says
 * nothing of any timer and has no witness. Marks of earlier releases have no witness either; the length of
 * their token shows it.
 *
 * A tide `slot~token` says that this is the mailbox in which its node has placed it. LostTimers.ts and
 * MailboxTide.ts place sentinels.
 */

interface Chance {
  readonly nextDoubleUnsafe: () => number
}

export interface TimerMark {
  readonly sequence: number
  /** Name of the mark's sentinel. */
  readonly name: string
}

/** Length of the token in a mark that has a witness. Tokens of earlier releases are shorter. */
const WITNESSED_TOKEN_LENGTH = 12

export const timerMark = (slot: string, sequence: number, token: string): TimerMark => ({
  sequence,
  name: `${slot}@${sequence}.${token}`,
})

/** Name of the witness of a mark. */
export const witnessOf = (slot: string, { name }: TimerMark): string =>
  `${slot}+${name.slice(slot.length + 1)}`

const SEQUENCE_AND_TOKEN = /^(0|[1-9]\d{0,14})(?:\.([0-9a-z]*))?$/

/** Sentinels of a slot that carry a sequence after `sign`, ascending by sequence. */
const sequencedOf = (sentinels: ReadonlySet<string>, slot: string, sign: "@" | "+") => {
  const prefix = `${slot}${sign}`
  return Array.from(sentinels)
    .flatMap((name) => {
      const found = name.startsWith(prefix) ? SEQUENCE_AND_TOKEN.exec(name.slice(prefix.length)) : null
      return found === null ? [] : [{ sequence: Number(found[1]), name, token: found[2] ?? "" }]
    })
    .sort((left, right) => left.sequence - right.sequence)
}

/** The marks of a slot that count, ascending by sequence. */
export const timerMarksOf = (sentinels: ReadonlySet<string>, slot: string): ReadonlyArray<TimerMark> =>
  sequencedOf(sentinels, slot, "@").filter(
    (mark) =>
      mark.sequence === 0 ||
      mark.token.length < WITNESSED_TOKEN_LENGTH ||
      sentinels.has(witnessOf(slot, mark)),
  )

/** Names of the marks and witnesses of a slot below `sequence`, those that do not count included. */
export const marksBelow = (
  sentinels: ReadonlySet<string>,
  slot: string,
  sequence: number,
): ReadonlyArray<string> =>
  (["@", "+"] as const)
    .flatMap((sign) => sequencedOf(sentinels, slot, sign))
    .flatMap((each) => (each.sequence < sequence ? [each.name] : []))

/** Token for one mark. */
export const markToken = (random: Chance): string =>
  sentinelToken(random).padStart(WITNESSED_TOKEN_LENGTH, "0")

/** Token that tells the sentinels of one node, in one ownership of a shard, from all others. */
export const sentinelToken = (random: Chance): string =>
  Math.floor(random.nextDoubleUnsafe() * 2 ** 48).toString(36)

export const tideName = (slot: string, token: string): string => `${slot}~${token}`

/** The tides of a slot among all sentinels. */
export const tidesOf = (sentinels: ReadonlySet<string>, slot: string): ReadonlyArray<string> =>
  Array.from(sentinels).filter((name) => name.startsWith(`${slot}~`))
