/**
 * Judges deliveries: every item of a stored commit, and every message that the mailbox accepted, has its
 * effect once or becomes a dead letter. Nothing has an effect that was not sent. This holds however much time
 * or how many commands lie in between, and whichever stores are lost, except the journal.
 *
 * It decodes commits and messages itself. PendingChecker.ts judges timers and calls, which are allowed here.
 */
import type { DeadLetter } from "../../deadletter/DeadLetters.ts"
import type { AnyEvent } from "../../event/Event.ts"
import type { OutboundMessage } from "../../mailbox/Mailbox.ts"
import type { KeptMessage } from "../../mailbox/MailboxContents.ts"
import type { OutboxItem } from "../../message/OutboxItem.ts"
import { isReceipt, type Reference, type StoredCommit, type TrueActor } from "./Reference.ts"
import { decidedBy } from "./ReferenceDecision.ts"
import { newlySent, type Sent, type SentItem } from "./Sent.ts"
import { PROMISES, Violation } from "./Violation.ts"
import { WORLD_EPOCH_MS, type World } from "./World.ts"

/** Prefix of ids that only the runtime makes. */
const RESERVED_ID = "everstate:"

/** Form of the ids of items in commits. */
const RUNTIME_ID = /^everstate:\d+-[0-9a-z]+\.\d+(:answer)?$/

/** Commands that an actor remembers at least, unless its definition sets fewer. */
const REMEMBERED_COUNT = 1_000

export interface DeliveryRules {
  /** Whether one node serves every actor: a refused command was then not applied elsewhere. */
  readonly isStrict: boolean
  /** Whether that node always knows the outcome of its commits: messages then arrive in sending order. */
  readonly isOrdered: boolean
  /** Whether few processes crash: no message is then taken up too often. */
  readonly isOrderly: boolean
  /** How often clients have told a command with this id to a node; 0 for other commands. */
  readonly tellCount: (commandId: string) => number
}

const decoder = new TextDecoder()

export class DeliveryChecker {
  readonly #world: World
  readonly #reference: Reference
  readonly #rules: DeliveryRules
  /** Sent messages, by receiver and id. */
  readonly #sent = new Map<string, Sent>()
  /** Items of commits that the mailbox has not accepted yet. */
  readonly #waiting = new Set<Sent>()
  /** Ids of integration events in commits that are not published yet. */
  readonly #publications = new Set<string>()
  /** Ids of dead letters in commits that are not stored yet. */
  readonly #letters = new Set<string>()
  /** Order of the last applied message, by sender and receiver. */
  readonly #lastOrder = new Map<string, number>()

  constructor(world: World, reference: Reference, rules: DeliveryRules) {
    this.#world = world
    this.#reference = reference
    this.#rules = rules
  }

  /** Checks a stored commit. Throws {@link Violation}. */
  stored({ address }: TrueActor, commit: StoredCommit, sequence: number): void {
    let index = 0
    for (const item of commit.b?.out ?? []) this.#carried(address.key, item, commit.at, sequence, index++)
    for (const entry of commit.entries) {
      const { c, out } = entry
      if (isReceipt(entry) && out?.some(isRefusal)) this.#refused(address.key, c)
      else if (isReceipt(entry)) this.#received(address.key, c)
      else this.#applied(address.key, c, entry.o === undefined)
      for (const item of out ?? []) this.#carried(address.key, item, commit.at, sequence, index++)
    }
  }

  /**
   * Whether a command may be applied again, `since` commands after the first time. Items of commits and
   * reactors never may. A client's ask may when its id is forgotten, and so may a tell: as often as the mailbox
   * stored it, or once for each time that the client told it.
   */
  mayComeAgain({ address, definition }: TrueActor, commandId: string, since: number): boolean {
    if (commandId.startsWith(RESERVED_ID)) return false
    const sent = this.#sent.get(`${address.key} ${commandId}`)
    if (sent === undefined) return since > REMEMBERED_COUNT
    const isForgotten = since > Math.min(REMEMBERED_COUNT, definition.commandsRememberedCount)
    return isForgotten && sent.appliedCount < this.#timesToldOf(sent)
  }

