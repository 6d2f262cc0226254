/**
 * Where the marks of a run stand in the lanes, so that their number depends on the width and not on the run.
 *
 * Owns the places of marks, of their words and of the ticks of time. Lanes.tsx draws them.
 */
import type { Step, StepKind } from "./RunSteps.ts"

/** Part of virtual time that is drawn, and the pixels that it has. */
export interface Scale {
  readonly fromMs: number
  readonly toMs: number
  readonly left: number
  readonly width: number
}

export const xOf = ({ fromMs, toMs, left, width }: Scale, atMs: number): number =>
  left + ((atMs - fromMs) / Math.max(toMs - fromMs, Number.MIN_VALUE)) * width

export const msAt = ({ fromMs, toMs, left, width }: Scale, x: number): number =>
  fromMs + ((x - left) / Math.max(width, 1)) * (toMs - fromMs)

/** Steps of one kind that stand at one place. */
export interface LaneMark {
  readonly x: number
  readonly first: Step
  readonly words: string
  readonly count: number
  /** Whether there is room for its words. */
  readonly isTold: boolean
}

/** Distance at which two marks become one, in pixels. */
const NEAR_PX: { readonly [kind in StepKind]?: number } = {
  commit: 1.5,
  ask: 4,
  fault: 9,
  life: 9,
  violation: 9,
}
/** Width of a letter of the words of a mark, in pixels. */
const LETTER_PX = 6.2
const GAP_PX = 8

/** Marks of one kind in one lane, from left to right. Words are left out where they would touch other words. */
export const marksOf = (
  steps: ReadonlyArray<Step>,
  kind: StepKind,
  scale: Scale,
): ReadonlyArray<LaneMark> => {
  const near = NEAR_PX[kind] ?? GAP_PX
  const end = scale.left + scale.width
  const groups: Array<{ x: number; first: Step; count: number; words: Set<string> }> = []
  for (const step of steps) {
    if (step.kind !== kind || step.atMs < scale.fromMs || step.atMs > scale.toMs) continue
    const x = xOf(scale, step.atMs)
    const last = groups.at(-1)
    if (last !== undefined && x - last.x < near) {
      last.count++
      last.words.add(step.words)
    } else groups.push({ x, first: step, count: 1, words: new Set([step.words]) })
  }
  let free = scale.left
  return groups.map(({ x, first, count, words }) => {
    const told = [...words].slice(0, 2).join(", ")
    const text = count === 1 ? told : `${told} × ${count}`
    const half = (text.length * LETTER_PX) / 2
    const isTold = x - half >= free && x + half <= end
    if (isTold) free = x + half + GAP_PX
    return { x, first, words: text, count, isTold }
  })
}

const TICKS_MAX = 8
const TICK_PX = 96

/** Round times between the ends. */
export const timeTicks = ({ fromMs, toMs, width }: Scale): ReadonlyArray<number> => {
  const wanted = Math.max(2, Math.min(TICKS_MAX, Math.floor(width / TICK_PX)))
  const rough = Math.max((toMs - fromMs) / wanted, 0.001)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough
  const ticks: Array<number> = []
  for (let at = Math.ceil(fromMs / step) * step; at <= toMs; at += step) ticks.push(at)
  return ticks
}

/** `step`: distance of two ticks. */
export const tickText = (atMs: number, stepMs: number): string =>
  stepMs >= 1_000
    ? `${Math.round(atMs / 1_000).toLocaleString("en")} s`
    : stepMs >= 1
      ? `${(atMs / 1_000).toFixed(stepMs >= 100 ? 1 : stepMs >= 10 ? 2 : 3)} s`
      : `${atMs.toFixed(2)} ms`
