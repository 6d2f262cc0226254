/**
 * The verbs for nodes of `npm run cluster` as text: `kill 1; wait 10; quit`, or a key and a number.
 *
 * Pure. ClusterNodes.ts carries the verbs out.
 */
import { Schema } from "effect"

/** Verbs about one node, with their keys. */
export const NODE_VERBS = {
  drain: "d",
  undrain: "u",
  kill: "k",
  pause: "p",
  resume: "r",
  stop: "t",
  start: "s",
} as const

export type NodeVerb = keyof typeof NODE_VERBS

/** `settle`: wait until every slot has an owner, and every running node that is not drained has a share. */
export type ClusterVerb =
  | { readonly verb: "add" | "quit" | "settle" }
  | { readonly verb: "wait"; readonly seconds: number }
  | { readonly verb: NodeVerb; readonly node: number }

/** Every step of a script, for help texts and error messages. */
export const SCRIPT_STEPS = [
  "add",
  ...Object.keys(NODE_VERBS).map((verb) => `${verb} N`),
  "wait SECONDS",
  "settle",
  "quit",
].join(", ")

/** A script that cannot be read. */
export class InvalidScript extends Schema.TaggedError<InvalidScript>()("InvalidScript", {
  step: Schema.String,
}) {
  override get message(): string {
    return `"${this.step}" is no step of a script. Steps, separated by semicolons: ${SCRIPT_STEPS}.`
  }
}

/** The steps of a script. Throws {@link InvalidScript}. */
export const parseScript = (text: string): ReadonlyArray<ClusterVerb> =>
  text
    .split(";")
    .map((step) => step.trim())
    .filter((step) => step !== "")
    .map(parseStep)

const parseStep = (step: string): ClusterVerb => {
  const [verb = "", given, ...rest] = step.split(/\s+/)
  const number = Number(given)
  if (rest.length > 0) throw new InvalidScript({ step })
  if ((verb === "add" || verb === "quit" || verb === "settle") && given === undefined) return { verb }
  if (verb === "wait" && number >= 0) return { verb, seconds: number }
  if (isNodeVerb(verb) && Number.isInteger(number) && number > 0) return { verb, node: number }
  throw new InvalidScript({ step })
}

const isNodeVerb = (verb: string): verb is NodeVerb => Object.hasOwn(NODE_VERBS, verb)

/** Turns keys into verbs: `a`, `q`, or a verb's key and then the number of a node. */
export class KeyReader {
  readonly #nodeCount: () => number
  #verb: NodeVerb | undefined
  #digits = ""

  constructor(nodeCount: () => number) {
    this.#nodeCount = nodeCount
  }

  /** Typed keys of a verb that is not complete yet. */
  get pending(): string {
    return this.#verb === undefined ? "" : `${this.#verb} ${this.#digits}`
  }

  /** The verb that this key completes. */
  read(key: string): ClusterVerb | undefined {
    if (this.#verb !== undefined && (/^\d$/.test(key) || key === "\r")) return this.#readNumber(key)
    this.#digits = ""
    this.#verb = Object.keys(NODE_VERBS).find((verb) => NODE_VERBS[verb as NodeVerb] === key) as
      | NodeVerb
      | undefined
    if (key === "a") return { verb: "add" }
    return key === "q" ? { verb: "quit" } : undefined
  }

  #readNumber(key: string): ClusterVerb | undefined {
    if (key !== "\r") this.#digits += key
    const node = Number(this.#digits)
    // Another digit may follow.
    if (key !== "\r" && node * 10 <= this.#nodeCount()) return undefined
    const verb = this.#verb
    this.#verb = undefined
    this.#digits = ""
    return verb === undefined || node === 0 ? undefined : { verb, node }
  }
}
