/**
 * Machines that nobody has thought of: drawn from a seed, with every construct that leaves a machine deterministic.
 *
 * Owns what is drawn. Chains of events that a machine raises come to an end, because each transition that is not for an event
 * from outside uses up fuel. Who runs them: GeneratedMachines.test.ts.
 */
import type { AnyStateMachine } from "xstate"
import { Randomness } from "../../runtime/testing/simulation/Randomness.ts"
import type { ConformanceCase, ConformanceStep, Note } from "./ConformanceCase.ts"
import {
  and,
  assign,
  cancel,
  emit,
  enqueueActions,
  fromPromise,
  fromTransition,
  type Loose,
  type LooseObject,
  machine,
  not,
  or,
  raise,
  sendParent,
  sendTo,
  spawnChild,
  stateIn,
  stopChild,
} from "./Loose.ts"

/** Events from outside. */
const OUTER = ["A", "B", "C.d", "C.e"]
/** Events that the machine sends to itself. */
const INNER = ["R0", "R1", "R2"]
const DEPTH_MAX = 3
const STEPS_MAX = 10
/** Transitions that a machine takes by itself. */
const FUEL = 20

interface Drawn {
  readonly id: string
  readonly kind: "atomic" | "compound" | "parallel" | "final" | "history"
  readonly children: ReadonlyArray<Drawn>
}

/** A machine that has children, one that is a child, or one with neither parent nor children. */
type Role = "parent" | "child" | "alone"

class Chart {
  readonly #random: Randomness
  readonly #note: Note
  readonly #prefix: string
  readonly #role: Role
  #stateCount = 0
  #wordCount = 0

  constructor(random: Randomness, note: Note, prefix: string, role: Role) {
    this.#random = random
    this.#note = note
    this.#prefix = prefix
    this.#role = role
  }

  config(): LooseObject {
    return {
      ...this.#state(this.#drawn(0, this.#random.chance(0.3) ? "parallel" : "compound")),
      context: () => ({ n: 0, fuel: FUEL, heard: [], ref: null, kept: undefined }),
      output: ({ context, event }) => ({ n: context.n, of: event.output }),
    }
  }