  /** A tell that goes to the mailbox once and is told again to another node is there once, and decided once more. */
  #timesToldOf({ id, from, copyCount }: Sent): number {
    const tellCount = from === undefined ? this.#rules.tellCount(id) : 0
    return Math.max(copyCount, 1) + Math.max(tellCount - 1, 0)
  }

  /** The mailbox accepted a message; `isNew`: it did not know the id, and has stored it. */
  accepted({ address, data }: OutboundMessage, isNew: boolean): void {
    const message = JSON.parse(decoder.decode(data)) as {
      readonly id: string
      readonly k: string
      readonly c?: AnyEvent
    }
    const { id, k, c } = message
    const known = this.#sent.get(`${address.key} ${id}`)
    if (known !== undefined) {
      known.isAccepted = true
      if (isNew) known.copyCount++
      this.#waiting.delete(known)
      return
    }
    if (RUNTIME_ID.test(id)) {
      const request = this.#undecided(address.key, id)
      if (request !== undefined) this.#waiting.delete(request)
      return
    }
    if (k !== "command") return
    this.#expectTell(address.key, id, c, true)
  }

  /** The mailbox had a message, and its older copy lacks it. An item of a commit has to be sent again. */
  gone({ key, data }: Pick<KeptMessage, "key" | "data">): void {
    const sent = this.#sent.get(`${key} ${idIn(decoder.decode(data))}`)
    if (sent === undefined) return
    sent.isGone = true
    if (sent.from === undefined || sent.appliedCount > 0 || sent.isDead || sent.effect === "signal") return
    this.#waiting.add(sent)
    this.#world.mark("a message of a commit was lost with the mailbox")
  }

  /** Checks a dead letter. Throws {@link Violation}. */
  gaveUp({ key, original, reason, detail, messageId: letterId }: DeadLetter): void {
    this.#letters.delete(letterId)
    const messageId = idIn(original)
    const isDirect = letterId.startsWith(`${messageId}@tell.`)
    if (isDirect) this.#toldDirectly(key, messageId as string)
    const sent = this.#sent.get(`${key} ${messageId}`)
    if (sent === undefined) return
    sent.isDead = true
    this.#waiting.delete(sent)
    this.#world.mark("a message became a dead letter")
    if (reason === "AttemptsExhausted" && this.#rules.isOrderly) {
      const why = "a dead letter, though hardly a node went down"
      throw new Violation(PROMISES.delivered, `${messageId} for ${key} is ${why} (${detail})`)
    }
    // A tell that was decided without a copy in the mailbox and is there as well, or was stored twice, is two messages:
    // one may be applied, and the other refused.
    const isOne = sent.from !== undefined || sent.copyCount + sent.directCount <= 1
    if (sent.appliedCount > 0 && isOne && this.#rules.isStrict) {
      throw new Violation(
        PROMISES.delivered,
        `${messageId} for ${key} was applied, and is a dead letter (${reason})`,
      )
    }
  }

  published(id: string): void {
    this.#publications.delete(id)
  }

  /** Whether the mailbox has, or had, the message, or a dead letter has it. */
  wasAccepted(key: string, id: string): boolean {
    const sent = this.#sent.get(`${key} ${id}`)
    return sent !== undefined && (sent.isAccepted || sent.isDead)
  }

  /** Whether messages arrive in sending order. */
  get isOrdered(): boolean {
    return this.#rules.isOrdered
  }

  /** Whether the message was refused once, was stored twice, or was lost with the mailbox. */
  wasDisturbed(key: string, id: string): boolean {
    const sent = this.#sent.get(`${key} ${id}`)
    return sent !== undefined && (sent.isGone || sent.isDead || sent.copyCount + sent.directCount > 1)
  }

  /** An item of a commit that was not sent yet, in words. */
  get undispatched(): string | undefined {
    for (const { id, to } of this.#waiting) return `message ${id} to ${to} was not sent`
    for (const id of this.#publications) return `integration event ${id} was not published`
    for (const id of this.#letters) return `dead letter ${id} was not stored`
    return undefined
  }

  /** Checks the end of a run, when no work is left. Throws {@link Violation}. */
  atRest(): void {
    for (const sent of this.#sent.values()) {
      if (sent.appliedCount > 0 || sent.isDead || this.#isWithoutTrace(sent)) continue
      // The lost mailbox had the only copy of the message.
      if (sent.from === undefined && sent.isGone) continue
      const from = sent.from === undefined ? "a client" : sent.from
      throw new Violation(
        PROMISES.delivered,
        `${sent.id} (${sent.effect}) of ${from} never reached ${sent.to}`,
      )
    }
  }

  /** Forgets everything, because the journal was cut and is read anew. */
  reset(): void {
    this.#sent.clear()
    this.#waiting.clear()
    this.#publications.clear()
    this.#letters.clear()
    this.#lastOrder.clear()
  }

  #carried(from: string, item: OutboxItem, atMs: number, sequence: number, index: number): void {
    const id = `everstate:${sequence}-${atMs.toString(36)}.${index}`
    const order = sequence * ITEMS_MAX + index
    const sent = { id, from, order, command: undefined }
    switch (item.k) {
      case "tell": {
        const effect = item.n === undefined ? "command" : "request"
        return this.#expect({ ...sent, to: item.to, effect, command: item.c }, false)
      }
      case "answer":
        return this.#expectAnswer({ ...sent, id: `${item.re}:answer`, to: item.to, effect: "answer" })
      case "timer":
      case "call":
        return this.#expect({ ...sent, to: from, effect: "signal" }, true)
      case "publish":
        this.#publications.add(id)
        return
      default:
        if (isLetter(item)) this.#letters.add(letterIdOf(item) ?? id)
    }
  }

  /** An answer. The mailbox may have had it before, if its request was refused without a receipt and came again. */
  #expectAnswer(given: SentItem): void {
    this.#expect(given, false)
    const sent = this.#sent.get(`${given.to} ${given.id}`)
    const hasCome = this.#reference.actors.get(given.to)?.commands.has(given.id) === true
    if (sent !== undefined && hasCome) sent.appliedCount = Math.max(sent.appliedCount, 1)
  }

  #expect(given: SentItem, isAccepted: boolean): void {
    const key = `${given.to} ${given.id}`
    if (this.#sent.has(key)) return
    const sent = newlySent(given, isAccepted)
    this.#sent.set(key, sent)
    if (!isAccepted) this.#waiting.add(sent)
  }

  /** A client's tell was refused without a copy in the mailbox. */
  #toldDirectly(key: string, id: string): void {
    this.#expectTell(key, id, undefined, false).directCount++
    this.#world.mark("a tell was refused without the mailbox")
  }

  /** A client's tell. */
  #expectTell(to: string, id: string, command: AnyEvent | undefined, isAccepted: boolean): Sent {
    const known = this.#sent.get(`${to} ${id}`)
    if (known !== undefined) return known
    const sent = newlySent({ id, to, from: undefined, order: 0, effect: "command", command }, isAccepted)
    this.#sent.set(`${to} ${id}`, sent)
    return sent
  }

  #applied(key: string, commandId: string, isDirect: boolean): void {
    const isTell = this.#rules.tellCount(commandId) > 0
    const sent =
      this.#sent.get(`${key} ${commandId}`) ??
      (isTell ? this.#expectTell(key, commandId, undefined, false) : undefined)
    if (sent === undefined) {
      if (!RUNTIME_ID.test(commandId) || this.#isAnswerOfGiveUp(key, commandId)) return
      throw new Violation(
        PROMISES.carried,
        `${commandId} was applied to ${key}, and no stored commit carries it`,
      )
    }
    sent.appliedCount++
    if (isDirect && sent.from === undefined) sent.directCount++
    this.#waiting.delete(sent)
    if (sent.from !== undefined) this.#world.mark("a message of a commit was applied")
    // The message was refused, and delivered again before that was acknowledged. By then the actor may accept
    // it.
    if (sent.isDead) this.#world.mark("a dead letter was applied after all")
    if (this.#rules.isOrdered && sent.from !== undefined && sent.effect !== "signal") this.#inOrder(sent)
  }

  /** The receiver's commit refuses the command and carries the dead letter. */
  #refused(key: string, commandId: string): void {
    const sent = this.#sent.get(`${key} ${commandId}`)
    if (sent === undefined) return
    sent.isDead = true
    this.#waiting.delete(sent)
    this.#world.mark("a refusal was stored")
    if (this.#rules.isOrdered && sent.from !== undefined) this.#inOrder(sent)
  }

  /** The receiver's commit says that the message had no effect, or was a repeat. */
  #received(key: string, commandId: string): void {
    const sent = this.#sent.get(`${key} ${commandId}`)
    if (sent !== undefined) this.#waiting.delete(sent)
  }

  #inOrder({ id, from, to, order, isGone }: Sent): void {
    // An older mailbox had lost the message, so later messages may have come first.
    if (isGone) return this.#world.mark("a message that was lost with the mailbox was sent again")
    const pair = `${from} ${to}`
    const last = this.#lastOrder.get(pair) ?? 0
    if (order < last)
      throw new Violation(PROMISES.ordered, `${id} of ${from} reached ${to} after a later one`)
    this.#lastOrder.set(pair, order)
  }

  /**
   * Whether it is the answer to a request that could not be decided. No commit of the receiver carries it.
   */
  #isAnswerOfGiveUp(key: string, commandId: string): boolean {
    const request = this.#undecided(key, commandId)
    if (request !== undefined) request.isDead = true
    return request !== undefined
  }

  /** The request of `key` that the answer is about. */
  #undecided(key: string, answerId: string): Sent | undefined {
    const requestId = answerId.replace(/:answer$/, "")
    for (const sent of this.#sent.values()) {
      if (sent.id === requestId && sent.effect === "request" && sent.from === key) return sent
    }
    return undefined
  }

  /** Whether the command was decided and there was nothing to store. */
  #isWithoutTrace({ to, effect, command }: Sent): boolean {
    const actor = this.#reference.actors.get(to)
    if (effect === "signal") return true
    if (actor === undefined) return false
    if (effect === "answer") return !this.#listensForAnswers(actor)
    if (effect === "request" || command === undefined) return false
    const nowMs = WORLD_EPOCH_MS + this.#world.nowMs
    return actor.states.some((state) => decidedBy(command, actor, state, nowMs) === "nothing")
  }

  /** Whether the actor accepts answers in all states that it was in. */
  #listensForAnswers({ definition, address, states }: TrueActor): boolean {
    const event = { type: "everstate.answered", as: "", answer: { ok: true } }
    try {
      return states.every(
        (state) => definition.machine.transition(state, event as AnyEvent, address.id) !== undefined,
      )
    } catch {
      return true
    } finally {
      definition.machine.takeIntents()
    }
  }
}

/** A dead letter in a commit, in its stored form, because older nodes of this release may not know it. */
interface LetterItem {
  readonly k: "letter"
  readonly id?: string
}

const isLetter = (item: { readonly k: string }): boolean => item.k === "letter"

/** Whether an item stands for a refusal: a dead letter, or the answer to a refused request. */
const isRefusal = (item: { readonly k: string }): boolean => isLetter(item) || item.k === "answer"

const letterIdOf = (item: object): string | undefined => (item as LetterItem).id

/** The id of a message, or of the message in a dead letter; `undefined` if there is none. */
const idIn = (original: string): string | undefined => {
  try {
    return (JSON.parse(original) as { readonly id?: string } | null)?.id
  } catch {
    return undefined
  }
}

/** More items than any commit carries. */
const ITEMS_MAX = 1_000_000
