/**
 * The flags of every program that serves a system over HTTP: its address, its folder, its log.
 *
 * Owns the flags, their defaults and their environment variables. Flags of the cluster: NodeFlags.ts.
 */
import { Config } from "effect"
import { Flag } from "effect/cli"
import { portFlag } from "./BoundedFlag.ts"

const PORT_DEFAULT = 3_000

/** Only this machine by default, because the service asks for no tokens then. */
const HOST_DEFAULT = "127.0.0.1"

const FOLDER_DEFAULT = ".everstate"

export interface ServiceInput {
  readonly port: number
  readonly host: string
  readonly allowedHosts: string
  readonly tokens: string
  readonly open: boolean
  readonly folder: string
  readonly prepare: boolean
  readonly json: boolean
}

/** `folderHolds` says in the help what the program keeps in its folder. */
export const serviceFlags = ({ folderHolds }: { readonly folderHolds: string }) => ({
  port: portFlag(PORT_DEFAULT, "Port of the HTTP server"),
  host: Flag.String("host").pipe(
    Flag.withDescription(`Address to listen on (default ${HOST_DEFAULT}: this machine alone)`),
    Flag.withDefault(HOST_DEFAULT),
  ),
  allowedHosts: Flag.String("allowed-hosts").pipe(
    Flag.withDescription(
      "Further host names that requests may use, comma-separated; `*.example.com` for all names below it (default: ALLOWED_HOSTS, or addresses and localhost alone)",
    ),
    Flag.withFallbackConfig(Config.String("ALLOWED_HOSTS")),
    Flag.withDefault(""),
  ),
  tokens: Flag.String("tokens").pipe(
    Flag.withDescription(
      "File with the tokens of callers, a role, a name and a token on each line (default: TOKENS_FILE, or the tokens in EVERSTATE_TOKENS)",
    ),
    Flag.withFallbackConfig(Config.String("TOKENS_FILE")),
    Flag.withDefault(""),
  ),
  open: Flag.Boolean("open").pipe(
    Flag.withDescription(
      "Without tokens: everybody who reaches the address may do everything (default: callers on this machine alone)",
    ),
    Flag.withDefault(false),
  ),
  folder: Flag.String("folder").pipe(
    Flag.withDescription(`Where ${folderHolds} are kept (default ${FOLDER_DEFAULT})`),
    Flag.withDefault(FOLDER_DEFAULT),
  ),
  prepare: Flag.Boolean("prepare").pipe(
    Flag.withDescription(
      "Make streams and buckets again that the namespace has lost (docs/deployment/prepare.sh)",
    ),
    Flag.withDefault(false),
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("Log lines as JSON, for machines"),
    Flag.withDefault(false),
  ),
})
