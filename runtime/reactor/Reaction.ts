/**
 * The pure half of a reactor: from a journal record to the events that it reacts to, and from a handler's
 * result to items that are sent.
 *
 * Owns ids and metadata of a reactor's items, and which results are refused. Reacting.ts runs handlers.
 */
import { type ActorAddress, addressFromKey } from "../address/ActorAddress.ts"
import { DELAY_MS_MAX, inputIn } from "../cell/Intents.ts"
import { metadataCausedBy } from "../commit/Commit.ts"
import type { PlacedItem } from "../commit/PlacedItem.ts"
import { type AnyEvent, readEvent } from "../event/Event.ts"
import { publishItemOf } from "../integration/PublishItem.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import { frozen } from "../json/Frozen.ts"
import { plainJson } from "../json/Json.ts"
import { storableJson } from "../json/StorableText.ts"
import { type OutboxItem, RESERVED_ID_PREFIX } from "../message/OutboxItem.ts"
import { type Outgoing, outgoingOf } from "../message/Outgoing.ts"
import { storedEventsOf } from "../projection/DecodedRecord.ts"
import type { ProjectedEvent } from "../projection/Projection.ts"
import type { Reaction, ReactorDefinition } from "./Reactor.ts"

/** An event that a reactor has a handler for, with its index in the record. */
export interface Occurrence {
  /** Number of the event in its record, from 0. */
  readonly index: number
  /** The event as it is stored, for code that cannot read it. */
  readonly stored: ProjectedEvent
  /** Reads the event in the form that the handler gets. Throws `EventUnreadable`. */
  readonly read: () => AnyEvent
}

/** A handler returned a value that no reactor may send. */
export class NotAReaction extends Error {
  override readonly name = "NotAReaction"
}

/**
 * The events of a record that the reactor reacts to. Events without a handler are not decoded. Throws
 * `CommitUnreadable`.
 */
export const occurrencesIn = (
  reactor: ReactorDefinition,
  shardCount: number,
  record: JournalRecord,
): ReadonlyArray<Occurrence> => {
  const address = addressFromKey(record.key, shardCount)
  const actor = reactor.from.find(({ type }) => type === address.type)
  if (actor === undefined) return []
  return storedEventsOf(address, record).flatMap(({ stored, as }, index) =>
    !reactor.on.has(stored.t)
      ? []
      : [
          {
            index,
            stored: as({ type: stored.t, schemaVersion: stored.v, payload: stored.d }),
            // Text of an earlier release is made storable, so that the handler can send it.
            read: () => frozen(storableJson(readEvent(actor.type, actor.events, stored))),
          },
        ],
  )
}

/**
 * Id for the reaction to event `index` of the record at `sequence`; without an index, for the whole record.
 */
export const reactionIdOf = (reactor: ReactorDefinition, sequence: number, index?: number): string => {
  const id = `${RESERVED_ID_PREFIX}r.${reactor.name}.${sequence}`
  return index === undefined ? id : `${id}.${index}`
}

/** The items of a reaction. Throws {@link NotAReaction} and `NotJson`; then none of them is sent. */
export const itemsOf = (
  reactor: ReactorDefinition,
  { index, stored }: Occurrence,
  reaction: Reaction,
): ReadonlyArray<PlacedItem> => {
  const { sequence, at: atMs } = stored
  const id = reactionIdOf(reactor, sequence, index)
  const from = addressOfReactor(reactor)
  const metadata = metadataCausedBy(stored.commandId, stored.metadata)
  return outgoingOf(reaction).map((one, n) => ({
    item: itemOf(reactor, one, atMs),
    id: `${id}.${n}`,
    from,
    sequence,
    atMs,
    metadata,
  }))
}

/** Address of a reactor. A reactor is no actor, but its items name their sender in the same way. */
export const addressOfReactor = ({ name }: ReactorDefinition): ActorAddress => ({
  type: "reactor",
  id: name,
  token: name,
  key: `reactor/${name}`,
  shard: 0,
})

const itemOf = (reactor: ReactorDefinition, outgoing: Outgoing, atMs: number): OutboxItem => {
  switch (outgoing?._tag) {
    case "Tell": {
      const { key: to, afterMs } = outgoing
      const c = plainJson(outgoing.command) as AnyEvent
      const item = { k: "tell", to, c, ...inputIn(outgoing) } as const
      if (afterMs === undefined) return item
      if (Number.isNaN(afterMs)) throw new NotAReaction(`the delay of the message to ${to} is not a number`)
      return { ...item, at: atMs + Math.min(Math.max(0, Math.ceil(afterMs)), DELAY_MS_MAX) }
    }
    case "Publish": {
      const publisher = { type: `reactor/${reactor.name}`, publishes: reactor.publishes }
      const item = publishItemOf(publisher, outgoing.type, outgoing.data)
      if ("problem" in item) throw new NotAReaction(item.problem)
      return item
    }
    case "Request":
      throw new NotAReaction(
        `a reactor has no inbox, so it cannot request "${outgoing.command.type}" of ${outgoing.key}: use send.tell, or a saga, which can wait for the answer`,
      )
    case "Answer":
    case "AnswerLater":
      throw new NotAReaction("a reactor was asked nothing, so it cannot answer: use send.tell")
    default:
      throw new NotAReaction(
        "the handler returned something that is neither send.tell(...) nor send.publish(...)",
      )
  }
}
