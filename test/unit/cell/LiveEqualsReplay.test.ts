// biome-ignore-all lint/suspicious/noExplicitAny: machines that are made of data
/** For any machine and any course of events: what a cell knows from its own commits is what replaying them gives. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { assign, cancel, emit, fromPromise, raise, setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import type { CallOutcome } from "../../../runtime/call/Call.ts"
import type { InvalidCommand } from "../../../runtime/cell/AskError.ts"
import type { Command, Undecidable } from "../../../runtime/cell/Decide.ts"
import { applyRecord, type Confirmed, unborn } from "../../../runtime/cell/Fold.ts"
import { playRound } from "../../../runtime/cell/Round.ts"
import { commitOf, confirmedAt } from "../../../runtime/cell/RoundCommit.ts"
import type { Signal } from "../../../runtime/cell/Signal.ts"
import { decodeSnapshot, encodeSnapshot } from "../../../runtime/cell/Snapshot.ts"
import { WaitingCommand } from "../../../runtime/cell/Waiting.ts"
import { commandOf } from "../../../runtime/command/Ask.ts"
import { decodeCommit } from "../../../runtime/commit/Commit.ts"
import { type ActorDefinition, defineActor } from "../../../runtime/definition/Actor.ts"
import type { JournalRecord } from "../../../runtime/journal/Journal.ts"
import { compactStateName } from "../../../runtime/machine/StateName.ts"
import type { OutboxItem } from "../../../runtime/message/OutboxItem.ts"

const STATES = ["s0", "s1", "s2", "s3"] as const
const EVENTS = ["A", "B", "C"] as const

const target = fc.constantFrom<string>(...STATES, "past", "end")

const state = fc.record({
  on: fc.dictionary(
    fc.constantFrom(...EVENTS),
    fc.record({ target, reenter: fc.boolean(), count: fc.boolean() }),
    { maxKeys: 3 },
  ),
  self: fc.option(fc.constantFrom(...EVENTS), { nil: undefined }),
  after: fc.option(
    fc.record({ delay: fc.constantFrom<"short" | "grown" | 0>("short", "grown", 0), target }),
    {
      nil: undefined,
    },
  ),
  // The same id in several states on purpose.
  invoke: fc.option(fc.constantFrom("one", "two"), { nil: undefined }),
  raises: fc.option(fc.constantFrom("named", "nameless"), { nil: undefined }),
  cancels: fc.boolean(),
  /** Left again in the same macrostep at every third entry. */
  always: fc.option(target, { nil: undefined }),
})
type StateSpec = typeof state extends fc.Arbitrary<infer S> ? S : never

const machines = fc.record({
  isParallel: fc.boolean(),
  states: fc.tuple(state, state, state, state),
})

/** Sequences of a journal begin at 1. */
const place = fc.record({
  era: fc.integer({ min: 1, max: 10 }),
  sequence: fc.integer({ min: 1, max: 6 }),
  atMs: fc.nat(6),
})

/** Where a message comes from, and what its source says with it. */
const from = fc.option(fc.record({ origin: place, floor: fc.option(place, { nil: undefined }) }), {
  nil: undefined,
})

const moves = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        move: fc.constant("event" as const),
        type: fc.constantFrom(...EVENTS, "Unknown"),
        from,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ move: fc.constant("timer" as const), pick: fc.nat(9), isStale: fc.boolean() }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        move: fc.constant("call" as const),
        pick: fc.nat(9),
        isStale: fc.boolean(),
        ok: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ move: fc.constant("answer" as const), ok: fc.boolean(), from }) },
  ),
  { minLength: 1, maxLength: 25 },
)
type Move = typeof moves extends fc.Arbitrary<Array<infer M>> ? M : never

