/** When a node takes another member for gone, and when it does not, because it may be the one that is cut off. */
import { Clock, Effect, References, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { ClusterView } from "../../../runtime/cluster/ClusterView.ts"
import { makeLeasesMemory } from "../../../runtime/cluster/LeasesMemory.ts"
import { memberKey } from "../../../runtime/cluster/Member.ts"
import { Membership } from "../../../runtime/cluster/Membership.ts"
import { Ownership, UNREACHED_MS_MAX } from "../../../runtime/cluster/Ownership.ts"
import { Records } from "../../../runtime/cluster/Records.ts"
import { monotonicMs } from "../../../runtime/time/MonotonicTime.ts"
import { RequestFailed, type TransportService } from "../../../runtime/transport/Transport.ts"
import { aboutNode } from "../../fixtures/memory/ClusterMemory.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"

const LEASE_MS = 4_000
const OTHER = "other-000001"
const PROBE_TIMEOUT_MS = 1_500

/** A member that knows another one, that gives no sign of life. */
const two = (
  program: (given: {
    readonly membership: Membership
    /** The node's own lease is renewed, and it reaches itself. */
    readonly reachSelf: Effect.Effect<void>
    /** The other one is there by the records. */
    readonly isThere: Effect.Effect<boolean>
    /** All records are read. */
    readonly look: Effect.Effect<void>
  }) => Effect.Effect<void, unknown, Scope.Scope>,
): Promise<void> => {
  const transport: Pick<TransportService, "send" | "disconnectedAtMs"> = {
    disconnectedAtMs: () => Number.NEGATIVE_INFINITY,
    send: (subject, _request, _timeoutMs, { onFailure }) => {
      onFailure(new RequestFailed({ reason: "Timeout", subject, detail: "scripted" }))
      return () => undefined
    },
  }
  return Effect.gen(function* () {
    const leases = yield* makeLeasesMemory(true)
    const clock = yield* Clock.Clock
    const nowMs = Effect.sync(() => monotonicMs(clock))
    const ownership = new Ownership(1)
    const view = yield* ClusterView.make(ownership)
    const records = new Records(leases, clock, 1, view.seen)
    const membership = new Membership({
      leases,
      transport: transport as TransportService,
      records,
      view,
      clock,
      leaseMs: LEASE_MS,
      about: aboutNode,
    })
    yield* membership.newId
    yield* membership.renew
    yield* leases.write(memberKey(OTHER), { ...aboutNode, state: "up", unfit: [] }, 0)
    yield* records.refresh
    yield* program({
      membership,
      reachSelf: Effect.map(nowMs, (now) => ownership.renewed(now, now + LEASE_MS)),
      isThere: Effect.orDie(Effect.map(leases.get(memberKey(OTHER)), (found) => found?.value !== undefined)),
      look: Effect.orDie(
        Effect.andThen(
          records.refresh,
          Effect.map(nowMs, (now) => membership.looked(now)),
        ),
      ),
    })
  }).pipe(
    Effect.scoped,
    Effect.provide(realDate),
    Effect.provideService(References.MinimumLogLevel, "None"),
    Effect.runPromise,
  )
}

it("a member that does not renew its record is removed after the time of its lease", () =>
  two(({ membership, look, isThere }) =>
    Effect.gen(function* () {
      yield* look
      for (let passedMs = 0; passedMs < LEASE_MS; passedMs += 1_000) {
        yield* membership.evictExpired
        expect(yield* isThere).toBe(true)
        yield* TestClock.adjust(1_000)
        yield* look
      }
      yield* membership.evictExpired
      expect(yield* isThere).toBe(false)
    }),
  ))

it("after a time without records everybody has the time of a lease again", () =>
  two(({ membership, look, isThere }) =>
    Effect.gen(function* () {
      yield* look
      yield* TestClock.adjust(10 * LEASE_MS)
      for (let passedMs = 0; passedMs < LEASE_MS; passedMs += 1_000) {
        yield* look
        yield* membership.evictExpired
        expect(yield* isThere).toBe(true)
        yield* TestClock.adjust(1_000)
      }
      yield* look
      yield* membership.evictExpired
      expect(yield* isThere).toBe(false)
    }),
  ))

const SILENCE_MS = UNREACHED_MS_MAX + PROBE_TIMEOUT_MS

it("a member is removed after a time of silence, and not before", () =>
  two(({ membership, reachSelf, isThere }) =>
    Effect.gen(function* () {
      yield* reachSelf
      expect(yield* membership.probe(OTHER)).toBe(false)
      yield* TestClock.adjust(SILENCE_MS - 1)
      yield* reachSelf
      expect(yield* membership.probe(OTHER)).toBe(false)
      expect(yield* isThere).toBe(true)
      yield* TestClock.adjust(1)
      expect(yield* membership.probe(OTHER)).toBe(true)
      expect(yield* isThere).toBe(false)
    }),
  ))

it("a node that hears nobody, itself included, removes nobody", () =>
  two(({ membership, reachSelf, isThere }) =>
    Effect.gen(function* () {
      yield* reachSelf
      for (let round = 0; round < 5; round++) {
        expect(yield* membership.probe(OTHER)).toBe(false)
        yield* TestClock.adjust(2 * SILENCE_MS)
      }
      // It is reached again: the silence of the other one counts from now.
      yield* reachSelf
      expect(yield* membership.probe(OTHER)).toBe(false)
      expect(yield* isThere).toBe(true)
    }),
  ))
