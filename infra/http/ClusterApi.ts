/**
 * The routes of operators that concern the cluster: who is in it, who has what, and what they wish for. Any node answers.
 *
 * What the routes do: ClusterRoutes.ts. What the verbs mean: runtime/system/ClusterControl.ts.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { about, pathId } from "./CommandEndpoint.ts"
import { COMMAND_PROBLEMS, READ_PROBLEMS } from "./Problem.ts"

const count = (description: string) => Schema.Int.annotate({ description })

const Load = Schema.Struct({
  residentByType: Schema.Record(Schema.String, Schema.Int).annotate({ description: "Actors in memory" }),
  inFlight: count("Commands and reads that wait or are in work"),
  openMessages: count("Messages in work"),
}).annotate({ identifier: "MemberLoad" })

const Member = Schema.Struct({
  id: Schema.String.annotate({ description: "Of this life of the node" }),
  name: Schema.String,
  state: Schema.Literals(["up", "drained", "leaving"]),
  version: Schema.String,
  labels: Schema.Array(Schema.String),
  weight: Schema.Finite,
  startedAt: Schema.String.annotate({ format: "date-time" }),
  self: Schema.Boolean.annotate({ description: "The node that answers" }),
  slots: Schema.Int,
  unfit: Schema.Array(Schema.String).annotate({
    description: "Slots that it gave up because it cannot read or host what is in them",
  }),
  load: Schema.optionalKey(Load.annotate({ description: "Absent where it did not answer in time" })),
}).annotate({ identifier: "Member" })

const Slot = Schema.Struct({
  slot: Schema.String.annotate({ description: "As in `shard.7` or `projection.order_summary.v1.p0`" }),
  epoch: count("Rises whenever somebody takes it"),
  member: Schema.optionalKey(Schema.String.annotate({ description: "Absent: nobody has it now" })),
  lag: Schema.optionalKey(count("Of a shard: messages that wait in its mailbox")),
  stopped: Schema.optionalKey(
    Schema.Struct({ sequence: count("Place of the record in the journal"), reason: Schema.String }).annotate({
      description: "Of a projection or reactor: the record that it does not get past",
    }),
  ),
}).annotate({ identifier: "Slot" })

const ClusterDocument = Schema.Struct({
  members: Schema.Array(Member),
  slots: Schema.Array(Slot),
  pins: Schema.Record(Schema.String, Schema.String).annotate({ description: "Slot → member" }),
  paused: Schema.Array(Schema.String).annotate({ description: "Actor types" }),
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

const member = { member: pathId.annotate({ description: "Name or id" }) }
const slot = { slot: pathId.annotate({ description: "As in `shard.7`" }) }
const actorType = { type: pathId.annotate({ description: "Actor type" }) }

const verb = { success: HttpApiSchema.NoContent, error: COMMAND_PROBLEMS }

const Target = Schema.Struct(member).annotate({ identifier: "TargetMember" })

const SkipOrder = Schema.Struct({
  sequence: count("As the slot's `stopped` names it"),
  by: Schema.NonEmptyString.annotate({ description: "Who asks; kept with the dead letters" }),
  note: Schema.String.annotate({ description: "Why; kept with the dead letters" }),
}).annotate({ identifier: "SkipOrder" })

const Skipped = Schema.Struct({
  deadLetters: count("Events of the record that were put aside, or 1 for a reactor's record"),
  news: Schema.Boolean.annotate({ description: "False: it was past the record already" }),
}).annotate({ identifier: "Skipped" })

const Passivated = Schema.Struct({
  passivated: Schema.Boolean.annotate({ description: "False: it was not in memory, or is busy" }),
}).annotate({ identifier: "Passivated" })

export const ClusterEndpoints = HttpApiGroup.make("cluster")
  .add(
    HttpApiEndpoint.get("cluster", "/cluster", {
      success: ClusterDocument,
      error: READ_PROBLEMS,
    }).annotateMerge(about("Members, and who has which shard, projection, reactor and singleton")),
    HttpApiEndpoint.get("clusterEvents", "/cluster/events", {
      success: HttpApiSchema.StreamSse({ data: ClusterEventDocument }),
    }).annotateMerge(
      about(
        "What happens from now on, as this node sees it",
        "Server-sent events. The first one, `Listening`, names the node that tells. Moves of slots are told by the nodes whose slots they are or were.",
      ),
    ),
    HttpApiEndpoint.post("drain", "/cluster/members/:member/drain", {
      ...verb,
      params: member,
    }).annotateMerge(
      about("Take everything from a member", "It stays a member and goes on answering requests."),
    ),
    HttpApiEndpoint.post("undrain", "/cluster/members/:member/undrain", {
      ...verb,
      params: member,
    }).annotateMerge(about("Let a drained member take part again")),
    HttpApiEndpoint.post("move", "/cluster/slots/:slot/move", {
      ...verb,
      params: slot,
      payload: Target,
    }).annotateMerge(about("Give a slot to a member", "It keeps it for as long as it lives.")),
    HttpApiEndpoint.delete("unpin", "/cluster/slots/:slot/pin", { ...verb, params: slot }).annotateMerge(
      about("Place a slot like all others again"),
    ),
    HttpApiEndpoint.post("skip", "/cluster/slots/:slot/skip", {
      params: slot,
      payload: SkipOrder,
      success: Skipped,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(
      about(
        "Have a projection or reactor step past the record at which it stands still",
        "Its events that fail become dead letters, a projection's in the transaction that moves its offset. Asked again, nothing happens.",
      ),
    ),
    HttpApiEndpoint.post("passivate", "/actors/:type/:id/passivate", {
      params: { ...actorType, id: pathId },
      success: Passivated,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(about("Let an idle actor leave memory, wherever it is")),
    HttpApiEndpoint.post("pause", "/types/:type/pause", { ...verb, params: actorType }).annotateMerge(
      about("Let no actor of a type take commands, anywhere", "Messages wait; reads go on."),
    ),
    HttpApiEndpoint.post("resume", "/types/:type/resume", { ...verb, params: actorType }).annotateMerge(
      about("Let them take commands again"),
    ),
  )
  .annotateMerge(OpenApi.annotations({ title: "Cluster", description: "Any node answers for all." }))
