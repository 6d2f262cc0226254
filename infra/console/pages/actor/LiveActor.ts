/**
 * The newest state of an actor, as it changes.
 *
 * Owns how the page stays true: by the gateway's stream, and without one by asking every 2 s.
 */
import { useQuery, useQueryClient } from "@tanstack/react-query"
import { useMemo } from "react"
import { urlOf } from "../../api/Client.ts"
import { type StreamHealth, useStream } from "../../api/Live.ts"
import { lookAgain } from "../../api/LookAgain.ts"
import { actorQuery, LOOK_MS } from "../../api/Queries.ts"

export const useLiveActor = (type: string, id: string) => {
  const queries = useQueryClient()
  const changed = useMemo(
    () => lookAgain(() => queries.invalidateQueries({ queryKey: ["actor", type, id] })),
    [queries, type, id],
  )
  const health: StreamHealth = useStream(urlOf(["actors", type, id, "watch"]), changed)
  const query = useQuery({
    ...actorQuery(type, id),
    refetchInterval: health === "live" ? false : LOOK_MS,
  })
  return { query, health }
}
