/** Births with input on real servers: a process that is killed among them, and the one that comes after it. */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { expect, onTestFinished, test } from "vitest"
import { Host, Membership } from "./Memberships.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "./SystemFixture.ts"

const servers = serversOfFile()

const host = fileURLToPath(new URL("MembershipHost.ts", import.meta.url))

const IDS = Array.from({ length: 40 }, (_, index) => `m${index}`)

/** Births of this count are stored when the process is killed; others are under way. */
const KILLED_AT = 15

/** The ids whose births were acknowledged by a process that was killed. */
const bornUntilKilled = async (namespace: string): Promise<ReadonlyArray<string>> => {
  const args = ["--no-warnings", host, servers().natsUrl, servers().postgresUrl, namespace]
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] })
  onTestFinished(() => void child.kill("SIGKILL"))
  child.stdin.on("error", () => undefined)
  const born: Array<string> = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "ready") child.stdin.write(`${IDS.join("\n")}\n`)
    else if (line.startsWith("born ")) born.push(line.slice("born ".length))
    if (born.length === KILLED_AT) child.kill("SIGKILL")
  }
  return born
}

test("kill -9 among births loses none, and each keeps its input for the next process", async () => {
  const namespace = freshNamespace()
  const born = await bornUntilKilled(namespace)
  expect(born.length).toBeGreaterThanOrEqual(KILLED_AT)

  const options = { namespace, actors: [Membership, Host] }
  const second = await startSystem(servers(), options)
  for (const id of born) {
    const input = { plan: `plan of ${id}` }
    // The birth was acknowledged: it is there, with its timer, and another input is not its own.
    expect(await second.spawn(Membership, `${id}-spawned`, { input })).toMatchObject({ isNew: false })
    await expect(
      second.spawn(Membership, `${id}-spawned`, { input: { plan: "another" } }),
    ).rejects.toMatchObject({ _tag: "ActorExists", kind: "conflict" })
    const used = second.get(Membership, `${id}-used`)
    expect(await used.ask({ type: "Use" }, { input: { plan: "another" } })).toMatchObject({
      version: expect.any(Number),
      reply: input.plan,
    })
    for (const kind of ["spawned", "used", "told", "asked"]) {
      const membership = second.get(Membership, `${id}-${kind}`)
      await eventually(async () => (await membership.state().catch(() => undefined))?.state.value === "paid")
      expect((await membership.state()).state.context).toMatchObject({ id: `${id}-${kind}`, ...input })
    }
    await eventually(async () => (await second.get(Host, id).state()).state.context.answers === 1)
    expect((await second.get(Membership, `${id}-told`).state()).state.context.uses).toBe(1)
    expect((await second.get(Membership, `${id}-asked`).state()).state.context.uses).toBe(1)
  }
  // Births that nobody acknowledged are there or not; asked for again, they are there once.
  for (const id of IDS) {
    const input = { plan: `plan of ${id}` }
    await second.spawn(Membership, `${id}-spawned`, { input })
    expect(await second.spawn(Membership, `${id}-spawned`, { input })).toMatchObject({ isNew: false })
  }
  expect(await second.deadLetters.list()).toEqual([])
})

test("a history read after a restart begins with the birth and its input", async () => {
  const options = { namespace: freshNamespace(), actors: [Membership] }
  const first = await startSystem(servers(), options)
  const before = Date.now()
  const { sequence } = await first.spawn(Membership, "a", { input: { plan: "gold" } })
  await first.get(Membership, "a").ask({ type: "Use" })
  await first.get(Membership, "b").ask({ type: "Use" }, { input: { plan: "basic" } })
  await first.stop()

  const second = await startSystem(servers(), options)
  const spawned = await second.get(Membership, "a").history({ limit: 1 })
  expect(spawned.birth).toEqual({ sequence, at: expect.any(Number), input: { plan: "gold" } })
  expect(spawned.birth?.at).toBeGreaterThanOrEqual(before)
  expect(spawned.events).toMatchObject([{ version: 1 }])
  const asked = await second.get(Membership, "b").history()
  expect(asked.birth).toMatchObject({ sequence: asked.events[0]?.sequence, input: { plan: "basic" } })
  expect(await second.get(Membership, "b").stateAt({ version: 0 })).toMatchObject({
    at: asked.birth?.at,
    state: { context: { plan: "basic", uses: 0 } },
  })
  expect(await second.get(Membership, "nobody").history()).toEqual({ events: [] })
})
