/** Handlers of the routes in ClusterApi.ts. What the verbs mean: runtime/system/ClusterControl.ts. */
import { Clock, Effect, Stream } from "effect"
import type { HttpApiBuilder } from "effect/http-api"
import type { AnyActor } from "../../runtime/define.ts"
import type { ClusterEvent, ClusterStatus } from "../../runtime/operations.ts"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
import { unknownActorType } from "../../runtime/system/ClusterVerbFailed.ts"
import { signerOf } from "./Caller.ts"
import type { ClusterDocument, ClusterEndpoints, ClusterEventDocument } from "./ClusterApi.ts"
import { EventStreams, type StreamEvent } from "./EventStreams.ts"
import { isoTime } from "./IsoTime.ts"
import { problemOf } from "./Problem.ts"
import { orProblem } from "./ProblemResponses.ts"

const clusterDocument = ({ members, slots, pins, paused }: ClusterStatus): ClusterDocument => ({
  members: members.map(({ startedAt, isSelf, slotCount, load, ...member }) => ({
    ...member,
    startedAt: isoTime(startedAt),
    self: isSelf,
    slots: slotCount,
    ...(load === undefined
      ? {}
      : {
          load: {
            residentByType: load.residentByType,
            inFlight: load.inFlightCount,
            openMessages: load.openMessageCount,
          },
        }),
  })),
  slots: slots.map(({ lagCount, ...slot }) => ({
    ...slot,
    ...(lagCount === undefined ? {} : { lag: lagCount }),
  })),
  pins,
  paused,
})

const eventDocument = (event: ClusterEvent, atMs: number): ClusterEventDocument => {
  const at = isoTime(atMs)
  if (!("record" in event)) return { at, ...event }
  const { type, member, record } = event
  return { at, type, member, name: record.name, state: record.state }
}

const streamed = (data: ClusterEventDocument): StreamEvent => ({ data })

/** Handles the group `cluster` of any API that has `ClusterEndpoints`. `actorNamed` has the types of its callers. */
export const clusterHandlers = Effect.fnUntraced(function* (
  handlers: HttpApiBuilder.Handlers.FromGroup<typeof ClusterEndpoints>,
  actorNamed: (type: string) => AnyActor | undefined,
) {
  const { cluster } = yield* ActorSystem
  const typeIn = ({ type }: { readonly type: string }) =>
    Effect.suspend(() => {
      const actor = actorNamed(type)
      return actor === undefined ? Effect.fail(unknownActorType(type)) : Effect.succeed(actor)
    })
  const streams = yield* EventStreams
  // Sends a first event at once, so that the headers are sent: the next event may be hours away.
  const listening = Effect.map(
    Effect.all([cluster.standing, Clock.currentTimeMillis]),
    ([{ id, name, state }, nowMs]): ClusterEventDocument => {
      return { at: isoTime(nowMs), type: "Listening", member: id, name, state }
    },
  )
  const happened = Stream.mapEffect(cluster.events, (event) =>
    Effect.map(Clock.currentTimeMillis, (nowMs) => eventDocument(event, nowMs)),
  )
  const events = Stream.concat(Stream.fromEffect(listening), happened)
  return handlers.handleAll({
    cluster: () => Effect.map(cluster.status, clusterDocument),
    clusterEvents: () => Effect.sync(() => streams.answer(Stream.map(events, streamed), problemOf)),
    drain: ({ params }) => orProblem(cluster.drain(params.member)),
    undrain: ({ params }) => orProblem(cluster.undrain(params.member)),
    move: ({ params, payload }) => orProblem(cluster.move(params.slot, payload.member)),
    unpin: ({ params }) => orProblem(cluster.unpin(params.slot)),
    skip: ({ params, headers, payload }) => {
      const order = { ...payload, by: signerOf(headers, payload.by) }
      return orProblem(
        Effect.map(cluster.skip(params.slot, order), ({ deadLetterCount, isNews }) => ({
          deadLetters: deadLetterCount,
          news: isNews,
        })),
      )
    },
    passivate: ({ params }) =>
      orProblem(
        typeIn(params).pipe(
          Effect.flatMap((actor) => cluster.passivate(actor, params.id)),
          Effect.map((passivated) => ({ passivated })),
        ),
      ),
    pause: ({ params }) => orProblem(Effect.flatMap(typeIn(params), cluster.pause)),
    resume: ({ params }) => orProblem(Effect.flatMap(typeIn(params), cluster.resume)),
  })
})
