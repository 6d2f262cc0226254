/**
 * The content of a mailbox, as a server keeps it: messages that wait, are handed out, or are due later.
 *
 * Owns order, deduplication, redelivery and the limits. Every call is given the time. MailboxMemory.ts puts it
 * behind the port; the simulation puts a network with faults in between.
 */
import { typeOfKey } from "../address/ActorAddress.ts"
import { BacklogCounts } from "./BacklogCounts.ts"
import {
  type Acknowledged,
  type Backlog,
  MailboxRefused,
  MESSAGES_PER_ACTOR_MAX,
  type OutboundMessage,
  REDELIVERY_MS,
  type ScheduledMessage,
  UNACKNOWLEDGED_MAX,
} from "./Mailbox.ts"
import { MessageIds } from "./MessageIds.ts"

/** Time for which the id of a message is remembered, in milliseconds. */
export const MESSAGE_ID_WINDOW_MS = 120_000

/** Largest message by default: the limit of a nats-server with default settings, less room for headers. */
const messageBytesMaxDefault = 1024 * 1024 - 1024

export interface MailboxBounds {
  readonly messageBytesMax?: number
  readonly messagesPerActorMax?: number
  readonly unacknowledgedMax?: number
  readonly redeliveryMs?: number
  /** Time for which the id of a message is remembered, in milliseconds, default {@link MESSAGE_ID_WINDOW_MS}. */
  readonly messageIdWindowMs?: number
}

/** A message in the mailbox. */
export interface KeptMessage {
  readonly key: string
  readonly shard: number
  readonly id: string
  readonly sequence: number
  readonly data: Uint8Array
  readonly storedAtMs: number
  /** Whether the message was scheduled and became due. */
  readonly wasScheduled: boolean
  handedOutCount: number
  /** Time until which the message is handed out; meaningless while it waits. */
  untilMs: number
}

/** Whether a message is to an actor of one of these types. */
export const isOfTypes =
  (types: ReadonlyArray<string>) =>
  ({ key }: Pick<KeptMessage, "key">): boolean =>
    types.includes(typeOfKey(key))

/** Position of the message, as its delivery tells it. */
export const positionOf = ({ wasScheduled, sequence }: KeptMessage): { readonly position?: number } =>
  wasScheduled ? {} : { position: sequence }

/** Content of a mailbox at one time. */
export interface MailboxCopy {
  readonly lastSequence: number
  readonly messages: ReadonlyArray<KeptMessage>
  readonly schedules: ReadonlyArray<ScheduledMessage>
  readonly sentinels: ReadonlySet<string>
  readonly messageSentinels: ReadonlySet<string>
}

/** Part that is restored from a copy: published messages, or schedules and the messages that they became. */
export type MailboxPart = "messages" | "timers"

interface Shard {
  /** Messages in the order in which they will be handed out. */
  waiting: Array<KeptMessage>
  readonly handedOut: Map<number, KeptMessage>
  /** Schedules by time; at the same time in the order of their arrival. */
  readonly schedules: Array<ScheduledMessage>
}

export class MailboxContents {
  readonly messageBytesMax: number
  readonly #messagesPerActorMax: number
  readonly #unacknowledgedMax: number
  readonly #redeliveryMs: number
  readonly #shards = new Map<number, Shard>()
  readonly #kept = new Map<number, KeptMessage>()
  /** Sequences of the kept messages that were not scheduled, oldest first. */
  readonly #published = new Set<number>()
  readonly #countByActor = new Map<string, number>()
  /** The schedule of each slot. A schedule that is not here was replaced or removed. */
  readonly #slots = new Map<string, ScheduledMessage>()
  /** Sentinels among the schedules; `messageSentinels` are among the messages. */
  readonly sentinels = new Set<string>()
  readonly messageSentinels = new Set<string>()
  readonly #ids: MessageIds
  #lastSequence = 0
  /** Number of the mailbox; raised when a new mailbox replaces it. */
  #number = 1

