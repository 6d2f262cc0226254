/** The nats-server versions on which a journal may be stored. JournalStream.ts asks at start. */
import { Effect } from "effect"
import type { JournalRefused } from "../../../runtime/journal/Journal.ts"
import { refused } from "./JournalSettings.ts"

/** Oldest server that has everything the journal needs: `[major, minor, patch]`. */
const serverVersionMin = [2, 12, 0] as const

/** Oldest server without known defects that lose acknowledged data. */
const serverVersionSafe = [2, 14, 5] as const

/** Where users find newer servers. */
const releasesUrl = "https://github.com/nats-io/nats-server/releases"

const isOlder = (version: string, than: readonly [number, number, number]): boolean => {
  const parts = version.split(/[.+-]/, 3).map(Number)
  for (const [index, least] of than.entries()) {
    const part = parts[index] ?? 0
    if (Number.isNaN(part)) return true
    if (part !== least) return part < least
  }
  return false
}

/** Verdict on a server's version: refuse below 2.12, warn below 2.14.5. */
export const serverVersionVerdict = (version: string): "ok" | "warn" | "refuse" => {
  if (isOlder(version, serverVersionMin)) return "refuse"
  return isOlder(version, serverVersionSafe) ? "warn" : "ok"
}

/** Oldest server that syncs an atomic batch once; earlier ones sync each of its messages. */
const serverVersionBatching = [2, 15, 0] as const

/** True if batches of this server can be faster than single messages. */
export const syncsBatchesOnce = (version: string): boolean => !isOlder(version, serverVersionBatching)

/** Versions that this process has warned of; each is warned of once. */
const warnedOf = new Set<string>()

/** Refuses a server that is too old, and warns of one that may lose data. */
export const checkServerVersion = (version: string): Effect.Effect<void, JournalRefused> => {
  const verdict = serverVersionVerdict(version)
  const safe = serverVersionSafe.join(".")
  if (verdict === "refuse") {
    const least = serverVersionMin.join(".")
    return Effect.fail(
      refused("Unsafe", `nats-server ${version} is older than ${least}`, `Upgrade to ${safe} or newer.`),
    )
  }
  if (verdict === "ok" || warnedOf.has(version)) return Effect.void
  warnedOf.add(version)
  return Effect.logWarning(
    `nats-server ${version} is older than ${safe}: its JetStream has known defects that can lose acknowledged ` +
      "commits when a server crashes or a disk fills. Fine for development; upgrade before production. Newer ones: " +
      `${releasesUrl}. npm start and everstate/embedded run the newest nats-server on the PATH, or the one that ` +
      "NATS_SERVER_BIN names.",
  )
}
