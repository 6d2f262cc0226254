/**
 * Definitions of actors about which only the type is known: they take every command, and leave states and events
 * as they are stored.
 *
 * Owns what such a definition can do. A client asks nodes with it, because the node that owns an actor checks the
 * command and decides it. What needs the machine is not for it: past states, dry runs, tags.
 */
import type { AnyActor } from "../../runtime/definition/Actor.ts"
import type { EventDefinition } from "../../runtime/event/Event.ts"
import type { AnySchema } from "../../runtime/event/Schema.ts"
import { frozen } from "../../runtime/json/Frozen.ts"
import type { Born, Machine, MachineState } from "../../runtime/machine/Machine.ts"
import type { AnySaga } from "../../runtime/saga/AnySaga.ts"

const NO_TAGS: ReadonlySet<string> = new Set()

const stateOf = (persisted: object): MachineState =>
  Object.freeze({ children: {}, ...frozen(persisted), tags: NO_TAGS }) as unknown as MachineState

/** The state where none is known. */
const UNKNOWN = stateOf({ status: "active", value: {}, context: {} })

const NO_CHART: ReturnType<Machine["chart"]> = {
  id: "",
  key: "",
  path: "(root)",
  type: "atomic",
  tags: [],
  entry: [],
  exit: [],
  invokes: [],
  transitions: [],
  states: [],
}

const BORN: Born = { state: UNKNOWN, intents: [], isImpure: false }

/** All that a machine offers, so that nothing is missing where a definition is used. */
const machine: Pick<Machine, keyof Machine> = {
  blank: UNKNOWN,
  fingerprint: "",
  chart: () => NO_CHART,
  hasTag: () => false,
  initial: () => UNKNOWN,
  birth: () => BORN,
  transition: (state) => state,
  takeIntents: () => [],
  invocationsOf: () => [],
  callLogic: () => undefined,
  persist: (state) => state,
  restore: (persisted) => stateOf(persisted as object),
}

const anything: AnySchema = {
  "~standard": { version: 1, vendor: "everstate", validate: (value: unknown) => ({ value }) },
}

/** No number is above or below it, so no stored version is too new, and none needs an upcaster. */
const ANY_VERSION = Number.NaN

const asStored: EventDefinition = { version: ANY_VERSION, schema: anything, upcast: {} }

/** The definition of every event. */
const events: { readonly [type: string]: EventDefinition } = new Proxy(
  {},
  {
    get: () => asStored,
    getOwnPropertyDescriptor: () => ({ value: asStored, configurable: true, enumerable: true }),
  },
)

/** The definition of actors of a type, whose shards need nodes with the label. */
export const rawActor = (type: string, nodeLabel: string | undefined): AnyActor => ({
  type,
  machine: machine as Machine,
  events,
  commands: undefined,
  publishes: {},
  commandsRememberedCount: 1,
  snapshotEveryEvents: 1,
  snapshotVersion: 1,
  nodeLabel,
  warnings: [],
})

/** The saga whose actor this is. Routes ask it for its type and its actor alone. */
export const rawSaga = (actor: AnyActor): AnySaga => ({ type: actor.type, actor }) as unknown as AnySaga