  constructor(bounds: MailboxBounds = {}) {
    this.messageBytesMax = bounds.messageBytesMax ?? messageBytesMaxDefault
    this.#messagesPerActorMax = bounds.messagesPerActorMax ?? MESSAGES_PER_ACTOR_MAX
    this.#unacknowledgedMax = bounds.unacknowledgedMax ?? UNACKNOWLEDGED_MAX
    this.#redeliveryMs = bounds.redeliveryMs ?? REDELIVERY_MS
    this.#ids = new MessageIds(bounds.messageIdWindowMs ?? MESSAGE_ID_WINDOW_MS)
  }

  get lastSequence(): number {
    return this.#lastSequence
  }

  /** Messages that are not acknowledged, in the order of their arrival. */
  get messages(): Iterable<KeptMessage> {
    return this.#kept.values()
  }

  /** Messages that are due later. */
  get schedules(): Iterable<ScheduledMessage> {
    return this.#slots.values()
  }

  /** Keeps a message, unless its id came lately. Returns its position, or why it is refused. */
  publish(message: OutboundMessage, nowMs: number): MailboxRefused | number {
    const { key, shard } = message.address
    const tooLarge = this.#tooLarge(message)
    if (tooLarge !== undefined) return tooLarge
    this.#fire(shard, nowMs)
    const known = this.#ids.sequenceOf(message, nowMs)
    if (known !== undefined) return known
    const count = this.#countByActor.get(key) ?? 0
    if (count >= this.#messagesPerActorMax) {
      const detail = `${count} messages wait for ${key}`
      const hint = "Send again later; find out why the actor does not keep up."
      return new MailboxRefused({ reason: "Full", detail, hint })
    }
    const sequence = this.#keep(message, nowMs, false)
    this.#ids.add({ key, id: message.id, storedAtMs: nowMs, sequence })
    return sequence
  }

