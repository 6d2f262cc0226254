/**
 * What a journal shows to those who use it: the kinds of outcome of its calls, as text (`append: AppendUnknown
 * InFlight`, `last: none`). With it a real journal is compared with the simulated one.
 *
 * Owns the recording, the list of what the simulated journal can show, which is produced by driving it through its
 * faults, and the list of what it has no notion of. Who compares: WatchedJournal.ts and the tests in
 * ../integration/nats.
 */
import { Effect, Stream } from "effect"
import { expect } from "vitest"
import { addressOf } from "../../runtime/address/ActorAddress.ts"
import type { Append, JournalRecord, JournalService } from "../../runtime/journal/Journal.ts"
import { FAULT_KINDS, shapeOf } from "../../runtime/testing/simulation/FaultKind.ts"
import { type FaultRates, Faults } from "../../runtime/testing/simulation/Faults.ts"
import { Network } from "../../runtime/testing/simulation/Network.ts"
import { SimulatedJournal } from "../../runtime/testing/simulation/SimulatedJournal.ts"
import { SimulatedProcess } from "../../runtime/testing/simulation/SimulatedProcess.ts"
import { World } from "../../runtime/testing/simulation/World.ts"

/** What a real journal may show although no simulated one does, each with the reason. */
const NOT_SIMULATED: ReadonlyArray<RegExp> = [
  // The stream's identity, settings, limits and rights are an operator's matter; simulated ones have none.
  /^\w+: JournalRefused (Missing|Replaced|Foreign|Unsafe|NotPermitted|Full)$/,
  // Those who ask for these two act on the answer alone: that none came has one consequence, whatever the reason.
  /^(lastSequence|check): JournalUnavailable (NoResponders|Other)$/,
]

export class JournalBehaviours {
  readonly seen = new Set<string>()

