/**
 * Flags with which a service process describes its node in the cluster.
 *
 * Owns the flags and their environment variables. Their meaning: runtime/cluster/Member.ts.
 */
import { hostname } from "node:os"
import { Config, Schema } from "effect"
import { Flag } from "effect/cli"
import type { NodeOptions } from "../effect.ts"

/** A name becomes a part of a subject and of keys. */
const Name = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9_-]{1,64}$/, { expected: "1 to 64 letters, digits, _ and -" }),
)

const Label = /^[A-Za-z0-9_-]{1,64}$/

const Labels = Schema.String.check(
  Schema.makeFilter(
    (text: string) => listOf(text).every((label) => Label.test(label)) || "names, comma-separated",
  ),
)

export const nodeFlags = {
  nodeName: Flag.String("node-name").pipe(
    Flag.withSchema(Name),
    Flag.withDescription(
      "Name of this node; keep it the same after a restart (default: NODE_NAME, or the host's name with the process id)",
    ),
    Flag.withFallbackConfig(Config.schema(Name, "NODE_NAME")),
    Flag.withDefault(""),
  ),
  nodeVersion: Flag.String("node-version").pipe(
    Flag.withDescription("Version of the service, shown to operators (default: SERVICE_VERSION, or none)"),
    Flag.withFallbackConfig(Config.String("SERVICE_VERSION")),
    Flag.withDefault(""),
  ),
  labels: Flag.String("labels").pipe(
    Flag.withSchema(Labels),
    Flag.withDescription(
      "Labels of this node for actor types with a `nodeLabel`, comma-separated (default: none)",
    ),
    Flag.withDefault(""),
  ),
  weight: Flag.Finite("weight").pipe(
    Flag.withSchema(Schema.Finite.check(Schema.isGreaterThan(0))),
    Flag.withDescription("Share of the shards, in proportion to the others' weights (default 1)"),
    Flag.withDefault(1),
  ),
}

export interface NodeInput {
  readonly nodeName: string
  readonly nodeVersion: string
  readonly labels: string
  readonly weight: number
}

export const nodeOf = ({ nodeName, nodeVersion, labels, weight }: NodeInput): NodeOptions => ({
  name: nodeName === "" ? ownName() : nodeName,
  version: nodeVersion,
  labels: listOf(labels),
  weight,
})

/** Default name: host and pid, so that several processes on one machine have different names. */
const ownName = (): string =>
  `${hostname()
    .replaceAll(/[^A-Za-z0-9_-]/g, "-")
    .slice(0, 48)}-${process.pid}`

/** The parts of a comma-separated flag. */
export const listOf = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((label) => label.trim())
    .filter((label) => label !== "")
