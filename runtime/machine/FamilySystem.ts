/**
 * The actor system of a family, in place of XState's: it has no clock, draws no ids and runs nothing by itself.
 *
 * Owns the names that actors have in it (`systemId`). Every actor, event and timer of XState's interpreter
 * passes through it. Who decides what becomes of them: Family.ts.
 */
import type { AnyEvent } from "../event/Event.ts"
import type { LiveActor } from "./LiveActor.ts"

/** Callbacks of a family for the acts of its actors. */
export interface FamilyHooks {
  /** An actor was made, and has no state yet. */
  readonly made: (actor: LiveActor) => void
  /** An actor is about to start. */
  readonly starting: () => void
  readonly microstep: (actor: LiveActor, event: unknown, transitions: ReadonlyArray<TakenTransition>) => void
  readonly relay: (target: LiveActor, event: AnyEvent) => void
  readonly schedule: (timer: ScheduledEvent) => void
  readonly cancel: (source: LiveActor, id: string) => void
  /** The actor has stopped, or is told to stop. */
  readonly left: (actor: LiveActor) => void
}

export interface TakenTransition {
  readonly target: unknown
  readonly actions: ReadonlyArray<unknown>
}

export interface ScheduledEvent {
  readonly source: LiveActor
  readonly target: LiveActor
  readonly event: AnyEvent
  readonly delayMs: number
  readonly id: string | undefined
}

type Inspected =
  | { readonly type: "@xstate.actor"; readonly actorRef: LiveActor }
  | {
      readonly type: "@xstate.microstep"
      readonly actorRef: LiveActor
      readonly event: unknown
      readonly _transitions: ReadonlyArray<TakenTransition>
    }
  | { readonly type: "other" }

export class FamilySystem {
  readonly #hooks: FamilyHooks
  #named = new Map<string, LiveActor>()
  readonly _snapshot = { _scheduledEvents: {} }
  readonly _clock = { setTimeout: nothing, clearTimeout: nothing }
  readonly _logger = nothing

  constructor(hooks: FamilyHooks) {
    this.#hooks = hooks
  }

  /** Actors by their `systemId`; a copy. */
  get named(): ReadonlyMap<string, LiveActor> {
    return new Map(this.#named)
  }

  putBack(named: ReadonlyMap<string, LiveActor>): void {
    this.#named = new Map(named)
  }

  // XState's interpreter, or users' code through `system`, calls the members below.

  readonly get = (systemId: string): LiveActor | undefined => this.#named.get(systemId)

  readonly getAll = (): object => Object.fromEntries(this.#named)

  readonly inspect = (): { readonly unsubscribe: () => void } => ({ unsubscribe: nothing })

  readonly getSnapshot = (): object => ({ _scheduledEvents: {} })

  readonly start = (): void => undefined

  /** The family gives an actor its id when it is made. */
  readonly _bookId = (): string => ""

  readonly _register = (sessionId: string): string => {
    this.#hooks.starting()
    return sessionId
  }

  readonly _unregister = (actor: LiveActor): void => {
    const { systemId } = actor
    if (systemId !== undefined && this.#named.get(systemId) === actor) this.#named.delete(systemId)
    this.#hooks.left(actor)
  }

  readonly _set = (systemId: string, actor: LiveActor): void => {
    const other = this.#named.get(systemId)
    if (other !== undefined && other !== actor) {
      throw new Error(`Actor with system ID '${systemId}' already exists.`)
    }
    this.#named.set(systemId, actor)
  }

  readonly _sendInspectionEvent = (event: Inspected): void => {
    if (event.type === "@xstate.actor") this.#hooks.made(event.actorRef)
    else if (event.type === "@xstate.microstep") {
      this.#hooks.microstep(event.actorRef, event.event, event._transitions)
    }
  }

  readonly _relay = (_source: unknown, target: LiveActor, event: AnyEvent): void =>
    this.#hooks.relay(target, event)

  readonly scheduler = {
    schedule: (
      source: LiveActor,
      target: LiveActor,
      event: AnyEvent,
      delayMs: number,
      id: string | undefined,
    ): void => this.#hooks.schedule({ source, target, event, delayMs, id }),
    cancel: (source: LiveActor, id: string): void => this.#hooks.cancel(source, id),
    // Nothing to cancel: an actor's timers end when it leaves.
    cancelAll: nothing,
  }
}

const nothing = (): void => undefined
