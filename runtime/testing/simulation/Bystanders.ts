/**
 * Judges that messages for a paused type do not delay others of their shard. A receiver that gets no more
 * messages, because all its messages are for paused types, is wrong while others wait.
 *
 * Owns how long a receiver may take to return them. SimulatedMailbox.ts pulls.
 */
import { typeOfKey } from "../../address/ActorAddress.ts"
import { pauseKey } from "../../cluster/Member.ts"
import type { SimulatedServers } from "./SimulatedServers.ts"
import { PROMISES, Violation } from "./Violation.ts"
import type { World } from "./World.ts"

/** Time in which a node learns of a pause and starts its receiver anew, in milliseconds. */
const LETS_GO_MS = 2_000

/** Reports a {@link Violation} to `judge`. */
export const watchBystanders = (
  world: World,
  { mailbox, leases }: Pick<SimulatedServers, "mailbox" | "leases">,
  judge: (check: () => void) => void,
): void => {
  /** Shards that are checked again. */
  const watched = new Set<number>()

  /** A message that waits while all delivered messages of its shard are for paused types. */
  const waitingIn = (shard: number): string | undefined => {
    const { contents } = mailbox
    const handedOut = contents.handedOut(shard)
    if (handedOut.length === 0) return undefined
    const paused = new Set(leases.records.filter(({ value }) => value === true).map(({ key }) => key))
    const isPaused = ({ key }: { readonly key: string }) => paused.has(pauseKey(typeOfKey(key)))
    if (!handedOut.every(isPaused)) return undefined
    for (const message of contents.messages) {
      if (message.shard === shard && !isPaused(message)) return `${message.id} to ${message.key}`
    }
    return undefined
  }

  mailbox.idle.push((receiver) => {
    const { shard } = receiver
    if (watched.has(shard) || waitingIn(shard) === undefined) return
    watched.add(shard)
    world.after(LETS_GO_MS, undefined, () => {
      watched.delete(shard)
      const waiting = waitingIn(shard)
      if (waiting === undefined || !mailbox.receives(receiver)) return
      judge(() => {
        throw new Violation(PROMISES.bystanders, `message ${waiting} of shard ${shard} is not handed out`)
      })
    })
  })
}
