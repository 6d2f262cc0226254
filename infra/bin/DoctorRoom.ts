/** Judges how much of a limited room is used: JetStream's of an account, or that of a stream. */
import { type Finding, fault, ok, sizeText, warning } from "./Finding.ts"

/** Share of the room that is used, above which somebody should look. */
const ROOM_SHARE_MAX = 0.8

export interface Room {
  readonly usedBytes: number
  /** 0 or less: there is no limit. */
  readonly limitBytes: number
  /** Largest message; without room for it, writes are refused. */
  readonly messageBytesMax: number
}

/** `unlimited` says what there is without a limit, `hint` how to get more room. */
export const roomFinding = (
  about: string,
  { usedBytes, limitBytes, messageBytesMax }: Room,
  unlimited: string,
  hint: string,
): Finding => {
  if (limitBytes <= 0) return ok(about, `${sizeText(usedBytes)} used, ${unlimited}`)
  const detail = `${sizeText(usedBytes)} of ${sizeText(limitBytes)} used`
  if (limitBytes - usedBytes < messageBytesMax) {
    return fault(about, `${detail}: the largest message does not fit any more`, hint)
  }
  return usedBytes / limitBytes > ROOM_SHARE_MAX ? warning(about, detail, hint) : ok(about, detail)
}