const nodeOf = ({ on, self, after, invoke, raises, cancels, always }: StateSpec) => ({
  entry: [
    assign({ n: ({ context }: { context: { n: number } }) => context.n + 1 }),
    ...(cancels ? [cancel("named")] : []),
    ...(raises === "named" ? [raise({ type: "A" }, { id: "named", delay: 500 })] : []),
    ...(raises === "nameless" ? [raise({ type: "B" }, { delay: 700 })] : []),
    emit({ type: "entered" }),
  ],
  on: {
    ...Object.fromEntries(
      Object.entries(on).map(([type, { target, reenter, count }]) => [
        type,
        {
          target,
          reenter,
          ...(count ? { actions: assign({ n: ({ context }: any) => context.n + 10 }) } : {}),
        },
      ]),
    ),
    ...(self === undefined
      ? {}
      : { [self]: { actions: assign({ n: ({ context }: any) => context.n + 100 }) } }),
  },
  ...(after === undefined ? {} : { after: { [after.delay]: after.target } }),
  ...(invoke === undefined
    ? {}
    : {
        invoke: {
          id: invoke,
          src: "work",
          input: ({ context }: any) => context.n,
          onDone: { target: "s1", actions: assign({ last: ({ event }: any) => event.output }) },
          onError: { target: "s2", actions: assign({ last: ({ event }: any) => event.error }) },
        },
      }),
  ...(always === undefined
    ? {}
    : {
        always: {
          target: always,
          guard: ({ context }: any) => context.n % 3 === 0,
          actions: assign({ n: ({ context }: any) => context.n + 1 }),
        },
      }),
})

const definitionOf = ({
  isParallel,
  states: [s0, s1, s2, s3],
}: {
  isParallel: boolean
  states: readonly [StateSpec, StateSpec, StateSpec, StateSpec]
}): ActorDefinition => {
  const region = {
    initial: "idle",
    states: {
      idle: { on: { A: "s0", B: "s1", C: "s2" } },
      s0: nodeOf(s0),
      s1: nodeOf(s1),
      s2: nodeOf(s2),
      s3: { ...nodeOf(s3), initial: "inner", states: { inner: { on: { C: "other" } }, other: {} } },
      past: { type: "history", history: "deep" },
      end: { type: "final" },
    },
  }
  const machine = (
    setup({
      types: {} as { context: { n: number; last?: unknown }; events: { type: string } },
      delays: { short: 1_000, grown: ({ context }) => context.n * 100 },
      actors: { work: fromPromise(async () => undefined) },
    }).createMachine as (config: unknown) => never
  )({
    context: { n: 0 },
    on: { "everstate.answered": { actions: assign({ last: ({ event }: any) => event.answer }) } },
    ...(isParallel ? { type: "parallel", states: { left: region, right: region } } : region),
  })
  return defineActor({
    type: "any",
    machine,
    publishes: [
      {
        type: "entered",
        version: 1,
        schema: { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } },
      } as never,
    ],
  } as never) as never
}

const address = addressOf("any", "1", 8)
const limits = (nowMs: number) => ({ commitBytesMax: 1_000_000, format: 2 as const, nowMs })

/** A cell without its fibers: rounds on a journal that is an array. */
class Course {
  readonly definition: ActorDefinition
  readonly records: Array<JournalRecord> = []
  readonly items: Array<OutboxItem> = []
  live: Confirmed
  nowMs = 1_000_000

  constructor(definition: ActorDefinition) {
    this.definition = definition
    this.live = unborn(definition, address.id)
  }

  play(group: ReadonlyArray<Move>): void {
    this.nowMs += 100
    const waiting = group.map((move, index) => {
      const commandId = `${this.records.length}.${index}`
      const item = this.#wanted(move, commandId)
      const { from = undefined } = "from" in move ? move : {}
      const sent = from && {
        origin: { source: "shard.1", index: 0, ...from.origin },
        floor: from.floor,
        message: { k: "command", id: commandId, c: { type: "Any" } } as const,
      }
      return new WaitingCommand(item, undefined, () => undefined, sent !== undefined, sent)
    })
    const round = playRound(this.definition, address, this.live, waiting, limits(this.nowMs))
    if (round.entries.length === 0) return
    const sequence = this.records.length + 1
    const data = commitOf(
      this.live,
      round,
      { format: 2, at: this.nowMs, epoch: 1 },
      { era: 7, w: sequence - 1 },
    )
    this.records.push({ key: address.key, sequence, data } as JournalRecord)
    for (const { proposal } of round.entries) this.items.push(...(proposal.entry.out ?? []))
    this.live = confirmedAt({ sequence, atMs: this.nowMs, era: 7 }, this.live, round)
    const { state } = this.live
    const { s, done = false } = decodeCommit(this.records.at(-1) as JournalRecord)
    expect([s, done]).toEqual([compactStateName(state.value), state.status === "done"])
  }

