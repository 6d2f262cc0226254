/**
 * Streams of the gateway: server-sent events, for as long as a page shows what they tell.
 *
 * Owns the connection and what is known of its health. The browser connects again by itself. Where it gives up, because a
 * proxy answered for a service that was gone, the stream is opened again when the service is back.
 */
import { useEffect, useRef, useState } from "react"
import { useReturns } from "./Connection.ts"

/** `unavailable`: the service has no such stream, or refuses it. */
export type StreamHealth = "connecting" | "live" | "lost" | "unavailable"

/** Calls `onData` with the data of each event, whatever its name. */
export const useStream = (url: URL | undefined, onData: (data: unknown) => void): StreamHealth => {
  const [health, setHealth] = useState<StreamHealth>("connecting")
  const latest = useRef(onData)
  latest.current = onData
  const address = url?.href
  const returns = useReturns()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a service that has come back is a new connection
  useEffect(() => {
    if (address === undefined) return
    const source = new EventSource(address)
    const receive = ({ data }: MessageEvent<string>) => {
      const parsed = parsedJson(data)
      if (parsed !== undefined) latest.current(parsed)
    }
    source.onopen = () => setHealth("live")
    source.onerror = () => setHealth(source.readyState === EventSource.CLOSED ? "unavailable" : "lost")
    source.onmessage = receive
    for (const name of EVENT_NAMES) source.addEventListener(name, receive)
    return () => source.close()
  }, [address, returns])
  return health
}

/** Names of events that the gateway gives to its streams. */
const EVENT_NAMES = ["change", "event", "state", "skipped", "done"] as const

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
