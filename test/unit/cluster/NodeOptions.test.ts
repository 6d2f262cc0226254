/** What a node says of itself is checked before it joins. */
import { describe, expect, it } from "vitest"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"

describe("node options", () => {
  it.each([
    [{ name: "" }, "the node's name"],
    [{ name: "a b" }, "the node's name"],
    [{ name: "a..b" }, "the node's name"],
    [{ name: "*" }, "the node's name"],
    [{ name: "x".repeat(64) }, "the node's name"],
    [{ labels: ["gpu", "Big Disk"] }, 'the node\'s label "Big Disk"'],
    [{ weight: 0 }, "the node's weight 0"],
    [{ weight: -1 }, "the node's weight -1"],
    [{ weight: Number.NaN }, "the node's weight NaN"],
    [{ weight: Number.POSITIVE_INFINITY }, "the node's weight Infinity"],
  ])("%j are refused", async (node, what) => {
    await expect(startMemory({ node })).rejects.toMatchObject({ _tag: "InvalidDefinition", what })
  })

  it.each([0, -1, 1, Number.NaN, Number.POSITIVE_INFINITY])("a leaseMs of %s is refused", async (leaseMs) => {
    await expect(startMemory({ leaseMs })).rejects.toMatchObject({
      _tag: "InvalidDefinition",
      what: `leaseMs ${leaseMs}`,
    })
  })

  it("may name a host", async () => {
    const { system } = await startMemory({ node: { name: "shop-2.svc.local", labels: ["ssd"], weight: 0.5 } })
    const [member] = (await system.cluster.status()).members
    expect(member).toMatchObject({ name: "shop-2.svc.local", labels: ["ssd"], weight: 0.5, isSelf: true })
  })
})
