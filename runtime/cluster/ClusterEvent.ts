/** What happens in a cluster, as one of its members sees it: for operators and tests. */
import type { MemberRecord } from "./Member.ts"

/** Something that happened in the cluster, as this node sees it. */
export type ClusterEvent =
  | { readonly type: "MemberJoined"; readonly member: string; readonly record: MemberRecord }
  | { readonly type: "MemberLeft"; readonly member: string; readonly record: MemberRecord }
  | { readonly type: "MemberChanged"; readonly member: string; readonly record: MemberRecord }
  /** A slot of this node: taken, handed over in order, or lost to another. */
  | {
      readonly type: "SlotMoved"
      readonly slot: string
      readonly epoch: number
      readonly member: string
      readonly what: "taken" | "handedOver" | "lost"
    }
  | { readonly type: "ActorQuarantined"; readonly actor: string; readonly detail: string }
  /** A projection or reactor of this node stepped past a record at an operator's order. */
  | {
      readonly type: "RecordSkipped"
      readonly slot: string
      readonly sequence: number
      readonly detail: string
    }
  /** A projection was emptied by this node at an operator's order, and is filled again from the first record. */
  | { readonly type: "ProjectionRebuilt"; readonly slot: string; readonly detail: string }

/** What became of the members from one look to the next. */
export const eventsBetween = (
  before: ReadonlyMap<string, MemberRecord>,
  after: ReadonlyMap<string, MemberRecord>,
): ReadonlyArray<ClusterEvent> => {
  const events: Array<ClusterEvent> = []
  for (const [member, record] of before) {
    if (!after.has(member)) events.push({ type: "MemberLeft", member, record })
  }
  for (const [member, record] of after) {
    const known = before.get(member)
    if (known === undefined) events.push({ type: "MemberJoined", member, record })
    else if (known.state !== record.state || known.unfit.length !== record.unfit.length) {
      events.push({ type: "MemberChanged", member, record })
    }
  }
  return events
}