  #wanted(move: Move, commandId: string): Command | Signal | Undecidable {
    const signal = { _tag: "Signal", commandId, fingerprint: "", metadata: undefined, since: 0 } as const
    const picked = <A extends { readonly g: string }>(of: ReadonlyMap<string, A>, pick: number) => {
      const rows = [...of]
      return rows[pick % Math.max(1, rows.length)] ?? (["none", { g: "0.0" }] as const)
    }
    switch (move.move) {
      case "event":
        try {
          return commandOf(this.definition, address, { type: move.type }, {}, () => commandId)
        } catch (cause) {
          const error = cause as InvalidCommand
          const fingerprint = ""
          return {
            _tag: "Undecidable",
            commandId,
            fingerprint,
            metadata: undefined,
            replyTo: undefined,
            error,
          }
        }
      case "timer": {
        const [name, { g }] = picked(this.live.pending.timers, move.pick)
        const at = this.live.pending.timers.get(name)?.at ?? 0
        return { ...signal, kind: "timer", name, generation: move.isStale ? `${g}x` : g, at }
      }
      case "call": {
        const [name, { g }] = picked(this.live.pending.calls, move.pick)
        const outcome: CallOutcome = move.ok
          ? { ok: true, output: commandId }
          : { ok: false, error: { reason: "No", message: "no", attemptCount: 1 } }
        return {
          ...signal,
          kind: "call",
          name,
          generation: move.isStale ? `${g}x` : g,
          outcome,
        }
      }
      case "answer":
        return {
          ...signal,
          kind: "answer",
          name: "q",
          answer: move.ok ? { ok: true } : { ok: false, reason: "No", isRejection: true },
        }
    }
  }

  /** Waits for nothing that its states do not wait for. */
  check(): void {
    const { state, pending } = this.live
    const invoked = this.definition.machine.invocationsOf(state)
    for (const id of pending.calls.keys()) expect(invoked).toContain(id)
    if (state.status !== "active") expect(pending.timers.size + pending.calls.size).toBe(0)
  }

  replay(from: Confirmed): Confirmed {
    return this.records
      .filter(({ sequence }) => sequence > from.sequence)
      .reduce((confirmed, record) => applyRecord(this.definition, address, confirmed, record), from)
  }
}

const seen = ({ state, version, sequence, stamp, recent, origins, pending }: Confirmed) => ({
  value: state.value,
  context: state.context,
  status: state.status,
  history: JSON.stringify(state.historyValue),
  version,
  sequence,
  stamp,
  recent: recent.rows(),
  origins: origins.rows(),
  timers: new Map(pending.timers),
  calls: new Map(pending.calls),
})

describe("an actor", () => {
  it("is the same from its own commits, from their replay, and from any snapshot and the rest", () => {
    fc.assert(
      fc.property(
        machines,
        moves,
        fc.array(fc.integer({ min: 1, max: 4 })),
        fc.nat(24),
        (spec, all, sizes, at) => {
          const course = new Course(definitionOf(spec))
          let snapshot: ReturnType<typeof encodeSnapshot> | undefined
          const rest = [...all]
          for (let round = 0; rest.length > 0; round++) {
            course.play(rest.splice(0, sizes[round] ?? 1))
            if (round === at) snapshot = encodeSnapshot(course.definition, address, course.live)
            course.check()
          }
          const replayed = course.replay(unborn(course.definition, address.id))
          expect(seen(replayed)).toEqual(seen(course.live))
          if (snapshot !== undefined) {
            const decoded = decodeSnapshot(course.definition, address, snapshot)
            if ("unusable" in decoded) throw new Error(decoded.unusable)
            expect(seen(course.replay(decoded))).toEqual(seen(course.live))
          }
          // A generation is set once, and ended once.
          const set = course.items.filter(({ k }) => k === "timer" || k === "call") as Array<{
            n: string
            g: string
          }>
          expect(new Set(set.map(({ n, g }) => `${n} ${g}`)).size).toBe(set.length)
        },
      ),
      { numRuns: 500 },
    )
  })
})
