/** What `everstate doctor` checks on JetStream itself: that it is on, and the room and limits of the account. */
import { Effect } from "effect"
import { type AccountRoom, accountInfo } from "../nats/connection/JetStreamApi.ts"
import type { NatsConnectionService } from "../nats/connection/NatsConnection.ts"
import { roomFinding } from "./DoctorRoom.ts"
import { type Finding, fault, sizeText, unchecked, warning } from "./Finding.ts"

/** Share of a limited number that is used, above which somebody should look. */
const COUNT_SHARE_MAX = 0.9

const UNLIMITED = "no limit of the account; clients are not told the server's own (max_file_store)"

const ROOM_HINT = "Make room, or raise max_file_store or the account's limit: without room nothing is stored."

export interface JetStreamReport {
  /** False if the account has no JetStream, or it does not answer. */
  readonly isThere: boolean
  readonly findings: ReadonlyArray<Finding>
}

const isThere = (...findings: ReadonlyArray<Finding>): JetStreamReport => ({ isThere: true, findings })

const isAway = (detail: string, hint: string): JetStreamReport => ({
  isThere: false,
  findings: [fault("JetStream", detail, hint)],
})

export const jetStreamReport = Effect.fnUntraced(function* ({
  client,
  requests,
}: NatsConnectionService): Effect.fn.Return<JetStreamReport> {
  const { jetstream, max_payload: bytesMax = 0 } = client.info ?? {}
  if (jetstream !== true) {
    const hint = "Turn it on in nats.conf: jetstream { store_dir: ... }, or connect to a server that has it."
    return isAway("it is off at this server", hint)
  }
  const answer = yield* Effect.result(accountInfo(requests))
  if (answer._tag === "Success") {
    const { tiers, ...whole } = answer.success
    const rooms = tiers === undefined ? [["JetStream", whole] as const] : tiersOf(tiers)
    return isThere(...rooms.flatMap(([about, room]) => accountFindings(about, room, bytesMax)))
  }
  const { failure } = answer
  if (failure._tag === "JetStreamError") {
    return isAway(failure.description, "Turn JetStream on for this account: jetstream: enabled")
  }
  if (failure.reason !== "NotPermitted") return isAway(failure.message, "Look at the log of nats-server.")
  return isThere(
    unchecked(
      "JetStream",
      "it is on; this user may not ask how much room the account has",
      "Nodes do without this right. To see the room, run doctor as an administrator of the account.",
    ),
  )
})

const tiersOf = (tiers: { readonly [tier: string]: AccountRoom }) =>
  Object.entries(tiers).map(([tier, room]) => [`JetStream ${tier}`, room] as const)

const accountFindings = (
  about: string,
  { storage, reserved_storage: reserved = 0, streams, consumers, limits }: AccountRoom,
  messageBytesMax: number,
): ReadonlyArray<Finding> => {
  const room = roomFinding(
    about,
    { usedBytes: storage, limitBytes: limits.max_storage, messageBytesMax },
    UNLIMITED,
    ROOM_HINT,
  )
  const detail =
    reserved > 0 ? `${room.detail}; ${sizeText(reserved)} reserved by max_bytes of streams` : room.detail
  return [
    { ...room, detail },
    ...countFinding(`${about} streams`, streams, limits.max_streams, "max_streams"),
    ...countFinding(`${about} consumers`, consumers, limits.max_consumers, "max_consumers"),
  ]
}

/** Said only where the limit is near. */
const countFinding = (
  about: string,
  count: number,
  limit: number,
  setting: string,
): ReadonlyArray<Finding> =>
  limit > 0 && count / limit > COUNT_SHARE_MAX
    ? [
        warning(
          about,
          `${count} of ${limit}`,
          `Raise ${setting} of the account, or remove what nobody needs: nodes make consumers as they start.`,
        ),
      ]
    : []
