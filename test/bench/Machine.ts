/** What a figure was measured on: without it, a figure says nothing. */
import { cpus, release, totalmem, type } from "node:os"

export interface Machine {
  readonly cpu: string
  readonly coreCount: number
  readonly memoryGiB: number
  readonly os: string
  readonly node: string
  readonly natsServer: string
  readonly postgres: string
  /** How both servers make writes safe, in words. */
  readonly fsync: string
}

export const thisMachine = (versions: { readonly nats: string; readonly postgres: string }): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  coreCount: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  os: `${type()} ${release()}`,
  node: [process.version, ...process.execArgv].join(" "),
  natsServer: versions.nats,
  postgres: versions.postgres,
  fsync:
    "nats-server every 2 minutes (its default), `*.fsync` rows before each acknowledgement; Postgres at each commit",
})
