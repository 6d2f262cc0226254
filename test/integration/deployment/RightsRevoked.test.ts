/**
 * FAULT 35: rights and credentials that are taken away while a system runs. What needs them fails typed and at once,
 * names the subject, and is made up for when they come back; who may not be a member any more is replaced.
 */
import { Schema } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { assign, setup } from "xstate"
import type { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import {
  accept,
  defineActor,
  defineEvent,
  defineIntegrationEvent,
  type EventOf,
  send,
} from "../../../runtime/index.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, succeeds } from "../system/SystemFixture.ts"
import { prepare, type RestrictedServers, restrictedServers, startNode } from "./LeastPrivilege.ts"

const LEASE_MS = 3_000
/** Deadline that no test waits for: what ends before it does not wait for it. */
const NEVER_MS = 3_600_000

const Nothing = Schema.Struct({})
const Said = defineIntegrationEvent({
  type: "herald.said",
  description: "Somebody spoke.",
  schema: Nothing,
})
const heraldEvents = { Spoke: defineEvent(Nothing) }

/** Says something to the world outside. */
const Herald = defineActor({
  type: "herald",
  machine: setup({
    types: {} as { context: { count: number }; events: EventOf<typeof heraldEvents> },
  }).createMachine({
    context: { count: 0 },
    on: { Spoke: { actions: assign({ count: ({ context }) => context.count + 1 }) } },
  }),
  events: heraldEvents,
  publishes: [Said],
  commands: {
    Say: { schema: Nothing, decide: () => accept({ type: "Spoke" }, { send: send.publish(Said, {}) }) },
  },
})

const definitions = { actors: [Counter, Herald], shardCount: 16, leaseMs: LEASE_MS }
const ids = Array.from({ length: 40 }, (_, index) => `n${index}`)

let servers: RestrictedServers
/** Has the service's rights, which are taken away one by one; the other has the creator's, and keeps them. */
let revoked: ActorSystem
let other: ActorSystem
beforeAll(async () => {
  servers = await restrictedServers()
  await prepare(servers, definitions)
  revoked = await startNode(servers, "service", { ...definitions, node: { name: "service" } })
  other = await startNode(servers, "creator", { ...definitions, node: { name: "creator" } })
  await bothHaveShards()
})
afterAll(async () => {
  await Promise.all([revoked?.stop(), other?.stop()])
  await servers?.stop()
})

const bothHaveShards = () =>
  eventually(async () => (await slotsOf(other, "service")) > 0 && (await slotsOf(other, "creator")) > 0)

const slotsOf = async (system: ActorSystem, name: string): Promise<number> => {
  const { members, slots } = await system.cluster.status()
  const lives = members.filter((member) => member.name === name).map(({ id }) => id)
  return slots.filter(({ slot, member }) => slot.startsWith("shard.") && lives.includes(member ?? "")).length
}

/** What work fails with. Done again while it succeeds: a shard may have gone to the other node, which may do everything. */
const failureOf = async (work: () => Promise<unknown>): Promise<unknown> => {
  let failure: unknown
  await eventually(async () => {
    failure = await work().then(
      () => undefined,
      (error: unknown) => error,
    )
    return failure !== undefined
  })
  return failure
}

const add = { type: "Add", by: 1 } as const
const addToAll = (system: ActorSystem) => Promise.all(ids.map((id) => system.get(Counter, id).ask(add)))

/** Takes lines out of the service's lists; the creator comes after it and keeps its own. */
const without =
  (...subjects: ReadonlyArray<string>) =>
  (conf: string): string => {
    const [service = "", ...rest] = conf.split('user: "everstate-creator"')
    const kept = service
      .split("\n")
      .filter((line) => !subjects.some((subject) => line.trim() === JSON.stringify(subject)))
    return [kept.join("\n"), ...rest].join('user: "everstate-creator"')
  }

/** Returns how to give them back. */
const takeAway = async (...subjects: ReadonlyArray<string>) => {
  let before = ""
  await servers.nats.reload((conf) => {
    before = conf
    return without(...subjects)(conf)
  })
  return () => servers.nats.reload(() => before)
}

/** One of the ids whose shard the node has, once it has one. */
const idOf = async (
  system: ActorSystem,
  name: string,
  { type }: { readonly type: string } = Counter,
): Promise<string> => {
  let found: string | undefined
  await eventually(async () => {
    const { members, slots } = await system.cluster.status()
    const member = members.find((one) => one.name === name)?.id
    found = ids.find((id) => {
      const slot = `shard.${addressOf(type, id, definitions.shardCount).shard}`
      return slots.some((one) => one.slot === slot && one.member === member)
    })
    return found !== undefined
  })
  return found ?? ""
}

describe("FAULT 35: a right that is taken away", () => {
  it("to append: commands fail at once with its subject, and go on when it is back", async () => {
    await eventually(() => succeeds(addToAll(revoked)))
    const giveBack = await takeAway("everstate.evt.>")
    const refused = await failureOf(async () =>
      revoked.get(Counter, await idOf(revoked, "service")).ask(add, { deadlineMs: NEVER_MS }),
    )
    expect(refused).toMatchObject({
      _tag: "Unavailable",
      message: expect.stringMatching(/NotPermitted.*everstate\.evt\..*\.counter\./),
    })
    await giveBack()
    await eventually(() => succeeds(addToAll(revoked)))
  })

  it("to publish integration events: they are sent when it is back", async () => {
    const giveBack = await takeAway("everstate.int.>")
    // Said again until this node owes it: a shard that goes to the other node takes along what it owes.
    await eventually(async () => {
      await revoked.get(Herald, await idOf(revoked, "service", Herald)).ask({ type: "Say" })
      return (
        servers.nats.violations().some((line) => line.includes("everstate.int.herald.said")) &&
        (await revoked.status()).outbox.pendingCount > 0
      )
    })
    await giveBack()
    await eventually(async () => (await revoked.status()).outbox.pendingCount === 0)
  })

  it("to receive messages: they wait, and are handed out when it is back", async () => {
    const giveBack = await takeAway(
      "$JS.API.CONSUMER.MSG.NEXT.everstate-messages.*",
      "$JS.ACK.everstate-messages.>",
    )
    const id = await idOf(revoked, "service")
    const version = async () => (await revoked.get(Counter, id).state()).version
    const before = await version()
    await eventually(async () => {
      await revoked.get(Counter, id).tell(add)
      return servers.nats.violations().some((line) => /MSG\.NEXT\.everstate-messages|ACK/.test(line))
    })
    await giveBack()
    await eventually(async () => (await version()) > before)
    await revoked.get(Counter, id).tell(add, { commandId: "last" })
    await eventually(async () => (await revoked.status()).messages.openCount === 0)
  })

  it("to answer other nodes: it is served again when the right is back", async () => {
    const giveBack = await takeAway("everstate.ask.>")
    const refused = await failureOf(async () => other.get(Counter, await idOf(other, "service")).ask(add))
    expect(refused).toMatchObject({ _tag: "Unavailable" })
    await giveBack()
    await eventually(() => succeeds(addToAll(other)))
  })

  it("to renew its lease: the node has nothing within a lease's time, and the other one takes over", async () => {
    const giveBack = await takeAway("$KV.everstate-cluster.>")
    await eventually(async () => (await slotsOf(other, "creator")) === 16)
    await eventually(() => succeeds(addToAll(other)))
    // It hosts nothing any more, and still asks those that do.
    await eventually(() => succeeds(addToAll(revoked)))
    await giveBack()
    await bothHaveShards()
  })
})

describe("FAULT 35: a node whose credentials are revoked", () => {
  it("has nothing, says so at once, and the other node goes on with everything", async () => {
    await eventually(() => succeeds(addToAll(revoked)))
    await servers.nats.reload((conf) => conf.replace("$SERVICE_PASSWORD", '"another"'))
    await eventually(async () => (await slotsOf(other, "creator")) === 16)
    await eventually(() => succeeds(addToAll(other)))
    const refused = await failureOf(() => revoked.get(Counter, "n0").ask(add, { deadlineMs: NEVER_MS }))
    expect(refused).toMatchObject({ _tag: "Unavailable" })
    await expect(revoked.check()).rejects.toMatchObject({ _tag: "JournalRefused", reason: "NotPermitted" })
  })
})
