/** A journal register that a test can look into and that outlives the layers it is given to. */
import { Effect, Layer } from "effect"
import { type JournalIdentity, JournalRegister } from "../../../runtime/journal/JournalRegister.ts"

export class RegisterMemory {
  readonly identities = new Map<string, JournalIdentity>()

  readonly layer: Layer.Layer<JournalRegister> = Layer.succeed(JournalRegister, {
    load: (namespace) => Effect.sync(() => this.identities.get(namespace)),
    record: (identity) =>
      Effect.sync(() => {
        if (!this.identities.has(identity.namespace)) this.identities.set(identity.namespace, identity)
      }),
  })
}
