/**
 * XState's own actor, as far as a family relies on it.
 *
 * Owns the names of the parts of XState that are not in its types: an actor's fields, and how an actor is put
 * back to an earlier snapshot. Every use of XState's interpreter rests on this file. Who runs actors:
 * Family.ts.
 */
import type { AnyEvent } from "../event/Event.ts"

/** Fields that snapshots of all logic have. */
export interface AnySnapshot {
  readonly status: "active" | "done" | "error" | "stopped"
  readonly output?: unknown
  readonly error?: unknown
}

/** An action of XState when it is to be run. */
export interface ExecutableAction {
  readonly type: string
  readonly info: unknown
  readonly params: unknown
  readonly exec: ((info: unknown, params: unknown) => void) | undefined
}

export interface LiveScope {
  id: string
  sessionId: string
  actionExecutor: (action: ExecutableAction) => void
  emit: (event: AnyEvent) => void
}

/** Logic of an actor: a machine, `fromTransition`, or a stand-in of this library. */
export interface LiveLogic {
  readonly config?: unknown
  readonly transition: (snapshot: never, event: never, scope: never) => unknown
  readonly getInitialSnapshot: (scope: never, input: never) => unknown
  readonly getPersistedSnapshot?: (snapshot: never) => unknown
  readonly restoreSnapshot?: (persisted: never, scope: never) => unknown
  readonly start?: (snapshot: never, scope: never) => void
}

interface LiveMailbox {
  readonly constructor: new (process: (event: unknown) => void) => LiveMailbox
  readonly start: () => void
}

interface LiveObserver {
  readonly next: (snapshot: AnySnapshot) => void
}

export interface LiveActor {
  id: string
  sessionId: string
  src: unknown
  systemId: string | undefined
  logic: LiveLogic
  mailbox: LiveMailbox
  subscribe: unknown
  on: unknown
  readonly observers: Set<LiveObserver>
  _parent: LiveActor | undefined
  _snapshot: AnySnapshot
  _processingStatus: number
  _deferred: Array<unknown>
  _syncSnapshot: boolean | undefined
  _reportError: (error: unknown) => void
  readonly _actorScope: LiveScope
  readonly _process: (event: unknown) => void
  readonly _send: (event: AnyEvent) => void
  readonly start: () => void
}

/** Values of `_processingStatus`. */
export const RUNNING = 1
export const STOPPED = 2

/** Whether a value is an actor of XState. */
export const isLiveActor = (value: unknown): value is LiveActor =>
  typeof value === "object" && value !== null && "_processingStatus" in value && "_actorScope" in value

/** Puts an actor back to `snapshot`: running, with no event in work. */
export const putBack = (actor: LiveActor, snapshot: AnySnapshot): void => {
  actor._snapshot = snapshot
  actor._processingStatus = RUNNING
  actor._deferred.length = 0
  // A new mailbox, because one that stopped at an error within an event takes no further event.
  actor.mailbox = new actor.mailbox.constructor((event) => actor._process(event))
  actor.mailbox.start()
}
