/** Flags for whole numbers with bounds; their help shows the default. */
import { Schema } from "effect"
import { Flag } from "effect/cli"

const PORT_MAX = 65_535

export const boundedFlag = (
  name: string,
  minimum: number,
  maximum: number,
  value: number,
  description: string,
): Flag.Flag<number> =>
  Flag.Int(name).pipe(
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum, maximum }))),
    Flag.withDescription(`${description} (default ${value})`),
    Flag.withDefault(value),
  )

export const portFlag = (value: number, description: string): Flag.Flag<number> =>
  boundedFlag("port", 0, PORT_MAX, value, `${description}, 0 for any free one`)
