/**
 * Checks of the options of an actor's definition: numbers, the label of nodes, and the upcasters of events.
 *
 * Owns these checks; each throws InvalidDefinition. Who asks: Actor.ts.
 */
import type { EventDefinition } from "../event/Event.ts"
import { InvalidDefinition } from "./InvalidDefinition.ts"

/** A whole number above 0. */
export const positive = (actorType: string, name: string, value: number): number => {
  if (Number.isInteger(value) && value > 0) return value
  throw new InvalidDefinition({ actorType, what: `${name}: ${value}`, hint: "Give a whole number above 0." })
}

/** Allowed labels of nodes. */
export const NODE_LABEL_PATTERN = /^[a-z][a-z0-9_-]{0,31}$/

/** A label of nodes, or none. */
export const checkedLabel = (actorType: string, label: string | undefined): string | undefined => {
  if (label === undefined || NODE_LABEL_PATTERN.test(label)) return label
  const hint = `Use lower-case letters, digits, "-" and "_", starting with a letter, 32 at most: ${NODE_LABEL_PATTERN}.`
  throw new InvalidDefinition({ actorType, what: `nodeLabel ${JSON.stringify(label)}`, hint })
}

/** Every old version of an event has an upcaster. */
export const requireWholeUpcastChain = (
  actorType: string,
  eventType: string,
  definition: EventDefinition,
): void => {
  const what = `event ${eventType}`
  if (!Number.isInteger(definition.version) || definition.version < 1) {
    throw new InvalidDefinition({
      actorType,
      what,
      hint: `Versions are whole numbers from 1, not ${definition.version}.`,
    })
  }
  for (let version = 1; version < definition.version; version++) {
    if (typeof definition.upcast[version] !== "function") {
      throw new InvalidDefinition({
        actorType,
        what,
        hint: `It is at version ${definition.version}: give upcast[${version}], from version ${version} to ${version + 1}.`,
      })
    }
  }
}
