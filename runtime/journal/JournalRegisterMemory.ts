/**
 * The journal's register in memory, for tests and the simulation. `lastSequence` stays what was recorded, unless the
 * caller gives a function that knows better.
 */
import { Effect, Layer } from "effect"
import { type JournalIdentity, JournalRegister, type JournalRegisterService } from "./JournalRegister.ts"

export const makeJournalRegisterMemory = (
  highestSeen: (namespace: string) => number = () => 0,
): JournalRegisterService => {
  const identities = new Map<string, JournalIdentity>()
  return {
    load: (namespace) =>
      Effect.sync(() => {
        const identity = identities.get(namespace)
        if (identity === undefined) return undefined
        return { ...identity, lastSequence: Math.max(identity.lastSequence, highestSeen(namespace)) }
      }),
    record: (identity) =>
      Effect.sync(() => {
        if (!identities.has(identity.namespace)) identities.set(identity.namespace, { ...identity })
      }),
  }
}

export const layerJournalRegisterMemory: Layer.Layer<JournalRegister> = Layer.sync(JournalRegister, () =>
  makeJournalRegisterMemory(),
)
