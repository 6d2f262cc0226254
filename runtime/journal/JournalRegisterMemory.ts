/**
 * The journal's register in memory, for tests and the simulation. `lastSequence` stays as it was recorded.
 */
import { Effect, Layer } from "effect"
import { type JournalIdentity, JournalRegister, type JournalRegisterService } from "./JournalRegister.ts"

export const makeJournalRegisterMemory = (): JournalRegisterService => {
  const identities = new Map<string, JournalIdentity>()
  return {
    load: (namespace) => Effect.sync(() => identities.get(namespace)),
    record: (identity) =>
      Effect.sync(() => {
        if (!identities.has(identity.namespace)) identities.set(identity.namespace, { ...identity })
      }),
  }
}

export const layerJournalRegisterMemory: Layer.Layer<JournalRegister> = Layer.sync(JournalRegister, () =>
  makeJournalRegisterMemory(),
)
