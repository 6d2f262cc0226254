/** Settings of TypeDoc, which makes the API reference from the entry points of package.json: `npm run docs`. */
import { readFileSync } from "node:fs"

const { exports } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))

/** Source of a built entry point: of `./dist/runtime/saga.js`, `runtime/saga.ts`. */
const sourceOf = (built) => built.replace("./dist/", "").replace(/[.]js$/, ".ts")

export default {
  name: "Everstate",
  tsconfig: "../../tsconfig.build.json",
  entryPoints: Object.values(exports).flatMap((target) =>
    typeof target === "string" ? [] : [`../../${sourceOf(target.default)}`],
  ),
  out: "../../docs/api",
  readme: "none",
  // `npm run types` checks with the newest TypeScript. TypeDoc has an older one, whose inference differs.
  skipErrorChecking: true,
  disableSources: true,
  excludeExternals: true,
  excludePrivate: true,
  sort: ["source-order"],
  requiredToBeDocumented: [
    "Module",
    "Enum",
    "Variable",
    "Function",
    "Class",
    "Interface",
    "TypeAlias",
    "Method",
  ],
  treatValidationWarningsAsErrors: true,
  validation: { notExported: false, invalidLink: true, rewrittenLink: true, notDocumented: true },
}
