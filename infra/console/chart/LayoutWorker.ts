/** The layout engine in a worker of its own: it answers the messages of ElkClient.ts. */
import "elkjs/lib/elk-worker.min.js"
