/** Jobs of one lane are done in order, one at a time; lanes wait for nobody. */
import { expect, it } from "vitest"
import { Lanes } from "../../../runtime/outbox/Lanes.ts"

it("a job waits for the one before it in its lane, and for no other lane", () => {
  const begun: Array<string> = []
  const ends = new Map<string, () => void>()
  const lanes = new Lanes<string>((job, done) => {
    begun.push(job)
    ends.set(job, done)
  })
  for (const job of ["a1", "a2", "b1"]) lanes.add(job.charAt(0), job)
  expect(begun).toEqual(["a1", "b1"])
  expect([lanes.head("a"), lanes.behindHead("a"), lanes.head("c")]).toEqual(["a1", ["a2"], undefined])
  ends.get("a1")?.()
  ends.get("a1")?.()
  expect(begun).toEqual(["a1", "b1", "a2"])
  ends.get("a2")?.()
  lanes.add("a", "a3")
  expect(begun.at(-1)).toBe("a3")
})

it("a hundred thousand jobs that are done at once need no deeper stack", () => {
  let count = 0
  let isFirst = true
  let finish: () => void = () => undefined
  const lanes = new Lanes<number>((_, done) => {
    count++
    if (!isFirst) return done()
    isFirst = false
    finish = done
  })
  for (let job = 0; job < 100_000; job++) lanes.add("a", job)
  finish()
  expect(count).toBe(100_000)
})
