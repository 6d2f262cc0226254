/** Nodes of two versions of a service side by side: who cannot read or host something gives it up, and says so. */
import { Schema } from "effect"
import { expect, it } from "vitest"
import { assign, setup } from "xstate"
import { defineActor, defineEvent, type EventOf } from "../../../runtime/index.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { Booked, sagaOf } from "../../fixtures/saga/Booked.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "../system/SystemFixture.ts"
import { holderOf, slotOf, untilShares } from "./ClusterFixture.ts"

const servers = serversOfFile()

const Text = Schema.Struct({ text: Schema.String })
const Titled = Schema.Struct({ title: Schema.String, text: Schema.String })

const older = { Written: defineEvent(Text) }
const newer = {
  Written: defineEvent({
    version: 2,
    schema: Titled,
    upcast: { 1: ({ text }: { readonly text: string }) => ({ title: "", text }) },
  }),
}

/** A page, as the older version of the service knows it. */
const OlderPage = defineActor({
  type: "page",
  machine: setup({
    types: { context: {} as { texts: number }, events: {} as EventOf<typeof older> },
  }).createMachine({
    context: { texts: 0 },
    on: { Written: { actions: assign({ texts: ({ context }) => context.texts + 1 }) } },
  }),
  events: older,
  commands: { Write: { schema: Text, decide: ({ command: { text } }) => ({ type: "Written", text }) } },
})

/** The same page in the newer version: its events have titles. */
const NewerPage = defineActor({
  type: "page",
  machine: setup({
    types: { context: {} as { texts: number }, events: {} as EventOf<typeof newer> },
  }).createMachine({
    context: { texts: 0 },
    on: { Written: { actions: assign({ texts: ({ context }) => context.texts + 1 }) } },
  }),
  events: newer,
  // What the newer version keeps is not for the older one: it replays, and meets what it cannot read.
  snapshotVersion: 2,
  commands: {
    Write: { schema: Text, decide: ({ command: { text } }) => ({ type: "Written", title: "new", text }) },
  },
})

const write = { type: "Write", text: "x" } as const
const ids = Array.from({ length: 40 }, (_, index) => `p${index}`)

it("an actor type that a node lacks is asked, and told, elsewhere; the node says which shards it gave up", async () => {
  const namespace = freshNamespace()
  const old = await startSystem(servers(), {
    namespace,
    actors: [Counter],
    node: { name: "old", version: "1" },
  })
  const fresh = await startSystem(servers(), {
    namespace,
    actors: [Counter, NewerPage],
    node: { name: "new", version: "2" },
  })
  await untilShares(fresh, { old: 32, new: 32 })
  for (const id of ids) {
    const page = fresh.get(NewerPage, id)
    if (ids.indexOf(id) % 2 === 0) expect(await page.ask(write)).toMatchObject({ version: 1 })
    else await page.tell(write)
  }
  for (const id of ids) {
    await eventually(async () => (await fresh.get(NewerPage, id).history()).events.length === 1)
  }
  // Shares stay even: a shard that nobody has missed yet may go to the old node, and comes back when it is asked.
  for (const id of ids) expect(await fresh.get(NewerPage, id).ask(write)).toMatchObject({ version: 2 })
  const { members } = await fresh.cluster.status()
  const unfit = members.find(({ name }) => name === "old")?.unfit ?? []
  expect(unfit.length).toBeGreaterThan(0)
  expect(ids.map((id) => slotOf(NewerPage, id))).toEqual(expect.arrayContaining([...unfit]))
  expect(members.map(({ version }) => version).sort()).toEqual(["1", "2"])
  expect(await fresh.deadLetters.list()).toEqual([])
  // What the old node can host it still asks, wherever that is now.
  for (const id of ids) await old.get(Counter, id).ask({ type: "Add", by: 1 })
})

