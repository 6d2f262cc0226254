/**
 * The mailbox with the faults of real servers: publications of unknown outcome, acknowledgements that are
 * lost or late, messages that come again and out of order, schedules that are late, lost or doubled.
 *
 * Owns the faults of the mailbox's port. The content of the mailbox is exact
 * (../../mailbox/MailboxContents.ts) and can be observed. Mailbox and journal are one server: they go down
 * together. ShardReceivers.ts chooses the receiver of a shard's messages.
 */
import { Effect, Exit, Stream } from "effect"
import {
  type Delivery,
  type MailboxError,
  MailboxRefused,
  type MailboxService,
  MailboxUnavailable,
  type OutboundMessage,
  type ReceiverGroup,
  type ScheduledMessage,
} from "../../mailbox/Mailbox.ts"
import {
  isOfTypes,
  type KeptMessage,
  type MailboxBounds,
  MailboxContents,
  type MailboxCopy,
  type MailboxPart,
  positionOf,
} from "../../mailbox/MailboxContents.ts"
import type { FaultKind } from "./FaultKind.ts"
import type { Fate, Network } from "./Network.ts"
import { Pulls } from "./Pulls.ts"
import type { Randomness } from "./Randomness.ts"
import { type Receiver, ShardReceivers } from "./ShardReceivers.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"
import { simulatedSentinels } from "./SimulatedSentinels.ts"
import type { WorldTimer } from "./TimerHeap.ts"
import { Unsendable } from "./Unsendable.ts"
import { WORLD_EPOCH_MS } from "./World.ts"

/** Time after which the caller gets a time-out. */
const PUBLISH_TIMEOUT_MS = 2_000

/** Largest delay of a late message after its sender's time-out. */
const LATE_MS_MAX = 4_000

/** Largest delay of an acknowledgement, and of a page of messages that stalls. */
const ACK_LATE_MS_MAX = 4_000
const STALLED_MS_MAX = 4_000

/** Largest delay of a schedule. A schedule that is due when it comes waits for this floor first. */
const SCHEDULE_LATE_MS_MAX = 5
const SCHEDULE_FLOOR_MS = 250

/** Messages in one pull. */
const PULL_MESSAGES_MAX = 64

/** Pause before a receiver that failed to open tries again. */
const REOPEN_PAUSE_MS = 200

/** Errors of a server that cannot answer. */
const PUBLISH_FAILURES: ReadonlyArray<MailboxUnavailable["reason"]> = ["NoResponders", "Other"]

/** A second schedule of a slot, for a schedule that fires twice. */
const twinOf = (slot: string): string => `${slot} (twin)`

export class SimulatedMailbox {
  /** The exact content. */
  readonly contents: MailboxContents
  /** Called for each accepted message, scheduled ones included; `isNew`: it was stored. */
  readonly observers: Array<(message: OutboundMessage, isNew: boolean) => void> = []
  /** Called for messages that are gone because an older copy replaced the mailbox. */
  readonly losses: Array<(message: KeptMessage) => void> = []
  /** Called for each receiver that has its shard and gets no message. */
  readonly idle: Array<(receiver: Receiver) => void> = []
  readonly #network: Network
  readonly #pulls: Pulls
  readonly #lateness: Randomness
  /** Positions up to which messages may have been delivered before the shard's consumer was made. */
  readonly #repeatsUpTo = new Map<number, number>()
  readonly #receivers: ShardReceivers
  /** Time of a shard's next schedule or redelivery, while a receiver waits. */
  readonly #alarms = new Map<number, WorldTimer>()
  readonly #unsendable: Unsendable
  /** Raised when a copy replaces the mailbox, which knows nothing of earlier deliveries. */
  #incarnation = 0

