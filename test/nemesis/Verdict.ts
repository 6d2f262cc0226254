/**
 * Whether the records of the clients fit what is stored.
 *
 * The journal gives the order in which commands were applied, so nothing has to be searched for: a history is
 * linearizable if every command can have happened at a moment between its request and its answer, in the journal's
 * order, and every read between the command whose state it saw and the next one.
 */
import type { Operation } from "./Operation.ts"
import { isMirrored } from "./Register.ts"

/** An event of a register or a mirror, as its history tells. */
export interface Applied {
  readonly version: number
  readonly commandId: string
  readonly by: number
}

export interface ActorRecord {
  readonly actor: string
  readonly operations: ReadonlyArray<Operation>
  readonly applied: ReadonlyArray<Applied>
  readonly mirrored: ReadonlyArray<Applied>
}

/** What is wrong, in words; empty: nothing. */
export const violationsOf = (record: ActorRecord): ReadonlyArray<string> => [
  ...orderFaults(record.actor, record.applied),
  ...orderFaults(`mirror ${record.actor}`, record.mirrored),
  ...mirrorFaults(record),
  ...answerFaults(record),
  ...sourceFaults(record),
  ...timeFaults(record),
]

/** None twice, and versions without gaps. */
const orderFaults = (actor: string, applied: ReadonlyArray<Applied>): ReadonlyArray<string> => {
  const faults: Array<string> = []
  const seen = new Set<string>()
  for (const [index, { version, commandId }] of applied.entries()) {
    if (version !== index + 1) faults.push(`${actor}: version ${version} stands at place ${index + 1}`)
    if (seen.has(commandId)) faults.push(`${actor}: ${commandId} was applied twice`)
    seen.add(commandId)
  }
  return faults
}

const mirrorFaults = ({ actor, applied, mirrored }: ActorRecord): ReadonlyArray<string> => {
  const sent = applied.filter(({ by }) => isMirrored(by)).map(({ by }) => by)
  const come = mirrored.map(({ by }) => by)
  if (sent.length === come.length && sent.every((by, index) => by === come[index])) return []
  const at = sent.findIndex((by, index) => by !== come[index])
  return [
    `${actor}: ${sent.length} messages were sent, ${come.length} came; they differ from number ${at + 1} on`,
  ]
}

/** Every answer is what the journal says. */
const answerFaults = ({ actor, operations, applied }: ActorRecord): ReadonlyArray<string> => {
  const versions = new Map(applied.map(({ commandId, version }) => [commandId, version]))
  const totals = [0]
  for (const { by } of applied) totals.push((totals.at(-1) ?? 0) + by)
  const faultOf = ({ add, outcome }: Operation): string | undefined => {
    if (outcome === undefined) return undefined
    const what = add?.commandId ?? "a read"
    if ("error" in outcome) return outcome.isTransient ? undefined : `${what} failed with ${outcome.error}`
    const { version, total } = outcome
    const found = versions.get(add?.commandId ?? "")
    if (add !== undefined && found !== version) {
      return `${what} was acknowledged at version ${version} and is ${found ?? "not there"}`
    }
    return totals[version] === total ? undefined : `${what} was told ${total} at version ${version}`
  }
  return operations
    .map(faultOf)
    .filter((fault) => fault !== undefined)
    .map((fault) => `${actor}: ${fault}`)
}

/** Everything that is stored was asked for, and not refused each time. */
const sourceFaults = ({ actor, operations, applied }: ActorRecord): ReadonlyArray<string> => {
  const maybeStored = new Map<string, boolean>()
  for (const { add, outcome } of operations) {
    if (add === undefined) continue
    const isRefused = outcome !== undefined && "error" in outcome && outcome.isNotStored
    maybeStored.set(add.commandId, !isRefused || maybeStored.get(add.commandId) === true)
  }
  const faultOf = ({ commandId }: Applied): string | undefined => {
    if (!maybeStored.has(commandId)) return `nobody asked for ${commandId}`
    return maybeStored.get(commandId) === true ? undefined : `${commandId} was refused and is stored`
  }
  return applied
    .map(faultOf)
    .filter((fault) => fault !== undefined)
    .map((fault) => `${actor}: ${fault}`)
}

/** Index = version: when it can have been applied. */
interface Window {
  fromMs: number
  untilMs: number
}

const timeFaults = ({ actor, operations, applied }: ActorRecord): ReadonlyArray<string> => {
  const windows: Array<Window> = Array.from({ length: applied.length + 2 }, () => ({
    fromMs: Number.NEGATIVE_INFINITY,
    untilMs: Number.POSITIVE_INFINITY,
  }))
  const notBefore = (version: number, ms: number): void => {
    const window = windows[version]
    if (window !== undefined) window.fromMs = Math.max(window.fromMs, ms)
  }
  const notAfter = (version: number, ms: number): void => {
    const window = windows[version]
    if (window !== undefined) window.untilMs = Math.min(window.untilMs, ms)
  }
  const firstAskedMs = new Map<string, number>()
  for (const { add, invokedMs } of operations) {
    if (add === undefined) continue
    firstAskedMs.set(add.commandId, Math.min(firstAskedMs.get(add.commandId) ?? invokedMs, invokedMs))
  }
  for (const { commandId, version } of applied) notBefore(version, firstAskedMs.get(commandId) ?? 0)
  for (const { add, outcome, invokedMs, returnedMs } of operations) {
    if (outcome === undefined || !("version" in outcome)) continue
    notAfter(outcome.version, returnedMs)
    // A read saw no later version.
    if (add === undefined) notBefore(outcome.version + 1, invokedMs)
  }
  return faultsOf(actor, windows)
}

/** Moments in the order of versions exist where no version must come after a later one. */
const faultsOf = (actor: string, windows: ReadonlyArray<Window>): ReadonlyArray<string> => {
  let earliestMs = Number.NEGATIVE_INFINITY
  let setBy = 0
  for (const [version, { fromMs, untilMs }] of windows.entries()) {
    if (fromMs > earliestMs) [earliestMs, setBy] = [fromMs, version]
    if (earliestMs <= untilMs) continue
    const byMs = Math.round(earliestMs - untilMs)
    return [`${actor}: version ${version} was seen ${byMs} ms before version ${setBy} can have been applied`]
  }
  return []
}
