/**
 * Judges that messages which wait for a paused type hold up no others of their shard: a receiver that is handed nothing
 * more, because all that it has are such messages, is wrong while others wait.
 *
 * Owns how long a receiver may take to let go of them. Who pulls: SimulatedMailbox.ts.
 */
import { typeOfKey } from "../../address/ActorAddress.ts"
import { pauseKey } from "../../cluster/Member.ts"
import type { SimulatedServers } from "./SimulatedServers.ts"
import { PROMISES, Violation } from "./Violation.ts"
import type { World } from "./World.ts"

/** Time in which a node hears of a pause and receives anew, in milliseconds. */
const LETS_GO_MS = 2_000

/** Throws a {@link Violation} to `judge`. */
export const watchBystanders = (
  world: World,
  { mailbox, leases }: Pick<SimulatedServers, "mailbox" | "leases">,
  judge: (check: () => void) => void,
): void => {
  /** Shards that are looked at again. */
  const watched = new Set<number>()

  /** A message that waits while all that is handed out of its shard is for paused types. */
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