  /** How far the published messages of a shard are acknowledged. */
  acknowledged(shard: number, nowMs: number): Acknowledged {
    this.#fire(shard, nowMs)
    const known = { last: this.#lastSequence, mailboxId: `${this.#number}` }
    for (const sequence of this.#published) {
      if (this.#kept.get(sequence)?.shard === shard) return { first: sequence, ...known }
    }
    return { first: undefined, ...known }
  }

  /** Whether a message with this id came lately. */
  isKnown(message: Pick<OutboundMessage, "address" | "id">, nowMs: number): boolean {
    return this.#ids.sequenceOf(message, nowMs) !== undefined
  }

  /** The published message with this sequence. */
  messageAt(sequence: number): KeptMessage | undefined {
    const found = this.#kept.get(sequence)
    return found?.wasScheduled === false ? found : undefined
  }

  /** Keeps a message for later, and replaces the schedule of its slot. */
  schedule(message: ScheduledMessage, nowMs: number): MailboxRefused | undefined {
    const tooLarge = this.#tooLarge(message)
    if (tooLarge !== undefined) return tooLarge
    const { schedules } = this.#shard(message.address.shard)
    this.#fire(message.address.shard, nowMs)
    const later = schedules.findLastIndex(({ atMs }) => atMs <= message.atMs) + 1
    schedules.splice(later, 0, message)
    this.#slots.set(slotOf(message), message)
    return undefined
  }

  unschedule(address: OutboundMessage["address"], slot: string, nowMs: number): void {
    this.#fire(address.shard, nowMs)
    this.#slots.delete(slotOf({ address, slot }))
  }

  /** Loses all schedules, as if an operator had purged them. */
  loseSchedules(): void {
    this.#slots.clear()
    this.sentinels.clear()
  }

  copy(): MailboxCopy {
    return {
      lastSequence: this.#lastSequence,
      messages: Array.from(this.#kept.values(), (message) => ({ ...message })),
      schedules: [...this.#slots.values()],
      sentinels: new Set(this.sentinels),
      messageSentinels: new Set(this.messageSentinels),
    }
  }

  /**
   * Restores one part from a copy, like a stream from a backup: later messages are gone, messages that were
   * acknowledged later come again, only ids of restored messages are known, and sequences are given again.
   * Returns the messages that are gone.
   */
  restore(copy: MailboxCopy, part: MailboxPart): ReadonlyArray<KeptMessage> {
    const isOfPart = ({ wasScheduled }: KeptMessage) => wasScheduled === (part === "timers")
    const before = Array.from(this.#kept.values())
    const back = copy.messages.filter(isOfPart)
    const places = new Set(back.map(placeOf))
    this.#replaceMessages([...before.filter((message) => !isOfPart(message)), ...back], copy.lastSequence)
    if (part === "timers") this.#replaceSchedules(copy)
    else this.#knowOnly(back, copy.messageSentinels)
    return before.filter((message) => isOfPart(message) && !places.has(placeOf(message)))
  }

  /** Replaces the mailbox of the published messages with a new one. Returns the messages that are gone. */
  renew(): ReadonlyArray<KeptMessage> {
    const before = Array.from(this.#kept.values())
    this.#number++
    this.#knowOnly([], new Set())
    this.#replaceMessages(
      before.filter(({ wasScheduled }) => wasScheduled),
      0,
    )
    return before.filter(({ wasScheduled }) => !wasScheduled)
  }

  /** Raises the sequence as if `count` messages had come and been acknowledged. */
  grow(count: number): void {
    this.#lastSequence += count
  }

  /** Hands out waiting messages of a shard, within its limit and `countMax`. */
  take(
    shard: number,
    nowMs: number,
    countMax = this.#unacknowledgedMax,
    isWanted?: (message: KeptMessage) => boolean,
  ): ReadonlyArray<KeptMessage> {
    const own = this.#shard(shard)
    this.#fire(shard, nowMs)
    this.takeBack(
      shard,
      this.handedOut(shard).filter(({ untilMs }) => untilMs <= nowMs),
    )
    const roomCount = Math.max(0, this.#unacknowledgedMax - own.handedOut.size)
    const takenCount = Math.min(roomCount, countMax)
    const taken =
      isWanted === undefined
        ? own.waiting.splice(0, takenCount)
        : own.waiting.filter(isWanted).slice(0, takenCount)
    if (isWanted !== undefined) own.waiting = own.waiting.filter((message) => !taken.includes(message))
    for (const message of taken) {
      message.handedOutCount++
      message.untilMs = nowMs + this.#redeliveryMs
      own.handedOut.set(message.sequence, message)
    }
    return taken
  }

  /** Removes the message. Acknowledgements are not fenced: any caller may acknowledge it at any time. */
  acknowledge(sequence: number): void {
    const message = this.#kept.get(sequence)
    if (message === undefined) return
    this.#kept.delete(sequence)
    this.#published.delete(sequence)
    this.#countByActor.set(message.key, (this.#countByActor.get(message.key) ?? 1) - 1)
    const own = this.#shard(message.shard)
    if (!own.handedOut.delete(sequence)) own.waiting = own.waiting.filter((other) => other !== message)
  }

  /** Extends the time for which a message is handed out. */
  extend(sequence: number, nowMs: number): void {
    const message = this.#kept.get(sequence)
    if (message !== undefined) message.untilMs = nowMs + this.#redeliveryMs
  }

  /** Takes back all messages that are handed out, to hand them out again, oldest first. */
  restart(shard: number, isWanted: (message: KeptMessage) => boolean = () => true): void {
    this.takeBack(shard, this.handedOut(shard).filter(isWanted))
    this.#shard(shard).waiting.sort((left, right) => left.sequence - right.sequence)
  }

  /** Messages that are handed out and not acknowledged. */
  handedOut(shard: number): ReadonlyArray<KeptMessage> {
    return [...this.#shard(shard).handedOut.values()]
  }

  /** Takes back handed out messages, to hand them out again next, in this order. */
  takeBack(shard: number, messages: ReadonlyArray<KeptMessage>): void {
    const own = this.#shard(shard)
    const back = messages.filter(({ sequence }) => own.handedOut.delete(sequence))
    if (back.length > 0) own.waiting = [...back, ...own.waiting]
  }

  /** Messages that are not acknowledged, by shard and type of actor. */
  backlog(nowMs: number): ReadonlyArray<Backlog> {
    for (const shard of this.#shards.keys()) this.#fire(shard, nowMs)
    const counted = new BacklogCounts()
    for (const { key, shard } of this.#kept.values()) counted.add(shard, key, 1)
    return counted.all
  }

  /** Time at which something next happens in a shard without a call, Unix milliseconds. */
  nextMs(shard: number): number | undefined {
    const own = this.#shard(shard)
    this.#dropStale(own)
    let nextMs = own.schedules[0]?.atMs
    for (const { untilMs } of own.handedOut.values()) nextMs = Math.min(nextMs ?? untilMs, untilMs)
    return nextMs
  }

  #keep({ address, id, data }: OutboundMessage, storedAtMs: number, wasScheduled: boolean): number {
    const sequence = ++this.#lastSequence
    const { key, shard } = address
    const kept = { key, shard, id, sequence, data: data.slice(), storedAtMs, wasScheduled }
    this.#hold({ ...kept, handedOutCount: 0, untilMs: 0 })
    return sequence
  }

  #hold(message: KeptMessage): void {
    const { sequence, key, shard, wasScheduled } = message
    this.#kept.set(sequence, message)
    if (!wasScheduled) this.#published.add(sequence)
    this.#countByActor.set(key, (this.#countByActor.get(key) ?? 0) + 1)
    this.#shard(shard).waiting.push(message)
  }

  /** Nothing stays handed out. If two messages have the same sequence, the second one gets a new one. */
  #replaceMessages(messages: ReadonlyArray<KeptMessage>, lastSequence: number): void {
    this.#kept.clear()
    this.#published.clear()
    this.#countByActor.clear()
    for (const shard of this.#shards.values()) {
      shard.waiting = []
      shard.handedOut.clear()
    }
    this.#lastSequence = Math.max(lastSequence, ...messages.map(({ sequence }) => sequence))
    for (const message of [...messages].sort((left, right) => left.sequence - right.sequence)) {
      const sequence = this.#kept.has(message.sequence) ? ++this.#lastSequence : message.sequence
      this.#hold({ ...message, sequence, untilMs: 0 })
    }
  }

  #knowOnly(messages: ReadonlyArray<KeptMessage>, sentinels: ReadonlySet<string>): void {
    this.#ids.knowOnly(messages)
    this.messageSentinels.clear()
    for (const name of sentinels) this.messageSentinels.add(name)
  }

  #replaceSchedules({ schedules, sentinels }: MailboxCopy): void {
    this.loseSchedules()
    for (const name of sentinels) this.sentinels.add(name)
    for (const shard of this.#shards.values()) shard.schedules.length = 0
    for (const schedule of [...schedules].sort((left, right) => left.atMs - right.atMs)) {
      this.#slots.set(slotOf(schedule), schedule)
      this.#shard(schedule.address.shard).schedules.push(schedule)
    }
  }

  /** Turns schedules that are due into messages. */
  #fire(shard: number, nowMs: number): void {
    const own = this.#shard(shard)
    while (true) {
      this.#dropStale(own)
      const [first] = own.schedules
      if (first === undefined || first.atMs > nowMs) return
      own.schedules.shift()
      this.#slots.delete(slotOf(first))
      this.#keep(first, nowMs, true)
    }
  }

  #dropStale({ schedules }: Shard): void {
    const isCurrent = (schedule: ScheduledMessage) => this.#slots.get(slotOf(schedule)) === schedule
    const current = schedules.findIndex(isCurrent)
    schedules.splice(0, current < 0 ? schedules.length : current)
  }

  #tooLarge({ address, data }: OutboundMessage): MailboxRefused | undefined {
    if (data.length <= this.messageBytesMax) return undefined
    const detail = `the message to ${address.key} has ${data.length} bytes, the mailbox takes ${this.messageBytesMax}`
    return new MailboxRefused({
      reason: "TooLarge",
      detail,
      hint: "Send less, or a reference to where it is kept.",
    })
  }

  #shard(number: number): Shard {
    let shard = this.#shards.get(number)
    if (shard === undefined) {
      shard = { waiting: [], handedOut: new Map(), schedules: [] }
      this.#shards.set(number, shard)
    }
    return shard
  }
}

const slotOf = ({ address, slot }: Pick<ScheduledMessage, "address" | "slot">): string =>
  `${address.key} ${slot}`

/** Identifies a message among all messages that a mailbox ever held. */
const placeOf = ({ sequence, key, id }: KeptMessage): string => `${sequence} ${key} ${id}`
