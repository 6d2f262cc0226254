/**
 * The fingerprint of a payload: it tells a repeat of a command from another command under the same id. It
 * does not protect against forgery.
 *
 * The first release stored a fingerprint of the text alone, in which `{k:{},s:{}}` and `{k:{"}":"{"}}` are
 * the same. The structure tells them apart. It is stored as a separate part, so the text part keeps its
 * meaning, and nodes of the first release still compare the text.
 */

/**
 * The fingerprint of plain JSON as hexadecimal text, the same for every order of object keys: 64 bits of the text (two
 * FNV-1a-like lanes over keys and values), then 32 bits of the structure (kinds and lengths, in the same order).
 */
export const fingerprint = (value: unknown): string => {
  laneA = 0x811c9dc5
  laneB = 0x9e3779b9
  laneS = 0x9e3779b9
  feed(value)
  return hex(laneA) + hex(laneB) + hex(laneS)
}

/** Length of the text part, in characters. */
const TEXT_LENGTH = 16

/**
 * The text part and the structure part as they are stored. The first release stores and compares the text
 * part only.
 */
export const partsOfFingerprint = (
  whole: string,
): { readonly text: string; readonly structure: string | undefined } =>
  whole.length > TEXT_LENGTH
    ? { text: whole.slice(0, TEXT_LENGTH), structure: whole.slice(TEXT_LENGTH) }
    : { text: whole, structure: undefined }

/** The fingerprint of stored parts; the structure part may be missing. */
export const fingerprintOf = (text: string, structure: unknown): string =>
  typeof structure === "string" ? text + structure : text

/** Whether two fingerprints belong to the same payload. If one has the text part only, the text decides. */
export const isSameFingerprint = (left: string, right: string): boolean =>
  left === right ||
  (left.length === TEXT_LENGTH && right.startsWith(left)) ||
  (right.length === TEXT_LENGTH && left.startsWith(right))

/** Hexadecimal text of each byte: a look-up costs a tenth of `toString(16)`, which is most of a short fingerprint. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

const hex = (lane: number): string =>
  `${HEX[lane >>> 24]}${HEX[(lane >>> 16) & 255]}${HEX[(lane >>> 8) & 255]}${HEX[lane & 255]}`

/** Characters of a lane. */
const LANE_LENGTH = 8

/**
 * Writes the lanes of a fingerprint as integers. Returns their count, or `undefined` if the text is none that
 * {@link fingerprint} makes.
 */
export const packFingerprint = (whole: string, words: Int32Array, at: number): number | undefined => {
  const laneCount = whole.length / LANE_LENGTH
  if (laneCount !== 0 && laneCount !== 2 && laneCount !== 3) return undefined
  for (let lane = 0; lane < laneCount; lane++) {
    let word = 0
    for (let index = 0; index < LANE_LENGTH; index++) {
      const digit = digitOf(whole.charCodeAt(lane * LANE_LENGTH + index))
      if (digit === undefined) return undefined
      word = (word << 4) | digit
    }
    words[at + lane] = word
  }
  return laneCount
}

/** The fingerprint that {@link packFingerprint} wrote. */
export const unpackFingerprint = (laneCount: number, words: Int32Array, at: number): string => {
  let whole = ""
  for (let lane = 0; lane < laneCount; lane++) whole += hex(words[at + lane] as number)
  return whole
}

/** Value of a lower-case hexadecimal digit. */
const digitOf = (code: number): number | undefined => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : undefined
}

let laneA = 0
let laneB = 0
let laneS = 0

/** Every step is invertible, so two structures collide only by chance. */
const feedStructure = (kind: number, length: number): void => {
  const mixed = Math.imul(laneS ^ (length * KINDS_COUNT + kind), 0x85ebca6b)
  laneS = mixed ^ (mixed >>> 15)
}

const KINDS_COUNT = 8
const STRING = 1
const ARRAY = 2
const OBJECT = 3
const KEY = 4
const NUMBER = 5
const OTHER = 6

const feedText = (text: string): void => {
  let a = laneA
  let b = laneB
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13)
  }
  // A separator, so that ["a","b"] and ["ab"] differ.
  laneA = Math.imul(a ^ 0x1f, 0x01000193)
  laneB = Math.imul(b ^ 0x1f, 0x85ebca6b)
}

/**
 * Keys in UTF-16 order. A few keys are sorted in place, because `sort` allocates a kilobyte for a handful of
 * them.
 */
const sortedKeys = (value: object): ReadonlyArray<string> => {
  const keys = Object.keys(value)
  if (keys.length > FEW_KEYS_MAX) return keys.sort()
  for (let end = 1; end < keys.length; end++) {
    const key = keys[end] as string
    let at = end
    for (; at > 0 && (keys[at - 1] as string) > key; at--) keys[at] = keys[at - 1] as string
    keys[at] = key
  }
  return keys
}

/** Number of keys up to which insertion is faster than the engine's sort. */
const FEW_KEYS_MAX = 16

const feed = (value: unknown): void => {
  if (typeof value === "string") {
    feedStructure(STRING, value.length)
    feedText("s")
    feedText(value)
  } else if (Array.isArray(value)) {
    feedStructure(ARRAY, value.length)
    feedText("[")
    for (const element of value) feed(element)
    feedText("]")
  } else if (typeof value === "object" && value !== null) {
    const keys = sortedKeys(value)
    feedStructure(OBJECT, keys.length)
    feedText("{")
    for (const key of keys) {
      feedStructure(KEY, key.length)
      feedText(key)
      feed((value as PlainObject)[key])
    }
    feedText("}")
  } else {
    const text = String(value)
    feedStructure(typeof value === "number" ? NUMBER : OTHER, text.length)
    feedText(text)
  }
}

interface PlainObject {
  readonly [key: string]: unknown
}
