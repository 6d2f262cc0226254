import { expect, it } from "vitest"
import { serverVersionVerdict } from "../../../../infra/nats/journal/ServerVersion.ts"

it.each([
  ["2.11.9", "refuse"],
  ["2.11.99", "refuse"],
  ["1.4.1", "refuse"],
  ["1.99.0", "refuse"],
  ["unknown", "refuse"],
  ["2.12.0", "warn"],
  ["2.14.0", "warn"],
  ["2.14.4", "warn"],
  ["2.14.4-RC.1", "warn"],
  ["2.14.5", "ok"],
  ["2.15.1", "ok"],
  ["3.0.0", "ok"],
])("FAULT 27: nats-server %s → %s", (version, verdict) => {
  expect(serverVersionVerdict(version)).toBe(verdict)
})
