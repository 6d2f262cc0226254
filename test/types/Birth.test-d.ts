/** What TypeScript knows of an actor's input. Checked by `npm run types`, never run. */
import { Schema } from "effect"
import { expectTypeOf } from "vitest"
import { setup } from "xstate"
import {
  type ActorRef,
  type BirthInputOf,
  defineActor,
  defineSaga,
  type Spawned,
  send,
} from "../../runtime/index.ts"
import type { ActorSystem } from "../../runtime/promise/ActorSystem.ts"

const machine = setup({
  types: {} as { events: { type: "Go" }; input: { id: string; plan: string } },
}).createMachine({ on: { Go: { actions: () => undefined } } })

const free = setup({
  types: {} as { events: { type: "Go" }; input: { plan?: string } },
}).createMachine({ on: { Go: { actions: () => undefined } } })
const bare = setup({
  types: {} as { events: { type: "Go" }; input: { id: string } },
}).createMachine({ on: { Go: { actions: () => undefined } } })

const Planned = defineActor({ type: "planned", machine, input: Schema.Struct({ plan: Schema.String }) })
const Free = defineActor({
  type: "free",
  machine: free,
  input: Schema.Struct({ plan: Schema.optionalKey(Schema.String) }),
})
const Bare = defineActor({ type: "bare", machine: bare })

expectTypeOf<BirthInputOf<typeof Planned>>().toEqualTypeOf<{ readonly plan: string }>()
expectTypeOf<BirthInputOf<typeof Bare>>().toEqualTypeOf<undefined>()

declare const system: ActorSystem
expectTypeOf(system.spawn(Planned, "a", { input: { plan: "gold" } })).toEqualTypeOf<Promise<Spawned>>()
system.spawn(Free, "a")
system.spawn(Bare, "a", { commandId: "c" })
// @ts-expect-error the schema needs a plan
system.spawn(Planned, "a")
// @ts-expect-error a plan is text
system.spawn(Planned, "a", { input: { plan: 1 } })
// @ts-expect-error it takes no input
system.spawn(Bare, "a", { input: { plan: "gold" } })

declare const planned: ActorRef<typeof Planned>
planned.ask({ type: "Go" }, { input: { plan: "gold" }, ifVersion: 0 })
planned.tell({ type: "Go" }, { input: { plan: "gold" } })
// @ts-expect-error a plan is text
planned.ask({ type: "Go" }, { input: { plan: 1 } })

send.tell({ actor: Planned, id: "a", command: { type: "Go" }, input: { plan: "gold" }, afterMs: 5 })
send.tell({ actor: Planned, id: "a", command: { type: "Go" }, input: undefined })
send.tell({ actor: Free, id: "a", command: { type: "Go" } })
send.tell({ actor: Bare, id: "a", command: { type: "Go" } })
// @ts-expect-error the schema needs a plan
send.tell({ actor: Planned, id: "a", command: { type: "Go" } })
// @ts-expect-error a plan is text
send.tell({ actor: Free, id: "a", command: { type: "Go" }, input: { plan: 1 } })
// @ts-expect-error it takes no input
send.tell({ actor: Bare, id: "a", command: { type: "Go" }, input: { plan: "gold" } })
// @ts-expect-error the schema needs a plan
send.request({ actor: Planned, id: "a", command: { type: "Go" }, as: "go" })

defineSaga({
  type: "plans",
  input: Schema.Struct({}),
  steps: (saga) =>
    saga
      .step("planned", {
        request: () => ({ actor: Planned, id: "a", command: { type: "Go" }, input: { plan: "gold" } }),
        compensate: () => ({ actor: Planned, id: "a", command: { type: "Go" }, input: undefined }),
      })
      .step("forgetful", {
        // @ts-expect-error the schema needs a plan
        request: () => ({ actor: Planned, id: "a", command: { type: "Go" } }),
      })
      .step("free", { request: () => ({ actor: Free, id: "a", command: { type: "Go" } }) }),
})
