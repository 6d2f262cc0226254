/** `everstate`: the command of the package. Owns the tree of verbs; RunEverstate.ts runs it. */
import { Command } from "effect/cli"
import { actorsCommand } from "./ActorsCommand.ts"
import { clusterCommand } from "./ClusterCommand.ts"
import { deadLettersCommand } from "./DeadLettersCommand.ts"
import { devCommand } from "./DevCommand.ts"
import { doctorCommand } from "./DoctorCommand.ts"
import { initCommand } from "./InitCommand.ts"
import { journalCommand } from "./JournalCommand.ts"
import { operationsCommand } from "./OperationsCommand.ts"
import { Json } from "./Output.ts"
import { projectionsCommand } from "./ProjectionsCommand.ts"
import { reactorsCommand } from "./ReactorsCommand.ts"
import { sagasCommand } from "./SagasCommand.ts"
import { serversCommand } from "./ServersCommand.ts"
import { simCommand } from "./SimCommand.ts"

export const everstateCommand = Command.make("everstate").pipe(
  Command.withDescription(
    "Durable statecharts: develop, look into and operate systems of Everstate. `everstate VERB --help` has examples.",
  ),
  Command.withSubcommands([
    { group: "develop", commands: [initCommand, devCommand, serversCommand, simCommand] },
    {
      group: "look and operate",
      commands: [
        actorsCommand,
        sagasCommand,
        deadLettersCommand,
        projectionsCommand,
        reactorsCommand,
        clusterCommand,
        operationsCommand,
        journalCommand,
        doctorCommand,
      ],
    },
  ]),
  Command.withGlobalFlags([Json]),
)
