/** `everstate`: the command of the package. Owns the tree of verbs; RunEverstate.ts runs it. */
import { Command } from "effect/cli"
import { initCommand } from "./InitCommand.ts"
import { Json } from "./Output.ts"
import { serversCommand } from "./ServersCommand.ts"
import { simCommand } from "./SimCommand.ts"

export const everstateCommand = Command.make("everstate").pipe(
  Command.withDescription(
    "Durable statecharts: develop, look into and operate systems of Everstate. `everstate VERB --help` has examples.",
  ),
  Command.withSubcommands([{ group: "develop", commands: [initCommand, serversCommand, simCommand] }]),
  Command.withGlobalFlags([Json]),
)
