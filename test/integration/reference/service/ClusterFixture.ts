/** Service processes that are one cluster, on servers of their own, for the tests of a file. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll } from "vitest"
import type { ChildProgram } from "../../../../infra/cli/ChildProgram.ts"
import type { EmbeddedServers } from "../../../../infra/embedded.ts"
import { acquireDemoService } from "../../../../infra/reference/demo/DemoService.ts"
import { acquireProvider } from "../../../../infra/reference/payments/ProviderProgram.ts"
import { startNewServers } from "../../../fixtures/postgres/NewDatabase.ts"
import { type Answer, callService } from "./ServiceFixture.ts"

export interface ClusterFixture {
  readonly node: (name: string) => ChildProgram
  /** One more node. */
  readonly add: (name: string) => Promise<ChildProgram>
  /** Asks one of them. */
  readonly call: (
    node: string,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer>
}

/** Started before the first test of the file, ended after the last. */
export const clusterFixture = (names: ReadonlyArray<string>): ClusterFixture => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-cluster-"))
  const scope = Effect.runSync(Scope.make())
  const nodes = new Map<string, ChildProgram>()
  let servers: EmbeddedServers
  let providerUrl: string

  const add = async (name: string): Promise<ChildProgram> => {
    const acquired = acquireDemoService({ ...servers, providerUrl, folder, nodeName: name, nodeVersion: "1" })
    const node = await Effect.runPromise(Scope.provide(acquired, scope))
    nodes.set(name, node)
    return node
  }
  const node = (name: string): ChildProgram => {
    const found = nodes.get(name)
    if (found === undefined) throw new RangeError(`no node ${name}`)
    return found
  }

  beforeAll(async () => {
    const starting = startNewServers({ folder })
    const provider = acquireProvider(join(folder, "provider.jsonl"))
    providerUrl = (await Effect.runPromise(Scope.provide(provider, scope))).url()
    servers = await starting
    for (const name of names) await add(name)
  })
  afterAll(async () => {
    await Effect.runPromise(Scope.close(scope, Exit.void))
    await servers?.stop()
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })

  return { node, add, call: (name, ...request) => callService(node(name).url(), ...request) }
}
