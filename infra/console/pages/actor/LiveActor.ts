/**
 * The newest state of an actor, as it changes.
 *
 * Owns how the page stays true: by the gateway's stream, and without one by asking every 2 s.
 */
import { useQuery, useQueryClient } from "@tanstack/react-query"
import { urlOf } from "../../api/Client.ts"
import { type StreamHealth, useStream } from "../../api/Live.ts"
import { actorQuery, LOOK_MS } from "../../api/Queries.ts"

export const useLiveActor = (type: string, id: string) => {
  const queries = useQueryClient()
  const health: StreamHealth = useStream(urlOf(["actors", type, id, "watch"]), () => {
    void queries.invalidateQueries({ queryKey: ["actor", type, id] }, { cancelRefetch: false })
  })
  const query = useQuery({
    ...actorQuery(type, id),
    refetchInterval: health === "live" ? false : LOOK_MS,
  })
  return { query, health }
}