  #drawn(depth: number, kind: Drawn["kind"]): Drawn {
    const id = `${this.#prefix}${this.#stateCount++}`
    const count = kind === "compound" || kind === "parallel" ? 1 + this.#random.index(3) : 0
    const children = Array.from({ length: count }, (_, index) =>
      this.#drawn(depth + 1, this.#kind(kind, index, depth + 1 >= DEPTH_MAX)),
    )
    return { id, kind, children }
  }

  #kind(parent: Drawn["kind"], index: number, isLeaf: boolean): Drawn["kind"] {
    const inner = isLeaf
      ? "atomic"
      : this.#random.pick(["atomic", "compound", "compound", "parallel"] as const)
    if (index === 0) return inner
    if (this.#random.chance(0.2)) return "history"
    return parent === "compound" && this.#random.chance(0.2) ? "final" : inner
  }

  #state({ id, kind, children }: Drawn): LooseObject {
    if (kind === "history") return { id, type: "history", history: this.#random.pick(["deep", "shallow"]) }
    const entry = this.#actions()
    if (kind === "final") return { id, type: "final", entry, output: ({ context }) => context.n }
    return {
      id,
      entry,
      exit: this.#actions(),
      ...(kind === "parallel" ? { type: "parallel" } : {}),
      ...(kind === "compound" ? { initial: children[0]?.id } : {}),
      states: Object.fromEntries(children.map((child) => [child.id, this.#state(child)])),
      on: this.#on(),
      ...this.#sometimes(0.3, () => ({ tags: [this.#random.pick(["t1", "t2"])] })),
      ...this.#sometimes(0.25, () => ({
        after: { [this.#random.pick([10, 20, 30])]: this.#fuelled(this.#transition()) },
      })),
      ...this.#sometimes(0.2, () => ({ always: this.#fuelled(this.#transition()) })),
      ...this.#sometimes(kind === "atomic" ? 0 : 0.25, () => ({ onDone: this.#fuelled(this.#transition()) })),
      ...this.#sometimes(0.2, () => ({ invoke: this.#invoke() })),
    }
  }

  #sometimes(chance: number, draw: () => LooseObject): LooseObject {
    return this.#random.chance(chance) ? draw() : {}
  }

  #on(): LooseObject {
    const types = [...OUTER, ...INNER, "C.*", "*"].filter(() => this.#random.chance(0.3))
    return Object.fromEntries(
      types.map((type) => {
        const draw = () => (OUTER.includes(type) ? this.#transition() : this.#fuelled(this.#transition()))
        return [type, this.#random.chance(0.2) ? [draw(), draw()] : draw()]
      }),
    )
  }

  #anyState(): string {
    return `#${this.#prefix}${this.#random.index(this.#stateCount)}`
  }

  #transition(): LooseObject {
    return {
      ...this.#sometimes(0.7, () => ({ target: this.#anyState() })),
      ...this.#sometimes(0.3, () => ({ reenter: true })),
      ...this.#sometimes(0.4, () => ({ guard: this.#guard() })),
      actions: this.#actions(),
    }
  }

  /** A transition that the machine takes by itself, as long as it has fuel. */
  #fuelled({ guard, actions, ...transition }: LooseObject): LooseObject {
    const hasFuel = ({ context }: { context: { fuel: number } }) => context.fuel > 0
    return {
      ...transition,
      guard: guard === undefined ? hasFuel : and([hasFuel, guard]),
      actions: [assign({ fuel: ({ context }) => context.fuel - 1 }), ...(actions as ReadonlyArray<Loose>)],
    }
  }

  #guard(): Loose {
    const odd = ({ context }: { context: { n: number } }) => context.n % 2 === 1
    return this.#random.pick<() => Loose>([
      () => odd,
      () => not(odd),
      () => or([odd, "isSmall"]),
      () => ({ type: "isBelow", params: { n: this.#random.index(6) } }),
      () => stateIn(this.#anyState()),
    ])()
  }

  #invoke(): LooseObject {
    const keep = assign({ kept: ({ event }) => event.output ?? event.error })
    const end = (): LooseObject => {
      const { actions, ...transition } = this.#fuelled(this.#transition())
      return { ...transition, actions: [keep, ...(actions as ReadonlyArray<Loose>)] }
    }
    const calls = ["right", "wrong", "never"]
    const src = this.#random.pick(this.#role === "parent" ? [...calls, "child", "tally"] : calls)
    const onSnapshot = { actions: assign({ kept: ({ event }) => event.snapshot.context.n }) }
    return {
      src,
      id: `call-${this.#prefix}${this.#wordCount++}`,
      input: ({ context }) => ({ n: context.n }),
      onDone: end(),
      ...this.#sometimes(src === "wrong" ? 0.8 : 0.4, () => ({ onError: end() })),
      ...(src === "tally" ? { onSnapshot } : {}),
    }
  }

  #actions(): ReadonlyArray<Loose> {
    return Array.from({ length: this.#random.index(3) }, () => this.#action())
  }

  #action(): Loose {
    const word = `${this.#prefix}-w${this.#wordCount++}`
    const type = this.#random.pick(INNER)
    const hear = assign({ heard: ({ context }) => [...context.heard.slice(-5), word] })
    const inc = assign({ n: ({ context }) => context.n + 1 })
    const value = this.#value()
    const timer = { delay: 10 + this.#random.index(3) * 5, id: this.#random.pick(["x", "y", word]) }
    const child = this.#random.pick(["k1", "k2", "k3"])
    const own: ReadonlyArray<Loose> = [
      inc,
      hear,
      ({ context }: { context: { n: number } }) => this.#note(`${word} ${context.n}`),
      raise({ type }),
      raise({ type }, timer),
      cancel(timer.id),
      emit(({ context }) => ({ type: "e", n: context.n, word })),
      assign({ kept: () => value() }),
      sendTo(({ self }) => self, { type }),
      enqueueActions(({ enqueue, check }) => {
        if (check("isSmall")) enqueue.raise({ type })
        enqueue(hear)
        enqueue(inc)
      }),
    ]
    const asParent: ReadonlyArray<Loose> = [
      spawnChild("tally", { id: child }),
      stopChild(child),
      assign({ ref: ({ context, spawn }) => context.ref ?? spawn("child", { id: "ref", input: {} }) }),
      enqueueActions(({ enqueue, context }) => {
        if (context.ref !== null) enqueue.sendTo(context.ref, { type: "A" })
      }),
    ]
    const up = sendParent({ type: this.#random.pick(OUTER) }, { delay: 40 })
    const asChild: ReadonlyArray<Loose> = [
      // Parent and child would send to each other for ever.
      enqueueActions(({ enqueue, context }) => {
        if (context.fuel === 0) return
        enqueue.assign({ fuel: context.fuel - 1 })
        enqueue(up)
      }),
    ]
    const more = { parent: asParent, child: asChild, alone: [] }[this.#role]
    return this.#random.pick([...own, ...more])
  }

  #value(): () => unknown {
    return this.#random.pick<() => unknown>([
      () => undefined,
      () => [Number.NaN, -0],
      () => new Date(5),
      () => new Map([["a", new Set([1])]]),
      () => 3n,
      () => ({ u: undefined, at: /x/u }),
    ])
  }
}

const steps = (random: Randomness): ReadonlyArray<ConformanceStep> =>
  Array.from({ length: 4 + random.index(STEPS_MAX - 4) }, () =>
    random.chance(0.3) ? random.pick([5, 10, 15, 50]) : random.pick(OUTER),
  )

const parts = (children: LooseObject): LooseObject => ({
  guards: { isSmall: ({ context }) => context.n < 4, isBelow: ({ context }, { n }) => context.n < n },
  actors: {
    right: fromPromise(async ({ input }) => ({ got: input.n })),
    wrong: fromPromise(async ({ input }) => {
      throw Object.assign(new Error(`wrong ${input.n}`), { code: input.n })
    }),
    never: fromPromise(() => new Promise(() => undefined)),
    ...children,
  },
})

/** The machine of a seed, without children. */
export const machineAlone = (seed: number): AnyStateMachine =>
  machine(new Chart(new Randomness(seed, "alone"), () => undefined, "s", "alone").config(), parts({}))

/** The machine of a seed, with children. */
export const machineWithChildren = (seed: number, note: Note): AnyStateMachine => {
  const random = new Randomness(seed, "machine")
  const child = machine(new Chart(random.stream("child"), note, "c", "child").config(), parts({}))
  const tally = fromTransition((state) => ({ n: state.n + 1 }), { n: 0 })
  return machine(new Chart(random.stream("parent"), note, "s", "parent").config(), parts({ child, tally }))
}

/** The machine and the events of a seed. */
export const generatedCase = (seed: number): ConformanceCase => ({
  name: `seed ${seed}`,
  machine: (note) => machineWithChildren(seed, note),
  steps: steps(new Randomness(seed, "steps")),
  emits: ["e"],
  ends: {},
})
