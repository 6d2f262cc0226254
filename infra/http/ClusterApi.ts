/**
 * The routes with which operators see and change the cluster: its members, the owners of slots, pins and
 * pauses. Any node answers.
 *
 * What the routes do: ClusterRoutes.ts. What the verbs mean: runtime/system/ClusterControl.ts.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { about, operatorHeader, pathId } from "./CommandEndpoint.ts"
import { COMMAND_PROBLEMS, READ_PROBLEMS } from "./Problem.ts"

const count = (description: string) => Schema.Int.annotate({ description })

const Load = Schema.Struct({
  residentByType: Schema.Record(Schema.String, Schema.Int).annotate({ description: "Actors in memory" }),
  inFlight: count("Commands and reads that wait or are being handled"),
  openMessages: count("Messages that are being handled"),
}).annotate({ identifier: "MemberLoad" })

const Member = Schema.Struct({
  id: Schema.String.annotate({ description: "Id of the member: a new one each time the node joins" }),
  name: Schema.String,
  state: Schema.Literals(["up", "drained", "leaving"]),
  version: Schema.String,
  labels: Schema.Array(Schema.String),
  weight: Schema.Finite,
  startedAt: Schema.String.annotate({ format: "date-time" }),
  self: Schema.Boolean.annotate({ description: "The node that answers" }),
  slots: Schema.Int,
  unfit: Schema.Array(Schema.String).annotate({
    description: "Slots that the member surrendered because it cannot read or run them",
  }),
  load: Schema.optionalKey(Load.annotate({ description: "Absent if the member did not answer in time" })),
}).annotate({ identifier: "Member" })

const Slot = Schema.Struct({
  slot: Schema.String.annotate({
    description: "Name of the slot, as in `shard.7` or `projection.order_summary.v1.p0`",
  }),
  epoch: count("Number of the slot's ownership; each new owner has a higher one"),
  member: Schema.optionalKey(
    Schema.String.annotate({ description: "Owner of the slot; absent while no member owns it" }),
  ),
  lag: Schema.optionalKey(count("Messages that wait in a shard's mailbox")),
  stopped: Schema.optionalKey(
    Schema.Struct({
      sequence: count("Sequence of the record in the journal"),
      reason: Schema.String,
    }).annotate({
      description: "Record at which the projection or reactor is stopped",
    }),
  ),
}).annotate({ identifier: "Slot" })

const ClusterDocument = Schema.Struct({
  members: Schema.Array(Member),
  slots: Schema.Array(Slot),
  pins: Schema.Record(Schema.String, Schema.String).annotate({ description: "Slot → member" }),
  paused: Schema.Array(Schema.String).annotate({ description: "Actor types that take no commands" }),
}).annotate({ identifier: "Cluster" })
export type ClusterDocument = typeof ClusterDocument.Type

const ClusterEventDocument = Schema.Struct({
  at: Schema.String.annotate({ format: "date-time" }),
  type: Schema.Literals([
    "Listening",
    "MemberJoined",
    "MemberLeft",
    "MemberChanged",
    "SlotMoved",
    "ActorQuarantined",
    "RecordSkipped",
    "ProjectionRebuilt",
  ]),
  member: Schema.optionalKey(Schema.String),
  name: Schema.optionalKey(Schema.String),
  state: Schema.optionalKey(Schema.String),
  slot: Schema.optionalKey(Schema.String),
  epoch: Schema.optionalKey(Schema.Int),
  what: Schema.optionalKey(Schema.Literals(["taken", "handedOver", "lost"])),
  actor: Schema.optionalKey(Schema.String),
  sequence: Schema.optionalKey(Schema.Int),
  detail: Schema.optionalKey(Schema.String),
}).annotate({ identifier: "ClusterEvent" })
export type ClusterEventDocument = typeof ClusterEventDocument.Type

const member = { member: pathId.annotate({ description: "Name or id of the member" }) }
const slot = { slot: pathId.annotate({ description: "Name of the slot, as in `shard.7`" }) }
const actorType = { type: pathId.annotate({ description: "Actor type" }) }

const verb = { success: HttpApiSchema.NoContent, error: COMMAND_PROBLEMS }

const Target = Schema.Struct(member).annotate({ identifier: "TargetMember" })

const SkipOrder = Schema.Struct({
  sequence: count("Sequence of the record, as in the slot's `stopped`"),
  by: Schema.optionalKey(
    Schema.NonEmptyString.annotate({
      description:
        "Name of the operator; kept with the dead letters. The name of a caller who is known comes first",
    }),
  ),
  note: Schema.String.annotate({ description: "Reason; kept with the dead letters" }),
}).annotate({ identifier: "SkipOrder" })

const Skipped = Schema.Struct({
  deadLetters: count("Events of the record that became dead letters; 1 for a reactor's record"),
  news: Schema.Boolean.annotate({ description: "False: the follower had passed the record before" }),
}).annotate({ identifier: "Skipped" })

const Passivated = Schema.Struct({
  passivated: Schema.Boolean.annotate({ description: "False: the actor was not in memory, or is busy" }),
}).annotate({ identifier: "Passivated" })

export const ClusterEndpoints = HttpApiGroup.make("cluster")
  .add(
    HttpApiEndpoint.get("cluster", "/cluster", {
      success: ClusterDocument,
      error: READ_PROBLEMS,
    }).annotateMerge(about("Members, and the owner of each shard, projection, reactor and singleton")),
    HttpApiEndpoint.get("clusterEvents", "/cluster/events", {
      success: HttpApiSchema.StreamSse({ data: ClusterEventDocument }),
      error: READ_PROBLEMS,
    }).annotateMerge(
      about(
        "Events of the cluster from now on, as this node sees them",
        "Server-sent events. The first one, `Listening`, names the node that sends them. A move of a slot is sent by its old owner and its new owner.",
      ),
    ),
    HttpApiEndpoint.post("drain", "/cluster/members/:member/drain", {
      ...verb,
      params: member,
    }).annotateMerge(
      about("Take all slots from a member", "The node stays a member and goes on answering requests."),
    ),
    HttpApiEndpoint.post("undrain", "/cluster/members/:member/undrain", {
      ...verb,
      params: member,
    }).annotateMerge(about("Give a drained member slots again")),
    HttpApiEndpoint.post("move", "/cluster/slots/:slot/move", {
      ...verb,
      params: slot,
      payload: Target,
    }).annotateMerge(about("Give a slot to a member", "The member keeps the slot for as long as it lives.")),
    HttpApiEndpoint.delete("unpin", "/cluster/slots/:slot/pin", { ...verb, params: slot }).annotateMerge(
      about("Remove the pin of a slot: it is placed like all others again"),
    ),
    HttpApiEndpoint.post("skip", "/cluster/slots/:slot/skip", {
      params: slot,
      headers: operatorHeader,
      payload: SkipOrder,
      success: Skipped,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(
      about(
        "Let a projection or reactor skip the record at which it is stopped",
        "The events of the record that fail become dead letters; a projection stores them in the transaction that moves its offset. A repeated request does nothing.",
      ),
    ),
    HttpApiEndpoint.post("passivate", "/actors/:type/:id/passivate", {
      params: { ...actorType, id: pathId },
      success: Passivated,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(about("Remove an idle actor from memory, on whichever node it is")),
    HttpApiEndpoint.post("pause", "/types/:type/pause", { ...verb, params: actorType }).annotateMerge(
      about("Stop commands to all actors of a type", "Messages wait; reads go on."),
    ),
    HttpApiEndpoint.post("resume", "/types/:type/resume", { ...verb, params: actorType }).annotateMerge(
      about("Let the actors of a type take commands again"),
    ),
  )
  .annotateMerge(
    OpenApi.annotations({ title: "Cluster", description: "Any node answers for the whole cluster." }),
  )
