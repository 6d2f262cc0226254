/**
 * Makes sure that no server outlives this process, in whatever way the process ends. A watchdog is a shell of
 * some 100 KB that holds the read end of a pipe from this process. When the pipe closes, even by `kill -9`,
 * it stops its server: first with the stop signal, then with SIGKILL. It runs in its own session, so Ctrl-C
 * and a closing terminal reach the application alone. There is one watchdog per server; `ServerProcess.ts`
 * starts it before the server and dismisses it afterwards.
 */
import { type ChildProcess, spawn } from "node:child_process"

/**
 * `$1` is the stop signal. The first line is the server's pid. Then `paused <pids>` names the processes that
 * a stop must resume, and `done` says that the server has ended. End of file instead means that the parent
 * died. A server that has ended without a parent that waits for it (a zombie, in containers without an init)
 * counts as gone; 50 tries are 5 seconds.
 */
const script = `
read -r pid || exit 0
paused=
while read -r word rest; do
  case "$word" in
    done) exit 0 ;;
    paused) paused=$rest ;;
  esac
done
lives() {
  kill -0 "$pid" 2>/dev/null || return 1
  [ -r "/proc/$pid/stat" ] || return 0
  read -r stat < "/proc/$pid/stat" || return 1
  case "$stat" in *") Z "*) return 1 ;; esac
}
for one in $paused "$pid"; do kill -CONT "$one" 2>/dev/null; done
kill -"$1" "$pid" 2>/dev/null || exit 0
tries=0
while lives && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
kill -KILL "$pid" 2>/dev/null
exit 0`

export class Watchdog {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Rejects if there is no /bin/sh. */
  static start(stopSignal: "SIGTERM" | "SIGINT"): Promise<Watchdog> {
    const name = "everstate-watchdog"
    const child = spawn("/bin/sh", ["-c", script, name, stopSignal.slice("SIG".length)], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
      cwd: "/",
    })
    child.stdin?.on("error", ignoreBrokenPipe)
    return new Promise((resolve, reject) => {
      child.once("error", reject)
      child.once("spawn", () => resolve(new Watchdog(child)))
    })
  }

  /**
   * Once this resolves, the server ends with this process. The watchdog no longer keeps this process alive.
   */
  async guard(pid: number): Promise<void> {
    await new Promise<void>((resolve) => this.#child.stdin?.write(`${pid}\n`, () => resolve()))
    this.#child.unref()
    // The stream is typed as a plain stream, but it is a socket.
    const stdin: unknown = this.#child.stdin
    if (
      typeof stdin === "object" &&
      stdin !== null &&
      "unref" in stdin &&
      typeof stdin.unref === "function"
    ) {
      stdin.unref()
    }
  }

  /** Names the paused processes, which must be resumed before a stop. An empty list: none is paused. */
  notePaused(pids: ReadonlyArray<number>): void {
    this.#child.stdin?.write(`paused ${pids.join(" ")}\n`)
  }

  /** Ends the watchdog, because the server has ended or was never started. */
  dismiss(): void {
    this.#child.stdin?.end("done\n")
  }
}

/** Somebody killed the watchdog. Every orderly stop still stops the server, and so does the next start. */
const ignoreBrokenPipe = (): undefined => undefined