  constructor(network: Network, bounds: MailboxBounds = {}, unsendable = new Unsendable()) {
    this.#network = network
    this.#unsendable = unsendable
    this.#pulls = new Pulls(network, "journal")
    this.#lateness = network.world.random.stream("schedules")
    this.contents = new MailboxContents(bounds)
    this.#receivers = new ShardReceivers(network, (shard) => {
      this.#restart(shard)
      this.#pulls.wake(shard)
    })
  }

  /** The server's clock, Unix milliseconds. */
  get nowMs(): number {
    return WORLD_EPOCH_MS + this.#network.world.nowMs
  }

  /** The mailbox's port for `host`. */
  connect(host: SimulatedProcess): MailboxService {
    return {
      messageBytesMax: this.contents.messageBytesMax,
      publish: (message) =>
        Effect.suspend(() => {
          const store = () => this.contents.publish(message, this.nowMs)
          return this.#store(host, "publish", message, store, this.#publishFate(host, message))
        }),
      acknowledged: (shard) =>
        this.#ask(host, `acknowledged ${shard}`, () => this.contents.acknowledged(shard, this.nowMs)),
      messageAt: (position) =>
        this.#ask(host, `message at ${position}`, () => this.contents.messageAt(position)),
      schedule: (message) =>
        Effect.suspend(() => {
          const key = message.address.key
          const vanishes = this.#strikes("schedule vanishes", host, key)
          const isTwice = this.#strikes("schedule fires twice", host, key)
          const store = () => (vanishes ? undefined : this.#schedule(message, isTwice))
          return this.#store(host, "schedule", message, store, this.#scheduleFate(host, message))
        }),
      unschedule: (address, slot) =>
        Effect.suspend(() => {
          const isLost = this.#strikes("unschedule lost", host, address.key)
          const empty = () => {
            if (isLost) return undefined
            for (const each of [slot, twinOf(slot)]) this.contents.unschedule(address, each, this.nowMs)
            return undefined
          }
          const fate = this.#scheduleFate(host, { address })
          return this.#call(host, `unschedule ${slot} of ${address.key}`, empty, fate)
        }),
      receive: (shard, only) => this.#receive(host, shard, only),
      ...simulatedSentinels(this.contents, (what, answer) => this.#ask(host, what, answer)),
      backlog: this.#ask(host, "backlog", () => this.contents.backlog(this.nowMs)),
    }
  }

  /** Asks the server, which answers unless it is down. */
  #ask<A>(host: SimulatedProcess, what: string, answer: () => A): Effect.Effect<A, MailboxError> {
    return Effect.suspend(() =>
      this.#network.call<A, MailboxError>({
        host,
        server: "journal",
        what,
        serve: () => Exit.succeed(answer()),
        timeoutMs: PUBLISH_TIMEOUT_MS,
        unanswered: unavailable,
        fate: {},
      }),
    )
  }

  #strikes(kind: FaultKind, host: SimulatedProcess, subject: string): boolean {
    return this.#network.faults.strikes(kind, host.name, subject)
  }

  /** Stores a message, and calls the observers. */
  #store<A>(
    host: SimulatedProcess,
    verb: string,
    message: OutboundMessage,
    store: () => MailboxRefused | A,
    fate: Fate<MailboxError>,
  ): Effect.Effect<A, MailboxError> {
    const { address, id } = message
    const work = () => {
      const isNew = !this.contents.isKnown(message, this.nowMs)
      const stored = this.#unsendable.refusal(address) ?? store()
      if (stored instanceof MailboxRefused) return stored
      for (const observe of this.observers) observe(message, isNew)
      this.#pulls.wake(address.shard)
      return stored
    }
    return this.#call(host, `${verb} ${id} to ${address.key}`, work, fate)
  }

  #call<A>(
    host: SimulatedProcess,
    what: string,
    work: () => MailboxRefused | A,
    fate: Fate<MailboxError>,
  ): Effect.Effect<A, MailboxError> {
    return this.#network.call<A, MailboxError>({
      host,
      server: "journal",
      what,
      serve: () => {
        const done = work()
        return done instanceof MailboxRefused ? Exit.fail(done) : Exit.succeed(done)
      },
      timeoutMs: PUBLISH_TIMEOUT_MS,
      unanswered: unavailable,
      fate,
    })
  }

  #publishFate(host: SimulatedProcess, { address: { key } }: OutboundMessage): Fate<MailboxError> {
    const { faults } = this.#network
    const strikes = (kind: FaultKind) => this.#strikes(kind, host, key)
    if (strikes("message lost")) return { requestLost: true }
    if (strikes("message answer lost")) return { replyLost: true }
    if (strikes("message lands late")) {
      const lateMs = faults.details("message lands late").between(0, LATE_MS_MAX)
      return { requestAfterMs: PUBLISH_TIMEOUT_MS + lateMs }
    }
    if (strikes("message twice")) return { isTwice: true }
    if (strikes("mailbox unavailable")) {
      return { refusal: unavailable(faults.details("mailbox unavailable").pick(PUBLISH_FAILURES)) }
    }
    return {}
  }

  #scheduleFate(host: SimulatedProcess, { address }: Pick<OutboundMessage, "address">): Fate<MailboxError> {
    if (this.#strikes("schedule lost", host, address.key)) return { requestLost: true }
    if (this.#strikes("schedule answer lost", host, address.key)) return { replyLost: true }
    return {}
  }

  #schedule(message: ScheduledMessage, isTwice: boolean): MailboxRefused | undefined {
    const { nowMs } = this
    const atMs =
      message.atMs <= nowMs
        ? nowMs + SCHEDULE_FLOOR_MS
        : message.atMs + this.#lateness.between(0, SCHEDULE_LATE_MS_MAX)
    this.contents.unschedule(message.address, twinOf(message.slot), nowMs)
    const refused = this.contents.schedule({ ...message, atMs }, nowMs)
    if (isTwice) this.contents.schedule({ ...message, slot: twinOf(message.slot), atMs }, nowMs)
    return refused
  }

  /** Takes the shard, then page after page, until another receiver takes it. */
  #receive(host: SimulatedProcess, shard: number, only?: ReceiverGroup): Stream.Stream<Delivery> {
    const receiver: Receiver = { host, shard, isWanted: only && isOfTypes(only.types), isDoubted: false }
    const takeOver = (): undefined => void this.#receivers.take(receiver)
    const open: Effect.Effect<void> = Effect.suspend(() =>
      this.#call(host, `receive shard ${shard}`, takeOver, {}),
    ).pipe(
      Effect.catch(() =>
        Effect.andThen(
          Effect.sleep(REOPEN_PAUSE_MS),
          Effect.suspend(() => open),
        ),
      ),
    )
    const page = this.#pulls.pull({
      host,
      topic: shard,
      serve: () => this.#take(receiver),
      lateMs: () =>
        this.#strikes("delivery stalls", host, `shard ${shard}`)
          ? this.#network.faults.details("delivery stalls").between(0, STALLED_MS_MAX)
          : 0,
      lost: () => {
        receiver.isDoubted = true
      },
    })
    const handed = Effect.map(page, (taken) => taken.map((one) => this.#delivery(host, one)))
    const deliveries = Stream.fromIterableEffectRepeat(handed)
    const close = Effect.sync(() => this.#receivers.leave(receiver))
    return Stream.ensuring(Stream.unwrap(Effect.as(open, deliveries)), close)
  }

  /** Stores a message that no node sends; observers are not called. False: the mailbox refuses it. */
  put(message: OutboundMessage): boolean {
    if (this.contents.publish(message, this.nowMs) instanceof MailboxRefused) return false
    this.#pulls.wake(message.address.shard)
    return true
  }

  /** An older copy replaces the mailbox; its messages are delivered as to a new consumer. */
  restore(copy: MailboxCopy, part: MailboxPart): void {
    this.#replaced(this.contents.restore(copy, part))
  }

  /** The mailbox is lost, and made anew. */
  renew(): void {
    this.#replaced(this.contents.renew())
  }

  #replaced(gone: ReadonlyArray<KeptMessage>): void {
    this.#incarnation++
    for (const message of gone) {
      for (const observe of this.losses) observe(message)
    }
    for (const shard of this.#receivers.shards) {
      this.#repeatsUpTo.set(shard, this.contents.lastSequence)
      this.#pulls.wake(shard)
    }
  }

  /** Whether the receiver has its shard, in a running process. */
  receives(receiver: Receiver): boolean {
    return receiver.host.life === "running" && this.#receivers.has(receiver)
  }

  /** A process has crashed. */
  crashed(host: SimulatedProcess): void {
    this.#receivers.crashed(host)
  }

  /** Delivers everything unacknowledged again, oldest first. */
  #restart(shard: number): void {
    this.contents.restart(shard)
    this.#repeatsUpTo.set(shard, this.contents.lastSequence)
  }

  /** The next messages for a receiver that has its shard. */
  #take(receiver: Receiver): ReadonlyArray<Handed> | undefined {
    const { host, shard } = receiver
    if (!this.#receivers.has(receiver)) return undefined
    this.#disturb(receiver)
    const taken = this.contents.take(shard, this.nowMs, PULL_MESSAGES_MAX, receiver.isWanted)
    if (taken.length === 0) {
      for (const observe of this.idle) observe(receiver)
      this.#arm(shard)
      return undefined
    }
    const repeatsUpTo = this.#repeatsUpTo.get(shard) ?? 0
    this.#network.world.note("journal", `${taken.length} messages of shard ${shard} for ${host.name}`)
    return taken.map((message) => ({
      message,
      isRepeat: message.handedOutCount > 1 || message.sequence <= repeatsUpTo,
      incarnation: this.#incarnation,
    }))
  }

  #disturb(receiver: Receiver): void {
    const { host, shard } = receiver
    const handedOut = this.contents.handedOut(shard)
    if (handedOut.length === 0) return
    if (this.#strikes("consumer deleted", host, `shard ${shard}`) || receiver.isDoubted) {
      this.#restart(shard)
    } else if (this.#strikes("delivery repeats", host, `shard ${shard}`)) {
      const { faults } = this.#network
      this.contents.takeBack(shard, someOf(handedOut, faults.details("delivery repeats")))
    }
    receiver.isDoubted = false
  }

  #delivery(host: SimulatedProcess, { message, isRepeat, incarnation }: Handed): Delivery {
    const { key, shard, sequence, data, storedAtMs } = message
    const { faults } = this.#network
    const tell = (inTime: () => void) =>
      Effect.sync(() => {
        const what = () => {
          if (incarnation === this.#incarnation) inTime()
        }
        if (this.#strikes("message ack lost", host, key)) return
        const lateMs = this.#strikes("message ack late", host, key)
          ? faults.details("message ack late").between(0, ACK_LATE_MS_MAX)
          : 0
        this.#network.send(host, "journal", lateMs, what)
      })
    return {
      key,
      sequence,
      data,
      storedAtMs,
      ...positionOf(message),
      isRepeat,
      ack: tell(() => {
        this.contents.acknowledge(sequence)
        this.#pulls.wake(shard)
      }),
      extend: tell(() => this.contents.extend(sequence, this.nowMs)),
    }
  }

  /** A receiver waits: check the shard again when something is due. */
  #arm(shard: number): void {
    this.#alarms.get(shard)?.cancel()
    const nextMs = this.contents.nextMs(shard)
    if (nextMs === undefined) return
    const alarm = this.#network.world.after(nextMs - this.nowMs, undefined, () => this.#pulls.wake(shard))
    this.#alarms.set(shard, alarm)
  }
}

interface Handed {
  readonly message: KeptMessage
  readonly isRepeat: boolean
  /** Incarnation of the mailbox that delivered it. */
  readonly incarnation: number
}

const unavailable = (reason: MailboxUnavailable["reason"]): MailboxUnavailable =>
  new MailboxUnavailable({ reason, detail: "simulated" })

/** Some of the items, at least one, in any order. */
const someOf = <A>(items: ReadonlyArray<A>, random: Randomness): ReadonlyArray<A> => {
  const left = [...items]
  const count = 1 + random.index(items.length)
  return Array.from({ length: count }, () => left.splice(random.index(left.length), 1)).flat()
}
