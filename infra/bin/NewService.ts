/**
 * The files of a new service: the folder `template/` of the package, with a package.json and a README of its
 * own.
 *
 * Owns which files there are, under which names, and the versions that package.json asks for.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { packageFolder, packageManifest, packageVersion } from "../cli/PackageVersion.ts"
import { VerbFailed, wrongUse } from "./VerbFailed.ts"

/** npm leaves these names out of a package or takes them for its own, so the template has them without the dot. */
const DOTTED = ["gitignore", "dockerignore"]

/** Entries that a folder may have and still counts as empty. */
const HARMLESS = [".git"]

const NAME_LENGTH_MAX = 64

interface NewServiceOptions {
  /** Folder of the service; it is made if it is missing. */
  readonly folder: string
  /** What package.json asks npm for under the name `everstate`: a version, a range, or the path of an archive. */
  readonly everstate: string | undefined
}

/** Writes all files and gives their names. Throws `VerbFailed` if the folder holds anything. */
export const writeNewService = ({ folder, everstate }: NewServiceOptions): ReadonlyArray<string> => {
  const target = resolve(folder)
  refuseUsed(target, folder)
  const name = packageNameOf(target)
  const files = new Map([
    ["package.json", packageJsonOf(name, everstate ?? `^${packageVersion}`)],
    ["README.md", readmeOf(name)],
    ...templateFiles(),
  ])
  for (const [path, text] of files) {
    const file = join(target, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text, { flag: "wx" })
  }
  return [...files.keys()].sort()
}

const refuseUsed = (target: string, given: string): void => {
  const entries = entriesOf(target, given).filter((entry) => !HARMLESS.includes(entry))
  if (entries.length === 0) return
  throw wrongUse(
    `The folder ${given} is not empty: it has ${entries.slice(0, 3).join(", ")}${entries.length > 3 ? ", ..." : ""}.`,
    "Name a new folder: everstate init my-service",
  )
}

const entriesOf = (target: string, given: string): ReadonlyArray<string> => {
  try {
    return readdirSync(target)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === "ENOENT") return []
    if (code === "ENOTDIR")
      throw wrongUse(`${given} is a file.`, "Name a new folder: everstate init my-service")
    throw new VerbFailed({ exit: "failed", what: `The folder ${given} cannot be read: ${message}`, hint: "" })
  }
}

/** The folder's name as a name that npm takes. */
export const packageNameOf = (folder: string): string => {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, NAME_LENGTH_MAX)
  return name === "" ? "service" : name
}

const templateFiles = (): ReadonlyArray<readonly [string, string]> => {
  const template = join(packageFolder, "template")
  return readdirSync(template, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = join(entry.parentPath, entry.name)
      const path = file.slice(template.length + 1).replaceAll("\\", "/")
      return [DOTTED.includes(path) ? `.${path}` : path, readFileSync(file, "utf8")]
    })
}

const packageJsonOf = (name: string, everstate: string): string => {
  const { devDependencies = {}, peerDependencies = {} } = packageManifest
  const range = (dependency: string): string =>
    peerDependencies[dependency] ?? `^${devDependencies[dependency]}`
  const manifest = {
    name,
    version: "0.0.0",
    private: true,
    type: "module",
    engines: { node: ">=22.18.0" },
    scripts: {
      start: "node src/main.ts",
      dev: "everstate dev",
      test: 'tsc && node --test "test/*.test.ts"',
      sim: "everstate sim",
    },
    dependencies: { effect: range("effect"), everstate, xstate: range("xstate") },
    devDependencies: { "@types/node": range("@types/node"), typescript: range("typescript") },
  }
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}

const readmeOf = (name: string): string => `# ${name}

A service of durable statecharts, made by \`everstate init\`.

| | |
|---|---|
| \`npm start\` | runs the service. Without \`NATS_URL\` and \`DATABASE_URL\` a nats-server and a Postgres run in \`.everstate/\` |
| \`npm test\` | types, decisions of the actor, every path of the saga, and a few simulated runs under faults |
| \`npm run sim\` | many simulated runs; a failing one is shrunk and shown |

- \`src/Account.ts\` is an actor: a machine that events drive, and commands that decide events
- \`src/Transfer.ts\` is a saga: money from one account to another, undone when a step fails
- \`src/Balances.ts\` is a projection: a table in Postgres, filled from the events of all accounts
- \`src/definitions.ts\` lists them, \`src/main.ts\` starts the service
- \`test/scenarios.ts\` is the load of the simulation

\`docker build -t ${name} .\` makes an image without servers; run it with \`NATS_URL\`, \`DATABASE_URL\`,
\`EVERSTATE_TOKENS\` (a line for each token: role, name, token; \`operator ann $(openssl rand -hex 16)\`) and
\`ALLOWED_HOSTS\` (the names that it is reached by, comma-separated).
Where no nats-server and no Postgres are installed, the first start downloads both once.
`
