/**
 * A customer of the bank on real servers: makes transfers, lets the receivers forget them, and counts what arrived.
 *
 * Owns the memory of what was asked for. Every wait is for a condition: `settle` sends one more transfer along each way
 * and waits for it, because a message does not overtake an earlier one of the same sender to the same receiver.
 */
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"
import type { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import type { CommandsOf } from "../../../runtime/index.ts"
import { NodeProcess } from "../../nemesis/NodeProcess.ts"
import { testFolder } from "../cluster/ClusterFixture.ts"
import { eventually, type RealServers } from "../system/SystemFixture.ts"
import { Account, COMMANDS_REMEMBERED, Vault } from "./Bank.ts"

const host = fileURLToPath(new URL("BankHost.ts", import.meta.url))

type Kind = "account" | "vault"

export interface Receiver {
  readonly kind: Kind
  readonly id: string
}

interface Sent {
  readonly ref: string
  readonly from: string
  readonly to: Receiver
  /** Sent by the customer and not by an account. */
  readonly isOutside: boolean
}

/** Where actors are asked: a node or a client. */
export type Desk = Pick<ActorSystem, "get">

/** What is wrong with the bank. `money` is what there is too much (or too little) of. */
export interface Balance {
  readonly money: number
  readonly lost: ReadonlyArray<string>
  readonly doubled: ReadonlyArray<string>
}

export const balanced: Balance = { money: 0, lost: [], doubled: [] }

/** The accounts that send and receive unless a test says otherwise. */
export const ACCOUNTS = ["c0", "c1", "c2", "c3"]

const OPENING = 100_000

/** Shortest time for which nats-server can remember message ids: the transfers of a test are outside of it soon. */
const WINDOW_MS = 100

/** Sets how long the mailbox of a namespace remembers the ids of messages, as an operator's `nats stream edit` does. */
export const shortenWindows = async (
  { admin }: Pick<RealServers, "admin">,
  namespace: string,
): Promise<void> => {
  for (const stream of [`${namespace}-messages`, `${namespace}-timers`]) {
    const { config } = (await admin(`STREAM.INFO.${stream}`)) as { readonly config: object }
    const { error } = await admin(`STREAM.UPDATE.${stream}`, { ...config, duplicate_window: WINDOW_MS * 1e6 })
    if (error !== undefined) throw new Error(`${stream}: ${JSON.stringify(error)}`)
  }
}

/** A node of one shard that runs the bank in a process of its own, and ends with the test. */
export const startBank = async (
  { natsUrl, postgresUrl }: Pick<RealServers, "natsUrl" | "postgresUrl">,
  namespace: string,
): Promise<NodeProcess> => {
  const given = { nats: { servers: [natsUrl] }, postgres: postgresUrl, namespace, shardCount: 1 }
  const node = new NodeProcess("one", given, testFolder(), host)
  onTestFinished(() => node.kill())
  await node.start()
  return node
}

export class Customer {
  /** May be another one after a restart. */
  desk: Desk
  readonly #name: string
  readonly #sent: Array<Sent> = []
  readonly #actors = new Map<string, Receiver>()
  #money = 0
  #idCount = 0

  /** `name` is in the ids of everything that this customer asks for: several customers have several names. */
  constructor(desk: Desk, name = "t") {
    this.desk = desk
    this.#name = name
  }

  #nextId(): string {
    return `${this.#name}${this.#idCount++}`
  }

  #ref({ kind, id }: Receiver) {
    this.#actors.set(`${kind}/${id}`, { kind, id })
    return this.desk.get(kind === "account" ? Account : Vault, id)
  }

  /** Asks until it is answered, under one id. */
  async #ask(to: Receiver, command: CommandsOf<typeof Account>): Promise<void> {
    const commandId = this.#nextId()
    await eventually(() =>
      this.#ref(to)
        .ask(command, { commandId })
        .then(
          () => true,
          (error: { readonly kind?: string }) => {
            if (error.kind !== "transient") throw error
            return false
          },
        ),
    )
  }

  /** Gives each account money. */
  async open(accounts: ReadonlyArray<string> = ACCOUNTS): Promise<void> {
    for (const id of accounts) await this.#add({ kind: "account", id }, OPENING)
  }

  async #add(to: Receiver, minor: number): Promise<void> {
    await this.#ask(to, { type: "Add", minor })
    this.#money += minor
  }

  /** Lets an account store a commit that carries an integration event. */
  async announce(account: string): Promise<void> {
    await this.#ask({ kind: "account", id: account }, { type: "Announce", minor: 1 })
    this.#money += 1
  }

  /** A commit of `from` that carries a message to `to`. Gives its reference. */
  async transfer(from: string, to: Receiver): Promise<string> {
    const ref = this.#nextId()
    this.#sent.push({ ref, from, to, isOutside: false })
    this.#ref(to)
    await this.#ask({ kind: "account", id: from }, { type: "Send", minor: 7, ref, ...to })
    return ref
  }

  /** Transfers from each account to the next one, in a circle. */
  async transfers(count: number, accounts: ReadonlyArray<string> = ACCOUNTS): Promise<void> {
    for (let n = 0; n < count; n++) {
      const [from = "", id = ""] = [accounts[n % accounts.length], accounts[(n + 1) % accounts.length]]
      await this.transfer(from, { kind: "account", id })
    }
  }

  /** A message to `to` from outside. */
  async pay(to: Receiver): Promise<void> {
    const ref = this.#nextId()
    await this.#ref(to).tell({ type: "Receive", minor: 7, ref }, { commandId: ref })
    this.#sent.push({ ref, from: "", to, isOutside: true })
    this.#money += 7
  }

  /** Gives each receiver more commands than it remembers, and goes on until the mailbox has forgotten the ids, too. */
  async forget(receivers: ReadonlyArray<Receiver>): Promise<void> {
    const beganAt = performance.now()
    for (let n = 0; n <= 2 * COMMANDS_REMEMBERED || performance.now() - beganAt < 2 * WINDOW_MS; n++) {
      for (const to of receivers) await this.#add(to, 1)
    }
  }

  /** Resolves when every transfer has arrived. */
  arrived(): Promise<void> {
    return eventually(async () => (await this.balance()).lost.length === 0)
  }

  /** One more transfer along each way that was used, and waits until these have arrived: what was on its way is there. */
  async settle(): Promise<void> {
    const ways = new Map(this.#sent.map((sent) => [JSON.stringify([sent.from, sent.to]), sent]))
    const first = this.#sent.length
    for (const { from, to, isOutside } of ways.values())
      await (isOutside ? this.pay(to) : this.transfer(from, to))
    const last = this.#sent.slice(first).map(({ ref }) => ref)
    await eventually(async () => {
      const { lost } = await this.balance()
      return last.every((ref) => !lost.includes(ref))
    })
  }

  async balance(): Promise<Balance> {
    let money = -this.#money
    const counts: Record<string, number> = {}
    for (const actor of this.#actors.values()) {
      const { balance, received } = (await this.#ref(actor).state()).state.context
      money += balance
      for (const [ref, count] of Object.entries(received)) counts[ref] = (counts[ref] ?? 0) + count
    }
    const refs = this.#sent.map(({ ref }) => ref)
    return {
      money,
      lost: refs.filter((ref) => counts[ref] === undefined),
      doubled: refs.filter((ref) => (counts[ref] ?? 0) > 1),
    }
  }
}

export const accountsOf = (ids: ReadonlyArray<string>): ReadonlyArray<Receiver> =>
  ids.map((id) => ({ kind: "account", id }))
