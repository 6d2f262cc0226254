/**
 * What is drawn of a chart: states with the lines in their boxes, and edges with their labels.
 *
 * Owns the choice of what is a line in a box (internal transitions) and what is an edge, and joins transitions
 * between the same two states to one edge. It knows no sizes: ElkGraph.ts has them.
 */
import type { ChartState, ChartTransition } from "../api/Documents.ts"
import { text as english } from "../text/English.ts"
import { actionsText, type TransitionLabel, transitionLabel } from "./TransitionLabel.ts"

const words = english.chart

/** Path of the root state. */
export const ROOT_PATH = "(root)"

export type LineKind = "entry" | "exit" | "invoke" | "tags" | "internal" | "more" | "inside"

/** A line of text in the box of a state. */
export interface StateLine {
  readonly kind: LineKind
  readonly text: string
  readonly title: string
  /** Key of the internal transition that the line stands for. */
  readonly key?: string
}

export interface ChartNode {
  readonly id: string
  readonly path: string
  readonly name: string
  readonly type: ChartState["type"]
  /** Path of the parent; absent on the root. */
  readonly parent?: string
  /** Number of parents. */
  readonly depth: number
  /** True if the parent is parallel. */
  readonly isRegion: boolean
  readonly isInitial: boolean
  readonly history?: "shallow" | "deep"
  readonly description?: string
  readonly lines: ReadonlyArray<StateLine>
  /** Paths of the states inside; empty if the state is collapsed. */
  readonly children: ReadonlyArray<string>
  /** True if the state hides the states inside of it. */
  readonly isCollapsed: boolean
  /** True if a reader can collapse or open the state. */
  readonly hasInside: boolean
}

export interface EdgeLabel extends TransitionLabel {
  readonly key: string
}

/** An end of an edge is the path of a state, or the id of a dot or fork. */
export interface ChartEdge {
  readonly id: string
  readonly kind: "transition" | "initial" | "default" | "forked"
  readonly source: string
  readonly target: string
  readonly labels: ReadonlyArray<EdgeLabel>
}

/** A bar at which one transition parts into several targets. */
export interface Fork {
  readonly id: string
  /** Path of the state in which the bar is drawn. */
  readonly parent: string
}

/** The dot that points to the initial state of `parent`. */
export interface InitialDot {
  readonly id: string
  readonly parent: string
}

export interface ChartModel {
  readonly root: ChartNode
  /** By path; parents come before their children. */
  readonly nodes: ReadonlyMap<string, ChartNode>
  readonly edges: ReadonlyArray<ChartEdge>
  readonly forks: ReadonlyArray<Fork>
  readonly dots: ReadonlyArray<InitialDot>
}

/** Internal transitions that a box shows before the rest is counted. */
export const INTERNAL_LINES_MAX = 4

/** Characters of an internal transition; the actions of a longer one are in its tooltip. */
const INTERNAL_LENGTH_MAX = 42

/** What a reader has opened and closed, as paths of states. */
export interface ChartChoices {
  /** States that show all of their internal transitions. */
  readonly expanded: ReadonlySet<string>
  /** States that hide the states inside of them. */
  readonly collapsed: ReadonlySet<string>
}

export const NO_CHOICES: ChartChoices = { expanded: new Set(), collapsed: new Set() }

export const chartModel = (chart: ChartState, choices: ChartChoices = NO_CHOICES): ChartModel => {
  const draft = new Draft(chart, choices)
  draft.add(chart, undefined, 0)
  draft.connect(chart)
  return draft.model()
}

class Draft {
  readonly #nodes = new Map<string, ChartNode>()
  readonly #pathOfId = new Map<string, string>()
  readonly #edges = new Map<string, ChartEdge>()
  readonly #forks: Array<Fork> = []
  readonly #dots: Array<InitialDot> = []
  readonly #root: ChartState
  readonly #choices: ChartChoices

  constructor(root: ChartState, choices: ChartChoices) {
    this.#root = root
    this.#choices = choices
  }