it("FAULT 65: an event of a newer version moves its shard to a node that can read it", async () => {
  const namespace = freshNamespace()
  const old = await startSystem(servers(), { namespace, actors: [OlderPage], node: { name: "old" } })
  await old.get(OlderPage, "p").ask(write)
  const fresh = await startSystem(servers(), { namespace, actors: [NewerPage], node: { name: "new" } })
  const slot = slotOf(NewerPage, "p")
  await fresh.cluster.move(slot, "new")
  await eventually(async () => (await holderOf(fresh, slot)) === "new")
  expect(await fresh.get(NewerPage, "p").ask(write)).toMatchObject({ version: 2 })
  await fresh.cluster.move(slot, "old")
  await eventually(async () => (await holderOf(fresh, slot)) === "old")
  // Whoever asks, and wherever: the old node meets the event, gives the shard up, and the new one answers.
  expect(await old.get(OlderPage, "p").ask(write)).toMatchObject({ version: 3 })
  await eventually(async () => (await holderOf(fresh, slot)) === "new")
  const { members } = await fresh.cluster.status()
  expect(members.find(({ name }) => name === "old")?.unfit).toEqual([slot])
  expect((await old.status()).quarantined).toEqual([])
})

it("FAULT 45: what nobody can read stays where it is, quarantined, until a node comes that can", async () => {
  const namespace = freshNamespace()
  const fresh = await startSystem(servers(), { namespace, actors: [NewerPage], node: { name: "new" } })
  await fresh.get(NewerPage, "p").ask(write)
  await fresh.stop()
  const old = await startSystem(servers(), { namespace, actors: [OlderPage], node: { name: "old" } })
  await expect(old.get(OlderPage, "p").ask(write)).rejects.toMatchObject({ _tag: "ActorQuarantined" })
  expect((await old.cluster.status()).members[0]?.unfit).toEqual([])
  await startSystem(servers(), { namespace, actors: [NewerPage], node: { name: "newer" } })
  await eventually(() =>
    old
      .get(OlderPage, "p")
      .ask(write, { commandId: "later" })
      .then(
        ({ version }) => version === 2,
        ({ _tag }) => _tag !== "ActorQuarantined" && _tag !== "Unavailable",
      ),
  )
})

it("FAULT 74: a saga of a plan that a node does not have yet goes on at a node that has it", async () => {
  const namespace = freshNamespace()
  const V1 = sagaOf(["a", "b", "c"])
  const V2 = sagaOf(["a", "b", "d"], { version: 2, previous: [V1] })
  const old = await startSystem(servers(), {
    namespace,
    actors: [Booked],
    sagas: [V1],
    node: { name: "old" },
  })
  await old.get(V1.actor, "t-1").ask({ type: "Start", input: {} })
  const fresh = await startSystem(servers(), {
    namespace,
    actors: [Booked],
    sagas: [V2],
    node: { name: "new" },
  })
  const isAsked = (by: string) => async () =>
    (await fresh.get(Booked, "human-b").state()).state.context.log.includes(`?${by}`)
  const answered = async (id: string) => {
    await eventually(isAsked(id))
    await fresh.get(Booked, "human-b").ask({ type: "Decide", yes: true })
    await eventually(async () => (await fresh.get(V2.actor, id).state()).state.value === "completed")
  }
  // One of the former plan goes on at either node.
  await fresh.cluster.move(slotOf(V1.actor, "t-1"), "new")
  await eventually(async () => (await holderOf(fresh, slotOf(V1.actor, "t-1"))) === "new")
  await answered("t-1")

  const slot = slotOf(V2.actor, "t-2")
  await fresh.cluster.move(slot, "new")
  await eventually(async () => (await holderOf(fresh, slot)) === "new")
  await fresh.get(V2.actor, "t-2").ask({ type: "Start", input: {} })
  await eventually(isAsked("t-2"))
  await fresh.cluster.move(slot, "old")
  await eventually(async () => (await holderOf(fresh, slot)) === "old")
  // The old node meets the newer plan when the answer comes, gives the shard up, and the new one goes on.
  await answered("t-2")
  expect(await holderOf(fresh, slot)).toBe("new")
  expect(await fresh.deadLetters.list()).toEqual([])
  expect((await fresh.get(Booked, "d").state()).state.context.log).toEqual(["+t-2"])
  expect((await fresh.get(Booked, "c").state()).state.context.log).toEqual(["+t-1"])
})
