/**
 * The body of a request, read into memory up to a limit.
 *
 * Owns the limit for bodies of known and unknown length. What is over it is read and dropped up to a second limit: a client
 * that is still sending when the connection closes does not see the answer.
 */

/** Largest request body, in bytes. */
export const BODY_BYTES_MAX = 256 * 1024

/** Largest body that is read to its end so that its sender sees the refusal, in bytes. Nothing of it is kept. */
const DROPPED_BYTES_MAX = 8 * 1024 * 1024

/** The body was larger than the limit. */
export const TOO_LARGE = Symbol("TooLarge")

/** The whole body; undefined for a request without one. */
export const boundedBody = async (
  request: Request,
  bytesMax: number,
): Promise<Uint8Array<ArrayBuffer> | typeof TOO_LARGE | undefined> => {
  if (request.body === null) return undefined
  if (Number(request.headers.get("content-length") ?? 0) > DROPPED_BYTES_MAX) return TOO_LARGE
  const chunks: Array<Uint8Array> = []
  let sizeBytes = 0
  const reader = request.body.getReader()
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
