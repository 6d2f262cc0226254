// biome-ignore-all lint/suspicious/noExplicitAny: the machines are what others write; their types are not the subject
/**
 * XState without the types of machines: what the cases of the set are written with.
 *
 * Owns the names of XState that a machine can be made of. Types of durable machines: ../types.
 */
import * as xstate from "xstate"

export type Fn = (args: any, params: any, more: any) => any
export interface LooseObject {
  readonly [key: string]: Loose
}
export type Loose =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | Fn
  | LooseObject
  | object
  | ReadonlyArray<Loose>

/** A function whose parameters have no types. */
export const fn = (given: Fn): Fn => given

/** A machine, and the implementations that `setup` takes. */
export const machine = (config: LooseObject, parts: LooseObject = {}): xstate.AnyStateMachine =>
  (xstate.setup(parts as any) as any).createMachine(config)

export const assign = xstate.assign as (assignment: LooseObject | Fn) => object
export const raise = xstate.raise as (event: LooseObject | Fn, options?: LooseObject) => object
export const cancel = xstate.cancel as (sendId: string | Fn) => object
export const emit = xstate.emit as unknown as (event: LooseObject | Fn) => object
export const log = xstate.log as (value?: string | Fn, label?: string) => object
export const sendTo = xstate.sendTo as unknown as (
  target: string | Fn,
  event: LooseObject | Fn,
  options?: LooseObject,
) => object
export const sendParent = xstate.sendParent as (event: LooseObject | Fn, options?: LooseObject) => object
export const forwardTo = xstate.forwardTo as (target: string | Fn) => object
export const enqueueActions = xstate.enqueueActions as unknown as (collect: Fn) => object
export const spawnChild = xstate.spawnChild as unknown as (src: any, options?: LooseObject) => object
export const stopChild = xstate.stopChild as unknown as (child: string | Fn) => object
export const stop = xstate.stop as unknown as (child: string | Fn) => object
export const and = xstate.and as unknown as (guards: ReadonlyArray<Loose>) => object
export const or = xstate.or as unknown as (guards: ReadonlyArray<Loose>) => object
export const not = xstate.not as unknown as (guard: Loose) => object
export const stateIn = xstate.stateIn as unknown as (value: string | LooseObject) => object
export const fromPromise = xstate.fromPromise as unknown as (run: Fn) => object
export const fromTransition = xstate.fromTransition as unknown as (run: Fn, initial: Loose) => object
export const fromCallback = xstate.fromCallback as unknown as (run: Fn) => object
export const fromObservable = xstate.fromObservable as unknown as (run: Fn) => object
export const fromEventObservable = xstate.fromEventObservable as unknown as (run: Fn) => object
export const createEmptyActor = xstate.createEmptyActor
export const assertEvent = xstate.assertEvent as (event: any, type: string | ReadonlyArray<string>) => void

/** Counts in the context's `n`. */
export const inc = assign({ n: ({ context }: any) => context.n + 1 })

/** Adds a word to the context's list `heard`. */
export const hear = (word: string): object =>
  assign({ heard: ({ context }: any) => [...context.heard, word] })
