/** Every message that an actor has handled is in its journal by its origin, so it is applied once, however late it comes again. */
import { Effect, Exit } from "effect"
import { describe, expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import type { InvalidCommand } from "../../../runtime/cell/AskError.ts"
import type { Command, Undecidable } from "../../../runtime/cell/Decide.ts"
import { applyRecord, type Confirmed, unborn } from "../../../runtime/cell/Fold.ts"
import { playRound } from "../../../runtime/cell/Round.ts"
import { commitOf, confirmedAt } from "../../../runtime/cell/RoundCommit.ts"
import type { Signal } from "../../../runtime/cell/Signal.ts"
import { decodeSnapshot, encodeSnapshot } from "../../../runtime/cell/Snapshot.ts"
import { WaitingCommand } from "../../../runtime/cell/Waiting.ts"
import { commandOf } from "../../../runtime/command/Ask.ts"
import { type Commit, type CommitFormat, decodeCommit } from "../../../runtime/commit/Commit.ts"
import { carryingOf, itemsOf } from "../../../runtime/commit/PlacedItem.ts"
import type { ActorDefinition } from "../../../runtime/definition/Actor.ts"
import type { JournalRecord } from "../../../runtime/journal/Journal.ts"
import type { CommandMessage } from "../../../runtime/mailbox/Message.ts"
import type { Floor, Origin } from "../../../runtime/message/Origin.ts"
import { dispatchItem } from "../../../runtime/outbox/Dispatcher.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

const address = addressOf("counter", "a", 8)
const asker = { to: "desk/d", as: "ask", re: "everstate:7-a.0" }

/** The origin of a message whose commit has this sequence. */
const origin = (sequence: number, era = 1): Origin => ({
  source: "shard.3",
  era,
  sequence,
  index: 0,
  atMs: sequence * 10,
})

/** A message to the counter: the command, unless its schema refuses it. */
const messageOf = (
  command: CommandMessage["c"],
  from: Origin,
  more: { readonly id?: string; readonly floor?: Floor; readonly isRequest?: boolean } = {},
) => {
  const { id = `everstate:${from.sequence}-${from.atMs.toString(36)}.${from.index}`, floor } = more
  const replyTo = more.isRequest === true ? asker : undefined
  let decided: Command | Undecidable
  try {
    decided = { ...commandOf(Counter, address, command, {}, () => id), replyTo }
  } catch (cause) {
    const error = cause as InvalidCommand
    decided = { _tag: "Undecidable", commandId: id, fingerprint: "", metadata: undefined, replyTo, error }
  }
  const message = { k: "command", id, c: command } as const
  return { command: decided, sent: { origin: from, floor, message } }
}

const add = (by: number, from: Origin, more: Parameters<typeof messageOf>[2] = {}) =>
  messageOf({ type: "Add", by }, from, more)

type Given = { readonly command: Command | Undecidable | Signal } & Partial<ReturnType<typeof messageOf>>

/** A cell without its fibers: rounds on a journal that is an array. */
class Actor {
  readonly records: Array<JournalRecord> = []
  live: Confirmed
  readonly format: CommitFormat
  readonly definition: ActorDefinition
  readonly commitBytesMax: number

  constructor(format: CommitFormat = 2, definition: ActorDefinition = Counter, commitBytesMax = 1_000_000) {
    this.format = format
    this.definition = definition
    this.commitBytesMax = commitBytesMax
    this.live = unborn(this.definition, address.id)
  }

  /** One round; the answers, in order. */
  play(...given: ReadonlyArray<Given>): ReadonlyArray<unknown> {
    const answers: Array<unknown> = given.map(() => "none")
    const waiting = given.map(({ command, sent }, index) => {
      const answer = (exit: Exit.Exit<{ readonly duplicate: boolean }, { readonly _tag: string }>) => {
        answers[index] = Exit.match(exit, {
          onSuccess: ({ duplicate }) => (duplicate ? "repeat" : "done"),
          onFailure: (cause) => (cause.reasons[0] as unknown as { error: { _tag: string } }).error._tag,
        })
      }
      return new WaitingCommand(command, undefined, answer as never, sent !== undefined, sent)
    })
    const { commitBytesMax, format } = this
    const round = playRound(this.definition, address, this.live, waiting, {
      commitBytesMax,
      format,
      nowMs: 1_000,
    })
    if (round.entries.length > 0) {
      const sequence = this.records.length + 1
      const data = commitOf(this.live, round, { format, at: 1_000, epoch: 1 }, { era: 7, w: sequence - 1 })
      this.records.push({ key: address.key, sequence, data })
      this.live = confirmedAt({ sequence, atMs: 1_000, era: format === 2 ? 7 : 1 }, this.live, round)
    }
    for (const answer of round.answers) answer(this.live)
    return answers
  }

  get commits(): ReadonlyArray<Commit> {
    return this.records.map(decodeCommit)
  }

  get last(): unknown {
    return this.commits.at(-1)?.entries.at(-1)
  }

  get total(): number {
    return this.live.state.context["total"]
  }

  replayed(from = unborn(this.definition, address.id)): Confirmed {
    return this.records
      .filter(({ sequence }) => sequence > from.sequence)
      .reduce((confirmed, record) => applyRecord(this.definition, address, confirmed, record), from)
  }
}

describe.each<CommitFormat>([1, 2])("a message with an origin, in format %i", (format) => {
  it("is applied once, also after more other commands than are remembered", () => {
    const actor = new Actor(format, { ...Counter, commandsRememberedCount: 3 } as never)
    expect(actor.play(add(5, origin(1)))).toEqual(["done"])
    for (let sequence = 2; sequence < 20; sequence++) actor.play(add(0, origin(sequence)))
    expect(actor.play(add(5, origin(1)))).toEqual(["repeat"])
    expect(actor.total).toBe(5)
    expect(actor.records).toHaveLength(19)
  })

  it("is applied once that is in a group twice", () => {
    const actor = new Actor(format)
    expect(actor.play(add(5, origin(1)), add(5, origin(1)), add(1, origin(2)))).toEqual([
      "done",
      "repeat",
      "done",
    ])
    expect(actor.total).toBe(6)
    expect(actor.commits[0]?.entries).toHaveLength(2)
  })

  it("is no repeat of one from another era, or of another time", () => {
    const actor = new Actor(format)
    actor.play(add(1, origin(1), { id: "a" }))
    expect(actor.play(add(1, origin(1, 2), { id: "b" }))).toEqual(["done"])
    expect(actor.play(add(1, { ...origin(1), atMs: 11 }, { id: "c" }))).toEqual(["done"])
    expect(actor.total).toBe(3)
  })

  it("is a repeat below a floor of its source that came with another message", () => {
    const actor = new Actor(format)
    const floor = { era: 1, sequence: 4, atMs: 40 }
    expect(actor.play(add(1, origin(5), { floor }), add(1, origin(4)))).toEqual(["done", "repeat"])
    expect(actor.play(add(1, origin(3)), add(1, origin(6)))).toEqual(["repeat", "done"])
    expect(actor.live.origins.rows()).toEqual([
      [
        "shard.3",
        [0, 0],
        [[1, 4, 40]],
        [
          [1, 5, 0, 50],
          [1, 6, 0, 60],
        ],
      ],
    ])
  })

  it("leaves an entry where nothing is to be stored, and is then a repeat", () => {
    const actor = new Actor(format)
    const nothing = messageOf({ type: "Nothing" }, origin(1))
    expect(actor.play(nothing)).toEqual(["done"])
    expect(actor.last).toMatchObject({ ev: [], o: ["shard.3", 1, 1, 0, 10], no: true })
    expect(actor.play(nothing)).toEqual(["repeat"])
    expect(actor.live.recent.size).toBe(0)
  })

  it("leaves an entry where its id is known, so that it stays known", () => {
    const actor = new Actor(format)
    const { command } = add(5, origin(1))
    actor.play({ command })
    expect(actor.play(add(5, origin(1)))).toEqual(["repeat"])
    expect(actor.last).toMatchObject({ ev: [], o: ["shard.3", 1, 1, 0, 10], no: true })
    expect(actor.live.origins.has(origin(1))).toBe(true)
    expect(actor.total).toBe(5)
  })

  it("is known from the replay, and from a snapshot and the rest, as from its own commits", () => {
    const actor = new Actor(format)
    const floor = { era: 1, sequence: 1, atMs: 10 }
    actor.play(add(1, origin(1)), add(1, origin(2)), messageOf({ type: "Nothing" }, origin(3)))
    const snapshot = encodeSnapshot(Counter, address, actor.live)
    actor.play(add(1, origin(4), { floor }), messageOf({ type: "Refuse" }, origin(5)))
    const fromSnapshot = decodeSnapshot(Counter, address, snapshot)
    if ("unusable" in fromSnapshot) throw new Error(fromSnapshot.unusable)
    const rows = actor.live.origins.rows()
    expect(rows[0]?.[3]).toHaveLength(format === 1 ? 3 : 4)
    for (const confirmed of [actor.replayed(), actor.replayed(fromSnapshot)]) {
      expect(confirmed.origins.rows()).toEqual(rows)
      expect(confirmed.recent.rows()).toEqual(actor.live.recent.rows())
    }
  })

  it("is read from a snapshot of an earlier release as none", () => {
    const actor = new Actor(format)
    actor.play(add(1, origin(1)))
    const { state, ...row } = encodeSnapshot(Counter, address, actor.live)
    const { origins: _, ...older } = JSON.parse(state)
    const decoded = decodeSnapshot(Counter, address, { ...row, state: JSON.stringify(older) })
    if ("unusable" in decoded) throw new Error(decoded.unusable)
    expect(decoded.origins.rows()).toEqual([])
  })
})

describe("a refused message", () => {
  const refuse = (from: Origin) => messageOf({ type: "Refuse" }, from)

  it("is an entry with its dead letter, and a repeat when it comes again", () => {
    const actor = new Actor()
    expect(actor.play(refuse(origin(1)), refuse(origin(1)))).toEqual(["done", "repeat"])
    expect(actor.play(refuse(origin(1)))).toEqual(["repeat"])
    expect(actor.records).toHaveLength(1)
    expect(actor.last).toMatchObject({
      c: "everstate:1-a.0",
      ev: [],
      out: [
        {
          k: "letter",
          id: "everstate:1-a.0@shard.3.1.1.0",
          reason: "Rejected",
          m: '{"v":1,"k":"command","id":"everstate:1-a.0","c":{"type":"Refuse"}}',
        },
      ],
      o: ["shard.3", 1, 1, 0, 10],
      no: true,
    })
  })

  it("is not remembered as a command: sent again by an operator it is decided anew", () => {
    const actor = new Actor()
    actor.play({ ...messageOf({ type: "Close" }, origin(1)) })
    const late = add(1, origin(2))
    actor.play(late)
    expect(actor.live.recent.get("everstate:2-k.0")).toBeUndefined()
    expect(actor.replayed().recent.get("everstate:2-k.0")).toBeUndefined()
    expect(actor.play({ command: late.command })).toEqual(["CommandRejected"])
  })

  it("is a dead letter too where its command is unknown, its id was used, or user code threw", () => {
    const actor = new Actor()
    actor.play(add(1, origin(1)))
    const reused = add(7, origin(2), { id: "everstate:1-a.0" })
    expect(actor.play(messageOf({ type: "Dance" }, origin(3)), reused)).toEqual(["done", "done"])
    expect(actor.play(messageOf({ type: "Throw" }, origin(4)))).toEqual(["done"])
    const reasons = actor.commits.flatMap(({ entries }) =>
      entries.flatMap(({ out = [] }) => out.map((item) => item.k === "letter" && item.reason)),
    )
    expect(reasons).toEqual(["Malformed", "Refused", "Failed"])
    expect(actor.live.recent.size).toBe(1)
    expect(actor.play(add(1, origin(9), { id: "everstate:1-a.0" }))).toEqual(["repeat"])
  })

  it("that is a request is answered by its entry", () => {
    const actor = new Actor()
    actor.play(messageOf({ type: "Throw" }, origin(1), { isRequest: true }))
    expect(actor.last).toMatchObject({
      out: [{ k: "answer", to: "desk/d", n: "ask", a: { ok: false, reason: "Failed", isRejection: false } }],
      no: true,
    })
    actor.play(messageOf({ type: "Refuse" }, origin(2), { isRequest: true }))
    expect(actor.last).toMatchObject({ out: [{ a: { ok: false, isRejection: true } }] })
  })

  it("that would store too much is a letter, and refused without an entry where that is too large as well", () => {
    const actor = new Actor(2, Counter, 4_000)
    expect(actor.play(messageOf({ type: "Echo", length: 10_000 }, origin(1)))).toEqual(["done"])
    expect(actor.last).toMatchObject({ out: [{ k: "letter", reason: "Refused" }] })
    const large = messageOf({ type: "Note", text: "x".repeat(10_000) }, origin(2))
    expect(actor.play(large, add(1, origin(3)))).toEqual(["PayloadTooLarge", "done"])
    expect(actor.live.origins.has(origin(2))).toBe(false)
  })

  it("waits for the next commit where its letter has no room in this one", () => {
    const actor = new Actor(2, Counter, 4_000)
    const noted = messageOf({ type: "Note", text: "x".repeat(2_000) }, origin(1))
    const refused = messageOf({ type: "Refuse", why: "y".repeat(2_000) }, origin(2))
    expect(actor.play(noted, refused)).toEqual(["done", "none"])
    expect(actor.commits[0]?.entries).toHaveLength(1)
  })

  it("in format 1 stays a refusal without an entry", () => {
    const actor = new Actor(1)
    expect(actor.play(refuse(origin(1)))).toEqual(["CommandRejected"])
    expect(actor.play(messageOf({ type: "Dance" }, origin(2)))).toEqual(["InvalidCommand"])
    expect(actor.records).toEqual([])
    expect(actor.live.origins.size).toBe(0)
  })

  it("without an origin stays a refusal without an entry", () => {
    const actor = new Actor()
    expect(actor.play({ command: refuse(origin(1)).command })).toEqual(["CommandRejected"])
    expect(actor.records).toEqual([])
  })
})

describe("an answer", () => {
  it("that nothing listens for leaves an entry with its origin, and comes to nothing once", () => {
    const actor = new Actor()
    const command: Signal = {
      _tag: "Signal",
      kind: "answer",
      commandId: "everstate:1-a.0:answer",
      fingerprint: "",
      metadata: undefined,
      since: 0,
      name: "ask",
      answer: { ok: true },
    }
    const message = { k: "answer", id: command.commandId, n: "ask", a: { ok: true } } as const
    const given = { command, sent: { origin: origin(1), floor: undefined, message } }
    expect(actor.play(given as never)).toEqual(["done"])
    expect(actor.last).toMatchObject({ c: command.commandId, ev: [], o: ["shard.3", 1, 1, 0, 10], no: true })
    expect(actor.play(given as never)).toEqual(["repeat"])
  })
})

describe("a commit of format 2", () => {
  it("tells the watermark, the state it leads to, and that the machine is done", () => {
    const actor = new Actor()
    actor.play(messageOf({ type: "Close" }, origin(1)))
    expect(actor.commits[0]).toMatchObject({ v: 2, w: 0, s: "closed" })
    expect(actor.commits[0]?.done).toBeUndefined()
  })
})

it("the letter in a commit is stored under its id and the time of the commit", async () => {
  const messaging = new MessagingMemory()
  const { mailbox, publisher, deadLetters } = messaging
  const ports = { mailbox, publisher, deadLetters, namespace: "test", shardCount: 8 }
  const actor = new Actor()
  actor.play(messageOf({ type: "Refuse" }, origin(1)), messageOf({ type: "Refuse" }, origin(2)))
  const placed = itemsOf(address, 1, 1_000, carryingOf(actor.commits[0] as Commit))
  // Sent again after a crash.
  for (const item of [...placed, ...placed]) await Effect.runPromise(dispatchItem(ports, item))
  const letters = [...deadLetters.letters.values()]
  expect(letters.map(({ messageId }) => messageId)).toEqual([
    "everstate:1-a.0@shard.3.1.1.0",
    "everstate:2-k.0@shard.3.1.2.0",
  ])
  expect(letters[0]).toMatchObject({ key: "counter/a", reason: "Rejected", atMs: 1_000, attemptCount: 1 })
  expect(JSON.parse(letters[0]?.original ?? "")).toEqual({
    v: 1,
    k: "command",
    id: "everstate:1-a.0",
    c: { type: "Refuse" },
  })
})
