/**
 * How verbs write what they found: as text for people, or as JSON for programs with `--json`.
 *
 * Owns the flag `--json`, colours, and the choice between both forms. Tables are in TextTable.ts.
 */
import { styleText } from "node:util"
import { Console, Effect } from "effect"
import { Flag, GlobalFlag, TerminalCapabilities } from "effect/cli"

/** `--json`, for every verb. */
export const Json = GlobalFlag.Setting("json")({
  flag: Flag.Boolean("json").pipe(
    Flag.withDescription("Write JSON for programs: one document, or one line for each item that is followed"),
    Flag.withDefault(false),
  ),
})

/** Gives text a colour, where the output is a terminal that shows colours. */
export type Paint = (colour: Colour, text: string) => string

type Colour = "bold" | "dim" | "red" | "green" | "yellow" | "cyan"

export const plain: Paint = (_, text) => text

/** The paint of this process: colours on a terminal alone, and never with NO_COLOR or TERM=dumb. */
export const paint: Effect.Effect<Paint> = Effect.map(
  TerminalCapabilities.TerminalCapabilities,
  ({ canColor }): Paint =>
    canColor
      ? (colour, text) => (text === "" ? "" : styleText(colour, text, { validateStream: false }))
      : plain,
)

/** Writes one result: `data` as a JSON document, or the text that is made of it. */
export const present = Effect.fnUntraced(function* <A>(data: A, asText: (data: A, paint: Paint) => string) {
  if (yield* Json) return yield* Console.log(JSON.stringify(data, undefined, 2))
  yield* Console.log(asText(data, yield* paint))
})

/** Writes one of many items that are followed: `data` as one line of JSON, or as text. */
export const presentItem = Effect.fnUntraced(function* <A>(
  data: A,
  asText: (data: A, paint: Paint) => string,
) {
  yield* Console.log((yield* Json) ? JSON.stringify(data) : asText(data, yield* paint))
})

/** Writes a remark for people to stderr; nothing with `--json`. */
export const remark = Effect.fnUntraced(function* (text: string) {
  if (!(yield* Json)) yield* Console.error(text)
})
