/** A tenant that is one piece of work with a scope: begun when the slot is this node's, ended when it is not. */
import { Effect, Exit, Scope } from "effect"
import type { Tenant } from "./Tenant.ts"

export const scopedTenant = (run: (epoch: number) => Effect.Effect<void, never, Scope.Scope>): Tenant => {
  let scope: Scope.Closeable | undefined
  const end = Effect.suspend(() => {
    const running = scope
    scope = undefined
    return running === undefined ? Effect.void : Scope.close(running, Exit.void)
  })
  return {
    open: (epoch) =>
      Effect.gen(function* () {
        yield* end
        scope = yield* Scope.make()
        yield* Effect.provideService(run(epoch), Scope.Scope, scope)
      }),
    close: end,
    drop: end,
  }
}
