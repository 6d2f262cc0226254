/** What `everstate doctor` says of this machine, of clocks and of the schema. */
import { expect, it } from "vitest"
import { offsetFinding } from "../../../infra/bin/DoctorClock.ts"
import { diskFinding } from "../../../infra/bin/DoctorCommand.ts"
import { migrationFinding } from "../../../infra/bin/DoctorPostgres.ts"
import { fault, findingsText, ok, sizeText } from "../../../infra/bin/Finding.ts"
import { plain } from "../../../infra/bin/Output.ts"
import { runVerb } from "../../fixtures/bin/RunVerb.ts"

it("warns of a clock only if the way of the answer cannot explain the offset", () => {
  expect(offsetFinding("clock", 1_400, 1_000).health).toBe("ok")
  expect(offsetFinding("clock", 1_600, 1_000)).toMatchObject({
    health: "warning",
    detail: "ahead by 1600 ms (± 500 ms)",
  })
  expect(offsetFinding("clock", -2_000, 10)).toMatchObject({
    health: "warning",
    detail: "behind by 2000 ms (± 5 ms)",
  })
})

it("tells an older schema from one of a newer release", () => {
  expect(migrationFinding("schema", 3, 3).health).toBe("ok")
  expect(migrationFinding("schema", 2, 3).health).toBe("warning")
  expect(migrationFinding("schema", 4, 3).health).toBe("fault")
})

it("warns of a disk that is nearly full, in bytes or as a share", () => {
  const bsize = 4_096
  const gib = 1024 ** 3 / bsize
  expect(diskFinding(".", { bavail: 50 * gib, blocks: 100 * gib, bsize }).health).toBe("ok")
  expect(diskFinding(".", { bavail: gib / 2, blocks: gib, bsize }).health).toBe("warning")
  expect(diskFinding(".", { bavail: 4 * gib, blocks: 100 * gib, bsize }).health).toBe("warning")
})

it("shows what to do for everything that is not well", () => {
  const text = findingsText([ok("one", "fine"), fault("two", "broken", "Mend it.")], plain)
  expect(text.split("\n").slice(1)).toEqual([
    "ok     one      fine",
    "fault  two      broken",
    "",
    "what to do",
    "two: Mend it.",
  ])
})

it("writes sizes for people", () => {
  expect([0, 1_023, 1_536, 5 * 1024 ** 3].map(sizeText)).toEqual(["0 B", "1023 B", "1.5 KiB", "5.0 GiB"])
})

it("finds servers that are not there, and ends with 1", async () => {
  const { stdout, exitCode } = await runVerb(
    "doctor",
    "--nats",
    "nats://127.0.0.1:1",
    "--postgres",
    "postgres://127.0.0.1:1/x",
    "--json",
  )
  expect(exitCode).toBe(1)
  const { findings } = JSON.parse(stdout) as {
    findings: ReadonlyArray<{ about: string; health: string; hint: string }>
  }
  const faults = findings.filter(({ health }) => health === "fault")
  expect(faults.map(({ about }) => about)).toEqual(["NATS", "Postgres"])
  for (const { hint } of faults) expect(hint).not.toBe("")
})
