/**
 * The next things that can happen to a saga: each outcome of each request that is out, each time-out, a
 * cancellation.
 *
 * Owns the outcomes that `checkSaga` goes through. An outcome that takes several attempts ("fails for good")
 * is played to its end at once, so that the number of worlds stays small. Its retries are not mixed with what
 * happens elsewhere. What a world is: SagaWorld.ts.
 */
import type { Answer } from "../message/Outgoing.ts"
import { COMPENSATED_HOOK, itemOf } from "./SagaLedger.ts"
import {
  answer,
  attemptsOut,
  bookOf,
  fire,
  LawBroken,
  lastToUndo,
  nameOf,
  type SagaWorld,
  take,
} from "./SagaWorld.ts"

/** One thing that may happen, with its line in a path, and the world after it. */
export interface SagaMove {
  readonly label: string
  readonly play: () => SagaWorld
}

const OK: Answer = { ok: true }
const NO: Answer = { ok: false, reason: "Rejected", isRejection: true }
const BROKEN: Answer = { ok: false, reason: "Failed", isRejection: false }

/** All moves of a world; empty at its end. */
export const movesOf = (world: SagaWorld): ReadonlyArray<SagaMove> => {
  const names = world.out.map(nameOf)
  const asked = new Set(names.filter(({ verb }) => verb === "do").map(({ itemKey }) => itemKey))
  const undone = names.filter(({ verb }) => verb === "undo").map(({ itemKey }) => itemKey)
  return [
    ...[...asked].flatMap((itemKey) => movesOfStep(world, itemKey)),
    ...undone.flatMap((itemKey) => movesOfUndo(world, itemKey)),
    ...movesOfSilence(world),
    ...movesFromOutside(world),
  ]
}

const movesOfStep = (world: SagaWorld, itemKey: string): ReadonlyArray<SagaMove> => {
  const answerAll = (given: Answer) => (): SagaWorld =>
    settled(
      attemptsOut(world, itemKey).reduce(
        (now, as) => answer(now, as, given),
        given.ok ? world : losing(world, itemKey),
      ),
    )
  const isWaiting = itemOf(bookOf(world), itemKey)?.status === "requested"
  const late = isWaiting ? "" : "late "
  return [
    { label: `${itemKey}: ${late}ok`, play: answerAll(OK) },
    { label: `${itemKey}: ${late}rejected`, play: answerAll(NO) },
    ...(isWaiting ? [{ label: `${itemKey}: fails for good`, play: () => failForGood(world, itemKey) }] : []),
    ...(world.timers.has(`timeout:${itemKey}`)
      ? [{ label: `${itemKey}: timed out`, play: () => timeOutForGood(world, itemKey) }]
      : []),
  ]
}

const failForGood = (world: SagaWorld, itemKey: string): SagaWorld => {
  let now = losing(world, itemKey)
  for (;;) {
    const newest = attemptsOut(now, itemKey).at(-1)
    if (newest !== undefined) now = answer(now, newest, BROKEN)
    else if (now.timers.has(`retry:${itemKey}`)) now = fire(now, `retry:${itemKey}`)
    else return settled(now)
  }
}

const timeOutForGood = (world: SagaWorld, itemKey: string): SagaWorld => {
  let now = losing(world, itemKey)
  for (;;) {
    const timer = [`timeout:${itemKey}`, `retry:${itemKey}`].find((id) => now.timers.has(id))
    if (timer === undefined) return settled(now)
    now = fire(now, timer)
  }
}

const movesOfUndo = (world: SagaWorld, itemKey: string): ReadonlyArray<SagaMove> => {
  const current = (now: SagaWorld): string | undefined =>
    now.out.find((as) => nameOf(as).verb === "undo" && nameOf(as).itemKey === itemKey)
  // Undecided once, then rejected: this path has a pause and does not use up all attempts.
  const failing = (): SagaWorld => {
    const now = answer({ ...world, hasUndoFailed: true }, current(world) as string, BROKEN)
    if (!now.timers.has(`retry:${itemKey}`)) return now
    const again = fire(now, `retry:${itemKey}`)
    return answer(again, current(again) as string, NO)
  }
  const late = isStuckInSilence(world) ? "late " : ""
  return [
    { label: `undo ${itemKey}: ${late}ok`, play: () => answer(world, current(world) as string, OK) },
    { label: `undo ${itemKey}: fails for good`, play: failing },
  ]
}

/** Moves on the way back when answers stop coming. Throws {@link LawBroken} if nothing would end the wait. */
const movesOfSilence = (world: SagaWorld): ReadonlyArray<SagaMove> => {
  if (bookOf(world).at !== "compensating" || world.out.length === 0) return []
  if (!world.timers.has("silence")) {
    throw new LawBroken(`it waits for the answer to ${world.out.join(", ")}, and nothing ends that`)
  }
  const play = (): SagaWorld => {
    // The first timer may be about a silence that has ended.
    const now = fire({ ...world, hasBeenSilent: true }, "silence")
    return bookOf(now).at === "stuck" ? now : fire(now, "silence")
  }
  const items = [...new Set(world.out.map((as) => nameOf(as).itemKey))].join(", ")
  return [{ label: `${items}: never answered`, play }]
}

/** Whether the saga is stuck because an answer is out for too long. The answer may still come, or never. */
export const isStuckInSilence = (world: SagaWorld): boolean => bookOf(world).stuck?.isSilent === true

const movesFromOutside = (world: SagaWorld): ReadonlyArray<SagaMove> => {
  if (world.way !== "forward" || bookOf(world).at === "completed") return []
  const cancelled = { type: "SagaCancelled", by: "checkSaga", note: "cancelled" }
  return [
    { label: "cancelled", play: () => settled(take(losing(world, null), cancelled)) },
    ...(world.timers.has("deadline")
      ? [{ label: "the saga timed out", play: () => settled(fire(losing(world, null), "deadline")) }]
      : []),
  ]
}

/** From here on the saga is on its way back, except that the step it is losing may get more attempts. */
const losing = (world: SagaWorld, itemKey: string | null): SagaWorld =>
  world.way === "forward" ? { ...world, way: "losing", losing: itemKey } : world

const settled = (world: SagaWorld): SagaWorld =>
  world.way === "losing" ? { ...world, way: "back", losing: null } : world

/** The ending of a world without moves. Throws {@link LawBroken} if the world may not end in that way. */
export const endingOf = (world: SagaWorld): "completed" | "compensated" | "stuck" => {
  const { at, stuck } = bookOf(world)
  const { done, out, timers, way } = world
  if (at !== "completed" && at !== "compensated" && at !== "stuck") {
    throw new LawBroken(`it waits for nothing, in state "${at}"`)
  }
  if (timers.size > 0) throw new LawBroken(`it ended with timers set: ${[...timers.keys()].join(", ")}`)
  if (at === "stuck" && stuck?.isSilent === true) return at
  if (out.length > 0) throw new LawBroken(`it ended with requests out: ${out.join(", ")}`)
  if (at === "completed" && way === "forward") return at
  if (at === "completed") throw new LawBroken("it is completed although it had failed")
  if (at === "stuck" && stuck?.item !== COMPENSATED_HOOK) return at
  if (at === "stuck") throw new LawBroken("`compensated` of the definition threw")
  const left = lastToUndo(world)
  if (left !== undefined)
    throw new LawBroken(`it is compensated, and "${left}" of ${done.join(", ")} is not undone`)
  return at
}
