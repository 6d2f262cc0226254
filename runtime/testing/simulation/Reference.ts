/**
 * The true state of every actor: the checker's own reading of the journal, made as commits are stored.
 *
 * Owns versions, command ids and states by version. It decodes the bytes and folds the events itself, without
 * the cells' code, and throws a Violation when a stored commit breaks a promise.
 */
import type { ActorAddress } from "../../address/ActorAddress.ts"
import type { Metadata } from "../../commit/Commit.ts"
import type { AnyActor } from "../../definition/Actor.ts"
import { callEndSeen } from "../../event/CallEnd.ts"
import type { AnyEvent, StoredEvent } from "../../event/Event.ts"
import { decodeValue } from "../../json/StoredValue.ts"
import type { MachineState } from "../../machine/Machine.ts"
import type { OutboxItem } from "../../message/OutboxItem.ts"
import type { ProjectedEvent } from "../../projection/Projection.ts"
import type { StoredAppend } from "./SimulatedJournal.ts"
import { PROMISES, Violation } from "./Violation.ts"

/** A stored command, with its sequence and its answer. */
export interface AppliedCommand {
  readonly commandId: string
  /** Version of the actor before its first event, and of its last. */
  readonly before: number
  readonly version: number
  readonly sequence: number
  readonly reply: unknown
  /** Virtual milliseconds at which it was stored. */
  readonly storedAtMs: number
  /** Virtual milliseconds at which its append was begun. */
  readonly begunAtMs: number
  /** Index among the actor's commands, from 0. */
  readonly index: number
}

/** A commit of an actor: its place, and the actor after it. */
interface TrueCommit {
  readonly sequence: number
  /** Time of the decision, according to the commit. */
  readonly at: number
  readonly version: number
  readonly isBorn: boolean
  /** Commits of the first format name no state, end or columns. */
  readonly format: number
}

/** One actor according to the journal. */
export interface TrueActor {
  readonly definition: AnyActor
  readonly address: ActorAddress
  readonly version: number
  /** Sequence of its last commit. */
  readonly sequence: number
  readonly commands: ReadonlyMap<string, AppliedCommand>
  /** State after each version; index = version. */
  readonly states: ReadonlyArray<MachineState>
  readonly events: ReadonlyArray<ProjectedEvent>
  readonly commits: ReadonlyArray<TrueCommit>
  readonly isBorn: boolean
  /** JSON of the input that it was born with. */
  readonly input: string | undefined
}

/**
 * An event of the journal. Projections do not see events of the runtime, even if a timer of the machine
 * raised them.
 */
interface TrueEvent extends ProjectedEvent {
  readonly isInternal: boolean
}

interface Writable extends TrueActor {
  isBorn: boolean
  input: string | undefined
  version: number
  sequence: number
  readonly commands: Map<string, AppliedCommand>
  readonly states: Array<MachineState>
  readonly events: Array<ProjectedEvent>
  readonly commits: Array<TrueCommit>
}

interface Entry {
  readonly c: string
  /** The entry says that a message is finished without effect. Its id is not remembered. */
  readonly no?: true
  readonly m?: Metadata
  readonly ev: ReadonlyArray<StoredEvent>
  readonly out?: ReadonlyArray<OutboxItem>
  readonly re?: unknown
  /** Origin of the message that brought it. */
  readonly o?: unknown
}

/** A commit in its stored form. */
export interface StoredCommit {
  readonly v: number
  readonly first: number
  readonly at: number
  readonly epoch: number
  readonly b?: {
    readonly in?: unknown
    readonly out?: ReadonlyArray<OutboxItem>
    readonly st?: unknown
  }
  readonly entries: ReadonlyArray<Entry>
}

export const readCommit = (data: Uint8Array): StoredCommit => JSON.parse(decoder.decode(data)) as StoredCommit

/** Sequence and time of a stored commit; `at` is the time of the decision, according to the commit. */
interface Stored {
  readonly sequence: number
  readonly at: number
  readonly storedAtMs: number
  readonly begunAtMs: number
}

/** Sequence and time of a stored commit, according to the journal. */
type CommitPlace = Omit<StoredAppend, "data" | "begunAtMs"> & Partial<Pick<StoredAppend, "begunAtMs">>

const decoder = new TextDecoder()

export class Reference {
  readonly #mayComeAgain: (actor: TrueActor, commandId: string, since: number) => boolean
  readonly #definitions: ReadonlyMap<string, AnyActor>
  readonly #actors = new Map<string, Writable>()
  /** All events in journal order. */
  readonly events: Array<TrueEvent> = []

  /** `mayComeAgain`: whether a command that was applied `since` commands before may be applied again. */
  constructor(
    definitions: ReadonlyArray<AnyActor>,
    mayComeAgain: (actor: TrueActor, commandId: string, since: number) => boolean,
  ) {
    this.#mayComeAgain = mayComeAgain
    this.#definitions = new Map(definitions.map((definition) => [definition.type, definition]))
  }

  get actors(): ReadonlyMap<string, TrueActor> {
    return this.#actors
  }

  /** The actor as stored so far; an actor without history if there is none. */
  actor(address: ActorAddress): TrueActor {
    return this.#actors.get(address.key) ?? this.#unborn(address)
  }