  add(state: ChartState, parent: ChartState | undefined, depth: number): void {
    this.#pathOfId.set(state.id, state.path)
    const hasInside = state.states.length > 0
    const isCollapsed = hasInside && this.#choices.collapsed.has(state.path)
    this.#nodes.set(state.path, {
      id: state.id,
      path: state.path,
      name: state.key,
      type: state.type,
      ...(parent === undefined ? {} : { parent: parent.path }),
      depth,
      isRegion: parent?.type === "parallel" && state.type !== "history",
      isInitial: parent?.initial === state.key,
      ...(state.history === undefined ? {} : { history: state.history }),
      ...(state.description === undefined ? {} : { description: state.description }),
      lines: [
        ...linesOf(state, this.#choices.expanded.has(state.path)),
        ...(isCollapsed ? [line("inside", words.inside(countInside(state)))] : []),
      ],
      children: isCollapsed ? [] : state.states.map(({ path }) => path),
      isCollapsed,
      hasInside,
    })
    if (isCollapsed) this.#hide(state, state.path)
    else for (const child of state.states) this.add(child, state, depth + 1)
  }

  /** Edges of hidden states begin and end at the state that hides them. */
  #hide({ states }: ChartState, path: string): void {
    for (const state of states) {
      this.#pathOfId.set(state.id, path)
      this.#hide(state, path)
    }
  }

  connect(state: ChartState): void {
    const from = this.#pathOfId.get(state.id) ?? state.path
    const initial = state.states.find(({ key }) => key === state.initial)
    if (from !== state.path || this.#nodes.get(from)?.isCollapsed === true) {
      this.#connectHidden(state, from)
      return
    }
    if (initial !== undefined) {
      const id = `${state.path} (initial)`
      this.#dots.push({ id, parent: state.path })
      this.#join({ kind: "initial", source: id, target: initial.path })
    }
    for (const id of state.defaultTargets ?? []) {
      const target = this.#pathOfId.get(id)
      if (target !== undefined) this.#join({ kind: "default", source: state.path, target })
    }
    for (const transition of state.transitions) {
      if (!isInternal(transition, state)) this.#connectTargets(transition, state)
    }
    for (const child of state.states) this.connect(child)
  }

  /** Transitions inside of the collapsed state are not shown. Those that leave it are shown without its inner states. */
  #connectHidden(state: ChartState, from: string): void {
    for (const transition of state.transitions) {
      const isOwn = state.path === from
      const leaves = transition.targets.some((id) => this.#pathOfId.get(id) !== from)
      if (leaves || (isOwn && !isInternal(transition, state))) this.#connectTargets(transition, state, from)
    }
    for (const child of state.states) this.#connectHidden(child, from)
  }

  #connectTargets(transition: ChartTransition, state: ChartState, from = state.path): void {
    const label = { ...transitionLabel(transition, state), key: transition.key }
    const targets = [...new Set(transition.targets.flatMap((id) => this.#pathOfId.get(id) ?? []))]
    const [target] = targets
    if (target === undefined) return
    if (targets.length === 1) {
      this.#join({ kind: "transition", source: from, target }, label)
      return
    }
    const fork = { id: `${transition.key} (fork)`, parent: this.#commonParent(targets) }
    this.#forks.push(fork)
    this.#join({ kind: "transition", source: from, target: fork.id }, label)
    for (const path of targets) this.#join({ kind: "forked", source: fork.id, target: path })
  }

  #join(edge: Pick<ChartEdge, "kind" | "source" | "target">, label?: EdgeLabel): void {
    const id = `${edge.source} → ${edge.target}`
    const known = this.#edges.get(id)?.labels ?? []
    const labels = label === undefined ? known : [...known, label]
    this.#edges.set(id, { ...edge, id, labels })
  }

  /** The innermost state around all of them whose children are not regions, so that the bar has a place. */
  #commonParent(paths: ReadonlyArray<string>): string {
    const [first = [], ...others] = paths.map((path) => this.#parentsOf(path))
    const common = first.find(
      (path) =>
        this.#nodes.get(path)?.type !== "parallel" && others.every((parents) => parents.includes(path)),
    )
    return common ?? this.#root.path
  }

  /** Innermost first. */
  #parentsOf(path: string): ReadonlyArray<string> {
    const parent = this.#nodes.get(path)?.parent
    return parent === undefined ? [] : [parent, ...this.#parentsOf(parent)]
  }

  model(): ChartModel {
    const root = this.#nodes.get(this.#root.path)
    if (root === undefined) throw new Error("a chart has its root")
    return {
      root,
      nodes: this.#nodes,
      edges: [...this.#edges.values()],
      forks: this.#forks,
      dots: this.#dots,
    }
  }
}

/**
 * True if the transition leaves no state: it has no target, or leads to its own atomic state without `reenter`. Around
 * the root is nothing that an edge could be drawn in.
 */
const isInternal = ({ targets, reenter }: ChartTransition, { id, type, path }: ChartState): boolean =>
  targets.length === 0 ||
  (targets.length === 1 && targets[0] === id && ((!reenter && type === "atomic") || path === ROOT_PATH))

const countInside = ({ states }: ChartState): number =>
  states.reduce((count, state) => count + (state.type === "history" ? 0 : 1) + countInside(state), 0)

const linesOf = (state: ChartState, isExpanded: boolean): ReadonlyArray<StateLine> => {
  const { entry, exit, invokes, tags, transitions } = state
  const internal = transitions
    .filter((transition) => isInternal(transition, state))
    .map((transition) => internalLine(transition, state))
  const isLong = internal.length > INTERNAL_LINES_MAX
  const shown = isLong && !isExpanded ? internal.slice(0, INTERNAL_LINES_MAX - 1) : internal
  const hidden = internal.slice(shown.length)
  return [
    ...(tags.length === 0 ? [] : [line("tags", `${words.tags}: ${tags.join(", ")}`)]),
    ...(entry.length === 0 ? [] : [line("entry", `${words.entry} / ${actionsText(entry)}`)]),
    ...(exit.length === 0 ? [] : [line("exit", `${words.exit} / ${actionsText(exit)}`)]),
    ...invokes.map(({ id, src }) => line("invoke", `${words.invoke} / ${invokeText(id, src)}`)),
    ...shown,
    ...(isLong
      ? [
          isExpanded
            ? line("more", words.fewer)
            : line("more", words.more(hidden.length), hidden.map(({ title }) => title).join("\n")),
        ]
      : []),
  ]
}

const line = (kind: LineKind, text: string, title = text): StateLine => ({ kind, text, title })

const invokeText = (id: string, src: string): string =>
  id === src || /^\d+\./.test(id) ? src : `${id} (${src})`

const internalLine = (transition: ChartTransition, state: ChartState): StateLine => {
  const { trigger, guard, title } = transitionLabel(transition, state)
  const action = transition.actions.length === 0 ? words.ignored : actionsText(transition.actions)
  const event = guard === "" ? trigger : `${trigger} ${guard}`
  const whole = `${event} / ${action}`
  return {
    ...line("internal", whole.length > INTERNAL_LENGTH_MAX ? `${event}\u00a0…` : whole, title),
    key: transition.key,
  }
}
