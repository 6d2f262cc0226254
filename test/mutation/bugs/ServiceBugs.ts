/** The service on HTTP, and the embedded servers. */
import type { PlantedBug } from "../PlantedBug.ts"

export const serviceBugs: ReadonlyArray<PlantedBug> = [
  {
    name: 'If-Match: "0" is no condition',
    file: "infra/http/CommandRequest.ts",
    text: "return { ifVersion: Number(ifMatch.slice(1, -1)) }",
    replacement: "return Number(ifMatch.slice(1, -1)) > 0 ? { ifVersion: Number(ifMatch.slice(1, -1)) } : {}",
    isSeenBySimulation: false,
  },
  {
    name: "an idempotency key is not used",
    file: "infra/http/CommandRequest.ts",
    text: "...(commandId === undefined ? {} : { commandId }),\n    ...(deadlineMs",
    replacement: '...(commandId === "" ? { commandId } : {}),\n    ...(deadlineMs',
    isSeenBySimulation: false,
  },
  {
    name: "a malformed trace is stored",
    file: "infra/http/CommandRequest.ts",
    text: "traceparent === undefined || !TRACEPARENT.test(traceparent) ? {}",
    replacement: "traceparent === undefined ? {}",
    isSeenBySimulation: false,
  },
  {
    name: "a request from another site is taken",
    file: "infra/http/RequestGuard.ts",
    text: "const isForeign =\n      site === undefined\n",
    replacement:
      'const isForeign =\n      site !== undefined && site !== "cross-site"\n        ? false\n        : site === undefined\n',
    isSeenBySimulation: false,
  },
  {
    name: "a request for another host is taken",
    file: "infra/http/RequestGuard.ts",
    text: "if (host !== undefined && !isAllowed(host))",
    replacement: 'if (host !== undefined && host === "" && !isAllowed(host))',
    isSeenBySimulation: false,
  },
  {
    name: "a body of any type is taken",
    file: "infra/http/RequestGuard.ts",
    text: 'if (!(hasBody ?? announcesBody(header)) || isJson(header("content-type"))) return undefined',
    replacement: 'if (header("content-type") !== "text/plain") return undefined',
    isSeenBySimulation: false,
  },
  {
    name: "any name under an allowed name's letters is allowed",
    file: "infra/http/RequestGuard.ts",
    text: "labels.some((_, index) => index > 0 && names",
    replacement: "labels.some((_, index) => index >= 0 && names",
    isSeenBySimulation: false,
  },
  {
    name: "kill() of a paused server leaves its children behind",
    file: "infra/embedded/ServerProcess.ts",
    text: 'for (const pid of [this.pid, ...children]) signal(pid, "SIGKILL")',
    replacement: 'for (const pid of [this.pid]) signal(pid, "SIGKILL")',
    isSeenBySimulation: false,
  },
  {
    name: "a paused server's children go on",
    file: "infra/embedded/ServerProcess.ts",
    text: '    for (const pid of children) signal(pid, "SIGSTOP")\n',
    replacement: "",
    isSeenBySimulation: false,
  },
  {
    name: "a paused server is not woken before it is stopped",
    file: "infra/embedded/ServerProcess.ts",
    text: "    this.resume()\n    signal(this.pid, this.#command.stopSignal)",
    replacement: "    signal(this.pid, this.#command.stopSignal)",
    isSeenBySimulation: false,
  },
  {
    name: "a folder in use is taken",
    file: "infra/embedded/LockFile.ts",
    text: "|| startToken(current.ownerPid) === current.ownerStart)",
    replacement: '|| startToken(current.ownerPid) === "")',
    isSeenBySimulation: false,
  },
  {
    name: "a stopped server's folder stays taken",
    file: "infra/embedded/EmbeddedServer.ts",
    text: "      folder.release()\n      released = true",
    replacement: "      released = true",
    isSeenBySimulation: false,
  },
  {
    name: "an old nats-server on PATH is taken",
    file: "infra/embedded/NatsBinary.ts",
    text: "if (isNewEnough(version)) usable.push({ path, version })",
    replacement: "if (version !== undefined) usable.push({ path, version })",
    isSeenBySimulation: false,
  },
  {
    name: "the oldest nats-server is taken",
    file: "infra/embedded/NatsBinary.ts",
    text: "compareVersions(right.version, left.version)",
    replacement: "compareVersions(left.version, right.version)",
    isSeenBySimulation: false,
  },
]
