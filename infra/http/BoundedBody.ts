/**
 * The body of a request, read into memory up to a limit.
 *
 * Owns how a body of known or unknown length is read. What is over the limit is read and dropped up to a second limit: a
 * client that is still sending when the connection closes does not see the answer.
 */

/** Largest body that is read to its end so that its sender sees the refusal, in bytes. Nothing of it is kept. */
const DROPPED_BYTES_MAX = 8 * 1024 * 1024

/** The body was larger than the limit. */
export const TOO_LARGE = Symbol("TooLarge")

/** A body on its way, with the size that its sender has declared in `Content-Length`. */
export interface SentBody {
  readonly body: ReadableStream<Uint8Array> | null
  readonly contentLength: string | null | undefined
}

/** The whole body; undefined for a request without one. Rejects if the sender ends early. */
export const boundedBody = async (
  { body, contentLength }: SentBody,
  bytesMax: number,
): Promise<Uint8Array<ArrayBuffer> | typeof TOO_LARGE | undefined> => {
  if (body === null) return undefined
  if (Number(contentLength ?? 0) > DROPPED_BYTES_MAX) return TOO_LARGE
  const chunks: Array<Uint8Array> = []
  let sizeBytes = 0
  const reader = body.getReader()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    sizeBytes += part.value.byteLength
    if (sizeBytes <= bytesMax) chunks.push(part.value)
    if (sizeBytes > DROPPED_BYTES_MAX) {
      // The rest is never read. Its source may fail later; that is of no interest any more.
      void reader.cancel().catch(() => undefined)
      return TOO_LARGE
    }
  }
  if (sizeBytes > bytesMax) return TOO_LARGE
  if (sizeBytes === 0) return undefined
  const whole = new Uint8Array(sizeBytes)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}