  /**
   * Takes in a commit when it is stored. If the start of its append is not given, no refusal counts as later
   * than that. Throws {@link Violation}.
   */
  stored(
    { address, sequence, atMs, begunAtMs = Number.POSITIVE_INFINITY }: CommitPlace,
    commit: StoredCommit,
  ): TrueActor {
    const actor = this.#actors.get(address.key) ?? this.#unborn(address)
    this.#actors.set(address.key, actor)
    if (commit.first !== actor.version + 1) {
      const detail = `${address.key} is at version ${actor.version}, the commit at sequence ${sequence} starts at ${commit.first}`
      throw new Violation(PROMISES.contiguous, detail)
    }
    if (!actor.isBorn) this.#bear(actor, commit, sequence)
    else if (commit.b !== undefined) {
      throw new Violation(PROMISES.born, `${address.key} is born a second time at sequence ${sequence}`)
    }
    const place = { sequence, at: commit.at, storedAtMs: atMs, begunAtMs }
    for (const entry of commit.entries) this.#apply(actor, entry, place)
    actor.sequence = sequence
    actor.commits.push({
      sequence,
      at: commit.at,
      version: actor.version,
      isBorn: actor.isBorn,
      format: commit.v,
    })
    return actor
  }

  /** Forgets everything, because the journal was cut and is read anew. */
  reset(): void {
    this.#actors.clear()
    this.events.length = 0
  }

  #unborn(address: ActorAddress): Writable {
    const definition = this.#definitions.get(address.type)
    if (definition === undefined) throw new Violation(PROMISES.accepted, `a commit of ${address.key}`)
    // An actor that needs input has no state before its birth.
    const { machine } = definition
    const states = [definition.input === undefined ? machine.initial(address.id) : machine.blank]
    machine.takeIntents()
    const commands = new Map<string, AppliedCommand>()
    return {
      definition,
      address,
      version: 0,
      sequence: 0,
      isBorn: false,
      input: undefined,
      commands,
      states,
      events: [],
      commits: [],
    }
  }

  /**
   * Handles a birth: with the first event, or by a commit that stores it, which also sets what the birth
   * waits for.
   */
  #bear(actor: Writable, { b, entries }: StoredCommit, sequence: number): void {
    const { definition, address, states } = actor
    const { machine } = definition
    actor.isBorn = b !== undefined || entries.some(({ ev }) => ev.length > 0)
    if (!actor.isBorn) return
    actor.input = b?.in === undefined ? undefined : JSON.stringify(b.in)
    if (b?.st !== undefined) {
      states[0] = machine.restore(decodeValue(b.st), address.id)
      return
    }
    const { state, intents, isImpure } = machine.birth(address.id, b?.in)
    states[0] = state
    const isAsking = intents.some(
      ({ _tag }) => _tag !== "Action" && _tag !== "Cancel" && _tag !== "DropTimers",
    )
    if (isImpure || (isAsking && b?.out === undefined)) {
      const what = isImpure ? "the state" : "what the birth asks for"
      throw new Violation(PROMISES.born, `${address.key} at sequence ${sequence}: ${what} is not stored`)
    }
  }

  #apply(actor: Writable, entry: Entry, { sequence, at, storedAtMs, begunAtMs }: Stored): void {
    const { address, definition } = actor
    const earlier = actor.commands.get(entry.c)
    const since = earlier === undefined ? 0 : actor.commands.size - earlier.index
    if (earlier !== undefined && !isReceipt(entry) && !this.#mayComeAgain(actor, entry.c, since)) {
      const detail = `"${entry.c}" of ${address.key} is at sequences ${earlier.sequence} and ${sequence}`
      throw new Violation(PROMISES.once, detail)
    }
    const before = actor.version
    const asked: Array<string> = []
    for (const stored of entry.ev) {
      const event = eventOf(definition, stored)
      const state = actor.states[actor.version] as MachineState
      const next = stored.told === true ? state : definition.machine.transition(state, event, address.id)
      definition.machine.takeIntents()
      if (next === undefined) {
        const detail = `${event.type} of ${address.key} at sequence ${sequence}, in state ${JSON.stringify(state.value)}`
        throw new Violation(PROMISES.accepted, detail)
      }
      actor.version++
      actor.states.push(next)
      asked.push(...(definition.audit?.asked(next) ?? []))
      const projected: ProjectedEvent = {
        actorType: address.type,
        id: address.id,
        version: actor.version,
        sequence,
        at,
        commandId: entry.c,
        metadata: entry.m ?? {},
        event,
      }
      actor.events.push(projected)
      const isRoute = stored.t === "xstate.route"
      const isInternal = !isRoute && (stored.t.startsWith("xstate.") || stored.t.startsWith("everstate."))
      this.events.push({ ...projected, isInternal })
    }
    const last = actor.states.length - 1
    const state = actor.states[last] as MachineState
    const found = definition.audit?.found(state, asked, entry.out ?? [])
    if (found !== undefined)
      actor.states[last] = definition.machine.transition(state, found, address.id) ?? state
    definition.machine.takeIntents()
    if (isReceipt(entry)) return
    const { c: commandId, re: reply } = entry
    const { version, commands } = actor
    const { size: index } = commands
    // The first command keeps the id. A later one gets a name of its own.
    const name = earlier === undefined ? commandId : `${commandId} at ${sequence}`
    commands.set(name, { commandId: name, before, version, sequence, reply, storedAtMs, begunAtMs, index })
  }
}

/** Whether an entry says only that a message is finished. */
export const isReceipt = ({ no, ev }: Entry): boolean => no === true && ev.length === 0

/** The event in the form that the machine takes. */
export const eventOf = (definition: AnyActor, { t, v, d }: StoredEvent): AnyEvent => {
  // An event that a timer raised is stored inside an event of the runtime.
  if (t === "everstate.raised") return (d as { readonly event: AnyEvent }).event
  const known = definition.events?.[t]
  let payload = d
  for (let version = v; version < (known?.version ?? v); version++)
    payload = known?.upcast[version]?.(payload)
  return callEndSeen({ type: t, ...(payload as object) })
}
