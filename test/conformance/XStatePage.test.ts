/**
 * docs/XSTATE.md says of each construct what the set of machines proves.
 *
 * `npx vitest run test/conformance/XStatePage.test.ts -u` writes the tables anew.
 */
import { readFile } from "node:fs/promises"
import path from "node:path"
import { expect, it } from "vitest"
import { withTables } from "./ConstructTable.ts"

const file = path.resolve(import.meta.dirname, "../../docs/XSTATE.md")

it("docs/XSTATE.md has the tables of the set", async () => {
  await expect(withTables(await readFile(file, "utf8"))).toMatchFileSnapshot(file)
})
