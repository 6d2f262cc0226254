/**
 * Steps of flat machines: one active state, and actions that are `assign` or custom. Most steps of most
 * machines are like that. XState's own steps, which are made for nested and parallel states, cost three times
 * as much.
 *
 * Owns which steps are flat and their results, which are exactly XState's
 * (test/unit/machine/FlatMachine.test.ts compares). Every other step is left to XState. Who asks: Machine.ts.
 */
import type { AnyActorScope, AnyEventObject, AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from "xstate"
import { evaluateGuard } from "xstate/guards"

/** Result of a step that XState has to do. */
export const LEFT_TO_XSTATE = undefined

type Transition = NonNullable<AnyStateNode["always"]>[number]

interface ActionArgs {
  readonly context: unknown
  readonly event: AnyEventObject
  readonly self: unknown
  readonly system: unknown
}

type Expression = (args: ActionArgs & { readonly spawn?: unknown }, params: unknown) => unknown

/** An action of a flat step. With `assignment` it is an `assign`, otherwise a custom action. */
interface FlatAction {
  readonly type: string
  readonly exec: unknown
  readonly params: unknown
  readonly assignment: Expression | { readonly [field: string]: unknown } | undefined
}

interface FlatStep {
  readonly actions: ReadonlyArray<FlatAction>
  /** The state that is entered; absent if the state stays. */
  readonly target: AnyStateNode | undefined
}

/** Parts of a snapshot that are the same whenever the state is entered. */
interface Entered {
  readonly value: unknown
  readonly _nodes: ReadonlyArray<AnyStateNode>
}

/** Number of microsteps after which a chain of `always` is left to XState, which has the limit. */
const MICROSTEPS_MAX = 100

export class FlatMachine {
  readonly #machine: AnyStateMachine
  readonly #scope: AnyActorScope
  readonly #steps = new WeakMap<Transition, FlatStep | "NotFlat">()
  /** Result of {@link isQuiet} for each state that was met. */
  readonly #areQuiet = new Map<AnyStateNode, boolean>()
  readonly #entered = new Map<AnyStateNode, Entered>()
  /** Snapshot of every actor at birth, except for its context; `undefined` before the first birth. */
  #template: AnyMachineSnapshot | "NotFlat" | undefined
  #hasSpawned = false

  constructor(machine: AnyStateMachine, scope: AnyActorScope) {
    this.#machine = machine
    this.#scope = scope
  }

  /**
   * The state after `event`, or {@link LEFT_TO_XSTATE}: then everything that was captured meanwhile is void.
   * Throws what user code throws.
   */
  transition(from: AnyMachineSnapshot, event: AnyEventObject): AnyMachineSnapshot | typeof LEFT_TO_XSTATE {
    if (!this.#isFlat(from)) return LEFT_TO_XSTATE
    const transitions = this.#machine.getTransitionData(from, event)
    const transition = transitions[0]
    if (transition === undefined || transitions.length > 1) return LEFT_TO_XSTATE
    const next = this.#taken(from, transition, event)
    return next && this.#settled(next, event)
  }

  /** The state of an actor at its birth, or {@link LEFT_TO_XSTATE}. Throws what user code throws. */
  birth(input: unknown): AnyMachineSnapshot | typeof LEFT_TO_XSTATE {
    const template = this.#template
    if (template === undefined || template === "NotFlat") return LEFT_TO_XSTATE
    const { context } = this.#machine.config as { readonly context?: unknown }
    const make = typeof context === "function" ? context : undefined
    const given = { spawn: this.#spawn, input, self: this.#scope.self }
    const made = make === undefined ? (context ?? {}) : this.#unlessSpawning({}, () => make(given))
    if (made === undefined) return LEFT_TO_XSTATE
    return this.#settled({ ...template, context: made } as AnyMachineSnapshot, { type: "xstate.init", input })
  }

  /** Learns from a birth by XState: the states of later births differ only in their context. */
  learnBirth(born: AnyMachineSnapshot): void {
    this.#template ??= this.#isTemplate(born) ? born : "NotFlat"
  }

  #isTemplate(born: AnyMachineSnapshot): boolean {
    const { root } = this.#machine
    const [first] = root.initial.target as ReadonlyArray<AnyStateNode>
    const hasActions = root.initial.actions.length > 0
    const node = (born._nodes as ReadonlyArray<AnyStateNode>).at(-1)
    return born.status === "active" && !hasActions && this.#isFlat(born) && node === (first ?? root)
  }

  /**
   * Whether only the root and one state inside of it are active, and neither has entry actions or other work.
   */
  #isFlat({ _nodes, historyValue }: AnyMachineSnapshot): boolean {
    const nodes = _nodes as ReadonlyArray<AnyStateNode>
    const outer = nodes[0]
    const inner = nodes[1] ?? outer
    if (nodes.length > 2 || outer === undefined || inner?.type !== "atomic") return false
    for (const _ in historyValue) return false
    return this.#isQuiet(outer) && this.#isQuiet(inner)
  }

  #isQuiet(node: AnyStateNode): boolean {
    const known = this.#areQuiet.get(node)
    if (known !== undefined) return known
    const isSo = isQuiet(node)
    this.#areQuiet.set(node, isSo)
    return isSo
  }

  /** The state after one transition; several may follow each other. */
  #taken(
    from: AnyMachineSnapshot,
    transition: Transition,
    event: AnyEventObject,
  ): AnyMachineSnapshot | typeof LEFT_TO_XSTATE {
    const step = this.#stepOf(transition)
    if (step === "NotFlat") return LEFT_TO_XSTATE
    let context = from.context as object
    for (const action of step.actions) {
      const args = { context, event, self: this.#scope.self, system: this.#scope.system }
      const { type, exec, assignment } = action
      const params = typeof action.params === "function" ? action.params({ context, event }) : action.params
      if (assignment === undefined) {
        this.#scope.actionExecutor({ type, info: args, params, exec } as never)
        continue
      }
      const given = { context, event, self: args.self, system: args.system, spawn: this.#spawn }
      const next = this.#unlessSpawning(context, () => assigned(assignment, given, params))
      if (next === undefined) return LEFT_TO_XSTATE
      context = next
    }
    const { target } = step
    if (target === undefined || from._nodes.at(-1) === target) {
      return context === from.context ? from : ({ ...from, context } as AnyMachineSnapshot)
    }
    return { ...from, context, ...this.#enteredAt(target) } as AnyMachineSnapshot
  }

  /** The state after all `always` transitions. */
  #settled(state: AnyMachineSnapshot, event: AnyEventObject): AnyMachineSnapshot | typeof LEFT_TO_XSTATE {
    let now = state
    for (let count = 0; count < MICROSTEPS_MAX; count++) {
      const transition = this.#alwaysOf(now, event)
      if (transition === undefined) return now
      const next = this.#taken(now, transition, event)
      // A step that changes nothing is the last.
      if (next === undefined || next === now) return next
      now = next
    }
    return LEFT_TO_XSTATE
  }

  #alwaysOf(state: AnyMachineSnapshot, event: AnyEventObject): Transition | undefined {
    const nodes = state._nodes as ReadonlyArray<AnyStateNode>
    for (let index = nodes.length - 1; index >= 0; index--) {
      for (const transition of (nodes[index] as AnyStateNode).always ?? []) {
        const { guard } = transition
        if (guard === undefined || evaluateGuard(guard, state.context, event, state)) return transition
      }
    }
    return undefined
  }

  #stepOf(transition: Transition): FlatStep | "NotFlat" {
    const known = this.#steps.get(transition)
    if (known !== undefined) return known
    const step = this.#readStep(transition)
    this.#steps.set(transition, step)
    return step
  }

  #readStep({ actions, target, reenter }: Transition): FlatStep | "NotFlat" {
    const [first, second] = (target ?? []) as ReadonlyArray<AnyStateNode>
    const isStay = target === undefined && Array.isArray(actions) && actions.length > 0
    const isMove =
      first !== undefined &&
      second === undefined &&
      !reenter &&
      first.parent === this.#machine.root &&
      first.type === "atomic" &&
      isQuiet(first)
    if (!isStay && !isMove) return "NotFlat"
    const read: Array<FlatAction> = []
    for (const action of actions as ReadonlyArray<unknown>) {
      const flat = this.#readAction(action)
      if (flat === undefined) return "NotFlat"
      read.push(flat)
    }
    return { actions: read, target: first }
  }

  /** Actions are functions, names, or `{ type, params }`. */
  #readAction(action: unknown): FlatAction | undefined {
    const isInline = typeof action === "function"
    const { type, params } = (typeof action === "string" ? { type: action } : action) as FlatAction
    const exec = isInline ? action : this.#machine.implementations.actions[type]
    const title = isInline ? action.name || "(anonymous)" : type
    if (typeof exec !== "function" || typeof title !== "string") return undefined
    if (!("resolve" in exec)) {
      return { type: title, exec, params: isInline ? undefined : params, assignment: undefined }
    }
    const { type: builtIn, assignment } = exec as unknown as FlatAction
    if (builtIn !== "xstate.assign" || assignment === undefined) return undefined
    return { type: builtIn, exec, params: isInline ? undefined : params, assignment }
  }

  #enteredAt(node: AnyStateNode): Entered {
    const known = this.#entered.get(node)
    if (known !== undefined) return known
    const entered = { value: node.key, _nodes: Object.freeze([this.#machine.root, node]) }
    this.#entered.set(node, entered)
    return entered
  }

  /** The context after `update`; `undefined` if the update spawns a child. */
  #unlessSpawning(before: object, update: () => object | undefined): object | undefined {
    this.#hasSpawned = false
    try {
      const after = Object.assign({}, before, update())
      return this.#hasSpawned ? undefined : after
    } catch (cause) {
      if (this.#hasSpawned) return undefined
      throw cause
    }
  }

  readonly #spawn = (): never => {
    this.#hasSpawned = true
    throw new Error("children are spawned by XState")
  }
}

/** Whether nothing happens when the state is entered or left, and it has no tags. */
const isQuiet = ({ entry, exit, invoke, tags, states, parent }: AnyStateNode): boolean =>
  entry.length + exit.length + invoke.length + tags.length === 0 &&
  (parent === undefined || Object.keys(states).length === 0)

const assigned = (
  assignment: NonNullable<FlatAction["assignment"]>,
  args: Parameters<Expression>[0],
  params: unknown,
): object => {
  if (typeof assignment === "function") return assignment(args, params) as object
  const update: Record<string, unknown> = {}
  for (const [field, given] of Object.entries(assignment)) {
    update[field] = typeof given === "function" ? (given as Expression)(args, params) : given
  }
  return update
}
