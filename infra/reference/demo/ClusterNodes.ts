/**
 * The service processes of `npm run cluster`: started, killed, paused, stopped, drained.
 *
 * Owns the processes and the verbs on them. ClusterView.ts reads how the cluster reacts.
 */
import { Effect, Scope } from "effect"
import type { ChildProgram, ProgramFailed } from "../../cli/ChildProgram.ts"
import type { ClusterVerb, NodeVerb } from "./ClusterScript.ts"
import { acquireDemoService, type DemoServiceOptions } from "./DemoService.ts"

/** Longest wait for the answer to a verb, in milliseconds. */
const VERB_TIMEOUT_MS = 5_000

/** Further attempts of a start that failed. */
const START_RETRIES = 2

export type ProcessState = "starting" | "running" | "paused" | "stopping" | "ended"

export interface ClusterNode {
  readonly number: number
  readonly name: string
  readonly pid: () => number | undefined
  readonly url: () => string
  readonly state: () => ProcessState
}

export interface ClusterNodes {
  readonly all: () => ReadonlyArray<ClusterNode>
  /** Address of a running process that answers, each time of another one; `undefined` if there is none. */
  readonly someUrl: () => string | undefined
  readonly add: Effect.Effect<void, ProgramFailed>
  readonly act: (verb: Extract<ClusterVerb, { readonly node: number }>) => Effect.Effect<void, ProgramFailed>
}

interface Held extends ClusterNode {
  readonly program: ChildProgram
  /** The verb that is being carried out, if it takes time. */
  deed: "starting" | "paused" | "stopping" | undefined
}

/** The processes end with the scope. `say` is called with each verb that was carried out. */
export const makeClusterNodes = (
  options: Omit<DemoServiceOptions, "nodeName" | "nodeVersion">,
  say: (text: string) => void,
): Effect.Effect<ClusterNodes, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const nodes: Array<Held> = []
    let addedCount = 0
    let turn = 0

    const add = Effect.gen(function* () {
      const number = ++addedCount
      const name = `n${number}`
      say(`${name} starts`)
      const program = yield* Scope.provide(
        acquireDemoService({ ...options, nodeName: name, nodeVersion: "1" }),
        scope,
      ).pipe(
        // A busy machine may be too slow at the first attempt.
        Effect.tapError(({ reason }) => Effect.sync(() => say(`${name} ${reason}`))),
        Effect.retry({ times: START_RETRIES }),
      )
      const held: Held = {
        number,
        name,
        program,
        deed: undefined,
        pid: program.pid,
        url: program.url,
        state: () => stateOf(held),
      }
      nodes.push(held)
      nodes.sort((a, b) => a.number - b.number)
      say(`${name} is up as process ${program.pid()}`)
    })

    const running = () => nodes.filter((node) => node.state() === "running")

    /** Asks any running node, which may also be the one that the verb is about. */
    const wish = (name: string, what: "drain" | "undrain") =>
      Effect.promise(async () => {
        const url = running()[0]?.url()
        if (url === undefined) return say(`no node runs that could ${what} ${name}`)
        const path = `/cluster/members/${name}/${what}`
        try {
          const answer = await fetch(url + path, {
            method: "POST",
            headers: { "x-everstate": "1" },
            signal: AbortSignal.timeout(VERB_TIMEOUT_MS),
          })
          if (!answer.ok) say(`${what} ${name}: ${answer.status} ${await answer.text()}`)
        } catch (cause) {
          say(`${what} ${name}: ${String(cause)}`)
        }
      })

    const deed = (node: Held, verb: NodeVerb): Effect.Effect<void, ProgramFailed> => {
      const { program, name } = node
      switch (verb) {
        case "kill":
          return program.kill
        case "pause":
          node.deed = "paused"
          return program.pause
        case "resume":
          node.deed = undefined
          return program.resume
        case "stop":
          return during(node, "stopping", program.stop)
        case "start":
          return program.isRunning() ? Effect.void : during(node, "starting", program.start)
        default:
          return wish(name, verb)
      }
    }

    return {
      all: () => nodes,
      someUrl: () => {
        const able = running()
        return able[turn++ % Math.max(able.length, 1)]?.url()
      },
      add,
      act: ({ verb, node }) => {
        const found = nodes.find(({ number }) => number === node)
        if (found === undefined) return Effect.sync(() => say(`there is no n${node}`))
        say(`${WORDS[verb]} ${found.name}, process ${found.pid()}`)
        return deed(found, verb)
      },
    }
  })

const WORDS: { readonly [verb in NodeVerb]: string } = {
  drain: "drain",
  undrain: "undrain",
  kill: "kill -9",
  pause: "SIGSTOP",
  resume: "SIGCONT",
  stop: "SIGTERM",
  start: "start",
}

const during = <A, E>(node: Held, deed: "starting" | "stopping", work: Effect.Effect<A, E>) =>
  Effect.suspend(() => {
    node.deed = deed
    return Effect.ensuring(
      work,
      Effect.sync(() => {
        node.deed = undefined
      }),
    )
  })

const stateOf = ({ program, deed }: Held): ProcessState => {
  if (deed === "starting") return deed
  return program.isRunning() ? (deed ?? "running") : "ended"
}
