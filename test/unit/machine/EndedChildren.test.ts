// biome-ignore-all lint/suspicious/noExplicitAny: the machines are what others write; their types are not the subject
/** Children that have ended and are still referred to: each state tells where they ended in it. */
import { describe, expect, it } from "vitest"
import { assign, enqueueActions, sendTo, setup, spawnChild, stopChild } from "xstate"
import { placeOf } from "../../../runtime/machine/FamilyPlace.ts"
import { Machine, type MachineState } from "../../../runtime/machine/Machine.ts"
import { given } from "../../../runtime/machine/SealedState.ts"

const following = (machine: Machine, state: MachineState, ...types: ReadonlyArray<string>): MachineState =>
  types.reduce((now, type) => machine.transition(now, { type }, "a") as MachineState, state)

describe("a state in which a child has ended", () => {
  const worker = setup({}).createMachine({
    context: { seen: [] as Array<unknown> },
    initial: "on",
    on: {
      bad: {
        actions: assign(() => {
          throw Object.assign(new Error("no"), { ofUser: new (class Tool {})() })
        }),
      },
    },
    states: { on: { on: { finish: "over" } }, over: { type: "final" } },
  } as any)
  const isOver = ({ context }: any) => context.ref.getSnapshot().status === "done"
  const machine = new Machine(
    "family",
    setup({ actors: { worker } }).createMachine({
      context: ({ spawn }: any) => ({ ref: spawn("worker", { id: "w" }), isOver: undefined as unknown }),
      on: {
        Finish: { actions: sendTo("w", { type: "finish" }) },
        Fail: { actions: sendTo("w", { type: "bad" }) },
        Stop: { actions: stopChild("w") },
        Look: { actions: assign({ isOver } as any) },
        "xstate.error.actor.w": { actions: assign({ isOver: false } as any) },
      },
    } as any),
  )
  const statusIn = (state: MachineState) => given(state).context.ref.getSnapshot().status
  const storedStatusIn = (state: MachineState) =>
    (machine.persist(state) as any).family.actors[0].snapshot.status

  it("tells where the child ended, also after an event on the state before", () => {
    const born = machine.initial("a")
    const finished = following(machine, born, "Finish")
    const stopped = following(machine, born, "Stop")
    const untouched = following(machine, born, "Look")
    expect([finished, stopped, untouched].map(statusIn)).toEqual(["done", "stopped", "active"])
    expect([finished, stopped, untouched].map(storedStatusIn)).toEqual(["done", "stopped", "active"])
  })

  it("decides by where the child ended", () => {
    const born = machine.initial("a")
    const finished = following(machine, born, "Finish")
    following(machine, born, "Stop")
    expect(given(following(machine, finished, "Look")).context.isOver).toBe(true)
    const back = machine.restore(JSON.parse(JSON.stringify(machine.persist(finished))), "a")
    expect(given(following(machine, back, "Look")).context.isOver).toBe(true)
  })

  it("keeps the name that the child had in the system, which is free", () => {
    const naming = new Machine(
      "family",
      setup({ actors: { worker } }).createMachine({
        context: ({ spawn }: any) => ({ ref: spawn("worker", { id: "w", systemId: "tools" }) }),
        on: {
          Stop: { actions: stopChild("w") },
          Next: {
            actions: assign({ ref: ({ spawn }: any) => spawn("worker", { id: "v", systemId: "tools" }) }),
          },
        },
      } as any),
    )
    const stopped = following(naming, naming.initial("a"), "Stop")
    const back = naming.restore(JSON.parse(JSON.stringify(naming.persist(stopped))), "a")
    expect(naming.persist(back)).toEqual(naming.persist(stopped))
    expect(given(back).context.ref.systemId).toBe("tools")
    expect(given(following(naming, back, "Next")).context.ref.id).toBe("v")
  })

  it("keeps of its error what a snapshot keeps", () => {
    const failed = following(machine, machine.initial("a"), "Fail")
    const toolOf = (state: MachineState) => given(state).context.ref.getSnapshot().error.ofUser
    expect(Object.getPrototypeOf(toolOf(failed))).toBe(Object.prototype)
    expect(toolOf(machine.restore(machine.persist(failed), "a"))).toEqual(toolOf(failed))
  })

  it("forgets children that nothing refers to, and no others", () => {
    const many = new Machine(
      "family",
      setup({ actors: { worker } }).createMachine({
        context: { kept: [] as Array<unknown>, n: 0 },
        on: {
          Keep: {
            actions: assign({ kept: ({ context, spawn }: any) => [...context.kept, spawn("worker")] }),
          },
          Use: { actions: spawnChild("worker", { id: "w" } as any) },
          Stop: { actions: stopChild("w") },
          End: {
            actions: enqueueActions(({ context, enqueue }: any) => {
              for (const ref of context.kept) enqueue.stopChild(ref)
            }),
          },
        },
      } as any),
    )
    const kept = following(many, many.initial("a"), ...Array.from({ length: 20 }, () => "Keep"), "End")
    const later = following(many, kept, ...Array.from({ length: 50 }, () => ["Use", "Stop"]).flat())
    const { ended } = placeOf(later)?.standing ?? {}
    expect(ended?.size).toBeLessThanOrEqual(2 * 20)
    expect(given(later).context.kept.map((ref: any) => ref.getSnapshot().status)).toEqual(
      Array.from({ length: 20 }, () => "stopped"),
    )
    for (const ref of later.context.kept) expect(ended?.has(ref)).toBe(true)
  })
})
