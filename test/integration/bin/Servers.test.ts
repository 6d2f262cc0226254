/** `everstate servers`: two servers for other processes, which end with it and keep their data. */
import { connect } from "@nats-io/transport-node"
import { Client } from "pg"
import { expect, it, vi } from "vitest"
import { startEverstate } from "../../fixtures/bin/EverstateProcess.ts"
import { temporaryFolder } from "../embedded/TemporaryFolder.ts"

/** Longest start on a loaded machine. */
const START = { timeout: 120_000, interval: 50 }

const addresses = async (folder: string, args: ReadonlyArray<string> = []) => {
  const servers = startEverstate(["servers", "--folder", folder, "--json", ...args])
  await vi.waitFor(() => expect(servers.stdout()).toContain("}"), START)
  return {
    servers,
    ...(JSON.parse(servers.stdout()) as { natsUrl: string; postgresUrl: string; pid: number }),
  }
}

const asked = async (postgresUrl: string, text: string): Promise<ReadonlyArray<unknown>> => {
  const client = new Client({ connectionString: postgresUrl })
  await client.connect()
  const { rows } = await client.query(text)
  await client.end()
  return rows
}

it("prints addresses that work, and ends in order at SIGINT with the data kept", async () => {
  const folder = temporaryFolder("open")
  const first = await addresses(folder)
  const { hostname, port, username, password } = new URL(first.natsUrl)
  const nats = await connect({ servers: `${hostname}:${port}`, user: username, pass: password })
  await nats.close()
  await asked(first.postgresUrl, "create table kept (one text)")
  first.servers.child.kill("SIGINT")
  expect(await first.servers.ended).toBe(0)
  expect(first.servers.stderr()).toBe("")
  await expect(asked(first.postgresUrl, "select 1")).rejects.toThrow()

  const second = await addresses(folder)
  expect(await asked(second.postgresUrl, "select * from kept")).toEqual([])
  second.servers.child.kill("SIGTERM")
  expect(await second.servers.ended).toBe(0)
})

it("says who has the folder that it cannot have", async () => {
  const folder = temporaryFolder("open")
  const { pid } = await addresses(folder)
  const other = startEverstate(["servers", "--folder", folder])
  expect(await other.ended).toBe(1)
  expect(other.stderr()).toContain(`in use by process ${pid}`)
})
