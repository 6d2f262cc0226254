/** No change is missed, however fast changes come. */
import { expect, it, vi } from "vitest"
import { lookAgain } from "../../../infra/console/api/LookAgain.ts"

/** Looks that end when they are told to. */
const looks = () => {
  const ends: Array<() => void> = []
  let count = 0
  const changed = lookAgain(() => {
    count++
    return new Promise<void>((resolve, reject) =>
      ends.push(count === 1 ? () => reject(new Error("away")) : resolve),
    )
  })
  const end = async () => {
    ends.shift()?.()
    await vi.waitFor(() => expect(ends.length).toBeLessThan(2))
  }
  return { changed, end, count: () => count }
}

it("looks once more when something changes during a look, also during one that fails", async () => {
  const { changed, end, count } = looks()
  changed()
  expect(count()).toBe(1)
  for (let index = 0; index < 5; index++) changed()
  expect(count()).toBe(1)
  await end()
  await vi.waitFor(() => expect(count()).toBe(2))
  await end()
  expect(count()).toBe(2)
})

it("looks at the next change after it has come to rest", async () => {
  const { changed, end, count } = looks()
  changed()
  await end()
  await vi.waitFor(() => {
    changed()
    expect(count()).toBe(2)
  })
})
