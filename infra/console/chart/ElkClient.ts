/**
 * The layout engine for the pages: one worker for all charts, started by the first.
 *
 * Owns the worker. Its code (LayoutWorker.ts) is a file of its own, which is loaded when a chart is shown.
 */
import ElkApi from "elkjs/lib/elk-api.js"
import type { Elk, ElkNode } from "./ElkGraph.ts"

let started: Elk | undefined

/** Begins to load the engine, which takes longer than all else that a chart needs. */
export const startElk = (): Elk => {
  started ??= start()
  return started
}

/** Rejects if the browser refuses the worker. */
export const elk: Elk = (graph) => startElk()(graph)

const start = (): Elk => {
  const worker = new Worker(new URL("./LayoutWorker.ts", import.meta.url), { type: "module" })
  const failed = new Promise<never>((_, reject) => {
    worker.addEventListener("error", ({ message }) => {
      started = undefined
      reject(new Error(message || "the layout worker does not start"))
    })
  })
  // Each caller that waits for a layout gets the failure.
  failed.catch(() => undefined)
  const api = new ElkApi({ workerFactory: () => worker as never })
  return async (graph) => (await Promise.race([api.layout(graph as never), failed])) as unknown as ElkNode
}
