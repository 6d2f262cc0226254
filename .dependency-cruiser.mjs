/**
 * The import rules of the house, checked by `npm run imports`. CONTRIBUTING.md says them in words.
 * Sources are parsed by swc: it reads today's TypeScript, and type-only imports count like any other.
 */
import { floorRules, runtimeFloors } from "./test/unit/house/RuntimeFloors.ts"

/** The reference service and the adapters of its domain: the only code of infra/ that knows the domain. */
const reference = "^infra/reference/"
/** What commands share, and the `everstate` command. No library code needs it. */
const shared = "^infra/(bin|cli)/"
/** The console runs in browsers. Its build holds all that it needs, so its packages are development dependencies. */
const browser = "^infra/console/"
const effectOrXstate = "(^|/)node_modules/(effect|xstate)/"

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-cycles",
      comment:
        "A module that reaches itself cannot be read, tested or moved alone. Move the shared noun out.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-unresolvable",
      comment:
        "The module does not exist, or its package is not in package.json. TypeScript looks for those of the console.",
      severity: "error",
      from: { pathNot: [browser, "^test/integration/console/"] },
      to: { couldNotResolve: true },
    },
    {
      name: "runtime-imports-effect-and-xstate-only",
      comment:
        "The runtime is pure: no node: module, no driver, no adapter. Define a port, implement it in infra/.",
      severity: "error",
      from: { path: "^runtime/" },
      to: { pathNot: ["^runtime/", effectOrXstate] },
    },
    // The rooms of runtime/ stand on floors, so they cannot form a circle.
    ...floorRules(runtimeFloors),
    {
      name: "actors-import-runtime-only",
      comment: "A domain is pure: actors see the runtime's public names, effect and xstate.",
      severity: "error",
      from: { path: "^actors/" },
      to: { pathNot: ["^actors/", "^runtime/", effectOrXstate] },
    },
    {
      name: "sagas-import-runtime-and-actors-only",
      comment: "A saga sees the runtime's public names, the actors it speaks to, effect and xstate.",
      severity: "error",
      from: { path: "^sagas/" },
      to: { pathNot: ["^sagas/", "^actors/", "^runtime/", effectOrXstate] },
    },
    {
      name: "domains-use-public-names",
      comment:
        "The reference domain is written as a user would: from runtime/index.ts and runtime/testing.ts.",
      severity: "error",
      from: { path: "^(actors|sagas)/" },
      to: { path: "^runtime/", pathNot: "^runtime/(index|testing)[.]ts$" },
    },
    {
      name: "infra-imports-runtime-only",
      comment:
        "An adapter knows the ports, never the domain; infra/bin, infra/cli, infra/gateway and infra/http serve any domain. Only infra/reference sees everything.",
      severity: "error",
      from: { path: "^infra/", pathNot: reference },
      to: { path: ["^(actors|sagas|test)/", reference] },
    },
    {
      name: "published-code-needs-no-program",
      comment: "infra/bin and infra/cli serve programs, and load code that a library does not need.",
      severity: "error",
      from: { path: "^infra/", pathNot: [reference, shared] },
      to: { path: shared },
    },
    {
      name: "console-stands-alone",
      comment: "The console runs in browsers, and knows the service by its routes alone.",
      severity: "error",
      from: { path: browser },
      to: { path: "^(runtime|actors|sagas|infra|test)/", pathNot: browser },
    },
    {
      name: "nobody-imports-the-console",
      comment: "The console is built by Vite, and served as files.",
      severity: "error",
      from: { path: "^(runtime|actors|sagas|infra)/", pathNot: browser },
      to: { path: browser },
    },
    {
      name: "reference-does-not-import-tests",
      severity: "error",
      from: { path: reference },
      to: { path: "^test/" },
    },
    {
      name: "published-code-needs-real-dependencies",
      comment: "What is published may not lean on a development dependency; peers are listed as both.",
      severity: "error",
      from: { path: "^(runtime|infra)/", pathNot: [reference, shared, browser] },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only", "npm-peer"] },
    },
  ],
  options: {
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      extensions: [".ts", ".tsx", ".mjs", ".js"],
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "node", "default"],
    },
  },
}
