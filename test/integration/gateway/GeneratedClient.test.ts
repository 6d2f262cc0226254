/**
 * A client that `@hey-api/openapi-ts` generates from a gateway's OpenAPI document type-checks and works. The generator
 * runs in a folder with TypeScript 6, because it crashes on 7.
 */
import { execFile } from "node:child_process"
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises"
import path from "node:path"
import { promisify } from "node:util"
import { expect, onTestFinished, test } from "vitest"
import { startGateway } from "../../unit/gateway/GatewayFixture.ts"
import { Booking, Seat } from "./Seats.ts"

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, "../../..")
const modules = path.join(root, "node_modules")

/** What a user writes with the client. */
const USE = `import { seatBook, seatHold, clusterPause, actorsRead } from "./client"
import { client } from "./client/client.gen"

export const use = async (baseUrl: string) => {
  client.setConfig({ baseUrl })
  await seatHold({ path: { id: "a-1" }, body: { guest: "Ann" }, headers: { "idempotency-key": "h-1" } })
  const refused = await seatHold({ path: { id: "a-1" }, body: { guest: "Bo" } })
  const booked = await seatBook({ path: { id: "a-1" }, body: { guest: "Ann", priceMinor: 100 }, throwOnError: true })
  const reply: { ticket: string } | undefined = "reply" in booked.data ? booked.data.reply : undefined
  const paused = await clusterPause({ path: { type: "seat" }, headers: { "x-everstate": "1" } })
  const { data } = await actorsRead({ path: { type: "seat", id: "a-1" } })
  return {
    refused: refused.response?.status,
    ticket: reply?.ticket,
    paused: paused.response?.status,
    state: data?.state,
  }
}
// @ts-expect-error a guest is a text
export const wrong = () => seatHold({ path: { id: "a-1" }, body: { guest: 1 } })
`

/** A folder with everything that is installed here, but TypeScript 6 and a generator that finds it. */
const folderWithTypeScript6 = async (): Promise<string> => {
  await mkdir(path.join(root, ".everstate"), { recursive: true })
  const folder = await mkdtemp(path.join(root, ".everstate", "client-"))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const own = path.join(folder, "node_modules")
  await mkdir(own)
  for (const name of await readdir(modules)) {
    if (name === "typescript" || name === "@hey-api" || name.startsWith(".")) continue
    await symlink(path.join(modules, name), path.join(own, name))
  }
  await symlink(path.join(modules, "typescript-6-0"), path.join(own, "typescript"))
  await cp(path.join(modules, "@hey-api"), path.join(own, "@hey-api"), { recursive: true })
  return folder
}

test("a generated client type-checks, and asks, reads and operates", async () => {
  const { gateway, system } = await startGateway({}, { actors: [Seat], sagas: [Booking] })
  const { url } = await gateway.listen()
  const folder = await folderWithTypeScript6()
  await writeFile(path.join(folder, "openapi.json"), await (await fetch(`${url}/openapi.json`)).text())
  const generator = path.join(folder, "node_modules/@hey-api/openapi-ts/bin/run.js")
  await run(process.execPath, [generator, "-i", "openapi.json", "-o", "client"], { cwd: folder })
  await writeFile(path.join(folder, "Use.ts"), USE)
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: "ESNext",
    moduleResolution: "bundler",
  }
  await writeFile(
    path.join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { ...options, target: "ES2022", types: [] }, include: ["Use.ts"] }),
  )
  const compiler = path.join(folder, "node_modules/typescript/bin/tsc")
  const checked = await run(process.execPath, [compiler, "-p", folder]).catch((cause) => cause)
  expect(checked.stdout).toBe("")
  const { use } = await import(path.join(folder, "Use.ts"))
  expect(await use(url)).toEqual({ refused: 422, ticket: "a-1/Ann", paused: 204, state: "booked" })
  expect((await system.cluster.status()).paused).toEqual(["seat"])
})