  /** The same journal, with every outcome noted. */
  watch(journal: JournalService): JournalService {
    return {
      partitionCount: journal.partitionCount,
      commitBytesMax: journal.commitBytesMax,
      appendTimeoutMs: journal.appendTimeoutMs,
      append: this.#watchAppend(journal.append),
      last: (address) =>
        this.#noted("last", journal.last(address), (record) => (record === undefined ? "none" : "record")),
      read: (address, range) => this.#noted("read", journal.read(address, range), nameOfPage),
      scan: (range) => this.#noted("scan", journal.scan(range), nameOfPage),
      follow: (from) =>
        journal.follow(from).pipe(
          Stream.tap((page) => Effect.sync(() => this.#note("follow", nameOfPage(page)))),
          Stream.tapError((error) => Effect.sync(() => this.#note("follow", nameOfFailure(error)))),
        ),
      lastSequence: (partition) =>
        this.#noted("lastSequence", journal.lastSequence(partition), () => "answered"),
      lastOfShard: (shard) => this.#noted("lastOfShard", journal.lastOfShard(shard), () => "answered"),
      check: this.#noted("check", journal.check, () => "answered"),
    }
  }

  #watchAppend(append: Append): Append {
    const { begin } = append
    const noted = (...given: Parameters<Append>) => this.#noted("append", append(...given), () => "stored")
    if (begin === undefined) return noted
    return Object.assign(noted, {
      begin: (...[address, expectedSequence, data, answer]: Parameters<typeof begin>) =>
        begin(address, expectedSequence, data, {
          stored: (sequence) => {
            this.#note("append", "stored")
            answer.stored(sequence)
          },
          failed: (error) => {
            this.#note("append", nameOfFailure(error))
            answer.failed(error)
          },
        }),
    })
  }

  /** Fails when something was seen that the simulated journal cannot show. */
  expectSimulated(): void {
    expect(this.notSimulated(), "shown here, and by no simulated journal").toEqual([])
  }

  /** What was seen, and neither the simulated journal shows nor is excepted. */
  notSimulated(): ReadonlyArray<string> {
    const simulated = simulatedBehaviours()
    const isExcepted = (behaviour: string) => NOT_SIMULATED.some((pattern) => pattern.test(behaviour))
    return [...this.seen].filter((behaviour) => !simulated.has(behaviour) && !isExcepted(behaviour)).sort()
  }

  #noted<A, E extends Failure>(call: string, effect: Effect.Effect<A, E>, nameOf: (answer: A) => string) {
    return effect.pipe(
      Effect.tap((answer) => Effect.sync(() => this.#note(call, nameOf(answer)))),
      Effect.tapError((error) => Effect.sync(() => this.#note(call, nameOfFailure(error)))),
    )
  }

  #note(call: string, outcome: string): void {
    this.seen.add(`${call}: ${outcome}`)
  }
}

interface Failure {
  readonly _tag: string
  readonly reason: string
}

const nameOfFailure = ({ _tag, reason }: Failure): string => `${_tag} ${reason}`

const nameOfPage = (page: ReadonlyArray<JournalRecord>): string => (page.length === 0 ? "empty" : "records")

/** How likely a call meets the fault of a run, and how many rounds of calls a run has. */
const STRIKE_CHANCE = 0.5
const ROUNDS = 60

/** Virtual time that a run may take at most. */
const RUN_MS_MAX = 3_600_000

const SHARD_COUNT = 8

/** Everything that the simulated journal shows: without faults, under each of its faults, and while it is away. */
export const simulatedBehaviours = (): ReadonlySet<string> => {
  const behaviours = new JournalBehaviours()
  const kinds = FAULT_KINDS.filter((kind) => shapeOf(kind).port?.startsWith("journal."))
  drive(behaviours, {})
  for (const kind of kinds) drive(behaviours, { [kind]: STRIKE_CHANCE })
  drive(behaviours, {}, (network, round) => {
    if (round % 4 === 2) network.takeDown("journal")
    else network.bringUp("journal")
  })
  return behaviours.seen
}

/** One simulated world whose one process makes every call of the journal, round after round. */
const drive = (
  behaviours: JournalBehaviours,
  rates: FaultRates,
  beforeRound: (network: Network, round: number) => void = () => undefined,
): void => {
  const world = new World(1)
  const network = new Network(world, new Faults(world, rates))
  const host = new SimulatedProcess(world, "node 1")
  const journal = behaviours.watch(new SimulatedJournal(network).connect(host))
  const address = addressOf("order", "a", SHARD_COUNT)
  const tooLarge = new Uint8Array(journal.commitBytesMax + 1)
  const calls = Effect.gen(function* () {
    let expected = 0
    for (let round = 0; round < ROUNDS; round++) {
      beforeRound(network, round)
      yield* Effect.ignore(journal.last(addressOf("order", `new ${round}`, SHARD_COUNT)))
      yield* Effect.ignore(journal.append(address, expected, new Uint8Array(1)))
      yield* Effect.ignore(journal.append(address, expected + 1_000, new Uint8Array(1)))
      yield* Effect.ignore(journal.append(address, expected, tooLarge))
      const last = yield* Effect.orElseSucceed(journal.last(address), () => undefined)
      expected = last?.sequence ?? expected
      yield* Effect.ignore(journal.read(address, { after: 0, upTo: expected }))
      yield* Effect.ignore(journal.read(address, { after: expected, upTo: expected }))
      yield* Effect.ignore(journal.scan({ after: 0, upTo: expected }))
      yield* Effect.ignore(journal.scan({ after: expected, upTo: expected }))
      yield* Effect.ignore(journal.lastSequence(0))
      yield* Effect.ignore(journal.lastOfShard(address.shard))
      yield* Effect.ignore(journal.check)
    }
  })
  let isOver = false
  host.fork(Stream.runDrain(journal.follow({ types: ["order"], after: 0, partition: 0 })))
  host.fork(
    Effect.ensuring(
      calls,
      Effect.sync(() => {
        isOver = true
      }),
    ),
  )
  const end = world.run({ untilMs: RUN_MS_MAX, stepsMax: Number.POSITIVE_INFINITY }, () => isOver)
  expect(end, "the simulated journal leaves a caller without an answer").toBe("done")
}
