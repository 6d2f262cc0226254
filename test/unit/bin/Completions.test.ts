/** The shell completion that `everstate --completions bash` prints, in a real bash. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { runVerb } from "../../fixtures/bin/RunVerb.ts"

/** Calls the function that the script registers, as bash does at Tab, and prints what it offers. */
const AT_TAB = `
source "$1"; shift
offer=$(complete -p everstate | sed 's/.*-F \\([^ ]*\\).*/\\1/')
COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); COMP_LINE="$*"; COMP_POINT=\${#COMP_LINE}
"$offer" everstate "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"
echo "\${COMPREPLY[*]}"
`

it("completes verbs, their second words and their flags", async () => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-completions-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const script = join(folder, "everstate.bash")
  writeFileSync(script, (await runVerb("--completions", "bash")).stdout)
  const offered = (...words: ReadonlyArray<string>) =>
    execFileSync("bash", ["--norc", "-c", AT_TAB, "bash", script, ...words], { encoding: "utf8" }).trim()
  expect(offered("everstate", "ac")).toBe("actors")
  expect(offered("everstate", "sagas", "re")).toBe("retry resolve")
  expect(offered("everstate", "actors", "list", "--st")).toBe("--state")
})
